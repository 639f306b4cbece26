//! What other tools wrote beside a capture: `tests/make-beside.py` made both.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/beside").join(name)
}

/// The capture in a session folder with these files and this `session.toml`, and what
/// `inspect` says with these arguments.
fn inspect(files: &[&str], description: &str, arguments: &[&str]) -> String {
    let session = tempfile::tempdir().unwrap();
    for name in ["traffic.pcap"].iter().chain(files) {
        std::fs::copy(fixture(name), session.path().join(name)).unwrap();
    }
    std::fs::write(session.path().join("session.toml"), description).unwrap();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_wirewitness"))
        .arg("inspect")
        .args(arguments)
        .arg(session.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{files:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn seen(files: &[&str], description: &str) -> Value {
    serde_json::from_str(&inspect(files, description, &["--format", "json"])).unwrap()
}

/// Details and counts of the gaps that speak of what is beside the capture.
fn gaps(seen: &Value, name: &str) -> Vec<(String, u64)> {
    let all = seen["gaps"].as_array().unwrap().iter().filter(|gap| gap["at"].as_str().unwrap().starts_with(name));
    all.map(|gap| (gap["detail"].as_str().unwrap().to_owned(), gap["count"].as_u64().unwrap())).collect()
}

const APP: &str = "app = \"com.example.app\"\n";
const ZONED: &str = "app = \"com.example.app\"\nutc_offset = \"+08:00\"\n";

#[test]
fn a_capture_without_apps_gets_them_from_what_is_beside_it() {
    let apps = |files: &[&str]| {
        let seen = seen(files, "");
        let of = |host: &str| {
            let hit = |contact: &&Value| contact["hosts"].as_array().unwrap().contains(&json!(host));
            seen["contacts"].as_array().unwrap().iter().find(hit).unwrap()["app"].clone()
        };
        (of("sdk-open-phone.getui.com"), of("api.example.com"))
    };
    let known = (json!("com.example.app"), json!("com.example.other"));
    assert_eq!(apps(&[]), (Value::Null, Value::Null));
    assert_eq!(apps(&["connections.csv"]), known);
    assert_eq!(apps(&["proc_net_tcp.txt"]), (json!("uid 10123"), json!("uid 10200")));
    assert_eq!(apps(&["proc_net_tcp.txt", "packages.txt"]), known);
    assert_eq!(apps(&["socket_trace.json"]), known);
}

#[test]
fn another_apps_traffic_is_left_out_by_a_map_of_apps() {
    let seen = seen(&["connections.csv"], APP);
    assert_eq!(seen["contacts"].as_array().unwrap().len(), 1);
    assert_eq!(seen["app_proven"], true);
    let expected = [
        ("rows with commas that PCAPdroid did not quote; read by the form of their columns".to_owned(), 1),
        ("rows that are cut or not of the table's form".to_owned(), 1),
    ];
    assert_eq!(gaps(&seen, "connections.csv"), expected);
}

#[test]
fn the_stack_of_a_socket_names_the_sdk() {
    let seen = seen(&["socket_trace.json"], "");
    let callers = seen["beside"]["callers"].as_array().unwrap();
    let [caller] = &callers[..] else { panic!("{callers:?}") };
    assert_eq!((&caller["app"], &caller["count"]), (&json!("com.example.app"), &json!(2)));
    assert_eq!(caller["product"], caller["recipient"], "Getui's code writes to Getui");
    assert_eq!(gaps(&seen, "socket_trace.json"), [("rows that are cut or not of the table's form".to_owned(), 1)]);
}

#[test]
fn contacts_without_payload_corroborate_and_are_no_flow() {
    for (file, hosts) in [
        ("App_Privacy_Report_v4.ndjson", [("never.example.net", "no", 7), ("sdk-open-phone.getui.com", "host", 3)]),
        ("trackercontrol.csv", [("sdk-open-phone.getui.com", "host", 1), ("tracker.example.net", "no", 1)]),
    ] {
        let (with, without) = (seen(&[file], APP), seen(&[], APP));
        let reached: Vec<(&str, &str, u64)> = with["beside"]["reached"]
            .as_array()
            .unwrap()
            .iter()
            .map(|r| (r["host"].as_str().unwrap(), r["in_traffic"].as_str().unwrap(), r["count"].as_u64().unwrap()))
            .collect();
        assert_eq!(reached, hosts, "{file}");
        for key in ["contacts", "flows", "sightings", "coverage", "recipients"] {
            assert_eq!(with[key], without[key], "{file} changed {key}");
        }
        assert_eq!(gaps(&with, file), [("rows that are cut or not of the table's form".to_owned(), 1)], "{file}");
    }
    let report = seen(&["App_Privacy_Report_v4.ndjson"], APP);
    assert_eq!(report["beside"]["files"][0]["other_apps"], 1);
    // An access is a call; its end is none.
    let calls = report["beside"]["calls"].as_array().unwrap();
    assert_eq!((calls.len(), &calls[0]["data_type"], &calls[0]["count"]), (1, &json!("location"), &json!(1)));
}

#[test]
fn calls_stand_beside_the_flow_of_their_type() {
    for file in ["camille.xls", "camille.xlsx", "camille.json", "privacy_sentry.xls", "privacy_sentry.json"] {
        let seen = seen(&[file], ZONED);
        let imei = seen["sightings"].as_array().unwrap().iter().find(|s| s["data_type"] == "imei").unwrap();
        let calls = seen["beside"]["calls"].as_array().unwrap_or_else(|| panic!("{file}"));
        let call = calls.iter().find(|call| call["data_type"] == "imei").unwrap_or_else(|| panic!("{file}: {calls:?}"));
        assert_eq!(call["beside"], json!([imei["id"]]), "{file}");
        assert_eq!(call["products"], json!(["getui"]), "{file}");
        let first = call["first"].as_str().unwrap();
        assert!(first.starts_with("2026-03-01T08:00:01"), "{file}: {first}");
        let damaged = gaps(&seen, file);
        assert_eq!(damaged, [("rows that are cut or not of the table's form".to_owned(), 1)], "{file}");
        // Beside a flow, never one.
        assert_eq!(seen["flows"].as_array().unwrap().len(), 1, "{file}");
    }
}

#[test]
fn a_time_without_a_zone_is_not_guessed() {
    let seen = seen(&["camille.xls"], APP);
    let calls = seen["beside"]["calls"].as_array().unwrap();
    assert!(calls.iter().all(|call| call.get("first").is_none()));
    let (detail, count) = &gaps(&seen, "camille.xls")[0];
    assert!(detail.contains("utc_offset") && *count == 2, "{detail} {count}");
}

#[test]
fn inspect_tells_of_it_in_both_languages() {
    let files = ["camille.xls", "trackercontrol.csv", "socket_trace.json", "aes_info.json"];
    let english = inspect(&files, ZONED, &["--language", "en"]);
    for part in [
        "What other tools wrote beside it (not judged)",
        "camille.xls (camille (calls), 3 rows; 0 about other apps)",
        "Call: IMEI:",
        "beside what went to Getui",
        "not in the traffic",
        "Code: Getui in com.example.app wrote to Getui",
        "cipher operations of the app: listed, but no payload is opened with them",
    ] {
        assert!(english.contains(part), "{part}\n{english}");
    }
    let chinese = inspect(&files, ZONED, &["--language", "zh"]);
    assert!(chinese.contains("其他工具的旁证（不参与判定）") && chinese.contains("流量中没有"), "{chinese}");
    assert!(inspect(&files, ZONED, &["--format", "html"]).contains("id=\"beside\""));
}

/// Every file cut at some places and with bytes turned over: read as far as it goes, or not
/// taken for what it was.
#[test]
fn damage_never_ends_the_program() {
    let session = tempfile::tempdir().unwrap();
    std::fs::copy(fixture("traffic.pcap"), session.path().join("traffic.pcap")).unwrap();
    for entry in std::fs::read_dir(fixture("")).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        if path.ends_with("traffic.pcap") {
            continue;
        }
        let name = session.path().join(path.file_name().unwrap());
        for at in (1..bytes.len()).step_by((bytes.len() / 200).max(1)) {
            let mut turned = bytes.clone();
            turned[at] ^= 0x55;
            for damaged in [&bytes[..at], &turned[..]] {
                std::fs::write(&name, damaged).unwrap();
                let whole = wirewitness::witness::read(&path).unwrap();
                let read = wirewitness::witness::read(&name).unwrap_or_default();
                assert!(read.rows <= whole.rows + 2, "{} at {at}", path.display());
            }
        }
        std::fs::remove_file(&name).unwrap();
    }
}

#[test]
fn a_file_that_claims_to_be_huge_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("huge.csv");
    let file = std::fs::File::create(&path).unwrap();
    // A hole of 65 MiB: nothing on the disk.
    file.set_len(65 << 20).unwrap();
    assert_eq!(wirewitness::witness::read(&path), None);
}

/// What `audit` prints of the capture with these files beside it.
fn audit(files: &[&str], description: &str, arguments: &[&str]) -> String {
    let session = tempfile::tempdir().unwrap();
    for name in ["traffic.pcap"].iter().chain(files) {
        std::fs::copy(fixture(name), session.path().join(name)).unwrap();
    }
    std::fs::write(session.path().join("policy.txt"), "我们不会收集您的通讯录。\n").unwrap();
    std::fs::write(session.path().join("session.toml"), format!("{description}policy = \"policy.txt\"\n")).unwrap();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_wirewitness"))
        .args(["audit", "--color", "never"])
        .args(arguments)
        .arg(session.path())
        .env("COLUMNS", "400")
        .output()
        .unwrap();
    assert_ne!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_audit_tells_of_it_on_the_terminal_and_on_the_page_and_judges_nothing_by_it() {
    let files = ["camille.xls", "trackercontrol.csv", "App_Privacy_Report_v4.ndjson", "socket_trace.json"];
    let parts = [
        (
            "en",
            "What other tools wrote beside it (not judged)",
            "Call: IMEI:",
            "beside what went to Getui",
            "not in the traffic",
        ),
        ("zh", "其他工具的旁证（不参与判定）", "调用：", "与发往 个推 的数据并列", "流量中没有"),
    ];
    for (language, title, call, flow, absent) in parts {
        let text = audit(&files, ZONED, &["--language", language]);
        let page = audit(&files, ZONED, &["--language", language, "--format", "html"]);
        assert!(page.contains("<section id=\"beside\"") && page.contains("href=\"#beside\""), "{language}");
        for part in [title, call, flow, absent, "App_Privacy_Report_v4.ndjson", "never.example.net"] {
            assert!(text.contains(part), "{part}\n{text}");
            assert!(page.contains(part), "{part} on the page");
        }
    }
    let findings = |files: &[&str]| -> Value {
        let report: Value = serde_json::from_str(&audit(files, ZONED, &["--format", "json"])).unwrap();
        report["findings"].as_array().unwrap().iter().map(|f| f["fingerprint"].clone()).collect()
    };
    // Without the stacks of sockets, which say whose traffic it is.
    assert_eq!(findings(&files[..3]), findings(&[]));
    assert!(!audit(&[], ZONED, &["--format", "html"]).contains("id=\"beside\""));
}

/// The folder of a PiRogue experiment as `pirogue-intercept-single` leaves it: a recording of
/// `tests/record-tls.sh` with its keys, and the operations on its socket.
fn pirogue() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let recorded = |name: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/tls").join(name);
    let write = |name: &str, text: String| std::fs::write(folder.path().join(name), text).unwrap();
    std::fs::copy(recorded("tls13-aes128gcm.pcap"), folder.path().join("traffic.pcap")).unwrap();
    std::fs::copy(recorded("tls13-aes128gcm.keys"), folder.path().join("sslkeylog.txt")).unwrap();
    let start = 1_795_620_805_767_u64;
    let operation = |event: &str, classes: &[&str]| {
        let frame = |class: &&str| json!({"class": class, "file": "X.java", "line": 1, "method": "run", "is_native": false, "str": class});
        let data = json!({"socket_fd": 70, "socket_type": "tcp6", "pid": 4321, "thread_id": 1, "socket_event_type": event,
            "dest_ip": "::ffff:127.0.0.1", "dest_port": 44306, "local_ip": "::ffff:127.0.0.1", "local_port": 57288,
            "stack": classes.iter().map(frame).collect::<Vec<_>>()});
        json!({"type": "socket_trace_log", "dump": "socket_trace.json", "data_type": "json", "timestamp": start, "pid": 4321,
            "process": "com.example.app", "data": data})
    };
    let trace = [
        operation("connect", &["java.net.Socket", "com.igexin.push.core.Connector"]),
        operation("write", &["java.net.SocketOutputStream", "com.igexin.push.core.Sender"]),
    ];
    write("socket_trace.json", serde_json::to_string_pretty(&trace).unwrap());
    std::fs::copy(fixture("aes_info.json"), folder.path().join("aes_info.json")).unwrap();
    write("ad_ids.txt", "4f6c2a90-1b7d-4e38-9c05-2d8e7fb1a346\n00000000-0000-0000-0000-000000000000\n".to_owned());
    let device = json!({"fingerprint": "example/phone:13", "brand": "example", "device": "phone", "manufacturer": "Example",
        "model": "Phone 7", "name": "phone", "serialno": "R58M20QXW7B", "android_version": "13", "api_level": "33",
        "imei": "490154203237518"});
    write("device.json", serde_json::to_string_pretty(&device).unwrap());
    let at = |file: &str| json!({"start_capture_time": start as f64, "file": file});
    let experiment = json!({"network": at("traffic.pcap"), "device": at("device.json"), "socket_traces": {"file": "socket_trace.json"},
        "crypto_traces": {"file": "aes_info.json"}, "sslkeylog": {"file": "sslkeylog.txt"}, "screen": at("screen.mp4")});
    write("experiment.json", serde_json::to_string_pretty(&experiment).unwrap());
    write("screen.mp4", "\0\0\0\x18ftypmp42 no film".to_owned());
    folder
}

fn inspected(folder: &Path) -> Value {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_wirewitness"))
        .args(["inspect", "--format", "json"])
        .arg(folder)
        .output()
        .unwrap();
    // 3: nothing could be opened, as without its keys.
    assert!(matches!(output.status.code(), Some(0 | 3)), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn checked(folder: &Path) -> String {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_wirewitness"))
        .args(["session", "check"])
        .arg(folder)
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_folder_of_a_pirogue_experiment_is_a_session() {
    let folder = pirogue();
    let seen = inspected(folder.path());
    // Opened with the key log, of the app and by the code that the stacks name.
    assert_eq!(seen["coverage"]["closed"], json!({}));
    let contact = &seen["contacts"][0];
    assert_eq!((&contact["app"], &contact["hosts"]), (&json!("com.example.app"), &json!(["api.example.com"])));
    assert_eq!(seen["beside"]["callers"][0]["product"], "getui");
    let files = seen["beside"]["files"].as_array().unwrap();
    let formats: Vec<&str> = files.iter().map(|file| file["format"].as_str().unwrap()).collect();
    assert_eq!(formats, ["PiRogue (cipher operations)", "PiRogue (socket trace)"]);
    // What it noted of the phone is the profile, but for what is no identifier.
    let said = checked(folder.path());
    assert!(said.contains("3 types, 3 values"), "{said}");
    assert!(said.contains("screen.mp4"), "what nothing reads is named: {said}");
    // A person's own profile goes before it, type by type.
    std::fs::write(folder.path().join("device.toml"), "[ids]\nserial = [\"A1B2C3D4E5\", \"F6G7H8J9K0\"]\n").unwrap();
    assert!(checked(folder.path()).contains("3 types, 4 values"));
}

#[test]
fn a_pirogue_folder_that_is_damaged_is_read_as_far_as_it_goes() {
    for name in ["socket_trace.json", "aes_info.json", "device.json", "experiment.json", "ad_ids.txt", "sslkeylog.txt"]
    {
        let folder = pirogue();
        let path = folder.path().join(name);
        let bytes = std::fs::read(&path).unwrap();
        // Half of two ids is one.
        let kept = if name == "ad_ids.txt" { bytes.len() - 9 } else { bytes.len() / 2 };
        std::fs::write(&path, &bytes[..kept]).unwrap();
        let seen = inspected(folder.path());
        assert_eq!(seen["contacts"].as_array().unwrap().len(), 1, "{name}");
        if ["socket_trace.json", "aes_info.json"].contains(&name) {
            let cut = ("a list that is cut or no JSON; nothing of it was read".to_owned(), 1);
            assert_eq!(gaps(&seen, name), [cut]);
        }
        if ["device.json", "experiment.json", "ad_ids.txt"].contains(&name) {
            assert!(checked(folder.path()).contains(name), "{name}: it is said");
        }
        std::fs::remove_file(&path).unwrap();
        assert_eq!(inspected(folder.path())["contacts"].as_array().unwrap().len(), 1, "without {name}");
    }
}
