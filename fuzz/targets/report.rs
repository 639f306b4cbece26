//! Reports and bundles that come back.

use wirewitness::audit::Report;
use wirewitness::bundle::{Trust, check, minisign, timestamp};
use wirewitness::report::{Language, html, terminal};

/// `report.json`, written again.
pub fn report_json(bytes: &[u8]) {
    let Ok(report) = serde_json::from_slice::<Report>(bytes) else { return };
    let _ = html::render(&report, Language::Zh);
    let _ = terminal::render(&report, &terminal::Options::default());
}

/// A bundle as one file.
pub fn bundle(bytes: &[u8]) {
    super::as_file("session.bundle.zip", bytes, |path| _ = check(&path, &Trust::default()));
}

/// Keys and signatures of minisign.
pub fn signature(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let _ = minisign::SecretKey::parse(&text);
    let _ = minisign::PublicKey::parse(&text);
    let _ = minisign::Signature::parse(&text);
}

/// The answer of a time stamping authority (RFC 3161).
pub fn timestamp(bytes: &[u8]) {
    let _ = timestamp::verify(bytes, b"manifest", &[]);
}
