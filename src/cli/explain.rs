//! `explain`: what a finding code means.

use super::options::Language;
use super::{Outcome, output};
use crate::audit::codes::{self, CODES};
use crate::audit::{clauses_of, explanations};
use crate::report::explain;
use crate::signatures::Signatures;

/// Explain a finding code: what it means, an example, how to mend it, how to ignore it, the clauses
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Finding code, such as omitted-data; without one, all codes are listed
    #[arg(value_name = "CODE")]
    code: Option<String>,

    /// Language of the explanation
    #[arg(long, alias = "lang", value_enum, default_value_t, value_name = "LANGUAGE")]
    language: Language,
}

pub fn run(args: Args) -> anyhow::Result<Outcome> {
    let language: crate::report::Language = args.language.into();
    let Some(asked) = args.code else {
        let mut text = String::new();
        for code in CODES {
            let meaning = explanations::of(code.id).map(|entry| language.of(&entry.meaning).to_owned());
            text.push_str(&format!("{:<24}{:<8}{}\n", code.id, code.base.as_str(), meaning.unwrap_or_default()));
        }
        output::stdout(text.as_bytes())?;
        return Ok(Outcome::Clear);
    };
    let entry = codes::get(&asked).and_then(|code| Some((code, explanations::of(code.id)?)));
    let Some((code, entry)) = entry else {
        let known: Vec<&str> = CODES.iter().map(|code| code.id).collect();
        anyhow::bail!("{asked:?} is no finding code; the codes are {}", known.join(", "));
    };
    let signatures = Signatures::embedded()?;
    let text = explain::render(code, &entry, &clauses_of(code, &signatures.clauses), language);
    output::stdout(text.as_bytes())?;
    Ok(Outcome::Clear)
}
