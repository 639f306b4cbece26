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
