//! Protocols on top of HTTP and beside it, recorded from real programs: what comes out of them.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

fn messages(file: &str, options: &[&str]) -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(file);
    let output =
        Command::new(env!("CARGO_BIN_EXE_wirewitness")).arg("messages").arg(path).args(options).output().unwrap();
    assert!(output.status.success(), "{file}");
    String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// `how` and `imei` of each report that `tests/data/protocols/socketio.js` sends: by long
/// polling, over WebSocket with an acknowledgement, and in a namespace.
#[test]
fn socket_io_over_polling_and_websocket() {
    let mut reports = Vec::new();
    for message in messages("protocols/socketio.pcap", &["--layers"]) {
        let layers = message["layers"].as_array().unwrap();
        let value = |key: &str| {
            let leaf = layers.iter().find(|leaf| leaf["key"] == key)?;
            leaf["text"].as_str().map(str::to_owned)
        };
        if let Some(imei) = value("imei") {
            assert_eq!((message["direction"].as_str(), imei.as_str()), (Some("sent"), "867530900000017"));
            reports.push((value("how").unwrap(), value("say").unwrap()));
        }
    }
    let expected = ["polling", "again", "websocket", "namespace"].map(|how| (how.to_owned(), "水火".to_owned()));
    assert_eq!(reports, expected);
}

/// OpenSSL's DTLS, over UDP: names and no plaintext.
#[test]
fn dtls_is_named_and_closed() {
    for name in ["dtls10", "dtls12", "dtls12-fragments"] {
        let found = messages(&format!("dtls/{name}.pcap"), &[]);
        assert_eq!(found.len(), 1, "{name}");
        let wanted = [("protocol", "tls"), ("sni", "api.example.com"), ("reason", "no-key")];
        for (key, value) in wanted {
            assert_eq!(found[0][key], value, "{name}");
        }
        assert_eq!(found[0]["opened"], false, "{name}");
    }
}
