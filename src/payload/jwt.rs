//! JSON Web Tokens: the compact form of a signature (RFC 7515 §7.1) and of a ciphertext
//! (RFC 7516 §7.1).
//!
//! Three words of base64url with dots between, the first a JSON object with `alg`: header
//! and payload are read, the signature is not. Five words, the first with `enc`: the
//! header is read, the rest is counted as sealed. Not tried on anything else with dots.

use bytes::Bytes;

use super::base64;
use super::budget::Budget;
use super::clue::Clue;
use super::json;
use super::walk::{Input, Inside, Opener, Opening};
use crate::evidence::GapReason;

pub(super) const JWT: Opener = Opener { name: "jwt", clue: Clue::Head(b"e"), open };

fn open(input: &Input<'_>, budget: &mut Budget) -> Option<Opening> {
    // `{"` in base64 begins so; white space before the brace, which no library writes, is not looked for.
    if !input.bytes.starts_with(b"ey") {
        return None;
    }
    let words: Vec<&[u8]> = input.bytes.splitn(6, |b| *b == b'.').collect();
    let header = Bytes::from(base64::decode(words.first()?)?);
    let has = |name: &str, budget: &mut Budget| json::at_path(&header, &format!("$.{name}"), budget).is_some();
    let part = |name: &str, bytes: Bytes| Inside {
        argument: Some(name.to_owned()),
        bytes,
        declared: Some("application/json".to_owned()),
        ..Inside::default()
    };
    let parts = match words[..] {
        [_, payload, _] if has("alg", budget) => {
            let payload = Bytes::from(base64::decode(payload)?);
            vec![part("header", header), part("payload", payload)]
        }
        [_, _, _, _, _] if has("enc", budget) => {
            budget.close(GapReason::SealedPayload, "an encrypted JSON Web Token (JWE): only its receiver has the key");
            vec![part("header", header)]
        }
        _ => return None,
    };
    let made = parts.iter().map(|p| p.bytes.len()).sum();
    budget.bytes(made).then_some(Opening { parts, keep: false })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signed_and_encrypted() {
        // RFC 7515 appendix A.1 and RFC 7516 appendix A.1 (shortened: the tag alone is checked by a receiver).
        let signed = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let sealed = "eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ.OKOawDo13gRp2ojaHV7LFpZc.48V1_ALb6US04U3b.5eym8TW_c8SuK0ltJ3rpYIzOeDQz7TALvtu6UG9oMo4vpzs9tX_EFShS8iB7j6ji.XFBoMYUZodetZdvTiFvSkQ";
        let read = |text: &str| {
            let bytes = Bytes::copy_from_slice(text.as_bytes());
            let input = Input::new(&bytes, None, false);
            open(&input, &mut Budget::default()).map(|o| o.parts)
        };
        let parts = read(signed).unwrap();
        assert!(parts.len() == 2 && parts[1].bytes.starts_with(b"{\"iss\":\"joe\""));
        let bytes = Bytes::from_static(sealed.as_bytes());
        let input = Input::new(&bytes, None, false);
        let mut budget = Budget::default();
        assert_eq!(open(&input, &mut budget).unwrap().parts.len(), 1);
        assert_eq!(budget.closed().map(|(reason, _)| reason).collect::<Vec<_>>(), [GapReason::SealedPayload]);
        assert!(
            read("ey.ey.ey").is_none() && read(signed.trim_end_matches(|c| c != '.')).is_some(),
            "an empty signature is `none`'s"
        );
    }
}
