//! Sessions that other tools recorded.

use wirewitness::capture::Source;
use wirewitness::message::{Options, import};

fn read(name: &str, bytes: &[u8]) {
    super::as_file(name, bytes, |path| {
        if let Ok(source) = Source::open(&path) {
            let _ = import::read(&source, 0, &Options::default(), &mut |_| {});
        }
    });
}

/// Some entries of it, cut out as they stand there.
fn cut(name: &str, bytes: &[u8]) {
    super::as_file(name, bytes, |path| {
        if let Ok(source) = Source::open(&path) {
            let some = import::Extract { entries: [0, 2].into(), of: (name, "00"), ..import::Extract::default() };
            let _ = import::extract(&source, &some, &mut std::io::sink());
        }
    });
}

/// Entries of HAR.
pub fn har_extract(bytes: &[u8]) {
    cut("session.har", bytes);
}

/// Entries of mitmproxy's flows.
pub fn flows_extract(bytes: &[u8]) {
    cut("session.mitm", bytes);
}

read_as! {
    /// HAR of any producer.
    har "session.har";
    /// mitmproxy's flows.
    flows "session.mitm";
    /// Charles, JSON.
    charles_json "session.chlsj";
    /// Charles, ZIP.
    charles_zip "session.chlz";
    /// Fiddler.
    fiddler "session.saz";
    /// HttpCanary, ZIP.
    http_canary "session.zip";
    /// ProxyPin's history.
    proxy_pin "session.txt";
}
