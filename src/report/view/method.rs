//! How the report came about, and how to make it again.

use super::{Fact, type_name};
use crate::audit::Report;
use crate::observations::{ClockBy, Input};
use crate::report::clocks;
use crate::report::language::{Language, fill};
use crate::session::Build;

/// How the report came about.
pub fn method(report: &Report, language: Language) -> Vec<Fact> {
    let words = language.words();
    let session = &report.session;
    let fact = |name: &str, values: Vec<String>| Fact { name: name.to_owned(), values };
    let or = |values: Vec<String>, otherwise: &str| if values.is_empty() { vec![otherwise.to_owned()] } else { values };
    let mut facts = vec![
        fact(words.method_tool, vec![format!("{} {}", report.tool.name, report.tool.version)]),
        fact(words.method_signatures, vec![report.tool.signatures_sha256.clone()]),
        fact(words.method_psl, vec![report.tool.public_suffix_list.clone()]),
    ];
    facts.extend(report.inputs.iter().map(|input| fact(&input.name, of_input(input, language))));
    let noise = |input: &Input| {
        fact(&format!("{}{}{}", words.method_noise, language.colon(), input.name), of_input(input, language))
    };
    facts.extend(report.noise.iter().map(noise));
    for file in &report.geo {
        let date = file.date.as_deref().unwrap_or(words.no);
        let values = vec![format!("{} {}", words.sha256, file.sha256), format!("{}, {date}", file.format)];
        facts.push(fact(&format!("{}{}{}", words.method_geo, language.colon(), file.name), values));
    }
    for source in &report.declarations.sources {
        let values =
            vec![format!("{} {}", words.sha256, source.sha256), format!("{}, {}", source.format, source.encoding)];
        facts.push(fact(&source.name, values));
    }
    let marks = session.marks.iter().map(|(time, mark)| format!("{time} {}", language.mark(mark))).collect();
    let settled = session
        .settled
        .iter()
        .map(|(host, what, why)| format!("{host} = {what}{}{why}", language.colon()))
        .collect::<Vec<_>>();
    facts.push(fact(words.method_first_party, or(session.first_party.clone(), words.no)));
    facts.push(fact(words.method_owner, or(session.owner.iter().cloned().collect(), words.no)));
    if let Some(country) = &session.country {
        facts.push(fact(words.method_country, vec![country.clone()]));
    }
    facts.push(fact(words.method_isolation, vec![if session.isolation { words.yes } else { words.no }.to_owned()]));
    let types = session.profile_types.iter().map(|id| type_name(report, id, language)).collect();
    facts.push(fact(words.method_profile, or(types, words.method_no_profile)));
    facts.push(fact(words.method_marks, or(marks, words.method_no_marks)));
    let skew = (!session.marks.is_empty()).then(|| fill(words.method_skew, &[&session.clock_skew_ms]));
    let shifts = report.inputs.iter().filter_map(|input| clocks::said(input, language));
    facts
        .push(fact(words.method_clocks, [words.method_utc.to_owned()].into_iter().chain(skew).chain(shifts).collect()));
    if !settled.is_empty() {
        facts.push(fact(words.method_settled, settled));
    }
    facts.push(fact(words.method_command, vec![command(report)]));
    // Whether the device was changed for the test, a reader must not have to guess from silence.
    let noted = |values: Vec<String>| or(values, words.method_not_noted);
    facts.push(fact(words.method_device, noted(session.device.iter().cloned().collect())));
    let build = build(session.build.as_ref());
    if !build.is_empty() {
        facts.push(fact(words.method_build, build));
    }
    facts.push(fact(words.method_changes, noted(session.changes.clone())));
    facts.extend(session.notes.iter().map(|notes| fact(words.method_notes, vec![notes.clone()])));
    facts
}

/// The lines of `[build]`, under the names that they have in `session.toml`.
fn build(build: Option<&Build>) -> Vec<String> {
    let Some(build) = build else { return Vec::new() };
    let lines = [
        ("version_code", &build.version_code),
        ("signer_sha256", &build.signer_sha256),
        ("installer", &build.installer),
        ("system", &build.system),
        ("patch", &build.patch),
    ];
    lines.iter().filter_map(|(name, value)| Some(format!("{name} {}", value.as_deref()?))).collect()
}

fn of_input(input: &Input, language: Language) -> Vec<String> {
    let words = language.words();
    let mut values = vec![
        format!("{} {}", words.sha256, input.sha256),
        format!("{} {} · {} {} · {}", words.size, input.bytes, words.records, input.records, input.format),
    ];
    if let (Some(first), Some(last)) = (input.first, input.last) {
        values.push(format!("{} {first} – {last}", words.from_to));
    }
    if !input.links.is_empty() {
        values.push(input.links.join(", "));
    }
    values
}

/// The command that makes this report from the same files: what was told, not where it lay.
/// Marks and settlements are in a session folder only, whatever its name.
fn command(report: &Report) -> String {
    let session = &report.session;
    let mut command = "wirewitness audit".to_owned();
    let mut word = |word: &str| {
        let plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '/' | ':' | ',' | '=' | '@');
        command.push(' ');
        match !word.is_empty() && word.chars().all(plain) {
            true => command.push_str(word),
            false => command.push_str(&format!("'{}'", word.replace('\'', r"'\''"))),
        }
    };
    let folder = !session.marks.is_empty() || !session.settled.is_empty() || session.isolation;
    match folder {
        true => word("SESSION"),
        false => report.inputs.iter().for_each(|input| word(&input.name)),
    }
    let policy = report.declarations.sources.iter().map(|source| ("--policy", source.name.as_str()));
    let noise = report.noise.iter().filter(|_| !folder).map(|input| ("--noise", input.name.as_str()));
    let geo = report.geo.iter().map(|file| ("--geo-db", file.name.as_str()));
    let first_party = session.first_party.iter().map(|domain| ("--first-party", domain.as_str()));
    let owner = session.owner.iter().map(|owner| ("--owner", owner.as_str()));
    let app = session.app.iter().map(|app| ("--app", app.as_str()));
    let profile = (!folder && !session.profile_types.is_empty()).then_some(("--device", "device.toml"));
    let given = |input: &&Input| !folder && input.clock.as_ref().is_some_and(|clock| clock.by == ClockBy::Given);
    let shifts: Vec<String> = report
        .inputs
        .iter()
        .filter(given)
        .filter_map(|input| Some(format!("{}={}", input.name, input.clock.as_ref()?.added_ms as f64 / 1_000.0)))
        .collect();
    let shifts = shifts.iter().map(|shift| ("--time-shift", shift.as_str()));
    let options =
        policy.chain(profile).chain(first_party).chain(owner).chain(app).chain(noise).chain(geo).chain(shifts);
    options.for_each(|(option, value)| {
        word(option);
        word(value);
    });
    command
}
