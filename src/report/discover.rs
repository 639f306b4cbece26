//! Discoveries for a terminal.

use crate::discover::{Aside, Discoveries, Fate, Found, Identifier, Names, Relation};
use crate::evidence::{Place, Transport};
use crate::signatures::Signatures;

use super::escape::visible;
use super::language::discover::{Words, words};
use super::language::{Language, fill};

/// The text, with a last line feed. `color` marks headings; `all` lists what was set aside.
pub fn render(found: &Discoveries, signatures: &Signatures, language: Language, color: bool, all: bool) -> String {
    let page = Page { found, signatures, language, words: words(language), color };
    let mut lines = page.runs();
    lines.push(String::new());
    lines.push(page.bold(&match found.identifiers.len() {
        0 => page.words.none.to_owned(),
        1 => page.words.found_one.to_owned(),
        count => fill(page.words.found, &[&count]),
    }));
    found.identifiers.iter().for_each(|identifier| lines.extend(page.identifier(identifier)));
    if !found.undecided.is_empty() {
        lines.push(String::new());
        lines.push(page.bold(&format!("{}: {}", page.words.undecided, found.undecided.len())));
        lines.push(page.words.undecided_why.to_owned());
        found.undecided.iter().for_each(|identifier| lines.extend(page.identifier(identifier)));
    }
    if !found.known.is_empty() {
        lines.push(String::new());
        lines.push(page.bold(page.words.known));
        for known in &found.known {
            lines.push(format!("  {}  {}", page.type_name(&known.data_type), visible(known.masked.as_str())));
            known.places.iter().for_each(|place| lines.push(format!("    {}", page.place(place))));
        }
    }
    lines.extend(page.set_aside(all));
    lines.extend(page.advice());
    if !found.gaps.is_empty() {
        lines.push(String::new());
        lines.push(page.bold(page.words.gaps));
        for gap in &found.gaps {
            let reason = language.words().term(gap.reason.as_str());
            // Behind the name of its run.
            let (run, at) = gap.at.split_once(": ").unwrap_or(("", &gap.at));
            let at =
                if run.is_empty() { language.of_gap(at).into() } else { format!("{run}: {}", language.of_gap(at)) };
            let detail = language.of_gap(&gap.detail);
            lines.push(format!("  {reason} ({}): {} ×{}", visible(&at), visible(&detail), gap.count));
        }
    }
    lines.iter().map(|line| line.trim_end().to_owned() + "\n").collect()
}

struct Page<'a> {
    found: &'a Discoveries,
    signatures: &'a Signatures,
    language: Language,
    words: &'static Words,
    color: bool,
}

impl Page<'_> {
    fn bold(&self, text: &str) -> String {
        if self.color { format!("\x1b[1m{text}\x1b[0m") } else { text.to_owned() }
    }

    fn runs(&self) -> Vec<String> {
        let mut lines = vec![self.bold(self.words.runs)];
        for (number, run) in self.found.runs.iter().enumerate() {
            let relation = match run.relation {
                Relation::Same => 0,
                Relation::OtherDevice => 1,
                Relation::Reinstalled => 2,
                Relation::Reset => 3,
            };
            let relation = self.words.relations.get(relation).copied().unwrap_or_default();
            let read = fill(self.words.run, &[&run.messages, &run.closed]);
            lines.push(format!("  {}  {relation}  {}  {read}", number + 1, visible(&run.name)));
        }
        lines
    }

    fn identifier(&self, identifier: &Identifier) -> Vec<String> {
        let words = self.words;
        let [restart, reinstall, reset] = [identifier.restart, identifier.reinstall, identifier.reset].map(|fate| {
            let index = match fate {
                Fate::Survives => 0,
                Fate::Renewed => 1,
                Fate::NotSeen => 2,
                Fate::NotTested => 3,
            };
            words.fates.get(index).copied().unwrap_or_default()
        });
        let elsewhere = match identifier.other_device {
            Fate::Survives => words.same_there,
            Fate::Renewed => words.differs,
            Fate::NotSeen => words.fates[2],
            Fate::NotTested => words.fates[3],
        };
        let names = words.names[match identifier.names {
            Names::Device => 0,
            Names::Installation => 1,
            Names::DeviceOrInstallation => 2,
            Names::DeviceOrApp => 3,
        }];
        let mut form = identifier.form.clone();
        words.form.iter().for_each(|(en, word)| form = form.replace(en, word));
        let masked = visible(identifier.masked.as_str());
        let mut lines = vec![
            String::new(),
            format!("{}  {names}  {masked} ({form})", self.bold(&identifier.label)),
            format!(
                "  {}: {restart} · {}: {reinstall} · {}: {reset} · {}: {elsewhere}",
                words.restart, words.reinstall, words.reset, words.other_device
            ),
        ];
        if let Some(data_type) = &identifier.looks_like {
            lines.push(format!("  {}", fill(words.looks_like, &[&self.type_name(data_type)])));
        }
        if let Some((digest, label)) = &identifier.digest_of {
            lines.push(format!("  {}", fill(words.digest_of, &[label, &digest.to_uppercase()])));
        }
        for place in &identifier.places {
            lines.push(format!("  {}", self.place(place)));
            let seen = place.seen.iter().map(|(run, at)| fill(words.seen, &[&(run + 1), &self.at(at)]));
            lines.push(format!("      {}", seen.collect::<Vec<_>>().join(" · ")));
        }
        lines.push(format!("  {}:", words.device_line));
        lines.push(format!("      {}", visible(&identifier.device_line)));
        if let Some(signature) = &identifier.signature {
            lines.push(format!("  {}:", words.signature));
            lines.extend(signature.lines().map(|line| format!("      {}", visible(line))));
        }
        lines
    }

    /// `GeeTest · POST /v2/bind · body → json $.zid ×4`.
    fn place(&self, place: &Found) -> String {
        let name =
            self.found.recipients.get(&place.recipient).map_or(place.recipient.as_str(), |name| match self.language {
                Language::En => name.en.as_str(),
                Language::Zh => name.zh.as_str(),
            });
        let hosts = place.hosts.join(", ");
        let to = if name == hosts { visible(name) } else { format!("{} ({})", visible(name), visible(&hosts)) };
        let way = visible(&place.way.join(" → "));
        fill(self.words.place, &[&to, &visible(&place.message), &way, &place.messages])
    }

    fn at(&self, place: &Place) -> String {
        match place {
            Place::Frames { transport, stream, frames, .. } => {
                let transport = if *transport == Transport::Tcp { "tcp" } else { "udp" };
                let frames: Vec<String> = frames.iter().take(8).map(ToString::to_string).collect();
                format!("{transport}.stream {stream}, frame.number in {{{}}}", frames.join(" "))
            }
            Place::Entry { entry, .. } => fill(self.words.entry, &[entry]),
        }
    }

    fn type_name(&self, id: &str) -> String {
        self.signatures.types.get(id).map_or_else(
            || id.to_owned(),
            |data_type| match self.language {
                Language::En => format!("{} ({id})", data_type.en),
                Language::Zh => format!("{}（{id}）", data_type.zh),
            },
        )
    }

    fn set_aside(&self, all: bool) -> Vec<String> {
        let mut lines =
            vec![String::new(), self.bold(&format!("{}: {}", self.words.aside, self.found.set_aside.len()))];
        let kinds = [
            Aside::SameElsewhere,
            Aside::Property,
            Aside::DigestOfProperty,
            Aside::Time,
            Aside::Version,
            Aside::Number,
            Aside::Address,
            Aside::Words,
            Aside::TooShort,
            Aside::Placeholder,
        ];
        for (why, words) in kinds.into_iter().zip(self.words.aside_reasons) {
            let of: Vec<_> = self.found.set_aside.iter().filter(|aside| aside.why == why).collect();
            if of.is_empty() {
                continue;
            }
            lines.push(format!("  {words}: {}", of.len()));
            for aside in of.iter().filter(|_| all) {
                let way = aside.way.join(" → ");
                lines.push(format!("    {}", visible(&format!("{} · {} · {way}", aside.recipient, aside.message))));
            }
        }
        lines.push(fill(self.words.varying, &[&self.found.varying]));
        lines
    }

    fn advice(&self) -> Vec<String> {
        let missing = |relation| !self.found.runs.iter().any(|run| run.relation == relation);
        let advice: Vec<&str> = [
            (Relation::OtherDevice, self.words.advice_other),
            (Relation::Reinstalled, self.words.advice_reinstall),
            (Relation::Reset, self.words.advice_reset),
        ]
        .into_iter()
        .filter_map(|(relation, words)| missing(relation).then_some(words))
        .collect();
        if advice.is_empty() {
            return Vec::new();
        }
        let mut lines = vec![String::new(), self.bold(self.words.advice)];
        lines.extend(advice.into_iter().map(|words| format!("  {words}")));
        lines
    }
}
