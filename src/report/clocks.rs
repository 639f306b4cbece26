//! What was done about the clock of a capture, in words.

use crate::observations::{ClockBy, Input};
use crate::report::language::{Language, fill};

/// One sentence; `None` where nothing is known or asked of its clock.
pub fn said(input: &Input, language: Language) -> Option<String> {
    let words = language.words();
    let clock = input.clock.as_ref()?;
    let seconds = |ms: i64| format!("{:+.3}", ms as f64 / 1_000.0);
    let added = seconds(clock.added_ms);
    let uncertainty = format!("{:.3}", clock.uncertainty_ms as f64 / 1_000.0);
    let (name, with) = (&input.name, clock.with.as_deref().unwrap_or_default());
    Some(match clock.by {
        ClockBy::Given => fill(words.clock_given, &[name, &added]),
        ClockBy::Measured => fill(words.clock_measured, &[name, &added, &uncertainty]),
        ClockBy::Marks => fill(words.clock_marks, &[name, &added, &uncertainty]),
        ClockBy::Connections => fill(words.clock_connections, &[name, &added, &uncertainty, &clock.connections, &with]),
        ClockBy::Agrees => fill(words.clock_agrees, &[name, &with, &uncertainty, &clock.connections]),
        ClockBy::Unsteady => fill(words.clock_unsteady, &[name, &clock.connections, &with, &uncertainty]),
        ClockBy::Unknown => fill(words.clock_unknown, &[name, &with]),
    })
}
