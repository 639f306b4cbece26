//! One exchange behind every link layer and tunnel, and whose it is: see `tests/make-links.py`.

use std::path::Path;
use std::process::Command;

/// Host, stream and app of each message.
type Seen = (Option<String>, u64, Option<String>);

fn messages(name: &str) -> (Vec<Seen>, String) {
    messages_with(name, None)
}

fn messages_with(name: &str, keys: Option<&str>) -> (Vec<Seen>, String) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/links");
    let mut command = Command::new(env!("CARGO_BIN_EXE_wirewitness"));
    command.arg("messages").arg(folder.join(name));
    if let Some(keys) = keys {
        command.arg("--keys").arg(folder.join(keys));
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{name}");
    let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
    let lines = String::from_utf8(output.stdout).unwrap();
    let seen = lines.lines().map(|line| {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        (text(&line["host"]), line["stream"].as_u64().unwrap(), text(&line["app"]))
    });
    (seen.collect(), String::from_utf8(output.stderr).unwrap())
}

fn seen(host: Option<&str>, stream: u64, app: Option<&str>) -> Seen {
    (host.map(str::to_owned), stream, app.map(str::to_owned))
}

const HOST: Option<&str> = Some("inner.example");

/// tshark 4.0.17: `tcp.stream` 0 has the request; the datagrams are `udp.stream` 0 and 1, or
/// 1 and 2 where the tunnel is UDP and takes 0.
#[test]
fn one_exchange_behind_every_link_layer() {
    for name in
        ["amsdu", "avs", "dot11", "greteb", "hdlc", "ppi", "pppoe", "pptp", "prism", "qos", "sll8022", "sllvlan", "wds"]
    {
        let (found, _) = messages(&format!("{name}.pcap"));
        assert_eq!(found, [seen(HOST, 0, None), seen(None, 0, None), seen(None, 1, None)], "{name}");
    }
    for name in ["geneve", "gtp", "gtpext", "l2tp", "vxlan"] {
        let (found, _) = messages(&format!("{name}.pcap"));
        assert_eq!(found, [seen(HOST, 0, None), seen(None, 1, None), seen(None, 2, None)], "{name}");
    }
}

#[test]
fn what_a_network_encrypts_is_a_gap() {
    let (found, gaps) = messages("protected.pcap");
    assert_eq!(found, []);
    assert!(gaps.contains("unsupported-link at frame 1: an encrypted 802.11 frame is not read (5 times)"), "{gaps}");
}

/// With the keys of either end, in the capture or beside it: see `tests/make-wireguard.py`.
#[test]
fn packets_come_out_of_a_sealed_tunnel() {
    let inside = [seen(HOST, 0, None), seen(None, 1, None), seen(None, 2, None)];
    assert_eq!(messages("wireguard.pcapng").0, inside);
    assert_eq!(messages_with("wireguard.pcap", Some("wireguard.keys")).0, inside);
    // Without keys it is datagrams that nothing here reads.
    let (closed, gaps) = messages("wireguard.pcap");
    assert_eq!(closed, vec![seen(None, 0, None); 8]);
    assert!(gaps.contains("unknown-protocol at udp stream 0"), "{gaps}");
}

#[test]
fn packets_carry_their_app() {
    let app = |host, stream, app| seen(host, stream, Some(app));
    let maps = [app(HOST, 0, "Maps"), app(None, 0, "Maps"), app(None, 1, "Maps")];
    assert_eq!(messages("pktap.pcap").0, maps);
    let uid = [app(HOST, 0, "uid 10123"), app(None, 0, "uid 10123"), app(None, 1, "uid 10123")];
    assert_eq!(messages("nflog.pcap").0, uid);
    // Mapped behind its first packets; a user id without a package; one that is not known.
    let droid = [app(HOST, 0, "com.example.app"), app(None, 0, "uid 1000"), seen(None, 1, None)];
    assert_eq!(messages("droid.pcapng").0, droid);
    // 20 bytes of UTF-8 are six of these characters, and two bytes of the seventh.
    assert_eq!(messages("trailer.pcap").0, [app(HOST, 0, "示例应用示例"), seen(None, 0, None)]);
    assert_eq!(messages("ios.pcapng").0, [app(HOST, 0, "Weather, Inc"), app(None, 0, "apsd")]);
    assert_eq!(messages("darwin.pcapng").0, [app(HOST, 0, "Weather"), app(None, 0, "mDNSResponder")]);
}

#[test]
fn socks_leads_to_the_destination() {
    let answered = [seen(HOST, 0, None), seen(HOST, 0, None)];
    // The user id (SOCKS 4), or name and password, that the proxy is told come first, each by itself.
    for (name, told) in [("socks4", 1), ("socks4a", 1), ("socks5", 2), ("socks5ip", 0)] {
        let expected = [vec![seen(None, 0, None); told], answered.to_vec()].concat();
        assert_eq!(messages(&format!("{name}.pcap")).0, expected, "{name}");
    }
    // The name that the proxy was told is the host of what has no name of its own.
    assert_eq!(messages("socksname.pcap").0, [seen(Some("api.inner.example"), 0, None)]);
    // Refused; and no handshake at all: every turn comes out as it was.
    for (name, turns) in [("socksno", 4), ("socksnot", 2)] {
        let (found, gaps) = messages(&format!("{name}.pcap"));
        assert_eq!(found, vec![seen(None, 0, None); turns], "{name}");
        assert!(gaps.contains("begins like SOCKS and opens no tunnel"), "{gaps}");
    }
}
