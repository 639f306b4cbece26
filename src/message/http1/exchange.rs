//! Which request a response answers.

use std::collections::VecDeque;

/// Requests that wait for their response. Browsers that pipelined sent 32 at most;
/// what is forgotten beyond that costs a response its method, not its content.
const PENDING_LIMIT: usize = 1024;

/// A request without its response.
#[derive(Clone, Debug)]
pub(super) struct Pending {
    pub method: String,
    pub target: String,
    pub host: Option<String>,
    pub exchange: u32,
    /// `Expect: 100-continue`.
    pub expects: bool,
    /// The protocol it offers to change to.
    pub upgrade: Option<String>,
}

/// Requests in the order they were sent (RFC 9112 §9.3: responses keep it).
#[derive(Debug, Default)]
pub(super) struct Pendings {
    waiting: VecDeque<Pending>,
    /// Host of the last answered one.
    last_host: Option<String>,
}

impl Pendings {
    /// A request was sent.
    pub fn ask(&mut self, pending: Pending) {
        if self.waiting.len() >= PENDING_LIMIT {
            self.waiting.pop_front();
        }
        if self.waiting.is_empty() {
            // Most connections have one at a time.
            self.waiting.reserve_exact(1);
        }
        self.waiting.push_back(pending);
    }

    /// The request that a response with `status` answers; an interim one leaves it waiting.
    ///
    /// Behind a gap responses may be missing. Hardly any client pipelines, so there the
    /// last request is taken and the ones before it count as answered by what was lost.
    pub fn answer(&mut self, status: u16, behind_gap: bool) -> Option<Pending> {
        if behind_gap {
            let lost = self.waiting.len().saturating_sub(1);
            self.waiting.drain(..lost);
        }
        let interim = matches!(status, 100 | 102..=199);
        let pending = if interim { self.waiting.front().cloned() } else { self.waiting.pop_front() };
        self.last_host = pending.as_ref().and_then(|pending| pending.host.clone());
        pending
    }

    /// Memory of them, about.
    pub fn cost(&self) -> usize {
        let texts = |pending: &Pending| {
            let optional = [&pending.host, &pending.upgrade].into_iter().flatten().map(String::len).sum::<usize>();
            size_of::<Pending>() + pending.method.len() + pending.target.len() + optional
        };
        self.waiting.iter().map(texts).sum()
    }

    /// Host of the `CONNECT` that waits.
    pub fn connecting(&self) -> Option<String> {
        self.waiting.iter().rev().find(|pending| pending.method == "CONNECT").and_then(|pending| pending.host.clone())
    }

    /// Host of the last request that was answered.
    pub fn last_host(&self) -> Option<String> {
        self.last_host.clone()
    }
}
