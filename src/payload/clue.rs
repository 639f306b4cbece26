//! Which decoders are worth asking about a value, by one look at it.
//!
//! Most values are a word or a number, and nearly all of the fifty decoders would refuse
//! them at the first byte. Each decoder has a clue: a condition that is cheap to check and that every
//! value it opens meets. So only decoders that would refuse are left out, and what is found is
//! the same without clues.

/// What is true of every value that a decoder opens. It does not count where a media type is
/// declared for the value, or it is a whole body: then all decoders are asked.
#[derive(Clone, Copy, Debug)]
pub(super) enum Clue {
    /// It takes a declaration, or a whole body.
    Told,
    /// The first byte is one of these.
    Head(&'static [u8]),
    /// It is anything but plain ASCII text.
    Binary,
    /// One of these characters stands in it.
    Has(Ascii),
    /// It is made of these characters alone, and of so many at least.
    Word(Ascii, usize),
    /// It has so many bytes at least.
    Long(usize),
}

/// A set of ASCII characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ascii(u128);

impl Ascii {
    /// As [`super::sense::is_text`] has it.
    const TEXT: Self = Self::of(b"\t\n\r").and(Self(((1 << 0x7f) - 1) & !((1 << 0x20) - 1)));
    pub(super) const DIGITS_AND_LETTERS: Self =
        Self::of(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    /// The characters of a text.
    pub(super) const fn of(characters: &[u8]) -> Self {
        let (mut set, mut rest) = (0, characters);
        while let [first, tail @ ..] = rest {
            set |= 1 << *first;
            rest = tail;
        }
        Self(set)
    }

    /// Each as its code.
    fn characters(self) -> Bits {
        Bits(self.0)
    }

    /// Those of either.
    pub(super) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// One look at a value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    length: usize,
    first: Option<u8>,
    /// The characters in it. Bytes beyond ASCII are entered without their highest bit: at worst, that
    /// asks a decoder in vain.
    ascii: Ascii,
    /// There is a byte beyond ASCII.
    high: bool,
}

impl Look {
    /// At `bytes`.
    pub(super) fn at(bytes: &[u8]) -> Self {
        // Halves fit a register; a shift of either passes over the other's bytes.
        let (mut halves, mut all) = ([0_u64; 2], 0_u8);
        for byte in bytes {
            let [low, high] = &mut halves;
            let bit = 1 << (byte & 0x3f);
            let upper = u64::from(byte >> 6 & 1);
            *low |= bit * (upper ^ 1);
            *high |= bit * upper;
            all |= byte;
        }
        let ascii = Ascii(u128::from(halves[0]) | u128::from(halves[1]) << 64);
        Self { length: bytes.len(), first: bytes.first().copied(), ascii, high: !all.is_ascii() }
    }

    /// Whether it is text as programs write it; `None` where more than ASCII stands in it.
    pub(super) fn is_text(self) -> Option<bool> {
        (!self.high).then_some(self.ascii.0 & !Ascii::TEXT.0 == 0)
    }

    /// A decoder with this clue may open it.
    pub(super) fn fits(self, clue: Clue) -> bool {
        match clue {
            Clue::Told => false,
            Clue::Head(heads) => self.first.is_some_and(|first| heads.contains(&first)),
            Clue::Binary => self.is_text() != Some(true),
            Clue::Has(any) => self.ascii.0 & any.0 != 0,
            Clue::Word(alphabet, shortest) => !self.high && self.ascii.0 & !alphabet.0 == 0 && self.length >= shortest,
            Clue::Long(shortest) => self.length >= shortest,
        }
    }
}

/// The clues of a list of decoders as bit sets, so that a few operations on words say which of fifty
/// fit a value.
#[derive(Debug)]
pub(super) struct Clues {
    /// By first byte. In each number here, a bit stands for a decoder: the lowest for the first.
    heads: [u64; 256],
    binary: u64,
    /// By ASCII character.
    having: [u64; 128],
    /// All characters of `having`.
    marks: Ascii,
    words: Vec<(Ascii, usize, u64)>,
    long: Vec<(usize, u64)>,
    all: u64,
}

impl Clues {
    /// Of at most 64 decoders.
    pub(super) fn new(clues: impl Iterator<Item = Clue>) -> Self {
        let (heads, having) = ([0; 256], [0; 128]);
        let mut all = Self { heads, binary: 0, having, marks: Ascii(0), words: Vec::new(), long: Vec::new(), all: 0 };
        for (number, clue) in clues.enumerate().take(u64::BITS as usize) {
            let bit = 1 << number;
            all.all |= bit;
            match clue {
                Clue::Told => {}
                Clue::Head(bytes) => bytes.iter().for_each(|byte| all.heads[usize::from(*byte)] |= bit),
                Clue::Binary => all.binary |= bit,
                Clue::Has(any) => {
                    all.marks = all.marks.and(any);
                    any.characters().for_each(|character| all.having[character] |= bit);
                }
                Clue::Word(alphabet, shortest) => all.words.push((alphabet, shortest, bit)),
                Clue::Long(shortest) => all.long.push((shortest, bit)),
            }
        }
        all
    }

    /// The numbers of all decoders.
    pub(super) fn all(&self) -> Bits {
        Bits(self.all.into())
    }

    /// The numbers of those that fit.
    pub(super) fn fitting(&self, look: Look) -> Bits {
        let mut fitting = look.first.map_or(0, |first| self.heads[usize::from(first)]);
        if look.is_text() != Some(true) {
            fitting |= self.binary;
        }
        let marks = Ascii(look.ascii.0 & self.marks.0);
        fitting |= marks.characters().fold(0, |all, character| all | self.having[character]);
        let words = self.words.iter().filter(|(alphabet, shortest, _)| look.fits(Clue::Word(*alphabet, *shortest)));
        let long = self.long.iter().filter(|(shortest, _)| look.length >= *shortest);
        fitting |= words.map(|(.., bit)| bit).chain(long.map(|(_, bit)| bit)).fold(0, |all, bit| all | bit);
        Bits(fitting.into())
    }
}

/// The places of the bits that are set, ascending.
pub(super) struct Bits(u128);

impl Iterator for Bits {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        let lowest = (self.0 != 0).then(|| self.0.trailing_zeros() as usize)?;
        self.0 &= self.0 - 1;
        Some(lowest)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::super::budget::Budget;
    use super::super::walk::{CLUES, Input, OPENERS};
    use super::*;

    #[test]
    fn looks_and_clues() {
        let look = |text: &[u8], clue| Look::at(text).fits(clue);
        assert!(look(b"a=1", Clue::Has(Ascii::of(b"=:"))) && !look(b"a-1", Clue::Has(Ascii::of(b"=:"))));
        assert!(look(b"\x1f\x8b", Clue::Head(&[0x1f])) && !look(b"", Clue::Head(&[0x1f])));
        assert!(look(b"0aZ", Clue::Word(Ascii::DIGITS_AND_LETTERS, 3)));
        assert!(!look("0ä".as_bytes(), Clue::Word(Ascii::DIGITS_AND_LETTERS, 3)));
        assert_eq!(
            [&b"a b\t~"[..], b"a\0", b"\x7f"].map(|text| Look::at(text).is_text()),
            [true, false, false].map(Some)
        );
        assert_eq!(Look::at("中".as_bytes()).is_text(), None);
    }

    /// Every decoder refuses whatever its clue rules out: tried with each of the decoders' cases, with
    /// each of these cut at both ends, and with strings of few characters.
    #[test]
    fn clues_keep_nothing_that_a_decoder_opens() {
        let mut kept = 0;
        let mut check = |bytes: &[u8]| {
            let (bytes, look) = (Bytes::copy_from_slice(bytes), Look::at(bytes));
            let fitting = OPENERS.iter().enumerate().filter(|(_, opener)| look.fits(opener.clue));
            assert!(CLUES.fitting(look).eq(fitting.map(|(number, _)| number)), "{bytes:?}");
            for opener in OPENERS.iter().filter(|opener| !look.fits(opener.clue)) {
                let mut budget = Budget::default();
                let opened = (opener.open)(&Input::new(&bytes, None, false), &mut budget).is_some();
                assert!(
                    !opened && budget.reached().count() + budget.closed().count() == 0,
                    "{} {bytes:?}",
                    opener.name
                );
                kept += 1;
            }
        };
        for bytes in super::super::made::bodies() {
            for cut in 0..bytes.len().min(24) {
                check(&bytes[cut..]);
                check(&bytes[..bytes.len() - cut]);
            }
        }
        let alphabet = b"{}[]<>\"'=:;&%\\+/-_.,()\n\t\r 0aFzZ9~";
        let mut number = 0_u32;
        for length in 0..600 {
            let text = std::iter::repeat_with(|| {
                number = number.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                alphabet[(number >> 16) as usize % alphabet.len()]
            });
            check(&text.take(length).collect::<Vec<u8>>());
        }
        assert!(kept > 10_000, "{kept}");
    }
}
