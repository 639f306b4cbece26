//! Made-up values for an emulator: valid in shape, of no real device.
//!
//! What is planted can be told from what is real: the IMEI has the reporting body
//! of test devices (`00`, 3GPP TS 23.003 §6.2 leaves it to test equipment), the MAC
//! is locally administered (IEEE 802 §8.2.2), the phone number has the 1xx0000 head of
//! a block that is not assigned to subscribers, the mail address is under `example`
//! (RFC 2606), and the place lies in the East China Sea, where maps shift as on land.

use std::fmt::Write;

use sha2::{Digest, Sha256};

use crate::shape;

/// A stream of bytes from a seed: SHA-256 in counter mode. Not for secrets.
struct Bytes {
    seed: Vec<u8>,
    name: &'static str,
    counter: u32,
    rest: Vec<u8>,
}

impl Bytes {
    fn new(seed: &[u8], name: &'static str) -> Self {
        Self { seed: seed.to_vec(), name, counter: 0, rest: Vec::new() }
    }

    fn next(&mut self) -> u8 {
        if let Some(byte) = self.rest.pop() {
            return byte;
        }
        let mut hash = Sha256::new();
        hash.update(&self.seed);
        hash.update(self.name.as_bytes());
        hash.update(self.counter.to_be_bytes());
        self.counter += 1;
        self.rest = hash.finalize().to_vec();
        self.rest.pop().unwrap_or_default()
    }

    fn digits(&mut self, count: usize) -> String {
        (0..count).map(|_| char::from(b'0' + self.next() % 10)).collect()
    }

    fn hex(&mut self, count: usize) -> String {
        (0..count).map(|_| char::from(b"0123456789abcdef"[usize::from(self.next() % 16)])).collect()
    }

    /// One digit of `range`.
    fn digit(&mut self, range: std::ops::Range<u8>) -> char {
        char::from(b'0' + range.start + self.next() % range.len().max(1) as u8)
    }

    /// A Chinese name that no one has: a family name of two characters and three rare ones.
    fn name(&mut self) -> String {
        const RARE: &[char] =
            &['峤', '岫', '旻', '昀', '枥', '桁', '汜', '沄', '洧', '湉', '珏', '琰', '璘', '甯', '砚', '祎'];
        let given = (0..3).filter_map(|_| RARE.get(usize::from(self.next() % 16)));
        format!("欧阳{}", given.collect::<String>())
    }

    fn uuid(&mut self) -> String {
        let hex = self.hex(30);
        format!("{}-{}-4{}-a{}-{}", &hex[..8], &hex[8..12], &hex[12..15], &hex[15..18], &hex[18..30])
    }
}

/// A `device.toml` of canaries; the same seed gives the same values.
pub fn canaries(seed: &[u8]) -> String {
    let made = |name| Bytes::new(seed, name);
    let mut text =
        String::from("# Made-up values to plant on an emulator: valid in shape, of no real device.\n\n[ids]\n");
    let mut line = |data_type: &str, value: String| {
        // Writing to a String does not fail.
        let _ = writeln!(text, "{data_type} = [\"{value}\"]");
    };
    line("imei", with_check_digit(&format!("00440{}", made("imei").digits(9))));
    line("android_id", made("android_id").hex(16));
    line("oaid", made("oaid").hex(32));
    line("gaid", made("gaid").uuid());
    line("idfa", made("idfa").uuid().to_uppercase());
    line("serial", format!("WW{}", made("serial").digits(10)));
    let mac = made("mac").hex(10);
    line("mac", format!("a6:{}:{}:{}:{}:{}", &mac[..2], &mac[2..4], &mac[4..6], &mac[6..8], &mac[8..10]));
    let bssid = made("bssid").hex(10);
    line("bssid", format!("a2:{}:{}:{}:{}:{}", &bssid[..2], &bssid[2..4], &bssid[4..6], &bssid[6..8], &bssid[8..10]));
    line("ssid", format!("ww-{}", made("ssid").hex(10)));
    line("imsi", format!("46000{}", made("imsi").digits(10)));
    line("iccid", with_check_digit(&format!("898600{}", made("iccid").digits(13))));
    line("phone", format!("1990000{}", made("phone").digits(4)));
    line("email", format!("ww.{}@mail.example", made("email").hex(10)));
    let mut at = made("location");
    line("location", format!("28.{}{},123.{}{}", at.digits(5), at.digit(1..10), at.digits(5), at.digit(1..10)));
    let number = format!("1990001{}", made("contacts").digits(4));
    line("contacts", format!("{}\", \"{number}", made("name").name()));
    line("sms", format!("canary {} of wirewitness", made("sms").digits(10)));
    line("clipboard", format!("ww-clip-{}", made("clipboard").hex(16)));
    text
}

/// `digits` and the check digit that makes the whole pass the Luhn test (ISO/IEC 7812-1 annex B).
fn with_check_digit(digits: &str) -> String {
    (0..10).map(|check| format!("{digits}{check}")).find(|number| shape::luhn(number)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn canaries_are_a_profile_without_problems_and_follow_the_seed() {
        let signatures = crate::signatures::Signatures::embedded().unwrap();
        let (profile, problems) = crate::session::Profile::parse(&canaries(b"a"), &signatures).unwrap();
        assert!(problems.is_empty(), "{problems:?}");
        assert_eq!(profile.ids.len(), 17);
        for (data_type, count) in [("location", 1), ("contacts", 2), ("sms", 1), ("clipboard", 1), ("email", 1)] {
            assert_eq!(profile.ids[data_type].len(), count, "{data_type}");
        }
        assert_eq!(profile.remarks(), Vec::<String>::new(), "each is found wherever it stands");
        assert_eq!(canaries(b"a"), canaries(b"a"));
        assert_ne!(canaries(b"a"), canaries(b"b"));
    }
}
