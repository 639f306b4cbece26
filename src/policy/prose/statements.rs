//! Sentences about third parties: "X collects …", "we use X for …", "X does not collect …".

use std::collections::HashSet;
use std::ops::Range;

use super::super::fold::{Folded, fold, key};
use super::super::lexicon::Lexicon;
use super::super::names::Names;
use super::super::sections;
use super::super::spelling::{is_company, spellings, split_names};
use super::super::{clauses, exclusions, sentences, subjects, terms};
use super::behind;
use super::denials::{self, Reach};
use super::left_out;
use super::naming::{is_firm, is_name, joined, names_nobody, names_of};
use super::passing;
use super::several::{self, Reading};
use super::{Found, LONGEST_NAME};
use crate::evidence::Span;

/// "X collects …".
#[derive(Default)]
pub struct Statement {
    /// Position of the block.
    pub block: usize,
    /// Byte offset of the sentence in it.
    pub sentence: usize,
    /// The names of the subject.
    pub names: Vec<String>,
    /// The company, where the sentence names it.
    pub company: Option<String>,
    /// The words up to where the data end.
    pub raw: String,
    /// The purpose.
    pub purpose: Option<String>,
    /// The data.
    pub terms: Vec<terms::Term>,
    /// Where.
    pub span: Span,
    /// With no third party of that name elsewhere, this declares one.
    pub declares: bool,
    /// It says that the data are not collected.
    pub denies: bool,
    /// Whom it is about.
    pub reach: Reach,
    /// It is about what the app itself collects as well.
    pub of_app: bool,
}

impl Statement {
    /// Block and offset of a sentence that is about third parties alone.
    pub fn place(&self) -> Option<(usize, usize)> {
        (!self.of_app).then_some((self.block, self.sentence))
    }
}

/// Reads one sentence; `true` where it is about third parties.
pub fn read(reading: &Reading<'_>, introduced: &mut Introduced, found: &mut Found) -> bool {
    // "Some Statistics, which we host ourselves": nobody else gets anything.
    if reading.lexicon.says("runs-it-itself", &reading.folded.text) {
        return false;
    }
    left_out::read(reading, found);
    if denials::read(reading, introduced, found) {
        return true;
    }
    let before = found.statements.len();
    if several::used(reading, found)
        || collects(reading, introduced, found)
        || several::read(reading, found)
        || continues(reading, introduced, found)
        || answers(reading, introduced, found)
    {
        behind::also(reading, before, found);
        return true;
    }
    several::through(reading, found);
    if !introduced.denied {
        behind::in_brackets(reading, found);
    }
    product_of(reading, introduced, found)
        || used(reading, introduced, found)
        || titled(reading, introduced, found)
        || behind::read(reading, found)
        || acts(reading, introduced, found)
        || passing::read(reading, introduced, found)
}

/// "Some Push collects an anonymous number", "Some Login signs you in": a product by its name that does something,
/// though nothing of what it gets is a type of data.
fn acts(reading: &Reading<'_>, introduced: &Introduced, found: &mut Found) -> bool {
    let Reading { folded, lexicon, names, .. } = *reading;
    let text = folded.text.as_str();
    let undone = ["denial", "denial-sharing", "no-use", "history"].iter().any(|id| lexicon.says(id, text));
    // In a part about the app a Chinese name may be that of its own function.
    if undone || introduced.elsewhere && !text.is_ascii() {
        return false;
    }
    let mut captures = lexicon.captures("party-collects", text);
    if introduced.shares {
        captures.extend(lexicon.captures("introduces", text));
    }
    let subjects = captures.iter().filter_map(|captures| captures.name("names"));
    let subjects = subjects.filter(|subject| begins_a_word(text, subject.start()));
    let subject = subjects.map(|subject| own_words(reading.words(subject.range()), lexicon).to_owned());
    let Some(name) = subject.into_iter().find(|name| names.is_known(name) && names.is_product(name)) else {
        return false;
    };
    let raw = reading.sentence.text.trim().to_owned();
    found.statements.push(Statement { declares: true, raw, ..reading.about(name) });
    true
}

/// A name that begins at byte `at` is not the end of a longer word.
fn begins_a_word(text: &str, at: usize) -> bool {
    let letter = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    !(letter(text.get(..at).and_then(|t| t.chars().next_back()))
        && letter(text.get(at..).and_then(|t| t.chars().next())))
}

/// "What does Some Service get?", and the sentence behind it.
fn answers(reading: &Reading<'_>, introduced: &mut Introduced, found: &mut Found) -> bool {
    let Reading { lexicon, names, .. } = *reading;
    let text = reading.folded.text.trim();
    let asked = std::mem::take(&mut introduced.asked);
    if let Some(captures) = lexicon.captures("asks-what-one-takes", text).into_iter().next() {
        let who = captures.name("names").map(|m| reading.words(m.range()).to_owned());
        introduced.asked = who.into_iter().filter(|who| is_name(who, lexicon, names)).collect();
        return false;
    }
    // "Who sends our mails? Some Mail."
    let name = reading.sentence.text.trim().trim_end_matches('.');
    if std::mem::replace(&mut introduced.asked_who, lexicon.says("asks-who", text)) && names.is_known(name) {
        found.statements.push(Statement { declares: true, raw: name.to_owned(), ..reading.about(name.to_owned()) });
        return true;
    }
    if asked.is_empty() || lexicon.says("denial", text) || lexicon.says("first-party", text) {
        return false;
    }
    let terms = collected(reading.sentence.text, lexicon);
    let says = !terms.is_empty();
    if says {
        listed(reading.block, reading.sentence, &asked, &reading.place, terms, found);
    }
    says
}

/// "Some Analytics is a service of Some Company", right below the heading "Some Analytics".
fn titled(reading: &Reading<'_>, introduced: &Introduced, found: &mut Found) -> bool {
    let Reading { lexicon, names, .. } = *reading;
    let Some(title) = introduced.headed.clone() else { return false };
    let behind = reading.sentence.text.trim_start().strip_prefix(title.as_str());
    let is = behind.is_some_and(|behind| lexicon.says("is-a-service", &fold(behind)));
    let somebody = names.holds_known(&title) || introduced.shares && is_name(&title, lexicon, names);
    let declares = is && somebody && !lexicon.says("denial", &reading.folded.text);
    if declares {
        let raw = reading.sentence.text.trim().to_owned();
        found.statements.push(Statement { declares, raw, ..reading.about(title) });
    }
    declares
}

/// `某某SDK会收集您的IMEI`.
fn collects(reading: &Reading<'_>, introduced: &mut Introduced, found: &mut Found) -> bool {
    let Reading { sentence, folded, lexicon, names, .. } = *reading;
    let text = folded.text.as_str();
    let mut about = false;
    let mut told: Vec<usize> = Vec::new();
    for captures in lexicon.captures("party-collects", text) {
        let (Some(subject), Some(data)) = (captures.name("names"), captures.name("data")) else { continue };
        // `使用某某地图时，SDK会收集`: "the SDK" is the one that the words before name.
        let named = told.contains(&data.start()) && lexicon.says("pronoun", subject.as_str().trim());
        if named || !begins_a_word(text, subject.start()) {
            continue;
        }
        let all = captures.whole();
        let here = named_before(reading, subject.start());
        // `由某某提供，其会收集` is read as a whole.
        let clause = text.get(..subject.start()).and_then(|t| t.rsplit([';', '。']).next()).unwrap_or_default();
        let made = lexicon.says("made-by", clause) && lexicon.says("pronoun", subject.as_str());
        if here.is_empty() && made && captures.name("company").is_none() {
            continue;
        }
        let words = reading.words(subject.range());
        let named = if here.is_empty() { introduced.meant(words, lexicon) } else { &here };
        let subjects = introduced.products_of(meant(subjects(words, lexicon), named, lexicon), names);
        // "We and Some SDK": what is said of the app is its own reader's.
        let is_app = |s: &str| lexicon.phrase("first-party", s).is_some_and(|(m, _)| m.as_str().len() == s.len());
        let several = subjects.len() > 1;
        let subjects: Vec<String> = subjects.into_iter().filter(|s| !(several && is_app(&fold(s)))).collect();
        let company = captures.name("company").map(|m| reading.words(m.range()).to_owned());
        // `由我们和某某公司共同提供` is read as a whole.
        if company.as_ref().is_some_and(|company| lexicon.says("first-party", &fold(company))) {
            continue;
        }
        let (subjects, company) = provided(subjects, company, reading);
        let met = subjects.iter().all(|s| introduced.has(s, lexicon));
        let sdk = |s: &String| fold(s).contains("sdk");
        // "The Some Game engine collects": a name that is known, and what kind of thing it is.
        let kinded = |s: &String| {
            let own = fold(s);
            lexicon
                .phrase("kind-behind-a-name", &own)
                .is_some_and(|(kind, _)| own.get(..kind.start()).is_some_and(|name| names.is_known(name)))
        };
        let is_whole =
            |s: &String| names.is_known(s) || fold(s).ends_with("sdk") || subjects::is_twice(s, names) || kinded(s);
        let brand = |s: &String| subjects::brand(&fold(s), lexicon, names);
        let modal = captures.name("modal").is_some();
        let firm = |s: &String| is_firm(s);
        let capital = |s: &String| s.starts_with(|c: char| c.is_ascii_uppercase()) && is_name(s, lexicon, names);
        let pronoun = |s: &String| lexicon.says("pronoun", &fold(s));
        let given = company.is_some() && subjects.iter().all(|s| is_name(s, lexicon, names))
            || captures.name("which").is_some() && subjects.iter().all(capital)
            // "Some Name receives your …", where third parties are told of.
            || introduced.shares
                && text.get(subject.end()..data.start()).is_some_and(|verb| lexicon.says("one-takes", verb))
                && subjects.iter().all(|s| capital(s) && lexicon.categories(s).is_empty() && !pronoun(s))
            || subjects.iter().all(firm);
        // "微信登录收集" may be the app's own heading: without a verb of its own only a whole name is a subject.
        let bare = captures.name("bare").is_some()
            && !(subjects.iter().all(is_whole) || subjects.iter().any(is_whole) && subjects.iter().all(capital));
        // "微信登录，收集您的昵称", under what the app collects: a function of its own.
        let bare = bare || captures.name("led").is_some() && introduced.elsewhere && !subjects.iter().all(sdk);
        let known = met || given || subjects.iter().any(|s| names.holds_known(s) || sdk(s) || modal && brand(s));
        if subjects.is_empty()
            || bare
            || subjects.iter().any(|s| s.chars().count() > LONGEST_NAME)
            || subjects.iter().any(|s| lexicon.says("first-party", &fold(s)) || names_nobody(s, lexicon, names))
            || subjects.len() == 1 && subjects.iter().any(|s| lexicon.says("no-subject", &fold(s)))
        {
            continue;
        }
        let words = reading.words(data.range());
        let before = folded.range(all.start(), all.start(), sentence.text).start;
        let mut terms = collected(words, lexicon);
        // "除IMEI外，某某SDK会收集您的设备信息": what is taken out, or not all, stands before.
        let leads = exclusions::first(lexicon, sentence.text);
        let leads = |t: &terms::Term| t.end <= before && leads.iter().any(|r| r.start <= t.start && t.end <= r.end);
        terms.extend(terms::read(lexicon, sentence.text).into_iter().filter(leads));
        let denied = clauses::denial(lexicon, text.get(..data.start()).unwrap_or_default()).is_some();
        // "Some SDK collects the following:" and then the items.
        if terms.is_empty() && !denied && known && lexicon.says("goes-on", text.trim()) {
            introduced.lists = subjects.clone();
            introduced.told(subjects, sentence.text);
            return true;
        }
        if terms.is_empty() || denied {
            continue;
        }
        told.extend(known.then(|| data.start()));
        let (raw, purpose) = cut_purpose(reading.words(all.range()), lexicon);
        about = about || known;
        let declared = |s: &String| met || given || sdk(s) || is_whole(s) || modal && brand(s);
        let any = subjects.iter().any(declared);
        for name in &subjects {
            found.statements.push(Statement {
                declares: known && (declared(name) || any && is_name(name, lexicon, names)),
                company: company.clone(),
                raw: raw.clone(),
                purpose: purpose.clone(),
                terms: terms.clone(),
                ..reading.about(name.clone())
            });
        }
    }
    about
}

/// Whom "it" stands for behind a comma: those that the sentence named before byte `at` of its folded text.
fn named_before(reading: &Reading<'_>, at: usize) -> Vec<String> {
    let before = reading.folded.slice(0, at, reading.sentence.text);
    let before = before.rsplit(['；', ';']).next().unwrap_or_default();
    let (folded, sentence) = (Folded::new(before), sentences::Sentence { text: before, start: reading.sentence.start });
    behind::last_in_chinese(&Reading { sentence: &sentence, folded: &folded, place: reading.place.clone(), ..*reading })
}

/// `推送服务由某某提供，其会收集…`: what is provided is a kind or the app's own, so whoever provides it is meant.
fn provided(subjects: Vec<String>, company: Option<String>, reading: &Reading<'_>) -> (Vec<String>, Option<String>) {
    let Reading { lexicon, names, .. } = *reading;
    let kind = |s: &String| lexicon.says("first-party", &fold(s)) || names_nobody(s, lexicon, names);
    let kind = |s: &String| kind(s) || !names.holds_known(s) && !lexicon.categories(s).is_empty();
    match company {
        Some(who) if !subjects.is_empty() && subjects.iter().all(kind) => {
            let inside = who.split_once(['(', '（']).map(|(_, inside)| inside.trim_end_matches([')', '）']).trim());
            (names_of(&without_brackets(&who), lexicon), inside.filter(|inside| is_company(inside)).map(str::to_owned))
        }
        company => (subjects, company),
    }
}

/// `某某SDK，由某某公司提供，用于推送`: declares whoever that is, and says who.
pub fn provider(reading: &Reading<'_>, found: &mut Found) -> Vec<String> {
    let Reading { folded, lexicon, names, .. } = *reading;
    let text = folded.text.trim();
    let captures = lexicon.captures("provided-by", text).into_iter().next();
    let Some((name, company)) = captures.and_then(|c| Some((c.name("names")?.range(), c.name("company")?.range())))
    else {
        return Vec::new();
    };
    if lexicon.says("first-party", text) || lexicon.says("denial", text) {
        return Vec::new();
    }
    let company = Some(reading.words(company).to_owned());
    let called = subjects(reading.words(name), lexicon);
    // `某某地图SDK` is one of its own, `地图SDK` a kind.
    let own = |s: &String| fold(s).ends_with("sdk") && !names_nobody(s, lexicon, names);
    let (subjects, company) =
        if called.iter().all(own) { (called, company) } else { provided(called, company, reading) };
    let subjects: Vec<String> = subjects.into_iter().filter(|s| own(s) || is_name(s, lexicon, names)).collect();
    let (raw, purpose) = cut_purpose(reading.sentence.text.trim(), lexicon);
    for name in &subjects {
        let (company, raw, purpose) = (company.clone(), raw.clone(), purpose.clone());
        found.statements.push(Statement { declares: true, company, raw, purpose, ..reading.about(name.clone()) });
    }
    subjects
}

/// `我们使用某某公司提供的某某平台…`.
fn product_of(reading: &Reading<'_>, introduced: &Introduced, found: &mut Found) -> bool {
    let lexicon = reading.lexicon;
    for captures in lexicon.captures("uses-product-of", &reading.folded.text) {
        let (Some(company), Some(name), Some(rest)) =
            (captures.name("company"), captures.name("name"), captures.name("rest"))
        else {
            continue;
        };
        let name = introduced.as_titled(reading.words(name.range()).to_owned(), lexicon);
        let (raw, purpose) = purpose_before_data(reading.words(rest.range()), lexicon);
        found.statements.push(Statement {
            company: Some(reading.words(company.range()).to_owned()),
            terms: collected(&raw, lexicon),
            raw,
            purpose,
            declares: true,
            ..reading.about(name)
        });
        return true;
    }
    false
}

/// `我们接入了某某SDK，用于…`.
fn used(reading: &Reading<'_>, introduced: &mut Introduced, found: &mut Found) -> bool {
    let Reading { lexicon, names, .. } = *reading;
    let text = reading.folded.text.as_str();
    for id in ["uses-sdk", "uses-service"] {
        for captures in lexicon.captures(id, text) {
            let (Some(name), Some(rest)) = (captures.name("name"), captures.name("rest")) else { continue };
            let end = whole_name(text, name.range(), names);
            let name = reading.words(name.start()..end).trim_end_matches('.').to_owned();
            let verb = text.get(..captures.whole().start()).unwrap_or_default();
            if name.contains(['【', '[']) || lexicon.says("undone", verb) {
                continue;
            }
            // What is called an SDK is one, known or not.
            let known = id == "uses-sdk"
                || if rest.as_str().is_empty() { names.is_known(&name) } else { names.holds_known(&name) };
            // `集成以下某某系统SDK：` announces them.
            if names_nobody(&name, lexicon, names) || lexicon.says("points-below", &fold(&name)) {
                continue;
            }
            if !known {
                introduced.note(&name, lexicon, names);
                continue;
            }
            let rest = reading.words(rest.start().max(end)..rest.end().max(end));
            let (raw, purpose) = cut_purpose(rest, lexicon);
            found.statements.push(Statement {
                terms: collected(rest, lexicon),
                raw,
                purpose,
                declares: true,
                ..reading.about(name)
            });
            return true;
        }
    }
    false
}

/// "The information collected includes …", behind a sentence about one third party.
fn continues(reading: &Reading<'_>, introduced: &mut Introduced, found: &mut Found) -> bool {
    let text = reading.folded.text.as_str();
    let captures = reading.lexicon.captures("continues-about", text).into_iter().next();
    let Some(captures) = captures.filter(|_| !introduced.before.is_empty()) else { return false };
    let data = captures.name("data").map(|m| reading.folded.slice(m.start(), m.end(), reading.sentence.text));
    let terms = collected(data.unwrap_or_default(), reading.lexicon);
    if terms.is_empty() {
        let goes_on = reading.lexicon.says("goes-on", text.trim());
        if goes_on {
            introduced.lists = introduced.before.clone();
        }
        return goes_on;
    }
    listed(reading.block, reading.sentence, &introduced.before, &reading.place, terms, found);
    true
}

/// Data that the names before it collect.
pub fn listed(
    block: usize,
    sentence: &sentences::Sentence<'_>,
    names: &[String],
    place: &Span,
    terms: Vec<terms::Term>,
    found: &mut Found,
) {
    for name in names {
        found.statements.push(Statement {
            block,
            sentence: sentence.start,
            names: vec![name.clone()],
            raw: sentence.text.trim().to_owned(),
            terms: terms.clone(),
            span: place.clone(),
            declares: true,
            ..Statement::default()
        });
    }
}

/// Words by which a name may be longer than the one before "for" or "to".
const MOST_MORE: usize = 3;

/// Where a name ends that goes on: "Some Analytics for Some App", where that is one.
fn whole_name(text: &str, name: Range<usize>, names: &Names<'_>) -> usize {
    let behind = text.get(name.end..).unwrap_or_default();
    let ends = behind.match_indices([' ', ',', '.']).map(|(at, _)| name.end + at).chain([text.len()]);
    // A mark after a name is none of it: "We use Some Analytics; it …".
    let is_word = |end: &usize| text.get(..*end).is_some_and(|t| t.ends_with(char::is_alphanumeric));
    // Nor does one end within brackets: "Some Push (Some Company) for push".
    let closed =
        |end: &usize| text.get(name.start..*end).is_some_and(|t| t.matches('(').count() == t.matches(')').count());
    let more = ends.filter(|end| *end > name.end).take(MOST_MORE).filter(is_word).filter(closed);
    more.filter(|end| text.get(name.start..*end).is_some_and(|whole| names.is_known(whole))).last().unwrap_or(name.end)
}

/// Names that the text introduced as third parties before a sentence about them.
#[derive(Default)]
pub struct Introduced {
    /// Whom the sentence before was about.
    pub before: Vec<String>,
    /// Whom all sentences of the block so far were about.
    pub here: Vec<String>,
    /// The name that the heading above is.
    pub title: Vec<String>,
    /// Whose data the items below are.
    pub lists: Vec<String>,
    /// Whom the question before asks about.
    pub asked: Vec<String>,
    /// The question before asks who does something.
    pub asked_who: bool,
    /// Headings that are names stand below an announcement of third parties.
    pub announced: bool,
    /// The words of the heading above, whatever its section.
    pub headed: Option<String>,
    /// The words before the colon of an item.
    pub labelled: Option<String>,
    /// Whom the last block was about that named somebody since the heading.
    pub last: Vec<String>,
    /// The block before is nothing but a name that is known.
    pub right_above: Vec<String>,
    /// The sentence stands in a section about third parties.
    pub shares: bool,
    /// It stands in one about something else.
    pub elsewhere: bool,
    /// What the sentence says is denied by what stands above it.
    pub denied: bool,
    /// Keys of names that are "used", of which no more is known.
    used: HashSet<String>,
    /// Those of the last sentence.
    noted: Vec<String>,
}

impl Introduced {
    /// Whom "it" stands for.
    pub fn named(&self) -> &[String] {
        match (self.before.is_empty(), self.right_above.is_empty()) {
            (true, false) => &self.right_above,
            (true, true) if self.shares && !self.title.is_empty() => &self.title,
            _ => &self.before,
        }
    }

    /// Whom `subject` stands for: "these services" may be those of the block before.
    fn meant(&self, subject: &str, lexicon: &Lexicon) -> &[String] {
        let named = self.named();
        let several = || lexicon.says("stands-for-several", &fold(subject));
        if named.is_empty() && several() { &self.last } else { named }
    }

    /// Whom "these" stands for: several, of one sentence or of as many as name one each.
    pub fn these(&self) -> &[String] {
        if self.before.len() > 1 { &self.before } else { &self.here }
    }

    /// Notes whom `sentence` was about. One that only says more about them ("Some Push is a
    /// product of Some Company") leaves it at that.
    pub fn told(&mut self, names: Vec<String>, sentence: &str) {
        if names.is_empty() && self.before.iter().any(|name| sentence.trim_start().starts_with(name.as_str())) {
            return;
        }
        let new: Vec<String> = names.iter().filter(|name| !self.here.contains(name)).cloned().collect();
        self.here.extend(new);
        self.before = names;
    }

    fn has(&self, name: &str, lexicon: &Lexicon) -> bool {
        let own = key(name);
        let titled = self.shares && self.title.iter().any(|title| key(title) == own);
        // "Some Analytics collects": a name that says what it does.
        let called = !self.elsewhere && is_title_case(name) && !lexicon.categories(name).is_empty();
        titled || called || self.used.contains(&own)
    }

    /// "The app uses Some Service to …".
    pub fn note(&mut self, name: &str, lexicon: &Lexicon, names: &Names<'_>) {
        if self.keep(name, lexicon, names) {
            self.noted.push(name.to_owned());
        }
    }

    /// The name is one of somebody, and is remembered as such.
    fn keep(&mut self, name: &str, lexicon: &Lexicon, names: &Names<'_>) -> bool {
        let capital = |word: &str| word.starts_with(|c: char| c.is_ascii_uppercase());
        let title = name.split_whitespace().all(capital) && lexicon.categories(name).is_empty();
        let somebody = title && is_name(name, lexicon, names) || is_title_case(name);
        if somebody {
            self.used.insert(key(name));
        }
        somebody
    }

    /// Notes whom a sentence introduces: "Some Analytics helps us …", "… by Some Company, Inc.".
    /// Outside of sections about third parties only names that are known.
    pub fn meet(&mut self, sentence: &str, folded: &Folded, lexicon: &Lexicon, names: &Names<'_>) {
        self.noted.clear();
        for id in ["introduces", "firm-named", "firm-called-so"] {
            for captures in lexicon.captures(id, &folded.text) {
                let Some(name) = captures.name("names") else { continue };
                let name = folded.slice(name.start(), name.end(), sentence).trim();
                let own = lexicon.says("first-party", &fold(name)) || lexicon.says("pronoun", &fold(name));
                // "It" is not who makes what the sentence is about.
                if !own && id != "introduces" {
                    self.keep(name, lexicon, names);
                } else if !own && (names.is_known(name) || self.shares) {
                    self.note(name, lexicon, names);
                }
            }
        }
    }

    /// Whom the last sentence introduced without saying what they collect.
    pub fn noted(&self) -> Vec<String> {
        self.noted.clone()
    }

    /// Below the heading "Some Ads", its maker stands for it: "Some Company may collect …".
    fn products_of(&self, subjects: Vec<String>, names: &Names<'_>) -> Vec<String> {
        let product = |maker: &String| {
            let parts = self.labelled.iter().chain(&self.headed).flat_map(|title| spellings(title));
            let mut parts = parts.filter(|part| !names.is_product(maker) && names.is_product_of(part, maker));
            parts.next().map(|part| part.trim().to_owned())
        };
        subjects.into_iter().map(|subject| product(&subject).unwrap_or(subject)).collect()
    }

    /// The heading's name, where `name` only adds what kind of thing it is.
    fn as_titled(&self, name: String, lexicon: &Lexicon) -> String {
        let own = key(&name);
        let is = |title: &&String| {
            own.strip_prefix(key(title).as_str()).is_some_and(|rest| lexicon.says("kind-behind-a-title", rest))
        };
        self.title.iter().find(is).cloned().unwrap_or(name)
    }
}

/// Two and more words, each with a capital.
fn is_title_case(name: &str) -> bool {
    name.split_whitespace().count() >= 2
        && name.split_whitespace().all(|w| w.starts_with(|c: char| c.is_ascii_uppercase()))
}

/// The names that "it" stands for.
fn meant(subjects: Vec<String>, named: &[String], lexicon: &Lexicon) -> Vec<String> {
    let pronoun = subjects.len() == 1 && subjects.iter().all(|s| lexicon.says("pronoun", &fold(s)));
    if pronoun && !named.is_empty() { named.to_vec() } else { subjects }
}

/// The names that a subject consists of, without what leads into it.
fn subjects(words: &str, lexicon: &Lexicon) -> Vec<String> {
    let bare = without_brackets(sections::without_number(words));
    split_subjects(own_words(&bare, lexicon), lexicon)
}

/// Words that may stand before a name at the same place: "but", "the", "which we use".
const MOST_LEADS: usize = 3;

/// A subject without the words around its name: `但我们集成的某某SDK`, "the Some SDK we use".
pub fn own_words<'a>(words: &'a str, lexicon: &Lexicon) -> &'a str {
    let mut rest = words.trim();
    for _ in 0..MOST_LEADS {
        let folded = Folded::new(rest);
        let Some((lead, _)) = lexicon.phrase("subject-lead", &folded.text) else { break };
        let end = folded.range(lead.start(), lead.end(), rest).end;
        match rest.get(end..).map(str::trim_start) {
            Some(after) if !after.is_empty() => rest = after,
            _ => break,
        }
    }
    let folded = Folded::new(rest);
    let tail = lexicon.phrase("subject-tail", &folded.text).map(|(m, _)| folded.range(m.start(), m.end(), rest).start);
    tail.and_then(|at| rest.get(..at)).map(str::trim_end).filter(|name| !name.is_empty()).unwrap_or(rest)
}

/// Data that a sentence says is collected: also what it is done with ("通过地理位置校准").
pub fn collected(words: &str, lexicon: &Lexicon) -> Vec<terms::Term> {
    terms::read(lexicon, words)
}

/// `第三方支付【某某支付】SDK` names a kind; the brackets are examples.
pub fn without_brackets(text: &str) -> String {
    let mut depth = 0usize;
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '【' | '[' | '(' | '（' => depth += 1,
            '】' | ']' | ')' | '）' => depth = depth.saturating_sub(1),
            _ if depth == 0 => out.push(c),
            _ => {}
        }
    }
    out
}

/// The text, cut where words join two names.
fn apart<'t>(text: &'t str, lexicon: &Lexicon) -> Vec<&'t str> {
    let folded = Folded::new(text);
    let mut parts = Vec::new();
    let mut from = 0;
    for joint in lexicon.matches("joins-two-names", &folded.text) {
        let place = folded.range(joint.start, joint.end, text);
        parts.extend(text.get(from..place.start));
        from = place.end;
    }
    parts.extend(text.get(from..));
    parts
}

fn split_subjects(text: &str, lexicon: &Lexicon) -> Vec<String> {
    split_names(text)
        .flat_map(|part| apart(part, lexicon))
        .flat_map(|part| joined(part, lexicon))
        .map(|part| own_words(part.trim(), lexicon).trim_end_matches(" SDKs").to_owned())
        // "Some Company, Inc.": one name.
        .filter(|part| !part.is_empty() && !lexicon.says("legal-form-alone", &fold(part)))
        .collect()
}

/// The words before the purpose, and the purpose.
pub fn cut_purpose(words: &str, lexicon: &Lexicon) -> (String, Option<String>) {
    let folded = Folded::new(words);
    match lexicon.phrase("purpose", &folded.text) {
        Some((m, _)) => {
            let at = folded.range(m.start(), m.end(), words).start;
            let raw = words.get(..at).unwrap_or_default().trim().trim_end_matches([',', '，']).to_owned();
            let end = words.get(at..).and_then(|t| t.find(['。', ';', '；'])).map_or(words.len(), |e| at + e);
            (raw, words.get(at..end).map(|p| p.trim().to_owned()))
        }
        None => (words.trim().trim_end_matches(['。', '.']).to_owned(), None),
    }
}

/// The same where the data stand in a clause behind the purpose: `，用于统计分析，其会收集设备型号`.
fn purpose_before_data(words: &str, lexicon: &Lexicon) -> (String, Option<String>) {
    let (raw, purpose) = cut_purpose(words, lexicon);
    let Some(why) = purpose.as_deref().filter(|_| raw.is_empty()) else { return (raw, purpose) };
    let collects = |at: &usize| why.get(*at..).is_some_and(|clause| lexicon.says("it-collects", &fold(clause)));
    match why.match_indices([',', '，']).map(|(at, _)| at).find(collects) {
        Some(at) => {
            let (why, data) = why.split_at(at);
            (data.trim_start_matches([',', '，']).trim().to_owned(), Some(why.to_owned()))
        }
        None => (raw, purpose),
    }
}
