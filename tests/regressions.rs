//! What once went wrong, each as the smallest session that shows it.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;
use wirewitness::capture::{LinkType, PcapngWriter};
use wirewitness::evidence::Time;

/// The example of 3GPP TS 23.003 annex B: of no device.
const IMEI: &str = "490154203237518";
const POLICY: &str = "我们会收集您的手机号码。\n我们接入了个推SDK，个推SDK会收集您的OAID。\n";

/// A session folder with these files, `device.toml` and a policy that knows 个推 alone.
fn session(files: &[(&str, Vec<u8>)]) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).expect("written");
    write(
        "device.toml",
        format!("[ids]\nimei = \"{IMEI}\"\nmac = \"a6:5e:0c:11:22:33\"\nemail = \"jo.doe@corp.example\"\n").as_bytes(),
    );
    write("policy.txt", POLICY.as_bytes());
    let session =
        "first_party = [\"maker.example\"]\npolicy = \"policy.txt\"\nisolation = true\napp = \"com.maker.app\"\n";
    write("session.toml", session.as_bytes());
    for (name, bytes) in files {
        write(name, bytes);
    }
    folder
}

/// An entry of a HAR: a GET at a second of 2026-03-01T08:00.
fn get(second: u32, url: &str) -> Value {
    json!({
        "startedDateTime": format!("2026-03-01T08:00:{second:02}.000Z"), "time": 5,
        "request": {"method": "GET", "url": url, "httpVersion": "HTTP/1.1", "headers": [], "cookies": [], "queryString": [], "headersSize": -1, "bodySize": 0},
        "response": {"status": 204, "statusText": "", "httpVersion": "HTTP/1.1", "headers": [], "cookies": [], "content": {"size": 0, "mimeType": ""}, "redirectURL": "", "headersSize": -1, "bodySize": 0},
        "cache": {}, "timings": {"send": 1, "wait": 3, "receive": 1}
    })
}

fn har(entries: &[Value]) -> Vec<u8> {
    let log = json!({"log": {"version": "1.2", "creator": {"name": "test", "version": "1"}, "entries": entries}});
    serde_json::to_vec(&log).expect("JSON")
}

fn run(session: &Path, format: &str) -> (String, i32) {
    let output = Command::new(env!("CARGO_BIN_EXE_wirewitness"))
        .args(["audit", session.to_str().expect("UTF-8"), "--format", format, "--quiet"])
        .output()
        .expect("runs");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    (text, output.status.code().expect("ended"))
}

fn audit(session: &Path) -> (Value, i32) {
    let (text, code) = run(session, "json");
    (serde_json::from_str(&text).expect("JSON"), code)
}

/// `CODE RECIPIENT TYPE CERTAINTY` of each finding.
fn findings(report: &Value) -> Vec<String> {
    let text = |v: &Value| v.as_str().unwrap_or("-").to_owned();
    let list = report["findings"].as_array().expect("findings");
    list.iter().map(|f| ["code", "recipient", "data_type", "certainty"].map(|k| text(&f[k])).join(" ")).collect()
}

#[test]
fn a_further_process_of_the_app_is_the_app() {
    let mut entry = get(1, &format!("https://ulogs.umeng.com/u?imei={IMEI}"));
    entry["_app"] = json!({"id": "com.maker.app:push", "name": "x"});
    let folder = session(&[("a.har", har(&[entry]))]);
    let (report, code) = audit(folder.path());
    assert_eq!(findings(&report), ["omitted-recipient umeng imei confirmed"]);
    assert_eq!(code, 1);
}

#[test]
fn values_in_paths_and_host_names_are_shown_in_no_report() {
    let urls = [
        "https://x.tracker.example/u/jo.doe@corp.example/x".to_owned(),
        "https://x.tracker.example/a6%3A5E%3A0c%3A11%3A22%3A33/p".to_owned(),
        format!("https://{IMEI}.t3.example/p?imei={IMEI}"),
    ];
    let entries: Vec<Value> = urls.iter().map(|url| get(1, url)).collect();
    let folder = session(&[("a.har", har(&entries))]);
    for format in ["text", "json", "html"] {
        let (text, _) = run(folder.path(), format);
        let lower = text.to_lowercase();
        for value in ["jo.doe", IMEI, "a6:5e:0c", "a6%3a5e", "a65e0c"] {
            assert!(!lower.contains(value), "{value} stands in the {format} report");
        }
    }
    let (report, _) = audit(folder.path());
    let found = findings(&report);
    assert!(found.iter().any(|f| f.starts_with("omitted-recipient host:{}.t3.example imei")), "{found:?}");
}

#[test]
fn what_is_sent_behind_a_refusal_is_found_without_a_launch() {
    let marks = b"{\"time\":\"2026-03-01T08:00:05Z\",\"mark\":\"consent-refused\"}\n".to_vec();
    let entries = [get(1, "https://api.maker.example/"), get(20, &format!("https://ulogs.umeng.com/u?imei={IMEI}"))];
    let folder = session(&[("a.har", har(&entries)), ("phases.jsonl", marks)]);
    let (report, _) = audit(folder.path());
    assert!(findings(&report).contains(&"after-refusal umeng imei confirmed".to_owned()));
}

#[test]
fn what_was_sent_just_before_the_launch_was_noted_is_possible() {
    let marks = "{\"time\":\"2026-03-01T08:00:05.5Z\",\"mark\":\"launched\"}\n{\"time\":\"2026-03-01T08:00:30Z\",\"mark\":\"consent-given\"}\n";
    let entries = [get(1, "https://api.maker.example/"), get(5, &format!("https://ulogs.umeng.com/u?imei={IMEI}"))];
    let folder = session(&[("a.har", har(&entries)), ("phases.jsonl", marks.as_bytes().to_vec())]);
    let (report, _) = audit(folder.path());
    assert!(findings(&report).contains(&"before-consent umeng imei possible".to_owned()));
}

#[test]
fn a_query_for_a_name_that_holds_a_value_is_a_sighting() {
    let name: Vec<u8> = [IMEI, "exfil", "example"]
        .iter()
        .flat_map(|label| std::iter::once(label.len() as u8).chain(label.bytes()))
        .chain([0])
        .collect();
    let question = [&[0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0], name.as_slice(), &[0, 1, 0, 1]].concat();
    let folder = session(&[("a.pcapng", capture(&[udp([192, 0, 2, 10], 40_000, [192, 0, 2, 53], 53, &question)]))]);
    let (report, _) = audit(folder.path());
    let found = findings(&report);
    assert!(found.iter().any(|f| f.starts_with("omitted-recipient host:{}.exfil.example imei confirmed")), "{found:?}");
}

#[test]
fn a_stream_of_no_known_protocol_does_not_count_as_read() {
    // DNS says that the address is Umeng's; what goes there is neither text nor a protocol.
    let answer = [
        &[0, 7, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0][..],
        b"\x05ulogs\x05umeng\x03com\0\0\x01\0\x01",
        b"\xc0\x0c\0\x01\0\x01\0\0\x02\x58\0\x04",
        &[203, 0, 113, 9],
    ]
    .concat();
    let sealed: Vec<u8> = (0..900u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8 | 0x80).collect();
    let packets = [
        udp([192, 0, 2, 53], 53, [192, 0, 2, 10], 40_000, &answer),
        udp([192, 0, 2, 10], 40_001, [203, 0, 113, 9], 5224, &sealed),
        udp([192, 0, 2, 10], 40_001, [203, 0, 113, 9], 5224, &sealed),
    ];
    let folder = session(&[("a.pcapng", capture(&packets))]);
    let (report, _) = audit(folder.path());
    assert_eq!(report["coverage"]["opened_bytes"], 0);
    assert_eq!(report["coverage"]["closed"]["unknown-protocol"], 1, "once a stream");
    assert!(findings(&report).iter().any(|f| f.starts_with("undeclared-contact umeng")), "{:?}", findings(&report));
}

#[test]
fn the_end_of_a_capture_is_no_refusal() {
    // After the server's first flight and the client's answer, before any request.
    let whole = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("captures/aftersales/capture.pcapng"));
    let cut = whole.expect("is readable").get(..3000).expect("is longer").to_vec();
    let folder = session(&[("a.pcapng", cut)]);
    let (report, _) = audit(folder.path());
    assert_eq!(report["coverage"]["closed"], json!({"no-key": 1}));
}

/// A pcapng of raw IP packets, a second apart.
fn capture(packets: &[Vec<u8>]) -> Vec<u8> {
    let mut writer = PcapngWriter::new(Vec::new(), "test", "").expect("writes");
    let interface = writer.interface(LinkType(101), 0, "", "").expect("writes");
    for (second, packet) in packets.iter().enumerate() {
        let time = Time(1_772_352_000_000_000_000 + second as i64 * 1_000_000_000);
        writer.packet(interface, time, packet.len() as u32, packet, &[]).expect("writes");
    }
    writer.finish().expect("writes")
}

/// IPv4 and UDP (RFC 791, RFC 768), without checksums, which may be left to the hardware.
fn udp(src: [u8; 4], from: u16, dst: [u8; 4], to: u16, payload: &[u8]) -> Vec<u8> {
    let length = 8 + payload.len() as u16;
    let mut packet = vec![0x45, 0];
    packet.extend((20 + length).to_be_bytes());
    packet.extend([0, 0, 0x40, 0, 64, 17, 0, 0]);
    packet.extend(src);
    packet.extend(dst);
    packet.extend(from.to_be_bytes());
    packet.extend(to.to_be_bytes());
    packet.extend(length.to_be_bytes());
    packet.extend([0, 0]);
    packet.extend(payload);
    packet
}

/// An answer of its issuer teaches an id: sent to anyone else it is a flow, under whatever
/// name; that it came is none, and nor is what others answer under the same name.
#[test]
fn an_id_that_a_product_issued_is_known_wherever_it_is_sent() {
    let (id, other) = ("5d1f0b6c7a8e4f3092b1c0d9e8f7a6b5", "0a1b2c3d4e5f60718293a4b5c6d7e8f9");
    let answered = |mut entry: Value, body: Value| {
        let text = body.to_string();
        entry["response"]["status"] = json!(200);
        entry["response"]["content"] = json!({"size": text.len(), "mimeType": "application/json", "text": text});
        entry
    };
    let entries = [
        get(1, &format!("https://tracker.example/e?zz={id}&yy={other}")),
        answered(get(2, "https://sdk-open-phone.getui.com/api.php"), json!({"result": "ok", "cid": id})),
        answered(get(3, "https://tracker.example/f"), json!({"cid": other})),
    ];
    let folder = session(&[("a.har", har(&entries))]);
    let output = Command::new(env!("CARGO_BIN_EXE_wirewitness"))
        .args(["inspect", folder.path().to_str().expect("UTF-8"), "--format", "json"])
        .output()
        .expect("runs");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let observations: Value = serde_json::from_str(&text).expect("JSON");
    let sightings = observations["sightings"].as_array().expect("sightings");
    let rows: Vec<[&str; 4]> = sightings
        .iter()
        .map(|s| ["host", "data_type", "key", "certainty"].map(|k| s[k].as_str().unwrap_or("-")))
        .collect();
    assert_eq!(rows, [["tracker.example", "sdk_id", "zz", "probable"]]);
    let fields = &sightings[0]["reason"][0]["fields"];
    assert_eq!((&fields["product"], &fields["key"]), (&json!("getui"), &json!("cid")), "{}", sightings[0]);
    assert!(!text.contains(id));
}

/// A path segment that is a value in an encoding is as good as the value.
#[test]
fn a_value_encoded_in_a_path_or_a_name_is_shown_in_no_report() {
    let (base64, hex) =
        (data_encoding::BASE64URL_NOPAD.encode(IMEI.as_bytes()), data_encoding::HEXLOWER.encode(IMEI.as_bytes()));
    let entries = [
        get(1, &format!("https://tracker.example/u/{base64}/x")),
        get(2, &format!("https://tracker.example/w/{hex}?x={hex}")),
        get(3, &format!("https://tracker.example/v?{IMEI}=1&x={IMEI}")),
    ];
    let folder = session(&[("a.har", har(&entries))]);
    for format in ["text", "json", "html"] {
        let (text, _) = run(folder.path(), format);
        for value in [&base64, &hex, IMEI] {
            assert!(!text.contains(value), "{format}: {value}");
        }
        assert!(format != "json" || text.matches("\"imei\"").count() >= 2, "{text}");
    }
}

/// Policies call a list of access points "WiFi列表", which is read as network information; it names the list exactly.
/// The addresses in the list are those of others.
#[test]
fn a_list_of_access_points_is_named_by_its_words() {
    let body = json!({"wifis": [{"mac": "d4:6e:0e:14:9b:01", "rssi": -50}, {"mac": "d4:6e:0e:2b:77:02", "rssi": -61}]});
    let mut sent = get(1, "https://b-gtc.getui.net/report");
    sent["request"]["method"] = json!("POST");
    sent["request"]["postData"] = json!({"mimeType": "application/json", "text": body.to_string()});
    let folder = session(&[("a.har", har(&[sent]))]);
    let verdicts = |words: &str| {
        let policy = format!("我们接入了个推SDK，个推SDK会收集您的{words}。\n");
        std::fs::write(folder.path().join("policy.txt"), policy).expect("written");
        let (report, _) = audit(folder.path());
        let flows = report["flows"].as_array().expect("flows").clone();
        let said = |flow: &Value| {
            ["recipient", "data_type", "certainty"]
                .map(|name| flow[name].as_str().unwrap_or_default().to_owned())
                .join(" ")
                + " "
                + flow["verdict"]["code"].as_str().unwrap_or_default()
        };
        flows.iter().map(said).collect::<Vec<_>>()
    };
    for words in ["附近的WiFi列表", "Wi-Fi列表", "网络状态、WLAN列表", "BSSID"] {
        assert_eq!(verdicts(words), ["getui wifi_list probable clear"], "{words}");
    }
    assert_eq!(verdicts("网络状态"), ["getui wifi_list probable vague-data"]);
    assert_eq!(verdicts("OAID"), ["getui wifi_list probable omitted-data"]);
}

/// A lease of an address is asked for by the system, with the card's address in the clear, whatever app runs.
#[test]
fn an_address_is_leased_by_the_system_and_not_by_the_app() {
    let mut discover = vec![1, 1, 6, 0, 0x3d, 0x1d, 0x90, 0x01];
    discover.resize(28, 0);
    discover.extend([0xa6, 0x5e, 0x0c, 0x11, 0x22, 0x33]);
    discover.resize(236, 0);
    discover.extend([0x63, 0x82, 0x53, 0x63, 53, 1, 1, 255]);
    let lease = udp([0, 0, 0, 0], 68, [255, 255, 255, 255], 67, &discover);
    // The same to anyone else is the app's.
    let told = udp([192, 0, 2, 7], 40_000, [198, 51, 100, 7], 4_000, b"mac=a6:5e:0c:11:22:33");
    let findings = |packets: &[Vec<u8>]| {
        let folder = session(&[("app.pcapng", capture(packets))]);
        let (report, _) = audit(folder.path());
        let findings = report["findings"].as_array().map_or(0, Vec::len);
        (findings, report["recipients"]["system:dhcp"]["role"].as_str().map(str::to_owned))
    };
    assert_eq!(findings(std::slice::from_ref(&lease)), (0, Some("platform".to_owned())));
    let (both, role) = findings(&[lease, told]);
    assert!(both > 0 && role.is_some(), "{both} findings");
}
