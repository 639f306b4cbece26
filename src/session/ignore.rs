//! `ignore.toml`: findings that somebody answers for, for a while.
//!
//! ```toml
//! [[ignore]]
//! fingerprint = "v1:4a817b8053f3afc9"    # or any of code, recipient, type, phase, host
//! reason = "fixed in SDK 3.4, shipped with the next release"
//! owner = "push team"
//! expires = 2027-01-31                    # the last day on which it holds
//! ```
//!
//! All keys of a line must fit. Whether its words mean anything is checked by the audit: this
//! module knows no finding codes.

use std::path::Path;

use jiff::civil::Date;
use serde::Deserialize;

use super::{SessionError, line_at, read_text};
use crate::signatures::HostPattern;

/// Days before a line expires in which that is announced.
pub const WARNING_DAYS: i32 = 14;

/// A file written by hand or by `ignore add`: at most a megabyte.
const LIMIT: u64 = 1 << 20;

/// What a finding must have; a key that is left out matches anything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Matcher {
    /// Its fingerprint.
    pub fingerprint: Option<String>,
    /// Its code.
    pub code: Option<String>,
    /// Its recipient's id.
    pub recipient: Option<String>,
    /// Its data type's id.
    pub data_type: Option<String>,
    /// A phase group.
    pub phase: Option<String>,
    /// All its hosts: a name, or a pattern as in `settled.toml`.
    pub host: Option<HostPattern>,
}

impl Matcher {
    /// The keys that are there with their values, in the order of the file's words.
    pub fn keys(&self) -> Vec<(&'static str, &str)> {
        let host = self.host.as_ref().map(|pattern| &pattern.0);
        let all = [
            ("fingerprint", &self.fingerprint),
            ("code", &self.code),
            ("recipient", &self.recipient),
            ("type", &self.data_type),
            ("phase", &self.phase),
        ];
        let keys = all.into_iter().map(|(key, value)| (key, value.as_ref())).chain([("host", host)]);
        keys.filter_map(|(key, value)| value.map(|value| (key, value.as_str()))).collect()
    }
}

/// `code = "cleartext", recipient = "getui"`.
impl std::fmt::Display for Matcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (index, (key, value)) in self.keys().into_iter().enumerate() {
            let value = toml::Value::from(value);
            write!(f, "{}{key} = {value}", if index > 0 { ", " } else { "" })?;
        }
        Ok(())
    }
}

/// Whether a line still holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IgnoreState {
    /// It holds.
    Active,
    /// It holds for [`WARNING_DAYS`] days or fewer.
    Expiring,
    /// It holds no longer: its findings are back.
    Expired,
}

/// One `[[ignore]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IgnoreRule {
    /// File name without folders.
    pub file: String,
    /// Line of its header, from 1.
    pub line: u32,
    /// Which findings.
    pub matcher: Matcher,
    /// Why, in the user's words.
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    /// The last day on which it holds.
    pub expires: Date,
}

impl IgnoreRule {
    /// Days from `today` to its last day; negative when that has passed.
    pub fn days_left(&self, today: Date) -> i32 {
        self.expires.duration_since(today).as_hours().div_euclid(24) as i32
    }

    /// How it stands on `today`.
    pub fn state(&self, today: Date) -> IgnoreState {
        match self.days_left(today) {
            days if days < 0 => IgnoreState::Expired,
            days if days <= WARNING_DAYS => IgnoreState::Expiring,
            _ => IgnoreState::Active,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    ignore: Vec<toml::Spanned<Entry>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    fingerprint: Option<String>,
    code: Option<String>,
    recipient: Option<String>,
    r#type: Option<String>,
    phase: Option<String>,
    host: Option<String>,
    reason: Option<String>,
    owner: Option<String>,
    expires: Option<toml::Value>,
}

/// Reads a file of ignored findings.
pub fn read_ignore(path: &Path) -> Result<Vec<IgnoreRule>, SessionError> {
    let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    parse_ignore(&read_text(path, LIMIT)?, &name)
        .map_err(|(line, what)| SessionError { path: format!("{}:{line}", path.display()), what })
}

/// The lines of the text of a file called `file`. An error is a line (from 1) and what is wrong there.
pub fn parse_ignore(text: &str, file: &str) -> Result<Vec<IgnoreRule>, (usize, String)> {
    let line_of = |at: usize| line_at(text, at);
    let parsed: File = toml::from_str(text)
        .map_err(|error| (error.span().map_or(1, |span| line_of(span.start)), error.message().to_owned()))?;
    let rules = parsed.ignore.into_iter().map(|spanned| {
        let line = line_of(spanned.span().start);
        rule(spanned.into_inner(), file, line).map_err(|what| (line, what))
    });
    rules.collect()
}

fn rule(entry: Entry, file: &str, line: usize) -> Result<IgnoreRule, String> {
    let filled = |key: &str, value: Option<String>| match value.map(|v| v.trim().to_owned()) {
        Some(value) if !value.is_empty() => Ok(value),
        _ => Err(format!("{key} is missing; each line says reason, owner and expires")),
    };
    let asked = |key: &str, value: Option<String>| match value.map(|v| v.trim().to_owned()) {
        Some(value) if value.is_empty() => Err(format!("{key} is empty; leave it out where it does not matter")),
        value => Ok(value),
    };
    let matcher = Matcher {
        fingerprint: asked("fingerprint", entry.fingerprint)?,
        code: asked("code", entry.code)?,
        recipient: asked("recipient", entry.recipient)?,
        data_type: asked("type", entry.r#type)?,
        phase: asked("phase", entry.phase)?,
        host: asked("host", entry.host)?.map(|host| HostPattern(host.to_ascii_lowercase())),
    };
    if matcher.keys().iter().all(|(key, _)| *key == "phase") {
        return Err("names no finding: give fingerprint, or one of code, recipient, type, host".to_owned());
    }
    Ok(IgnoreRule {
        file: file.to_owned(),
        line: u32::try_from(line).unwrap_or(u32::MAX),
        matcher,
        reason: filled("reason", entry.reason)?,
        owner: filled("owner", entry.owner)?,
        expires: entry
            .expires
            .map_or_else(|| Err("expires is missing; each line says reason, owner and expires".to_owned()), day)?,
    })
}

/// A TOML date, or a text that is one.
fn day(value: toml::Value) -> Result<Date, String> {
    let text = match value {
        toml::Value::Datetime(when) => when.to_string(),
        toml::Value::String(text) => text,
        other => other.to_string(),
    };
    parse_day(&text).map_err(|what| format!("expires: {what}"))
}

/// `2027-01-31`.
pub fn parse_day(text: &str) -> Result<Date, String> {
    // The parser also accepts times, but a line always holds to the end of its day.
    let short = text.trim().len() == "2027-01-31".len();
    text.trim().parse().ok().filter(|_| short).ok_or_else(|| format!("{text:?} is not a day such as 2027-01-31"))
}

/// `rule` as a file has it.
pub fn write_rule(rule: &IgnoreRule) -> String {
    let quoted = |value: &str| toml::Value::from(value).to_string();
    let mut text = "[[ignore]]\n".to_owned();
    for (key, value) in rule.matcher.keys() {
        text.push_str(&format!("{key} = {}\n", quoted(value)));
    }
    text.push_str(&format!("reason = {}\nowner = {}\n", quoted(&rule.reason), quoted(&rule.owner)));
    text.push_str(&format!("expires = {}\n", rule.expires));
    text
}

/// `text` without the rules whose headers stand in `lines` (from 1), and the comments
/// right above them. `None`: a rule there is not written under a header of its own.
pub fn without_rules(text: &str, lines: &[u32]) -> Option<String> {
    let all: Vec<&str> = text.split_inclusive('\n').collect();
    let is_header = |line: &str| line.trim_start().starts_with("[[");
    let is_comment = |line: &str| line.trim_start().starts_with('#');
    let mut gone = vec![false; all.len()];
    for line in lines {
        let header = usize::try_from(*line).ok()?.checked_sub(1)?;
        if !all.get(header).is_some_and(|line| is_header(line)) {
            return None;
        }
        let end = (header + 1..all.len()).find(|at| all.get(*at).is_some_and(|line| is_header(line)));
        let body = header..end.unwrap_or(all.len());
        // Blank lines and comments at its end stand above the next rule, or at the file's end.
        let kept = |at: &usize| all.get(*at).is_some_and(|line| !line.trim().is_empty() && !is_comment(line));
        let last = body.rev().find(kept).unwrap_or(header);
        let above = (0..header).rev().take_while(|at| all.get(*at).is_some_and(|line| is_comment(line))).count();
        gone.get_mut(header - above..=last)?.fill(true);
        // One blank line would be two.
        if let (Some(line), Some(place)) = (all.get(last + 1), gone.get_mut(last + 1)) {
            *place = *place || line.trim().is_empty();
        }
    }
    Some(all.into_iter().zip(gone).filter(|(_, gone)| !gone).map(|(line, _)| line).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHO: &str = "reason = \"known\"\nowner = \"push team\"\nexpires = 2027-01-31\n";

    #[test]
    fn lines_are_read_with_their_place() {
        let text = format!(
            "# first\n[[ignore]]\nfingerprint = \"v1:00\"\n{WHO}\n[[ignore]]\ncode = \"cleartext\"\ntype = \"imei\"\n\
             host = \"*.Example.com\"\nreason = \"old\"\nowner = \"QA\"\nexpires = \"2026-12-24\"\n"
        );
        let rules = parse_ignore(&text, "ignore.toml").unwrap();
        assert_eq!((rules[0].line, rules[1].line), (2, 8));
        assert_eq!(rules[0].matcher.to_string(), "fingerprint = \"v1:00\"");
        assert_eq!(rules[1].matcher.to_string(), "code = \"cleartext\", type = \"imei\", host = \"*.example.com\"");
        assert_eq!(rules[1].expires.to_string(), "2026-12-24");
    }

    #[test]
    fn reason_owner_and_expiry_are_asked_for() {
        for missing in ["reason", "owner", "expires"] {
            let kept: Vec<&str> = WHO.lines().filter(|line| !line.starts_with(missing)).collect();
            let text = format!("\n[[ignore]]\ncode = \"denied\"\n{}\n", kept.join("\n"));
            let (line, what) = parse_ignore(&text, "").unwrap_err();
            assert!(line == 2 && what.starts_with(missing), "{what}");
        }
        for wrong in ["expires = 2027-01-31T08:00:00Z", "expires = \"soon\"", "expires = 2027-02-30", "expires = 7"] {
            let text = format!("[[ignore]]\ncode = \"denied\"\nreason = \"r\"\nowner = \"o\"\n{wrong}\n");
            assert!(parse_ignore(&text, "").is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_line_that_names_no_finding_is_refused() {
        assert!(parse_ignore(&format!("[[ignore]]\n{WHO}"), "").unwrap_err().1.contains("names no finding"));
        assert!(parse_ignore(&format!("[[ignore]]\nphase = \"none\"\n{WHO}"), "").is_err());
        assert!(parse_ignore(&format!("[[ignore]]\nhost = \" \"\n{WHO}"), "").is_err());
        assert!(parse_ignore(&format!("[[ignore]]\ncodes = \"denied\"\n{WHO}"), "").is_err());
    }

    #[test]
    fn a_line_holds_through_its_last_day_and_is_announced_two_weeks_before() {
        let rule = &parse_ignore(&format!("[[ignore]]\ncode = \"denied\"\n{WHO}"), "").unwrap()[0];
        let state = |day: &str| rule.state(day.parse().unwrap());
        assert_eq!(state("2027-01-16"), IgnoreState::Active, "15 days");
        assert_eq!(state("2027-01-17"), IgnoreState::Expiring, "14 days");
        assert_eq!(state("2027-01-31"), IgnoreState::Expiring, "the last day");
        assert_eq!(state("2027-02-01"), IgnoreState::Expired);
        assert_eq!(rule.days_left("2027-02-03".parse().unwrap()), -3);
    }

    #[test]
    fn what_is_written_reads_back() {
        let rule = IgnoreRule {
            file: String::new(),
            line: 1,
            matcher: Matcher {
                code: Some("denied".to_owned()),
                host: Some(HostPattern("*.a.example".to_owned())),
                ..Matcher::default()
            },
            reason: "\"quoted\", a \\ and\na line".to_owned(),
            owner: "推送组".to_owned(),
            expires: "2027-01-31".parse().unwrap(),
        };
        assert_eq!(parse_ignore(&write_rule(&rule), "").unwrap(), [rule]);
    }

    #[test]
    fn a_rule_goes_with_the_comments_above_it_and_nothing_else() {
        let rule = |code: &str| format!("[[ignore]]\ncode = \"{code}\"\n{WHO}");
        let text = format!(
            "# what we live with\n\n# one\n{}\n# two\n{}\n# three\n{}# the end\n",
            rule("denied"),
            rule("cleartext"),
            rule("unsettled")
        );
        let lines: Vec<u32> = parse_ignore(&text, "").unwrap().iter().map(|rule| rule.line).collect();
        let expected =
            format!("# what we live with\n\n# one\n{}\n# three\n{}# the end\n", rule("denied"), rule("unsettled"));
        assert_eq!(without_rules(&text, &lines[1..2]).unwrap(), expected);
        assert_eq!(without_rules(&text, &lines).unwrap(), "# what we live with\n\n# the end\n");
        assert_eq!(without_rules("ignore = []\n", &[1]), None);
    }
}
