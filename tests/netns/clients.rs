//! What clients are told to send, phase by phase, is what the audit finds.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::world::*;

/// The device's identifiers: made up, the IMEI after the example of 3GPP TS 23.003.
pub const DEVICE: &[(&str, &str)] = &[
    ("imei", "490154203237518"),
    ("oaid", "3f2b7c10-9d4e-4a86-b5c1-6e0f7a918d23"),
    ("android_id", "9c41d07be2f35a68"),
    ("mac", "3c:28:6d:51:9e:07"),
    ("gaid", "7d0e4f6a-52b8-4c1d-9a37-e8f106c2b954"),
    ("serial", "R58M20QXW7B"),
];

/// Who sends by what to whom.
pub const CLIENTS: &[(&str, &str)] = &[
    ("http/1", "clear.shop.example"),
    ("http/2", "two.tracker.example"),
    ("http/3", "three.quick.example"),
    ("websocket", "socket.talk.example"),
    ("mqtt", "broker.queue.example"),
    ("chromium", "page.browser.example"),
];

/// What a phase has each client send: of the device's identifiers those with these numbers,
/// further on for each client, so that no two tell the same.
const PHASES: &[(&str, Option<char>, &[usize])] =
    &[("before", Some('l'), &[0]), ("after", Some('c'), &[1, 2]), ("after background", Some('b'), &[3])];

pub fn hosts() -> Vec<&'static str> {
    CLIENTS.iter().map(|(_, host)| *host).collect()
}

/// The types that the client with this number sends.
pub fn told(client: usize, numbers: &[usize]) -> Vec<(&'static str, &'static str)> {
    numbers.iter().map(|number| DEVICE[(client + number) % DEVICE.len()]).collect()
}

fn body(values: &[(&str, &str)]) -> String {
    let fields: serde_json::Map<String, Value> =
        values.iter().map(|(k, v)| ((*k).to_owned(), Value::from(*v))).collect();
    serde_json::json!({ "device": fields }).to_string()
}

/// Has one client send these values, and waits for the answer.
pub fn send(world: &World, kind: &str, host: &str, values: &[(&str, &str)]) {
    let (data, folder) = (body(values), text(world.folder.path()).to_owned());
    let certificate = format!("{folder}/cert.pem");
    let curl = ["curl", "-sS", "--fail", "--max-time", "20", "--cacert", &certificate];
    let json = ["-H", "Content-Type: application/json", "--data", &data];
    match kind {
        "http/1" => drop(world.run("phone", &[&curl[..], &json, &[&format!("http://{host}/collect")]].concat())),
        "http/2" => {
            let url = format!("https://{host}/collect");
            drop(world.run("phone", &[&curl[..], &json, &["--http2", &url]].concat()));
        }
        "http/3" | "websocket" => {
            let name = kind.replace('/', "");
            drop(world.run("phone", &["python3", &file("client.py"), &name, &folder, host, &data]));
        }
        "mqtt" => drop(world.run("phone", &["mosquitto_pub", "-h", host, "-t", "collect", "-q", "1", "-m", &data])),
        "chromium" => browse(world, host, &data),
        other => panic!("no client {other}"),
    }
}

/// Chromium opens the page, which posts; then it is ended.
fn browse(world: &World, host: &str, data: &str) {
    let key = "openssl x509 -in \"$1\" -pubkey -noout | openssl pkey -pubin -outform der | \
        openssl dgst -sha256 -binary | openssl enc -base64";
    let certificate = world.folder.path().join("cert.pem");
    let pin = Command::new("sh").args(["-c", key, "sh", text(&certificate)]).output().expect("runs").stdout;
    let pin = String::from_utf8(pin).expect("UTF-8");
    let profile = tempfile::tempdir().expect("a folder");
    let options = [
        format!("--user-data-dir={}", text(profile.path())),
        format!("--ignore-certificate-errors-spki-list={}", pin.trim()),
        format!("https://{host}/page#{}", data.replace('"', "%22")),
    ];
    let mut arguments = vec!["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"];
    arguments.extend(["--no-first-run", "--disable-background-networking", "--disable-sync", "--disable-extensions"]);
    arguments.extend(["--disable-component-update", "--disable-default-apps"]);
    arguments.extend(options.iter().map(String::as_str));
    let mut command = world.within("phone", &arguments);
    let mut browser =
        command.env("SSLKEYLOGFILE", world.keys()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("runs");
    until("the page's request", || received(world).iter().any(|(_, h, b)| h == host && b == data));
    // The end of the answer and the last secrets are on their way: ended once the key log stands still.
    let (mut length, mut since) = (0, Instant::now());
    until("a key log that stands still", || {
        let now = std::fs::metadata(world.keys()).map_or(0, |log| log.len());
        if now != length {
            (length, since) = (now, Instant::now());
        }
        since.elapsed() > Duration::from_millis(500)
    });
    let _ = Command::new("kill").arg(browser.id().to_string()).status();
    browser.wait().expect("ended");
}

/// By what, host and body of all that the servers got.
pub fn received(world: &World) -> BTreeSet<(String, String, String)> {
    let log = std::fs::read_to_string(world.folder.path().join("log.jsonl")).unwrap_or_default();
    let published = std::fs::read_to_string(world.folder.path().join("published")).unwrap_or_default();
    let broker = CLIENTS.iter().find(|(kind, _)| *kind == "mqtt").map(|(_, host)| *host).expect("is there");
    let entry = |line: &str| {
        let entry: Value = serde_json::from_str(line).ok()?;
        let word = |key: &str| entry[key].as_str().unwrap_or_default().to_owned();
        Some((word("by"), word("host"), word("body")))
    };
    let published = published.lines().map(|line| ("mqtt".to_owned(), broker.to_owned(), line.to_owned()));
    log.lines().filter_map(entry).chain(published).collect()
}

/// Beside the recording: the device, a policy, and whose app it is.
pub fn describe(session: &Path) {
    let ids: String = DEVICE.iter().map(|(name, value)| format!("{name} = \"{value}\"\n")).collect();
    std::fs::write(session.join("device.toml"), format!("[ids]\n{ids}")).expect("written");
    std::fs::write(session.join("policy.txt"), "我们不会收集您的通讯录。\n").expect("written");
    let about = "first_party = [\"maker.example\"]\npolicy = \"policy.txt\"\nisolation = true\nclock_skew_ms = 100\n";
    std::fs::write(session.join("session.toml"), about).expect("written");
}

fn browser_host() -> &'static str {
    CLIENTS.iter().find(|(kind, _)| *kind == "chromium").expect("a browser").1
}

#[test]
fn the_audit_finds_what_the_clients_were_told_to_send() {
    let Some(mut world) = World::make() else { return };
    world.serve_all(&hosts());
    let (keys, session) = (world.keys(), world.session());
    let mut recording = world.record(&session, &["--phase", "--keys", text(&keys)]);
    let mut typing = recording.child.stdin.take().expect("piped");
    let (mut wanted, mut flows_wanted, mut bodies) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for (phase, key, numbers) in PHASES {
        if let Some(key) = key {
            // Away from what is sent by more than the skew that is allowed for.
            std::thread::sleep(Duration::from_millis(400));
            std::io::Write::write_all(&mut typing, key.to_string().as_bytes()).expect("typed");
            std::thread::sleep(Duration::from_millis(600));
        }
        for (at, (kind, host)) in CLIENTS.iter().enumerate() {
            let values = told(at, numbers);
            send(&world, kind, host, &values);
            for (data_type, _) in &values {
                wanted.insert(format!("{host} {data_type} {phase}"));
                flows_wanted.insert(format!("{host} {data_type}"));
            }
            let by = if *kind == "chromium" { "http/2" } else { kind };
            bodies.insert((by.to_owned(), (*host).to_owned(), body(&values)));
        }
    }
    until("the last message of the broker", || received(&world).len() >= bodies.len());
    let said = recording.stop();
    assert!(said.contains(" 0 dropped"), "{said}");
    assert_eq!(received(&world), bodies, "the clients did what they were told");
    describe(&session);
    let report = audit(&session);
    assert_eq!(sightings(&report), wanted);
    assert_eq!(flows(&report), flows_wanted);
    // Nothing stayed closed, but for what a browser opens to spare: that it lets go in the handshake, or is
    // ended before it has written down the keys of it. What the page sent was found above.
    for contact in report["contacts"].as_array().expect("contacts") {
        let reasons: Vec<&String> = contact["closed"].as_object().expect("reasons").keys().collect();
        let of_browser = contact["hosts"] == serde_json::json!([browser_host()]);
        let spare = reasons.iter().all(|reason| ["no-key", "pinned"].contains(&reason.as_str()));
        assert!(reasons.is_empty() || of_browser && spare, "{contact}");
    }
    // One finding of each flow that says so: nothing of it was declared; those before consent too.
    let codes = |code: &str| {
        let of = |f: &&Value| f["code"] == code;
        report["findings"].as_array().expect("findings").iter().filter(of).count()
    };
    assert_eq!(codes("omitted-recipient"), flows_wanted.len());
    assert_eq!(codes("before-consent"), CLIENTS.len());
    // In the clear went HTTP/1 and MQTT.
    let clear: BTreeSet<&str> = report["sightings"]
        .as_array()
        .expect("sightings")
        .iter()
        .filter(|s| s["wire"] == "clear")
        .map(|s| s["host"].as_str().expect("text"))
        .collect();
    assert_eq!(clear, BTreeSet::from(["broker.queue.example", "clear.shop.example"]));
}
