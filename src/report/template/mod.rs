//! A user's own text with the report's facts in it: `{{findings}}` in Markdown, HTML or
//! plain text.
//!
//! The text around is the user's and goes through as it is. What is filled in comes from
//! strangers and is escaped for the kind of file; in HTML it may stand in text only, not
//! in a tag, a script or a style, where escaping would not do. There is nothing to run:
//! no condition, no loop, no file to include.

mod facts;

use super::escape::{markup, shown};
use super::language::Language;
use super::markdown;
use crate::audit::Report;
use facts::{Fact, NAMES};

/// Bytes of a template: a letter, not a book.
pub const LIMIT: u64 = 4 << 20;

/// What the text is, by the ending of its file's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Markdown,
    Html,
    Text,
}

/// A piece of a template.
#[derive(Debug)]
enum Piece {
    /// The user's.
    Own(String),
    /// A name of [`NAMES`].
    Fact(&'static str),
}

/// A template that was read: every name in it is known.
#[derive(Debug)]
pub struct Template {
    kind: Kind,
    pieces: Vec<Piece>,
}

impl Template {
    /// Reads the bytes of the file `name`. An error begins with `:`, the line where there is one,
    /// and what is wrong, so that it can stand after a path.
    pub fn read(bytes: &[u8], name: &str) -> Result<Self, String> {
        let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).unwrap_or_default();
        let kind = match ending.as_str() {
            "md" | "markdown" => Kind::Markdown,
            "html" | "htm" => Kind::Html,
            "txt" | "text" => Kind::Text,
            _ => return Err(": a template's name ends in .md, .html or .txt, which says how facts are escaped".into()),
        };
        let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let line = bytes.iter().take(error.valid_up_to()).filter(|byte| **byte == b'\n').count() + 1;
            format!(":{line}: is not UTF-8")
        })?;
        Self::parse(text, kind)
    }

    fn parse(text: &str, kind: Kind) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut rest = text;
        let line_at = |rest: &str| text.len().checked_sub(rest.len()).and_then(|at| text.get(..at)).map_or(1, lines);
        while let Some((before, behind)) = rest.split_once("{{") {
            if let Some(before) = before.strip_suffix('\\') {
                pieces.push(Piece::Own(format!("{before}{{{{")));
                rest = behind;
                continue;
            }
            let line = line_at(behind);
            pieces.push(Piece::Own(before.to_owned()));
            let Some((name, after)) = behind.split_once("}}").filter(|(name, _)| !name.contains('\n')) else {
                return Err(format!(
                    ":{line}: {{{{ without }}}} behind it in its line; write \\{{{{ for the two braces"
                ));
            };
            let Some(known) = NAMES.iter().find(|known| **known == name.trim()) else {
                return Err(format!(":{line}: {{{{{name}}}}} is not known; there are {}", NAMES.join(", ")));
            };
            let own = text.len().checked_sub(behind.len() + 2).and_then(|at| text.get(..at)).unwrap_or_default();
            if kind == Kind::Html && !in_text(own) {
                return Err(format!(
                    ":{line}: {{{{{name}}}}} stands in a tag, a script or a style; facts go into text only"
                ));
            }
            pieces.push(Piece::Fact(known));
            rest = after;
        }
        pieces.push(Piece::Own(rest.to_owned()));
        if !pieces.iter().any(|piece| matches!(piece, Piece::Fact(_))) {
            return Err(format!(": holds no fact, such as {{{{findings}}}}; there are {}", NAMES.join(", ")));
        }
        Ok(Self { kind, pieces })
    }

    /// The text with the facts of `report`, with a last line feed; the error is that of [`shown`].
    pub fn fill(&self, report: &Report, language: Language) -> Result<String, serde_json::Error> {
        let report = shown(report)?;
        let facts = facts::Facts::of(&report, language);
        let mut text = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Own(own) => text.push_str(own),
                Piece::Fact(name) => text.push_str(&self.kind.write(&facts.get(name))),
            }
        }
        if !text.ends_with('\n') {
            text.push('\n');
        }
        Ok(text)
    }
}

/// The number of the line that `text` ends in.
fn lines(text: &str) -> usize {
    text.matches('\n').count() + 1
}

/// What comes after `before` is text of an HTML page: no tag is open, no script, no style.
fn in_text(before: &str) -> bool {
    let lower = before.to_ascii_lowercase();
    let open = |name: &str| match (lower.rfind(&format!("<{name}")), lower.rfind(&format!("</{name}"))) {
        (Some(begin), Some(end)) => begin > end,
        (begin, _) => begin.is_some(),
    };
    let tag = before.rfind('<').is_some_and(|at| {
        let behind = before.get(at + 1..).unwrap_or_default();
        let begins = behind.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?'));
        begins && !behind.contains('>')
    });
    !tag && !["script", "style", "!--"].iter().any(|name| match *name {
        "!--" => lower.rfind("<!--").is_some_and(|begin| !lower.get(begin..).unwrap_or_default().contains("-->")),
        name => open(name),
    })
}

impl Kind {
    fn escape(self, text: &str) -> String {
        match self {
            Self::Markdown => markdown::escape(text),
            Self::Html => markup(text),
            Self::Text => text.to_owned(),
        }
    }

    fn write(self, fact: &Fact) -> String {
        match fact {
            Fact::Words(words) => self.escape(words),
            Fact::List(items) => {
                let items = items.iter().map(|item| self.escape(item));
                match self {
                    Self::Html => format!("<ul>{}</ul>", items.map(|i| format!("<li>{i}</li>")).collect::<String>()),
                    _ => items.map(|item| format!("- {item}\n")).collect::<String>().trim_end().to_owned(),
                }
            }
            Fact::Table(heads, rows) => self.table(heads, rows),
            Fact::Entries(entries) => {
                let entry = |(title, lines): &(String, Vec<String>)| {
                    let title = self.escape(title);
                    let lines: Vec<String> = lines.iter().map(|line| self.escape(line)).collect();
                    match self {
                        Self::Html => {
                            let lines: String = lines.iter().map(|line| format!("<p>{line}</p>")).collect();
                            format!("<section><h3>{title}</h3>{lines}</section>")
                        }
                        Self::Markdown => format!("### {title}\n\n{}\n\n", lines.join("\n\n")),
                        Self::Text => format!("{title}\n  {}\n\n", lines.join("\n  ")),
                    }
                };
                entries.iter().map(entry).collect::<String>().trim_end().to_owned()
            }
        }
    }

    fn table(self, heads: &[String], rows: &[Vec<String>]) -> String {
        let cells = |cells: &[String]| cells.iter().map(|cell| self.escape(cell)).collect::<Vec<_>>();
        match self {
            Self::Html => {
                let head: String = cells(heads).iter().map(|cell| format!("<th scope=\"col\">{cell}</th>")).collect();
                let row = |row: &Vec<String>| {
                    format!("<tr>{}</tr>", cells(row).iter().map(|cell| format!("<td>{cell}</td>")).collect::<String>())
                };
                let body: String = rows.iter().map(row).collect();
                format!("<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>")
            }
            Self::Markdown => {
                let mut text = format!("| {} |\n|{}", cells(heads).join(" | "), "---|".repeat(heads.len()));
                rows.iter().for_each(|row| text.push_str(&format!("\n| {} |", cells(row).join(" | "))));
                text
            }
            Self::Text => {
                let mut text = cells(heads).join(" | ");
                rows.iter().for_each(|row| text.push_str(&format!("\n{}", cells(row).join(" | "))));
                text
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str, name: &str) -> String {
        Template::read(text.as_bytes(), name).expect_err("is refused")
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        assert!(error("{{app}}", "letter.doc").contains(".md, .html or .txt"));
        assert!(error("a\nb {{nothing}}", "a.md").starts_with(":2: {{nothing}} is not known; there are app, "));
        assert!(error("a\n{{app\n}}", "a.md").starts_with(":2: {{ without }}"));
        assert!(error("no fact", "a.txt").contains("holds no fact"));
        assert!(Template::read(b"a\n\xff{{app}}", "a.md").expect_err("is refused").starts_with(":2: is not UTF-8"));
    }

    #[test]
    fn in_html_facts_stand_in_text_only() {
        for wrong in [
            "<a href=\"{{app}}\">x</a>",
            "<script>{{app}}</script>",
            "<STYLE>{{app}}</STYLE>",
            "<!-- {{app}} -->",
            "<p>a</p><p title='{{ app }}'>",
        ] {
            assert!(error(wrong, "a.html").contains("stands in a tag"), "{wrong}");
        }
        for right in ["<p>{{app}}</p>", "<script>1</script>{{app}}", "a < b {{app}}", "<!-- a --><b>{{app}}</b>"] {
            assert!(Template::read(right.as_bytes(), "a.html").is_ok(), "{right}");
        }
    }

    #[test]
    fn braces_that_are_meant_stay() {
        let read = Template::read(b"\\{{app}} {{ app }}", "a.txt").unwrap();
        assert!(
            matches!(read.pieces.as_slice(), [Piece::Own(a), Piece::Own(b), Piece::Fact("app"), Piece::Own(c)]
            if a == "{{" && b == "app}} " && c.is_empty()),
            "{:?}",
            read.pieces
        );
    }
}
