//! Escapes of programming languages outside of JSON: `\x38`, `\u0038`, `\u{38}`, `%u0038`.
//!
//! Tried on text in which every backslash begins an escape and at least one of these is
//! there, and on a JSON text whose quotes are still escaped, as it stands in logs
//! (`{\"imei\":\"…\"}`).

use super::clue::{Ascii, Clue};
use super::sense;
use super::walk::{Opener, Opening};

pub(super) const ESCAPES: Opener = Opener {
    name: "escapes",
    clue: Clue::Has(Ascii::of(b"\\%")),
    open: |input, budget| {
        let text = std::str::from_utf8(input.bytes).ok().filter(|t| t.contains('\\') || t.contains("%u"))?;
        let decoded = decode(text).filter(|d| sense::is_text(d))?;
        budget.bytes(decoded.len()).then(|| Opening::one(decoded))
    },
};

fn decode(text: &str) -> Option<Vec<u8>> {
    let quoted_json = ["{\\\"", "[\\\"", "[{\\\""].iter().any(|head| text.starts_with(head));
    // Two bytes for each unit of UTF-16 until it is known which belong together.
    let (mut out, mut units, mut numbered) = (Vec::new(), Vec::<u16>::new(), false);
    let mut rest = text;
    loop {
        let escape = rest
            .find(['\\', '%'])
            .filter(|at| rest.get(*at..).is_some_and(|t| t.starts_with('\\') || t.starts_with("%u")));
        let at = match escape {
            Some(at) => at,
            // A percent sign of its own is text.
            None => match rest.find('%').filter(|_| rest.contains(['\\']) || rest.contains("%u")) {
                Some(at) => {
                    flush(&mut units, &mut out);
                    out.extend_from_slice(rest.get(..=at)?.as_bytes());
                    rest = rest.get(at + 1..)?;
                    continue;
                }
                None => break,
            },
        };
        if at > 0 {
            flush(&mut units, &mut out);
            out.extend_from_slice(rest.get(..at)?.as_bytes());
        }
        let tail = rest.get(at + 1..)?;
        let kind = tail.chars().next()?;
        let digits = tail.get(kind.len_utf8()..)?;
        rest = match kind {
            'x' => {
                flush(&mut units, &mut out);
                out.push(u8::try_from(hex(digits.get(..2)?)?).ok()?);
                numbered = true;
                digits.get(2..)?
            }
            'u' if digits.starts_with('{') => {
                let (code, tail) =
                    digits.get(1..)?.split_once('}').filter(|(code, _)| (1..=6).contains(&code.len()))?;
                flush(&mut units, &mut out);
                out.extend_from_slice(char::from_u32(hex(code)?)?.encode_utf8(&mut [0; 4]).as_bytes());
                numbered = true;
                tail
            }
            'u' => {
                units.push(u16::try_from(hex(digits.get(..4)?)?).ok()?);
                numbered = true;
                digits.get(4..)?
            }
            simple => {
                flush(&mut units, &mut out);
                out.push(match simple {
                    'n' => b'\n',
                    'r' => b'\r',
                    't' => b'\t',
                    '"' | '\'' | '\\' | '/' => u8::try_from(simple).ok()?,
                    _ => return None,
                });
                digits
            }
        };
    }
    flush(&mut units, &mut out);
    out.extend_from_slice(rest.as_bytes());
    (numbered || quoted_json).then_some(out)
}

/// Units of UTF-16 in a row become text; half a pair becomes U+FFFD.
fn flush(units: &mut Vec<u16>, out: &mut Vec<u8>) {
    for c in char::decode_utf16(units.drain(..)) {
        out.extend_from_slice(c.unwrap_or('\u{fffd}').encode_utf8(&mut [0; 4]).as_bytes());
    }
}

fn hex(digits: &str) -> Option<u32> {
    digits.bytes().all(|b| b.is_ascii_hexdigit()).then(|| u32::from_str_radix(digits, 16).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<String> {
        decode(text).map(|d| String::from_utf8_lossy(&d).into_owned())
    }

    #[test]
    fn numbered_and_simple_ones() {
        assert_eq!(read(r"a\x3d\u0031\u{32}\n").as_deref(), Some("a=12\n"));
        assert_eq!(read(r"\xe4\xba\x91").as_deref(), Some("云"));
        assert_eq!(read(r"\ud83d\ude00").as_deref(), Some("😀"));
        assert_eq!(read("%u4E91 5%").as_deref(), Some("云 5%"));
        assert_eq!(read(r#"{\"imei\":\"86\"}"#).as_deref(), Some(r#"{"imei":"86"}"#));
        for text in [r"C:\new\table", r"a\nb", r"\x3", r"\q\x31", "100%", r"\u12"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
