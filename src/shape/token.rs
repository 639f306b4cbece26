//! What stands where a name is expected and is none: a session's id, a key, the number of an
//! account. By its form alone, because whose it is nobody can know.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use crate::memo::Memo;

/// Percent encodings that are undone before a name is looked at.
const ENCODINGS: usize = 3;

/// Digits on end that no version, width or key length in a name has (`gb18030`, `rsa2048`).
const NUMBER: usize = 6;

/// Digits in all, where there is nothing else but what parts them: a telephone number, an
/// address. Versions have fewer: `12.4.01`.
const PARTED_NUMBER: usize = 8;

/// Letters and digits of the shortest token that is told by its mixture: five hold 29 bits, which
/// is a version or a picture's size as likely as a secret.
const SHORTEST: usize = 6;

/// What is not parted by words is looked at as one from this length on.
const SHORTEST_PARTED: usize = 8;

/// Names that are remembered for what they are: some 300 KB at most.
const REMEMBERED: usize = 2048;
const LONGEST_REMEMBERED: usize = 96;

/// Hex digits from which on it is an address or a digest, whatever they are.
const LONG_HEX: usize = 16;

/// For each letter, those that follow it in words: pairs that make up a two-thousandth or more of
/// all pairs, counted over the words of Perl's and Python's manuals and sources, over this
/// repository's documentation and `signatures/` (host names, names of fields), and over the
/// syllables of pinyin. Of letters drawn by lot, every other pair is not among them.
const FOLLOWS: [&[u8]; 26] = [
    b"bcdfgiklmnoprstuvwxy",
    b"aceijlorsuy",
    b"acdehiklmorstu",
    b"abdeilnorstu",
    b"abcdefgiklmnopqrstvwxy",
    b"aefilorstu",
    b"aehilnorsu",
    b"aeiortuv",
    b"abcdefglmnoprstuvxz",
    b"aeiou",
    b"aeisu",
    b"acdeilopstuvy",
    b"abdeilmopsu",
    b"acdefgiklnopstuvy",
    b"abcdfgiklmnoprstuvw",
    b"aehiloprstuy",
    b"iu",
    b"acdefgiklmnoprstuvy",
    b"acdehiklmnopstuy",
    b"acdefhilmnoprstuwy",
    b"abcdefgilmnoprst",
    b"aeino",
    b"aehinorsu",
    b"aceiptu",
    b"aeinopstu",
    b"aehiu",
];

/// `name` is no word and no words, but what one account, session or device alone has.
///
/// Kept are words, abbreviations, versions (`v2`, `v1beta1`, `2.0.1`), and words with a number
/// (`h5`, `sha256`, `log3-misc`). A token of ten characters or more is told nearly always, of eight
/// mostly; a word that is taken for one (one in two hundred) costs a reader its name and nobody a secret.
pub fn token(name: &str) -> bool {
    thread_local! {
        static TOLD: Memo<bool> = Memo::new(REMEMBERED);
    }
    // Few names are no word at all, and those that are words come again and again.
    if name.len() > LONGEST_REMEMBERED {
        return is_token(name);
    }
    TOLD.with(|told| told.ask(name.as_bytes(), || is_token(name)))
}

fn is_token(name: &str) -> bool {
    let mut name = Cow::Borrowed(name);
    for _ in 0..ENCODINGS {
        if !name.contains('%') {
            break;
        }
        name = Cow::Owned(percent_decode_str(&name).decode_utf8_lossy().into_owned());
    }
    // The ASCII form of a label in other letters (RFC 5891 §2.3.1) is as mixed as any token.
    if name.starts_with("xn--")
        && let (written, Ok(())) = idna::domain_to_unicode(&name)
    {
        name = Cow::Owned(written);
    }
    let digits = name.bytes().filter(u8::is_ascii_digit).count();
    super::email(&name)
        || super::mac(&name).is_some()
        || super::ip(&name).is_some_and(|ip| ip.is_ipv6())
        || digits >= PARTED_NUMBER && name.bytes().all(|b| b.is_ascii_digit() || b"+-. ()_".contains(&b))
        || name.len() >= LONG_HEX && digits > 0 && name.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-')
        // `{"` in base64: the head of a JSON Web Token (RFC 7515 §3.1), or JSON.
        || name.len() > SHORTEST_PARTED && name.starts_with("eyJ")
        // Base64 with its padding (RFC 4648 §4).
        || name.len() > SHORTEST && name.ends_with('=')
        || pieces_are_token(&name)
}

fn pieces_are_token(name: &str) -> bool {
    // A token that is parted by its own characters (`-` and `_` of base64url) shows when it is joined.
    let (mut joined, mut odd) = (String::new(), false);
    for piece in name.split(|c: char| !c.is_ascii_alphanumeric()) {
        let shape = Shape::of(piece);
        if shape.longest_number >= NUMBER || shape.is_token() {
            return true;
        }
        if !shape.is_word() {
            joined.push_str(piece);
            odd |= !shape.is_plain(piece);
        }
    }
    odd && joined.len() >= SHORTEST_PARTED && Shape::of(&joined).is_token()
}

/// How letters and digits are mixed in a run of them.
#[derive(Default)]
struct Shape {
    letters: usize,
    digits: usize,
    hex: bool,
    longest_number: usize,
    /// Stretches of one kind: digits, capitals, small letters; a capital and small letters after
    /// it are one.
    runs: usize,
    /// It has capitals and small letters.
    both_cases: bool,
    /// Letters beside each other, but where a capital begins a word.
    pairs: usize,
    /// Pairs that words do not have.
    rare: usize,
    version: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Digit,
    Capital,
    Small,
}

impl Shape {
    fn of(piece: &str) -> Self {
        let kind = |b: u8| match b {
            b'0'..=b'9' => Kind::Digit,
            b'A'..=b'Z' => Kind::Capital,
            _ => Kind::Small,
        };
        let mut shape = Self { hex: piece.bytes().all(|b| b.is_ascii_hexdigit()), ..Self::default() };
        shape.version = is_version(piece);
        let (mut before, mut length, mut cases) = (None, 0, [false; 2]);
        for byte in piece.bytes() {
            let now = kind(byte);
            match now {
                Kind::Digit => shape.digits += 1,
                Kind::Capital | Kind::Small => shape.letters += 1,
            }
            cases = [cases[0] || now == Kind::Capital, cases[1] || now == Kind::Small];
            let begins = before.is_none_or(|(_, kind)| kind != now);
            let title = length == 1 && now == Kind::Small && before.is_some_and(|(_, kind)| kind == Kind::Capital);
            shape.runs += usize::from(begins && !title);
            length = if begins { 1 } else { length + 1 };
            if now == Kind::Digit {
                shape.longest_number = shape.longest_number.max(length);
            } else if let Some((last, kind)) = before
                && kind != Kind::Digit
                && (kind, now) != (Kind::Small, Kind::Capital)
            {
                shape.pairs += 1;
                shape.rare += usize::from(!follows(last, byte));
            }
            before = Some((byte, now));
        }
        shape.both_cases = cases == [true; 2];
        shape
    }

    /// Letters that can be read: `Bold`, `config`.
    fn is_word(&self) -> bool {
        self.digits == 0 && self.letters >= 4 && self.letters >= 3 * self.runs && self.rare <= 1
    }

    /// A stretch of letters and digits as words and abbreviations in names are: `log`, `OAuth2`, `2x`.
    fn is_plain(&self, piece: &str) -> bool {
        let number_last = piece.trim_end_matches(|c: char| c.is_ascii_digit()).bytes().all(|b| b.is_ascii_alphabetic());
        let number_first =
            self.letters <= 2 && piece.trim_start_matches(|c: char| c.is_ascii_digit()).len() == self.letters;
        match self.digits {
            0 => self.is_word() || !self.both_cases || self.runs == 1,
            _ => self.version || self.digits <= 3 && (number_last && self.runs <= 2 || number_first),
        }
    }

    fn is_token(&self) -> bool {
        let length = self.letters + self.digits;
        let unlike_words = self.rare >= 2 && self.rare * 10 >= self.pairs * 3;
        if self.digits == 0 {
            let short_runs = self.both_cases && length * 2 < 5 * self.runs && self.rare * 4 >= self.runs;
            return length >= 8 && unlike_words
                || length >= 10 && short_runs
                || length >= LONG_HEX && self.both_cases && length * 2 < self.runs * 5;
        }
        if self.letters == 0 || self.version || length < SHORTEST {
            return false;
        }
        self.runs >= 5
            || length >= 8
                && (self.runs >= 4 || self.hex && self.digits >= 2 || self.runs >= 3 && self.rare >= 2 || unlike_words)
            || length >= 12 && self.runs * 4 > length
    }
}

/// `b` follows `a` in words.
fn follows(a: u8, b: u8) -> bool {
    let row = FOLLOWS.get(usize::from(a.to_ascii_lowercase().wrapping_sub(b'a')));
    row.is_some_and(|row| row.contains(&b.to_ascii_lowercase()))
}

/// `v1beta1`, `2rc3`: as interfaces and packages count what is not finished.
fn is_version(piece: &str) -> bool {
    const STAGES: &[&str] = &["alpha", "beta", "rc", "pre", "p", "a", "b", "m"];
    let lower = piece.to_ascii_lowercase();
    let number = lower.strip_prefix('v').unwrap_or(&lower);
    let stage = number.trim_start_matches(|c: char| c.is_ascii_digit());
    let name = stage.trim_end_matches(|c: char| c.is_ascii_digit());
    number.len() > stage.len() && number.len() <= 12 && STAGES.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By how each was made: which program or standard writes so.
    const TOKENS: &[&str] = &[
        "8fK3a9Qz21",                                  // base62
        "eyJhbGciOiJIUzI1NiJ9",                        // JSON Web Token, head
        "eyJzdWIiOiIxMjM0In0",                         // and claims
        "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", // and signature (RFC 7515 A.1)
        "k3-9f_Q2-xz7B",                               // base64url, parted by its own characters
        "YWJjZGVmZ2hpamtsbW5v",                        // base64 of "abcdefghijklmno"
        "Zm9vYmFyYmF6cXV4",                            // base64 of "foobarbazqux"
        "3f2a1b9c",                                    // hex, 8
        "9e107d9d372bb682",                            // hex, 16
        "9e107d9d372bb6826bd81d3542a419d6",            // hex, 32
        "0f9e8d7c-6b5a-4c3d-9e2f-1a0b9c8d7e6f",        // UUID
        "0F9E8D7C-6B5A-4C3D-9E2F-1A0B9C8D7E6F",
        "01ARZ3NDEKTSV4RRFFQ69G5FAV", // ULID
        "507f1f77bcf86cd799439011",   // ObjectId of BSON
        "V1StGXR8_Z5jdHi6B-myT",      // nanoid
        "dQw4w9WgXcQ",                // eleven of base64url
        "JBSWY3DPEHPK3PXP",           // base32
        "QmxTzkLwpVbdRs",             // letters only
        "qmxtzklwpvbdrsjf",
        "812345",
        "user-8123456",
        "u_8fK3a9Qz21",
        "13800138000",
        "+86-138-0013-8000",
        "138%200013%208000",
        "192.168.100.104",
        "2001:db8::7",
        "a6:5e:01:02:03:04",
        "a6%3A5e%3A01%3A02%3A03%3A04",
        "someone@mail.example",
        "someone%40mail.example",
        "someone%2540mail.example",
        "YQ0kLzE=",
    ];

    const NAMES: &[&str] = &[
        "xn--fhqv74bs5bdxe",
        "xn--bcher-kva",
        "",
        "v2",
        "api",
        "h5",
        "2.0.1",
        "v1beta1",
        "v2alpha12",
        "service",
        "app_log",
        "log3-misc",
        "i18n",
        "utf8",
        "sha256",
        "md5",
        "oauth2",
        "OAuth2",
        "gb18030",
        "rsa2048",
        "mp4",
        "m3u8",
        "arm64-v8a",
        "getUserProfile",
        "getAppIDForQQ",
        "unify_logs",
        "iasdkauth",
        "appStartUpConfig",
        "p26-tt",
        "icon@2x.png",
        "lodash@4.17.21",
        "woff2",
        "FiraCode-Bold.woff2",
        "jquery-3.6.0.min.js",
        "shoujihao",
        "xingbie",
        "zhuangtai",
        "snssdk",
        "pglstatp",
        "X-Umeng-Device",
        "x-b3-traceid",
        "Content-Type",
        "android_id",
        "idmd5",
        "imei2",
        "wifi_mac_md5",
        "h264",
        "win32",
        "k8s",
        "3rd-party",
        "4g",
        "b2b",
        "10.12.34",
        "device_info_v3",
        "ChannelSdkLogin",
        "strengths",
        "mtop.taobao.detail",
        "log2json",
        "sub2api",
        "设备号",
    ];

    #[test]
    fn tokens_are_told_and_names_stay() {
        let missed: Vec<_> = TOKENS.iter().filter(|t| !token(t)).collect();
        assert!(missed.is_empty(), "{missed:?}");
        let taken: Vec<_> = NAMES.iter().filter(|n| token(n)).collect();
        assert!(taken.is_empty(), "{taken:?}");
    }

    /// Letters of an alphabet by lot, as those who make tokens draw them.
    #[test]
    fn what_is_drawn_by_lot_is_told() {
        const BASE62: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        let alphabets = [
            ("base62", BASE62.to_owned(), 980),
            ("base64url", format!("{BASE62}-_"), 970),
            ("base36", "abcdefghijklmnopqrstuvwxyz0123456789".to_owned(), 970),
            ("base32", "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".to_owned(), 960),
            ("hex", "0123456789abcdef".to_owned(), 990),
        ];
        // xorshift64 (Marsaglia 2003).
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut draw = |from: &str| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            char::from(from.as_bytes()[(state >> 20) as usize % from.len()])
        };
        for (name, alphabet, least) in &alphabets {
            for (length, least) in [(12, *least), (16, 995), (22, 997), (32, 999)] {
                let told =
                    (0..1000).filter(|_| token(&(0..length).map(|_| draw(alphabet)).collect::<String>())).count();
                assert!(told >= least, "{name}, {length}: {told} of 1000");
            }
        }
    }
}
