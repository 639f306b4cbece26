//! The sentences of a block: which of them say that the app collects, and which that it does not.

use super::super::block::Block;
use super::super::fold::{Folded, fold};
use super::super::lexicon::Lexicon;
use super::super::sections::{Section, without_number};
use super::super::sentences::Sentence;
use super::super::{clauses, subjects};
use super::denials::{deny, lifted, sharing};
use super::shapes::{begins_with_data, ends_with_data, labelled_by_data, lists_only_data, value_is_data};
use super::{Reader, take};

/// A block, and where it stands.
pub(super) struct Here<'h> {
    pub(super) at: usize,
    pub(super) block: &'h Block,
    pub(super) section: Section,
    /// It is an item of a list.
    pub(super) listed: bool,
}

/// What the sentences before say about the next one.
#[derive(Default)]
struct Before {
    /// Something is collected.
    said: bool,
    /// Or not, and the sentence goes on behind a semicolon.
    denied: bool,
    /// "There are: cookies; your email address; …"
    enumerating: bool,
    /// It is asked whether the app collects.
    answering: bool,
    /// A word is defined.
    defining: bool,
}

impl<'r> Reader<'r> {
    /// Reads the sentences, and what the last of them says of the blocks below.
    pub(super) fn sentences(&mut self, here: &Here<'r>) {
        let Here { block, section, listed, .. } = *here;
        let all = subjects::statements(&block.text, self.lexicon, self.names);
        self.answered(here, &all);
        self.asked = all.last().map(|s| s.text.trim()).filter(|text| text.ends_with(['?', '？']));
        let mut before = Before::default();
        for index in 0..all.len() {
            self.sentence(here, all.get(index..).unwrap_or_default(), &mut before);
        }
        let last = all.last().map(|s| fold(s.text)).unwrap_or_default();
        let says = |id: &str| self.lexicon.says(id, last.trim());
        let goes_on = says("goes-on");
        let announces = goes_on
            && (says("collects") || section == Section::Collect)
            && !says("third-party-subject")
            && !says("denial");
        // "We do not:" is about the app wherever it stands.
        let of_app = section != Section::Share || says("denies-itself");
        self.denying = of_app && goes_on && says("denial-of-what-follows");
        if announces {
            self.collecting = section != Section::Other || says("collects-strongly");
        } else if !listed {
            self.collecting = false;
        }
    }

    /// The answer to the question that the block before ends with.
    fn answered(&mut self, here: &Here<'_>, all: &[Sentence<'_>]) {
        let lexicon = self.lexicon;
        let no = |text: &str| lexicon.says("answers-no", without_answer_mark(&fold(text)));
        if let Some(question) = self.asked.take()
            && all.first().is_some_and(|answer| no(answer.text))
            && lexicon.says("asks-whether", &fold(question))
            && here.section != Section::Share
        {
            let lifted = lifted(all.get(1), lexicon);
            deny(question, here.block, lifted.as_deref(), lexicon, &mut self.found.denials);
        }
    }

    /// Reads the first of `rest`, the sentences from it on.
    fn sentence(&mut self, here: &Here<'_>, rest: &[Sentence<'_>], before: &mut Before) {
        let Here { at, block, section, listed } = *here;
        let lexicon = self.lexicon;
        let Some(sentence) = rest.first() else { return };
        let folded = Folded::new(sentence.text);
        if lexicon.says("history", &folded.text) {
            before.said = false;
            return;
        }
        let by_name = (section != Section::Share)
            .then(|| self.titles.spoken(sentence.text, &folded, lexicon, self.names))
            .flatten();
        let text = by_name.as_deref().unwrap_or(folded.text.as_str());
        let says = |id: &str| lexicon.says(id, text);
        if self.question(here, text, rest, before) {
            return;
        }
        // "We and Some SDK collect …": the app's own as well.
        let joint = says("joint-subject");
        if self.taken.contains(&(at, sentence.start)) && !joint || before.defines(text, lexicon) {
            return;
        }
        let strong = says("collects-strongly");
        if section == Section::Denied && lexicon.says("begins-with-giving", text.trim()) {
            return;
        }
        // "If you write to us, we receive your address" is said there too.
        let told = strong && clauses::denial(lexicon, text).is_none();
        // "The only services that get it are …".
        let affirms = says("app-does") && clauses::denial(lexicon, text).is_none() && !says("denial-sharing");
        let told = told || says("tells-the-only-ones") || affirms;
        if section == Section::Denied && !told {
            let conditional = clauses::undoing(lexicon, text);
            deny(without_number(sentence.text), block, conditional.as_deref(), lexicon, &mut self.found.denials);
            return;
        }
        // What the app itself says that it does not collect holds wherever it stands.
        let denies = says("denies-itself");
        let anothers = !joint && subjects::is_anothers(sentence.text, lexicon, self.names);
        if says("denial-sharing") && !anothers {
            sharing(sentence.text, text, block, lexicon, &mut self.found.sharing_denials);
            if !strong {
                return;
            }
        }
        // `这些第三方服务仅获取IP地址，不获取您的姓名`: theirs from the first word on.
        let begins = lexicon.phrase("third-party-subject", text).is_some_and(|(m, _)| m.start() == 0);
        let anothers = anothers || begins && !text.is_ascii() && !says("first-party");
        // "Your orders are never shared with Some Ads" says nothing of what the app collects.
        if says("third-party-subject") && !strong && !joint || anothers || says("not-given-to") && !strong && !denies {
            before.said = false;
            return;
        }
        if says("not-collection") && !strong && !denies {
            return;
        }
        let verb = says("collects");
        let inside = joint
            || before.answering && verb
            || match section {
                Section::Collect => verb || self.collecting || names_what(sentence.text, listed, lexicon),
                Section::Open => verb && (says("first-party") || listed) || self.collecting && listed,
                Section::Share => strong || self.collecting && listed,
                Section::Other | Section::Defined => strong,
                Section::Denied => false,
            };
        if before.goes_on(inside || strong || denies, text, lexicon) {
            take(sentence.text, text, block, lexicon, &mut self.found);
        }
    }

    /// "Do we collect your location? No.": `true` where the answer says it all.
    fn question(&mut self, here: &Here<'_>, text: &str, rest: &[Sentence<'_>], before: &mut Before) -> bool {
        let lexicon = self.lexicon;
        let (Some(question), Some(answer), true) = (rest.first(), rest.get(1), text.trim_end().ends_with('?')) else {
            return false;
        };
        let answer = fold(answer.text);
        let asks = lexicon.says("collects", text) || lexicon.says("asks-whether", text.trim());
        let about_app = asks && here.section != Section::Share;
        let no = lexicon.says("answers-no", without_answer_mark(answer.trim()));
        if no && about_app {
            let lifted = lifted(rest.get(2), lexicon);
            deny(question.text, here.block, lifted.as_deref(), lexicon, &mut self.found.denials);
        } else if lexicon.says("answers-yes", answer.trim()) && about_app {
            take(question.text, text, here.block, lexicon, &mut self.found);
        }
        before.answering = about_app && lexicon.says("asks-the-app", text);
        before.answering || no
    }
}

impl Before {
    /// The sentence defines a word, or goes on with it.
    fn defines(&mut self, text: &str, lexicon: &Lexicon) -> bool {
        let goes_on = self.defining && !text.starts_with(|c: char| c.is_ascii_digit());
        let defines = goes_on || lexicon.says("definition", text);
        self.defining = defines && !text.ends_with('。');
        defines
    }

    /// The sentence says what is collected or not: it does so itself, or goes on with one that does.
    fn goes_on(&mut self, itself: bool, text: &str, lexicon: &Lexicon) -> bool {
        let continues = self.said && lexicon.says("continues", text.trim());
        // "我们不收集IMEI；不读取通讯录": the subject stands before the semicolon.
        let denial = self.denied && lexicon.says("denial-goes-on", text.trim());
        self.said = itself || continues || denial || self.enumerating;
        let open = self.said && text.trim_end().ends_with(';');
        self.enumerating = open && (self.enumerating || text.contains(':'));
        self.denied = open && lexicon.says("denial", text);
        self.said
    }
}

/// The sentence says what it is about by its form.
fn names_what(sentence: &str, listed: bool, lexicon: &Lexicon) -> bool {
    listed && (begins_with_data(sentence, lexicon) || ends_with_data(sentence, lexicon))
        || value_is_data(sentence, lexicon)
        || lists_only_data(sentence, lexicon)
        || labelled_by_data(sentence, lexicon)
}

/// The folded answer without the "A:" before it.
fn without_answer_mark(folded: &str) -> &str {
    let text = folded.trim();
    ["a:", "a.", "answer:", "答:"].iter().find_map(|mark| text.strip_prefix(mark)).unwrap_or(text).trim_start()
}
