//! English names as cells and values list them: `Braze, Inc.; Some Hosting GmbH, Germany`.
//!
//! A comma stands between two names, before a legal form and before the place where a company sits.

use super::fold::{fold, is_cjk};
use super::lexicon::Lexicon;
use super::names::Names;
use super::prose::{is_name, names_nobody};
use super::spelling::{is_company, outside_brackets};

/// Longest member, in characters.
const LONGEST: usize = 60;

/// The names that words list, where they list several.
pub fn names_in(words: &str, lexicon: &Lexicon, names: &Names<'_>) -> Option<Vec<String>> {
    if names.is_known(words) || !words.is_ascii() && words.chars().any(is_cjk) {
        return None;
    }
    let parts = parts(words, lexicon);
    let named: Vec<&String> = parts.iter().filter(|part| !is_place(part, lexicon)).collect();
    let bare = |name: &str| name.split('(').next().unwrap_or(name).trim().to_owned();
    let sure = |name: &String| names.is_known(&bare(name)) || is_company(&bare(name));
    let capital = |word: &str| word.starts_with(|c: char| c.is_uppercase() || c.is_ascii_digit());
    let titled = |name: &String| {
        bare(name).split_whitespace().all(capital) && is_name(&bare(name), lexicon, names)
            || bare(name).split_whitespace().next().is_some_and(capital) && sure(name)
    };
    let fits = |name: &&String| {
        name.chars().count() <= LONGEST && (sure(name) || titled(name)) && !names_nobody(&bare(name), lexicon, names)
    };
    let one_product = named.len() == 2 && named.iter().any(|name| name.contains('/'));
    (named.len() > 1 && !one_product && named.iter().all(fits) && named.iter().any(|name| sure(name)))
        .then(|| named.into_iter().cloned().collect())
}

/// The words without the place that stands behind a company's name: `Some Company GmbH, Some Street 7, Berlin`.
pub fn without_place<'t>(words: &'t str, lexicon: &Lexicon) -> &'t str {
    let commas = words.char_indices().filter(|(at, c)| {
        *c == ',' && words.get(..*at).is_some_and(|before| before.matches('(').count() == before.matches(')').count())
    });
    for (at, _) in commas {
        let (Some(name), Some(rest)) = (words.get(..at), words.get(at + 1..)) else { continue };
        let places = || rest.split(',').map(str::trim).filter(|part| !part.is_empty());
        let form = places().next().is_some_and(|part| lexicon.says("legal-form-alone", &fold(part)));
        let sits = |part: &str| part.contains(|c: char| c.is_ascii_digit()) || is_place(part, lexicon);
        if !form && is_company(name) && places().any(sits) && !places().any(is_company) {
            return name.trim();
        }
    }
    words
}

/// A country or another place by itself.
fn is_place(part: &str, lexicon: &Lexicon) -> bool {
    lexicon.says("place-alone", fold(part).trim())
}

/// The words between marks that part names, a legal form with the name before it.
fn parts(words: &str, lexicon: &Lexicon) -> Vec<String> {
    let (cuts, _) = outside_brackets(words, &[',', ';', '\n']);
    let mut out: Vec<String> = Vec::new();
    let each = cuts.into_iter().flat_map(|part| part.split(" and ")).flat_map(|part| part.split(" & "));
    for part in each.map(str::trim) {
        let part = part.strip_prefix("and ").unwrap_or(part).trim();
        match out.last_mut() {
            _ if part.is_empty() => {}
            Some(last) if lexicon.says("legal-form-alone", &fold(part)) => {
                last.push_str(", ");
                last.push_str(part);
            }
            _ => out.push(part.to_owned()),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signatures::Signatures;

    #[test]
    fn commas_part_names_and_hold_them_together() {
        let signatures = Signatures::embedded().unwrap();
        let (lexicon, names) = (Lexicon::new(&signatures), Names::new(&signatures));
        let of = |words: &str| names_in(words, &lexicon, &names).unwrap_or_default().join(" | ");
        assert_eq!(of("Braze, Inc.; Amazon Web Services"), "Braze, Inc. | Amazon Web Services");
        assert_eq!(of("Heron Labs, Inc. and Ibis, LLC, USA"), "Heron Labs, Inc. | Ibis, LLC");
        assert_eq!(of("Heron Labs GmbH, Germany"), "");
        assert_eq!(of("Heron Labs, Inc. and its affiliates"), "");
        assert_eq!(of("Johnson & Johnson"), "");
        assert_eq!(without_place("Heron Labs GmbH, Some Street 7, Berlin", &lexicon), "Heron Labs GmbH");
        assert_eq!(without_place("Heron Labs, Inc., USA", &lexicon), "Heron Labs, Inc.");
        assert_eq!(without_place("Heron Labs GmbH, Ibis Ltd., USA", &lexicon), "Heron Labs GmbH, Ibis Ltd.");
        assert_eq!(without_place("Heron, maps", &lexicon), "Heron, maps");
    }
}
