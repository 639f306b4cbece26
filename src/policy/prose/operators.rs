//! Who runs what a sentence names: `Some Analytics, operated by Some Company Inc., collects …`.

use std::borrow::Cow;
use std::ops::Range;

use super::super::fold::Folded;
use super::super::lexicon::Lexicon;
use super::super::spelling::is_company;

/// `text` without what is said of who runs a service between its name and what it does: the company is no other
/// recipient, and the name stands beside its verb again.
pub fn without_operators<'t>(text: &'t str, lexicon: &Lexicon) -> Cow<'t, str> {
    let folded = Folded::new(text).with_plain_firms(text);
    let captures = lexicon.captures("operator-of-name", &folded.text);
    let cuts = captures.iter().filter_map(|found| found.name("cut"));
    let cuts = cuts.map(|cut| folded.range(cut.start(), cut.end(), text)).map(|cut| whole(cut, text));
    without(text, cuts.chain(places(text, &folded, lexicon)).collect())
}

/// `text` without the places where companies sit: "Some Company GmbH, Some Street 7, Berlin, Germany (hosting)".
pub fn without_places<'t>(text: &'t str, lexicon: &Lexicon) -> Cow<'t, str> {
    let folded = Folded::new(text).with_plain_firms(text);
    let places = places(text, &folded, lexicon);
    without(text, places)
}

/// Where such places stand; none that another company stands in.
fn places(text: &str, folded: &Folded, lexicon: &Lexicon) -> Vec<Range<usize>> {
    let captures = lexicon.captures("place-of-a-firm", &folded.text);
    let cuts = captures.iter().filter_map(|found| found.name("cut"));
    let cuts = cuts.map(|cut| folded.range(cut.start(), cut.end(), text));
    let firm = |cut: &Range<usize>| text.get(cut.clone()).is_some_and(|cut| cut.split(',').any(is_company));
    cuts.filter(|cut| !firm(cut)).collect()
}

fn without(text: &str, mut cuts: Vec<Range<usize>>) -> Cow<'_, str> {
    cuts.sort_by_key(|cut| cut.start);
    let mut kept = String::new();
    let mut from = 0;
    for cut in cuts.into_iter().filter(|cut| !cut.is_empty()) {
        if let Some(before) = text.get(from..cut.start) {
            kept.push_str(before);
            from = cut.end;
        }
    }
    if from == 0 {
        return Cow::Borrowed(text);
    }
    kept.push_str(text.get(from..).unwrap_or_default());
    Cow::Owned(kept)
}

/// With the point of the legal form that it ends in, unless that ends the sentence.
fn whole(cut: Range<usize>, text: &str) -> Range<usize> {
    let behind = text.get(cut.end..).and_then(|rest| rest.strip_prefix('.'));
    let next = behind.and_then(|rest| rest.trim_start().chars().next());
    let goes_on = next.is_some_and(|next| !next.is_uppercase());
    cut.start..cut.end + usize::from(goes_on)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signatures::Signatures;

    #[test]
    fn names_stand_beside_their_verbs() {
        let lexicon = Lexicon::new(&Signatures::embedded().unwrap());
        for (text, bare) in [
            ("Heron, operated by Heron Apps Pte. Ltd., collects A.", "Heron collects A."),
            ("We share A with Heron, a service of Ibis, Inc., and Crane.", "We share A with Heron, and Crane."),
            ("We send A to Heron (run by Ibis Inc.) and Crane.", "We send A to Heron and Crane."),
            ("We send A to Heron, which is provided by Ibis Inc.", "We send A to Heron."),
            ("我们使用苍鹭服务，该服务由某某有限公司提供，会收集A。", "我们使用苍鹭服务，会收集A。"),
            ("We send A to servers operated by Ibis Inc.", "We send A to servers operated by Ibis Inc."),
            (
                "We send A to Ibis Ltd, Some Road, Dublin 4, Ireland, and to Crane.",
                "We send A to Ibis Ltd, and to Crane.",
            ),
            ("We send A to Ibis Ltd, Crane Inc., Ireland.", "We send A to Ibis Ltd, Crane Inc., Ireland."),
        ] {
            assert_eq!(without_operators(text, &lexicon), bare);
        }
    }
}
