//! A summary in GitHub's Markdown: for `$GITHUB_STEP_SUMMARY` and a merge request's notes.
//!
//! Foreign text is escaped: it can make no link, no markup, no cell, and mentions nobody.

use super::Service;
use super::language::fill;
use super::places::spot;
use super::view;
use crate::audit::gate::Outcome;
use crate::audit::{Finding, Report};

/// Bytes of a step's summary that GitHub takes are 1 MiB; the rest of ours is below this.
const LIMIT: usize = 900_000;

/// Findings told at length; all stand in the table.
const DETAILS: usize = 50;

/// The text, with a last line feed.
pub fn render(report: &Report, service: &Service<'_>) -> Result<String, serde_json::Error> {
    let report = &super::escape::shown(report)?;
    let (language, words) = (service.language, service.language.words());
    let arranged = view::arrange(report, language);
    let mark = match service.gate.outcome(report) {
        Outcome::Passed => "✅",
        Outcome::Failed => "❌",
        Outcome::TooLittleSeen => "⚠️",
    };
    let colon = service.language.colon();
    let mut text = format!("## {mark} wirewitness · {}\n\n", escape(&arranged.app));
    text.push_str(&format!("{}\n\n{}\n\n", escape(&service.verdict(report)), escape(&arranged.headline)));
    for fact in &arranged.case {
        text.push_str(&format!("- {}{colon}{}\n", fact.name, escape(&fact.values.join("; "))));
    }
    if !arranged.case.is_empty() {
        text.push('\n');
    }
    if !arranged.counts.is_empty() {
        let counts: Vec<String> = arranged.counts.iter().map(|(_, word, count)| format!("{word} {count}")).collect();
        text.push_str(&format!("{}\n\n", counts.join(" · ")));
    }
    if let Some(baseline) = &arranged.baseline {
        text.push_str(&format!("{}{colon}{}\n\n", words.baseline, escape(&baseline.counts)));
    }
    let mut left = 0;
    if !report.findings.is_empty() {
        // How each stands against a baseline, or that it is ignored: a column where any is.
        let is_stated = arranged.findings.iter().any(|f| f.ignored.is_some() || !f.baseline_words.is_empty());
        let (first, line) = if is_stated { ("| ", "|---") } else { ("", "") };
        text.push_str(&format!(
            "{first}| {} | {} | {} | {} |\n{line}|---|---|---|---|\n",
            words.findings, words.recipient, words.phase, words.place
        ));
        for (finding, shown) in report.findings.iter().zip(&arranged.findings) {
            let row = row(finding, shown, is_stated, report, service);
            if text.len() + row.len() > LIMIT { left += 1 } else { text.push_str(&row) }
        }
        text.push('\n');
    }
    let failing = report.findings.iter().zip(&arranged.findings).filter(|(f, _)| service.gate.fails(f, report));
    for (index, (_, finding)) in failing.enumerate() {
        let details = details(finding, service);
        if index >= DETAILS || text.len() + details.len() > LIMIT {
            break;
        }
        text.push_str(&details);
    }
    if left > 0 {
        text.push_str(&format!("{}\n\n", fill(words.left_out, &[&left])));
    }
    text.push_str(&format!("### {}\n\n", words.coverage));
    for line in &arranged.coverage.lines {
        text.push_str(&format!("- {}\n", escape(line)));
    }
    for (reason, count) in &arranged.coverage.closed {
        text.push_str(&format!("- {}{colon}{} {count}\n", words.coverage_closed, escape(reason)));
    }
    for line in &arranged.coverage.withheld {
        text.push_str(&format!("- {}{colon}{}\n", words.withheld, escape(line)));
    }
    Ok(text)
}

fn row(finding: &Finding, shown: &view::Finding, is_stated: bool, report: &Report, service: &Service<'_>) -> String {
    let words = service.language.words();
    let at = spot(finding, report, service.places);
    let mut code = format!("{} `{}`", shown.severity_words, finding.code);
    if shown.ignored.is_some() {
        code = format!("~~{code}~~");
    }
    let state = match (&shown.ignored, shown.baseline_words.as_str()) {
        (Some(_), _) => words.ignored.to_owned(),
        (None, state) => state.to_owned(),
    };
    let place = format!("{}:{}", at.path, at.line);
    let state = if is_stated { format!("| {} ", escape(&state)) } else { String::new() };
    format!("{state}| {code} | {} | {} | {} |\n", escape(&shown.subject), shown.phase, escape(&place))
}

fn details(finding: &view::Finding, service: &Service<'_>) -> String {
    let words = service.language.words();
    let colon = service.language.colon();
    let mut text = format!(
        "<details><summary>{} <code>{}</code> {}</summary>\n\n{}\n\n",
        finding.severity_words,
        finding.code,
        escape(&finding.subject),
        escape(&finding.message)
    );
    for quote in &finding.policy {
        text.push_str(&format!("> {}\n>\n> — {}\n\n", escape(&quote.words), escape(&quote.place)));
    }
    for place in finding.evidence.iter().take(1) {
        if !place.request.is_empty() {
            text.push_str(&format!("- {}{colon}{}\n", words.request, escape(&place.request)));
            text.push_str(&format!("- {}{colon}{}\n", words.value, escape(&place.value)));
            text.push_str(&format!("- {}{colon}{}\n", words.steps, escape(&place.steps)));
        }
        text.push_str(&format!("- {}{colon}{}\n", words.place, escape(&place.place)));
        if let Some(filter) = &place.filter {
            text.push_str(&format!("- {}{colon}{}\n", words.filter, escape(filter)));
        }
    }
    if !finding.mend.is_empty() {
        text.push_str(&format!("- {}{colon}{}\n", words.mend, escape(&finding.mend)));
    }
    if let Some(command) = &finding.ignore_command {
        text.push_str(&format!("- {}: `{command}`\n", words.ignore_how));
    }
    text.push_str("\n</details>\n\n");
    text
}

/// Text that is nothing but text: markup is escaped (CommonMark 0.31 §2.4), and what GitHub
/// makes of plain words, a mention, a number, an address, is broken by an empty comment.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '@' | '#' => escaped.extend([c].iter().chain("<!-- -->".chars().collect::<Vec<_>>().iter())),
            ':' => escaped.push_str("&#58;"),
            '\n' | '\r' => escaped.push(' '),
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '(' | ')' | '+' | '-' | '.' | '!' | '|' | '~' | '='
            | '"' | '\'' | '$' | '^' => escaped.extend(['\\', c]),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn text_stays_text() {
        assert_eq!(escape("[a](http://x)"), "\\[a\\]\\(http&#58;//x\\)");
        assert_eq!(escape("a|b\n# c"), "a\\|b #<!-- --> c");
        assert_eq!(escape("@team <b>`x`"), "@<!-- -->team &lt;b&gt;\\`x\\`");
        assert_eq!(escape("www.evil.example"), "www\\.evil\\.example");
        assert_eq!(escape("设备信息"), "设备信息");
    }
}
