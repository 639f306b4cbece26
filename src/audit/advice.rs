//! What to give the tool next, in the order of what it would change.

use std::cmp::Reverse;

use super::{SessionFacts, Text};
use crate::evidence::{Certainty, GapReason};
use crate::observations::{Observations, Role};
use crate::policy::Policy;

/// Candidates for first-party domains that are printed: the advice stays one sentence.
const CANDIDATES: usize = 5;

/// Why streams stayed closed that a further key could open.
const MENDED_BY_KEYS: [GapReason; 4] =
    [GapReason::NoKey, GapReason::KeyDoesNotFit, GapReason::ResumedWithoutSecret, GapReason::QuicNoKey];

/// Sorts an advice before all others.
const FIRST: u64 = u64::MAX;

/// Percent of the sent bytes. Where fewer were read, missing keys come first, because any other
/// advice helps to judge the smaller part only; else they count one judgement a closed stream.
const MOSTLY_READ: u64 = 50;

/// `1 flow`, `2 flows`.
fn counted(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// What would help, the advice first that touches most judgements; equal ones stay in the order of
/// this function. Advice that touches none is left out.
pub fn next(observations: &Observations, policy: &Policy, session: &SessionFacts, app_proven: bool) -> Vec<Text> {
    let mut advice: Vec<(u64, Text)> = Vec::new();
    advice.extend(policy_rows(observations, policy));
    advice.extend(first_parties(observations, session));
    advice.extend(device_profile(observations, session));
    advice.extend(keys(observations));
    advice.extend(marks(observations));
    advice.extend(app(observations, app_proven));
    advice.extend(geography(observations, policy));
    advice.sort_by_key(|(touched, _)| Reverse(*touched));
    advice.into_iter().map(|(_, text)| text).collect()
}

fn policy_rows(observations: &Observations, policy: &Policy) -> Option<(u64, Text)> {
    let silent = policy.third_parties.is_empty() && policy.category_disclosures.is_empty();
    let third = |id: &String| observations.recipients.get(id).is_some_and(|r| r.role == Role::ThirdParty);
    let touched = observations.flows.iter().filter(|f| third(&f.recipient)).count() as u64;
    (silent && touched > 0).then(|| {
        let text = Text::new(
            format!("政策里没有读到任何第三方：如果第三方清单是另一份文件，请再用一个 --policy 给出（涉及 {touched} 条数据流）。"),
            format!(
                "No third party was read in the policy: if its list of SDKs is a document of its own, give that with \
                 another --policy (touches {}).",
                counted(touched, "flow")
            ),
        );
        (touched, text)
    })
}

fn first_parties(observations: &Observations, session: &SessionFacts) -> Option<(u64, Text)> {
    let unknown = |id: &String| observations.recipients.get(id).filter(|r| r.role == Role::Unknown);
    let touched = observations.flows.iter().filter(|f| unknown(&f.recipient).is_some()).count() as u64;
    let contacted = observations.contacts.iter().filter(|c| unknown(&c.recipient).is_some()).count() as u64;
    if !session.first_party.is_empty() || contacted + touched == 0 {
        return None;
    }
    let mut by_domain: std::collections::BTreeMap<&str, u64> = Default::default();
    for contact in &observations.contacts {
        if let Some(recipient) = unknown(&contact.recipient) {
            *by_domain.entry(&recipient.domain).or_default() += contact.messages + contact.closed.values().sum::<u64>();
        }
    }
    for flow in &observations.flows {
        if let Some(recipient) = unknown(&flow.recipient) {
            by_domain.entry(&recipient.domain).or_default();
        }
    }
    let mut candidates: Vec<(&str, u64)> = by_domain.into_iter().collect();
    candidates.sort_by_key(|(_, messages)| Reverse(*messages));
    let names: Vec<&str> = candidates.iter().take(CANDIDATES).map(|(domain, _)| *domain).collect();
    let more = candidates.len().saturating_sub(CANDIDATES);
    let (more_zh, more_en) =
        if more > 0 { (format!(" 等另外 {more} 个"), format!(" and {more} more")) } else { Default::default() };
    let text = Text::new(
        format!(
            "请用 --first-party 给出应用自己的域名：{touched} 条数据流和 {contacted} 个通信对象因此未判定。候选（按消息数）：{}{more_zh}。",
            names.join("、")
        ),
        format!(
            "Give the app's own domains with --first-party: {} and {} stay unsettled without. Candidates, by \
             messages: {}{more_en}.",
            counted(touched, "flow"),
            counted(contacted, "contact"),
            names.join(", ")
        ),
    );
    Some((touched + contacted, text))
}

fn device_profile(observations: &Observations, session: &SessionFacts) -> Option<(u64, Text)> {
    if !session.profile_types.is_empty() {
        return None;
    }
    let touched = observations.flows.iter().filter(|f| f.certainty < Certainty::Confirmed).count() as u64;
    // Without real values a hashed identifier is not found at all, so this is worth a line
    // wherever anything can be read.
    let (zh, en) = match touched {
        0 => Default::default(),
        _ => {
            let is = if touched == 1 { "is" } else { "are" };
            let flows = counted(touched, "flow");
            (
                format!("{touched} 条数据流只是“很可能”或“可能”，"),
                format!("{flows} {is} only probable or possible, and "),
            )
        }
    };
    let text = Text::new(
        format!("请用 --device 给出测试机的真实标识：{zh}散列过的标识现在找不到。"),
        format!(
            "Give the test device's real identifiers with --device: {en}hashed identifiers cannot be found without."
        ),
    );
    let readable = u64::from(observations.coverage.opened_messages > 0);
    Some((touched.max(readable), text))
}

fn keys(observations: &Observations) -> Option<(u64, Text)> {
    let closed: u64 = MENDED_BY_KEYS.iter().filter_map(|reason| observations.coverage.closed.get(reason)).sum();
    (closed > 0).then(|| {
        let percent = observations.coverage.percent().unwrap_or(0);
        let text = Text::new(
            format!("请用 --keys 给出 TLS 密钥日志：{closed} 个连接没有打开（已读 {percent} % 的发送字节）。"),
            format!(
                "Give TLS secrets with --keys: {} stayed closed ({percent} % of the sent bytes were read).",
                counted(closed, "stream")
            ),
        );
        (if percent < MOSTLY_READ { FIRST } else { closed }, text)
    })
}

fn marks(observations: &Observations) -> Option<(u64, Text)> {
    let touched = observations.flows.len() as u64;
    (!observations.consent_judged && touched > 0).then(|| {
        let text = Text::new(
            format!("请在启动前开始抓包，并标记 launched 和 consent-given：{touched} 条数据流没有按同意前后判断。"),
            format!(
                "Start the capture before the app and mark launched and consent-given: {} {} not judged by consent.",
                counted(touched, "flow"),
                if touched == 1 { "was" } else { "were" }
            ),
        );
        (touched, text)
    })
}

fn app(observations: &Observations, app_proven: bool) -> Option<(u64, Text)> {
    let third = |id: &String| observations.recipients.get(id).is_some_and(|r| r.role == Role::ThirdParty);
    let unread = observations.contacts.iter().filter(|c| third(&c.recipient) && c.messages == 0).count();
    let touched = (observations.flows.len() + unread) as u64;
    (!app_proven && touched > 0).then(|| {
        let text = Text::new(
            "没有证据表明这些流量只属于被审计的应用，所有发现因此降一级：请只抓这个应用，并在 session.toml 写 isolation = true，或使用带应用名的抓包；--noise 可以把设备空闲时的流量另列。",
            "Nothing proves that this traffic is the audited app's alone, so every finding stands one step lower: record \
             only this app and say isolation = true in session.toml, or use a capture that names apps; --noise lists \
             apart what the idle device does as well.",
        );
        (touched, text)
    })
}

fn geography(observations: &Observations, policy: &Policy) -> Option<(u64, Text)> {
    let claims = &policy.claims;
    let touched = u64::from(claims.storage_country.is_some()) + u64::from(claims.cross_border.is_some());
    (observations.geo.is_empty() && touched > 0 && !observations.contacts.is_empty()).then(|| {
        let text = Text::new(
            format!("请用 --geo-db 给出地址归属地文件：政策有 {touched} 条关于国家的承诺没有核对。"),
            format!(
                "Give a file that says where addresses lie with --geo-db: {} of the policy about countries {} not checked.",
                counted(touched, "promise"),
                if touched == 1 { "was" } else { "were" }
            ),
        );
        (touched, text)
    })
}
