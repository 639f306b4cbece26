//! How a flow stands against the declarations: exactly one verdict, with its reason.

use super::cover::{self, Origin, Weighed};
use super::denial::{self, Against};
use super::findings;
use super::scope::{Scope, Standing};
use super::{DataLevel, Disclosure, RecipientLevel, Text, Verdict, words};
use crate::observations::{Flow, Observations, Recipient};
use crate::policy::{Policy, ThirdParty};
use crate::signatures::Product;

/// The code of a flow that is declared.
pub const CLEAR: &str = "clear";

/// Judges one flow. `None`: it is listed and not judged.
///
/// Nothing is judged that the idle device sends as well, that is another device's value, or that
/// goes back to the SDK which issued it.
pub fn judge(flow: &Flow, observations: &Observations, policy: &Policy, scope: &Scope<'_>) -> Option<Verdict> {
    if flow.noise {
        return None;
    }
    let recipient = observations.recipients.get(&flow.recipient)?;
    let mut sightings = findings::sightings_of(flow, observations).peekable();
    if sightings.peek().is_some() && !sightings.any(|sighting| findings::accuses(sighting, recipient, scope)) {
        return None;
    }
    match scope.standing(recipient) {
        Standing::Listed => None,
        Standing::Unknown => Some(unknown(flow, recipient)),
        Standing::Infrastructure => Some(infrastructure(flow, recipient, policy, scope)),
        standing @ (Standing::FirstParty | Standing::Product(_) | Standing::Group(_) | Standing::Unnamed) => {
            Some(against_declarations(flow, recipient, standing, policy, scope))
        }
    }
}

fn verdict(flow: &Flow, disclosure: Disclosure, code: &str, reason: Text) -> Verdict {
    Verdict {
        recipient: flow.recipient.clone(),
        data_type: flow.data_type.clone(),
        disclosure,
        code: code.to_owned(),
        cover: None,
        runner_up: None,
        denial: None,
        reason,
    }
}

/// The verdict where the recipient may be the app's maker or somebody else.
fn unknown(flow: &Flow, recipient: &Recipient) -> Verdict {
    let reason = if recipient.id.starts_with("address:") {
        Text::new(
            format!("{} 只是一个地址，没有名称，无法判断是谁的。", recipient.domain),
            format!("{} is an address without a name; whose it is cannot be known.", recipient.domain),
        )
    } else {
        Text::new(
            format!("没有给出第一方域名，无法判断 {} 是应用自己的还是他人的。", recipient.domain),
            format!(
                "First-party domains were not given, so whether {} is the app's own or another's cannot be known.",
                recipient.domain
            ),
        )
    };
    verdict(flow, Disclosure::Unsettled, "unsettled", reason)
}

/// The verdict on a shared host, with what the app says it collects itself, should the host be its own.
fn infrastructure(flow: &Flow, recipient: &Recipient, policy: &Policy, scope: &Scope<'_>) -> Verdict {
    let own = cover::weigh(recipient, Standing::FirstParty, &flow.data_type, policy, scope.signatures);
    let own = own.into_iter().find(|w| w.cover.data != DataLevel::None);
    let mut reason = Text::new(
        format!("{} 是公用的云或 CDN 主机，租用者是谁从流量里看不出来。", recipient.domain),
        format!(
            "{} is shared cloud or CDN infrastructure; who rents it cannot be told from the traffic.",
            recipient.domain
        ),
    );
    if own.is_some() {
        let named = words::data_type(&flow.data_type, scope.signatures);
        reason = reason.and(&Text::new(
            format!("如果是应用自己的，政策已说明应用收集{}。", named.zh),
            format!("Should it be the app's own, the policy says that the app collects {}.", named.en),
        ));
    }
    Verdict { cover: own.map(|w| w.cover), ..verdict(flow, Disclosure::Unsettled, "unsettled", reason) }
}

/// The verdict where it is known who the recipient is: the best declaration, then what denies it.
fn against_declarations(
    flow: &Flow,
    recipient: &Recipient,
    standing: Standing<'_>,
    policy: &Policy,
    scope: &Scope<'_>,
) -> Verdict {
    let mut weighed =
        cover::weigh(recipient, standing, &flow.data_type, policy, scope.signatures).into_iter().peekable();
    // What cannot decide is at best the runner-up.
    let best = weighed.next_if(Weighed::applies);
    let runner_up = weighed.next();
    let (mut disclosure, mut code) = by_cover(standing, best.as_ref());
    let denials = denial::reaching(recipient, standing, &flow.data_type, policy, scope.signatures);
    let denied = denial::against(&denials, best.as_ref(), &scope.signatures.types);
    if let Some((against, _)) = denied {
        (disclosure, code) = match against {
            Against::Uncovered => (Disclosure::Incorrect, "denied"),
            Against::Narrower => (Disclosure::Incorrect, "denied-narrower"),
            Against::AsBroad => (Disclosure::Ambiguous, "contradiction"),
        };
    }
    let mut reason = say(recipient, standing, &flow.data_type, best.as_ref(), policy, scope);
    if let Some((against, denial)) = denied {
        reason = reason.and(&say_denial(against, denial, policy, scope));
    }
    if let Some(second) = &runner_up {
        reason = reason.and(&say_runner_up(second, policy));
    }
    if let Some(hint) = hint(recipient, standing, &flow.data_type, disclosure, policy, scope) {
        reason = reason.and(&hint);
    }
    Verdict {
        cover: best.map(|w| w.cover).filter(|c| c.data != DataLevel::None || !matches!(standing, Standing::FirstParty)),
        runner_up: runner_up.map(|w| w.cover),
        denial: denied.map(|(_, denial)| denial.span.clone()),
        ..verdict(flow, disclosure, code, reason)
    }
}

/// Verdict and code by the best declaration alone.
fn by_cover(standing: Standing<'_>, best: Option<&Weighed>) -> (Disclosure, &'static str) {
    use {DataLevel as D, RecipientLevel as R};
    let level = best.map_or((R::None, D::None), |b| (b.cover.recipient, b.cover.data));
    match (standing, level) {
        (Standing::FirstParty, (_, D::None)) => (Disclosure::Omitted, "omitted-first-party"),
        (_, (R::Product | R::Company, D::Exact)) => (Disclosure::Clear, CLEAR),
        (_, (R::Product | R::Company, D::Umbrella)) => (Disclosure::Vague, "vague-data"),
        (_, (R::Category, D::Exact)) => (Disclosure::Vague, "vague-recipient"),
        (_, (R::Category, D::Umbrella)) => (Disclosure::Vague, "vague-both"),
        (_, (R::Product | R::Company, D::None)) => (Disclosure::Omitted, "omitted-data"),
        (_, (R::Sibling, _)) => (Disclosure::Omitted, "omitted-product"),
        (_, (R::CatchAll, _)) => (Disclosure::Vague, "vague-catch-all"),
        (Standing::Group(_), _) => (Disclosure::Omitted, "omitted-product"),
        (_, (R::Category | R::None, _)) => (Disclosure::Omitted, "omitted-recipient"),
    }
}

/// What the best declaration says, in words.
fn say(
    recipient: &Recipient,
    standing: Standing<'_>,
    data_type: &str,
    best: Option<&Weighed>,
    policy: &Policy,
    scope: &Scope<'_>,
) -> Text {
    let kind = words::data_type(data_type, scope.signatures);
    match best {
        None => say_undeclared(recipient, standing, policy),
        Some(best) if best.origin == Origin::FirstParty => say_own(&kind, best, policy, scope),
        Some(best) => say_declared(recipient, &kind, best, policy, scope),
    }
}

/// That no declaration reaches the recipient.
fn say_undeclared(recipient: &Recipient, standing: Standing<'_>, policy: &Policy) -> Text {
    let whom = words::recipient(recipient);
    if matches!(standing, Standing::Group(_)) {
        return Text::new(
            format!("{}：不知是哪个产品，也没有只写公司的条目。", whom.zh),
            format!("{}: which product is not known, and no row names the company alone.", whom.en),
        );
    }
    match policy.names_seen.iter().find(|seen| recipient.product.as_ref() == Some(&seen.product)) {
        // It may be a declaration that was not understood: the reader checks before accusing anybody.
        Some(seen) => Text::new(
            format!("政策第 {} 行出现了{}的名字，但没有读到对它的说明，请核对该处。", seen.span.line, whom.zh),
            format!(
                "Line {} of the policy holds the name of {}, but no declaration of it was read; look there first.",
                seen.span.line, whom.en
            ),
        ),
        None => Text::new(
            format!("政策没有提到{}（{}）。", whom.zh, recipient.domain),
            format!("The policy does not mention {} ({}).", whom.en, recipient.domain),
        ),
    }
}

/// What the app says it collects itself.
fn say_own(kind: &Text, best: &Weighed, policy: &Policy, scope: &Scope<'_>) -> Text {
    let place = place(best, policy);
    let data = best.cover.data_words.as_deref().map(words::shorten);
    match best.cover.data {
        DataLevel::None => Text::new(
            format!("应用自己收集的信息里没有{}。", kind.zh),
            format!("{} is not among what the app says it collects itself.", kind.en),
        ),
        DataLevel::Exact => Text::new(
            format!("应用自己收集的信息写明了{}（{}）。", data.as_deref().unwrap_or(&kind.zh), place.zh),
            format!("The app says it collects {} ({}).", data.as_deref().unwrap_or(&kind.en), place.en),
        ),
        DataLevel::Umbrella => {
            let umbrella = umbrella(best, data, scope);
            Text::new(
                format!("应用自己收集的信息只写“{}”（{}），没有列明{}。", umbrella.zh, place.zh, kind.zh),
                format!("The app says it collects “{}” ({}); {} is not listed.", umbrella.en, place.en, kind.en),
            )
        }
    }
}

/// What a row, a category or a catch-all says of the recipient and the type.
fn say_declared(recipient: &Recipient, kind: &Text, best: &Weighed, policy: &Policy, scope: &Scope<'_>) -> Text {
    let place = place(best, policy);
    let data = best.cover.data_words.as_deref().map(words::shorten);
    let words = &best.cover.recipient_words;
    let named = match best.cover.recipient {
        RecipientLevel::Category => Text::new(
            format!("{}只写了类别“{words}”", place.zh),
            format!("{} names only the category “{words}”", place.en),
        ),
        RecipientLevel::Sibling => Text::new(
            format!("{}只写了同一公司的另一产品“{words}”", place.zh),
            format!("{} names only another product of the company, “{words}”", place.en),
        ),
        RecipientLevel::CatchAll => {
            let whom = words::recipient(recipient);
            Text::new(
                format!("只有兜底表述“{words}”（{}）涵盖{}", place.zh, whom.zh),
                format!("only the catch-all “{words}” ({}) reaches {}", place.en, whom.en),
            )
        }
        RecipientLevel::Company => {
            Text::new(format!("{}写了公司“{words}”", place.zh), format!("{} names the company “{words}”", place.en))
        }
        _ => Text::new(format!("{}写了“{words}”", place.zh), format!("{} names “{words}”", place.en)),
    };
    let with = match (best.cover.data, data) {
        (DataLevel::Exact, data) => Text::new(
            format!("，并列明{}。", data.as_deref().map_or_else(|| kind.zh.clone(), quoted)),
            format!(" with {}.", data.as_deref().map_or_else(|| kind.en.clone(), quoted)),
        ),
        (DataLevel::Umbrella, None) if best.breadth.as_deref() == Some("*") => Text::new(
            format!("，没有具体说是哪些数据，也没有写明{}。", kind.zh),
            format!(" without saying which data; {} is not named.", kind.en),
        ),
        (DataLevel::Umbrella, data) => {
            let umbrella = umbrella(best, data, scope);
            Text::new(
                format!("，数据只写“{}”；其中没有列明{}。", umbrella.zh, kind.zh),
                format!(" with “{}”; {} is not among what it lists.", umbrella.en, kind.en),
            )
        }
        (DataLevel::None, Some(data)) => Text::new(
            format!("，数据写的是“{data}”；其中没有{}。", kind.zh),
            format!(" with “{data}”; {} is not among it.", kind.en),
        ),
        (DataLevel::None, None) => Text::new("，没有说收集哪些数据。", " and says nothing of data."),
    };
    capitalise(named, with)
}

fn quoted(words: &str) -> String {
    format!("“{words}”")
}

fn umbrella(best: &Weighed, data: Option<String>, scope: &Scope<'_>) -> Text {
    match (data, best.breadth.as_deref()) {
        (Some(data), _) => Text::new(&data, &data),
        (None, Some("*") | None) => Text::new("个人信息", "personal information"),
        (None, Some(id)) => words::data_type(id, scope.signatures),
    }
}

/// The two halves as one sentence.
fn capitalise(head: Text, tail: Text) -> Text {
    let mut en = head.en + &tail.en;
    if let Some(first) = en.get_mut(0..1) {
        first.make_ascii_uppercase();
    }
    Text { zh: head.zh + &tail.zh, en }
}

fn place(weighed: &Weighed, policy: &Policy) -> Text {
    match weighed.origin {
        Origin::Row(index) => words::row(policy, index),
        _ if weighed.cover.span.line == 0 => Text::new("政策", "the policy"),
        _ => words::line_of(policy, weighed.cover.span.source, weighed.cover.span.line),
    }
}

fn say_denial(against: Against, denial: &denial::Reaching, policy: &Policy, scope: &Scope<'_>) -> Text {
    let kind = match denial.data_type.as_str() {
        "*" => Text::new("任何个人信息", "any personal information"),
        id => words::data_type(id, scope.signatures),
    };
    let place = match denial.span.line {
        0 => Text::new("政策", "the policy"),
        line => words::line_of(policy, denial.span.source, line),
    };
    let (zh, en) = match against {
        Against::Uncovered => ("并且没有别处写明会收集", "and nothing elsewhere declares it"),
        Against::Narrower => ("比上述写法更具体", "which is narrower than that declaration"),
        Against::AsBroad => ("与上述写法自相矛盾", "which contradicts that declaration"),
    };
    Text::new(
        format!("{}说不收集{}，{zh}。", place.zh, kind.zh),
        format!("But {} says that {} is not collected, {en}.", place.en, kind.en),
    )
}

fn say_runner_up(second: &Weighed, policy: &Policy) -> Text {
    let place = place(second, policy);
    let (level, data) = (words::recipient_level(second.cover.recipient), words::data_level(second.cover.data));
    let who = &second.cover.recipient_words;
    Text::new(
        format!("其次：{}“{who}”（{}，{}）。", place.zh, level.zh, data.zh),
        format!("Next best: {} “{who}” ({}, {}).", place.en, level.en, data.en),
    )
}

/// A declaration that a reader may look for and that does not cover the flow, and why not.
fn hint(
    recipient: &Recipient,
    standing: Standing<'_>,
    data_type: &str,
    disclosure: Disclosure,
    policy: &Policy,
    scope: &Scope<'_>,
) -> Option<Text> {
    if matches!(disclosure, Disclosure::Clear | Disclosure::Unsettled) {
        return None;
    }
    let types = &scope.signatures.types;
    let kind = words::data_type(data_type, scope.signatures);
    if matches!(standing, Standing::FirstParty) {
        let row = policy
            .third_parties
            .iter()
            .position(|row| cover::data_level(data_type, &row.data, types).0 == DataLevel::Exact)?;
        let place = words::row(policy, row);
        return Some(Text::new(
            format!("（{}写明{}给了第三方，不能代替应用自己的说明。）", place.zh, kind.zh),
            format!("({} declares {} for a third party; that does not speak for the app itself.)", place.en, kind.en),
        ));
    }
    let mut said = callers(recipient, policy, scope).unwrap_or_default();
    let own = cover::weigh(recipient, Standing::FirstParty, data_type, policy, scope.signatures);
    if own.iter().any(|w| w.cover.data == DataLevel::Exact) {
        said = said.and(&Text::new(
            format!("（政策说应用自己收集{}，这不涵盖第三方。）", kind.zh),
            format!("(The policy says that the app itself collects {}; that does not cover a third party.)", kind.en),
        ));
    }
    (said != Text::default()).then_some(said)
}

/// Declared products that call this recipient's hosts themselves, as a login wrapper calls those
/// of the carriers. They are named because a reader looks for them; they cover nothing.
fn callers(recipient: &Recipient, policy: &Policy, scope: &Scope<'_>) -> Option<Text> {
    let product = recipient.product.as_ref()?;
    let mut callers: Vec<(&Product, Text)> = Vec::new();
    for caller in scope.signatures.products.values().filter(|p| p.calls.contains(product)) {
        let names = |row: &ThirdParty| row.resolved.iter().any(|r| r.product == caller.id);
        if let Some(row) = policy.third_parties.iter().position(names) {
            callers.push((caller, words::row(policy, row)));
        }
    }
    // Where the traffic itself shows who sent it, the others are no candidates.
    if callers.iter().any(|(caller, _)| recipient.via.as_ref() == Some(&caller.id)) {
        callers.retain(|(caller, _)| recipient.via.as_ref() == Some(&caller.id));
    }
    if callers.is_empty() {
        return None;
    }
    let zh: Vec<String> = callers.iter().map(|(caller, place)| format!("{}（{}）", caller.zh, place.zh)).collect();
    let en: Vec<String> = callers.iter().map(|(caller, place)| format!("{}, {}", caller.en, place.en)).collect();
    Some(Text::new(
        format!("（可能由{}调用；调用者的条目不能代替接收者的。）", zh.join("或")),
        format!("(Probably called by {}; a caller's row does not cover the recipient.)", en.join(", or by ")),
    ))
}
