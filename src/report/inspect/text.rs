//! The observations for a terminal.

use super::{Sort, arrange};
use crate::observations::Observations;
use crate::report::language::Language;
use crate::signatures::Signatures;

/// The text, with a last line feed. `color` marks recipients and types.
pub fn render(seen: &Observations, signatures: &Signatures, language: Language, color: bool, sort: Sort) -> String {
    let bold = |text: &str| if color { format!("\x1b[1m{text}\x1b[0m") } else { text.to_owned() };
    let view = arrange(seen, signatures, language, sort);
    let mut lines = view.inputs;
    for section in view.sections {
        lines.push(String::new());
        lines.push(bold(&section.title));
        lines.extend(section.facts.iter().map(|fact| format!("  {fact}")));
        for row in section.rows {
            lines.push(format!("  {} {}  {}", bold(&row.subject), row.certainty, row.value));
            for detail in [row.request, row.excerpt, format!("{} · {}", row.way, row.place), row.reason] {
                lines.push(format!("      {detail}"));
            }
        }
        lines.extend(section.sealed.iter().map(|sealed| format!("  {sealed}")));
        let withheld = language.words().withheld;
        lines.extend(section.withheld.iter().map(|slot| format!("  {withheld}{}{slot}", language.colon())));
    }
    if !view.beside.is_empty() {
        lines.push(String::new());
        lines.push(bold(language.words().beside));
        lines.extend(view.beside.into_iter().map(|line| format!("  {line}")));
    }
    lines.push(String::new());
    lines.push(bold(language.words().coverage));
    lines.extend(view.coverage);
    lines.iter().map(|line| line.trim_end().to_owned() + "\n").collect()
}
