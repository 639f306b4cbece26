//! The name by which a finding is known again in the next build's report.

use crate::evidence::sha256_hex;

/// Hex digits kept: 64 bits, so that a million findings collide with a chance of 1 in 37 million.
const DIGITS: usize = 16;

/// `v1:` and a hash of what makes two findings the same: never value, frame or time.
pub fn fingerprint(code: &str, party: &str, data_type: Option<&str>, phase: &str, path_template: &str) -> String {
    let fields = [code, party, data_type.unwrap_or(""), phase, path_template];
    let mut digest = sha256_hex(fields.join("\n").as_bytes());
    digest.truncate(DIGITS);
    format!("v1:{digest}")
}

#[cfg(test)]
mod tests {
    #[test]
    fn it_is_the_head_of_the_sha256_of_the_joined_fields() {
        // printf 'omitted-data\ngetui\nimei\nafter-consent\nPOST /v2/bind' | sha256sum
        assert_eq!(
            super::fingerprint("omitted-data", "getui", Some("imei"), "after-consent", "POST /v2/bind"),
            "v1:b603c11916225042"
        );
    }
}
