//! A line on the terminal that says how far a long run is.

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::output::LiveLine;
use crate::progress::{Progress, Reached};
use crate::report::Language;
use crate::report::language::fill;

/// How often it is drawn. What is over sooner shows nothing.
const EVERY: Duration = Duration::from_millis(500);

/// Shows how far a run is until it is dropped.
pub struct Watch {
    over: Option<Sender<()>>,
    drawing: Option<JoinHandle<()>>,
}

impl Watch {
    /// Shows `progress` where standard error is a terminal, unless told to be `quiet`.
    pub fn begin(quiet: bool, progress: &Progress, language: Language) -> Self {
        let Some(line) = LiveLine::begin(quiet) else { return Self { over: None, drawing: None } };
        let (over, ended) = channel();
        let (progress, began) = (progress.clone(), Instant::now());
        let drawing = std::thread::spawn(move || {
            while ended.recv_timeout(EVERY) == Err(RecvTimeoutError::Timeout) {
                line.show(&text(progress.reached(), began.elapsed(), language));
            }
        });
        Self { over: Some(over), drawing: Some(drawing) }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        drop(self.over.take());
        if let Some(drawing) = self.drawing.take() {
            // It ends with its channel, and takes its line away.
            let _ = drawing.join();
        }
    }
}

fn text(reached: Reached, elapsed: Duration, language: Language) -> String {
    let Reached { pass, expected, read, packets, messages, sightings } = reached;
    let percent = u64::try_from(u128::from(read) * 100 / u128::from(expected.max(1))).unwrap_or(100).min(100);
    fill(
        language.commands().reached,
        &[&pass, &percent, &size(expected), &packets, &messages, &sightings, &elapsed.as_secs()],
    )
}

/// `1.2 GB`: three places, in powers of ten.
fn size(bytes: u64) -> String {
    let mut value = bytes as f64;
    let mut units = ["B", "kB", "MB", "GB"].into_iter();
    let mut unit = units.next().unwrap_or_default();
    for larger in units {
        if value < 1000.0 {
            break;
        }
        value /= 1000.0;
        unit = larger;
    }
    if value < 10.0 && unit != "B" { format!("{value:.1} {unit}") } else { format!("{value:.0} {unit}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_how_far_in_both_languages() {
        let reached =
            Reached { pass: 2, expected: 1_234_567_890, read: 411_000_000, packets: 5, messages: 4, sightings: 3 };
        let said = |language| text(reached, Duration::from_secs(7), language);
        assert_eq!(said(Language::En), "pass 2: 33 % of 1.2 GB, 5 packets, 4 messages, 3 sightings, 7 s");
        assert_eq!(said(Language::Zh), "第 2 遍：33 %（共 1.2 GB），数据包 5，消息 4，发现 3，7 秒");
        assert_eq!([size(0), size(999), size(56_700), size(2_000_000)], ["0 B", "999 B", "57 kB", "2.0 MB"]);
    }
}
