//! The namespaces, what runs in them, and the audit of what was recorded.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_wirewitness");
/// Of the servers, behind the router.
pub const SERVERS: &str = "10.77.2.2";
/// The router's interface on the phone's side, which is recorded.
pub const LAN: &str = "wlan0";
const WAIT: Duration = Duration::from_secs(60);

static WORLDS: AtomicU32 = AtomicU32::new(0);

pub fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

pub fn file(name: &str) -> String {
    text(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/netns").join(name)).to_owned()
}

fn must(program: &str, arguments: &[&str]) {
    let output = Command::new(program).args(arguments).output();
    let output = output.unwrap_or_else(|error| panic!("{program}: {error}; scripts/setup.sh --tests installs it"));
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Waits until `done`.
pub fn until(what: &str, mut done: impl FnMut() -> bool) {
    let began = Instant::now();
    while !done() {
        assert!(began.elapsed() < WAIT, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(30));
    }
}

/// Three namespaces in a row: phone, router, servers.
pub struct World {
    pub folder: TempDir,
    prefix: String,
    running: Vec<Child>,
}

impl World {
    /// `None`: whoever runs the tests left these out.
    pub fn make() -> Option<Self> {
        if std::env::var_os("WIREWITNESS_WITHOUT_NETNS").is_some() {
            eprintln!("NOT RUN: WIREWITNESS_WITHOUT_NETNS is set");
            return None;
        }
        let folder = tempfile::tempdir().expect("a folder");
        let prefix = format!("ww{}x{}", std::process::id(), WORLDS.fetch_add(1, Ordering::Relaxed));
        let world = Self { folder, prefix, running: Vec::new() };
        for name in ["phone", "router", "servers"] {
            let made = Command::new("ip").args(["netns", "add", &world.of(name)]).output();
            let made = made.unwrap_or_else(|error| panic!("ip: {error}; scripts/setup.sh --tests installs it"));
            if !made.status.success() {
                let why = String::from_utf8_lossy(&made.stderr).into_owned();
                panic!(
                    "no network namespace can be made ({}): run the tests as root, or set WIREWITNESS_WITHOUT_NETNS=1 to leave these out",
                    why.trim()
                );
            }
        }
        let (phone, router, servers) = (world.of("phone"), world.of("router"), world.of("servers"));
        for (end, name, peer, other) in [(&phone, "wlan0", &router, LAN), (&servers, "eth0", &router, "wan")] {
            must("ip", &["link", "add", name, "netns", end, "type", "veth", "peer", "name", other, "netns", peer]);
        }
        for (space, name, address) in [
            (&phone, "wlan0", "10.77.1.2/24"),
            (&router, LAN, "10.77.1.1/24"),
            (&router, "wan", "10.77.2.1/24"),
            (&servers, "eth0", "10.77.2.2/24"),
        ] {
            must("ip", &["-n", space, "address", "add", address, "dev", name]);
            must("ip", &["-n", space, "link", "set", name, "up"]);
            must("ip", &["-n", space, "link", "set", "lo", "up"]);
        }
        must("ip", &["-n", &phone, "route", "add", "default", "via", "10.77.1.1"]);
        must("ip", &["-n", &servers, "route", "add", "default", "via", "10.77.2.1"]);
        must("ip", &["netns", "exec", &router, "sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward"]);
        // `ip netns exec` lays these over /etc.
        let settings = Path::new("/etc/netns").join(&phone);
        std::fs::create_dir_all(&settings).expect("made");
        std::fs::write(settings.join("resolv.conf"), format!("nameserver {SERVERS}\n")).expect("written");
        Some(world)
    }

    fn of(&self, name: &str) -> String {
        format!("{}-{name}", self.prefix)
    }

    /// A program in a namespace.
    pub fn within(&self, name: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new("ip");
        let libraries = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/python");
        command.args(["netns", "exec", &self.of(name)]).args(arguments).stdin(Stdio::null());
        command.env("PYTHONPATH", libraries).env("HOME", self.folder.path());
        command
    }

    /// Runs a program in a namespace to its end, which must be good.
    pub fn run(&self, name: &str, arguments: &[&str]) -> Output {
        let arguments = [&["timeout", "60"], arguments].concat();
        let output = self.within(name, &arguments).env("SSLKEYLOGFILE", self.keys()).output().expect("runs");
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        output
    }

    /// Starts a server that says `ready` on its standard output.
    pub fn serve(&mut self, arguments: &[&str]) {
        let mut child = self.within("servers", arguments).stdout(Stdio::piped()).spawn().expect("runs");
        let mut line = String::new();
        let mut said = BufReader::new(child.stdout.take().expect("piped"));
        said.read_line(&mut line).expect("is read");
        self.running.push(child);
        assert_eq!(line.trim(), "ready", "{arguments:?}; scripts/setup.sh --tests installs what it needs");
    }

    /// Starts something that is ended with the world.
    pub fn start(&mut self, mut command: Command) {
        self.running.push(command.spawn().expect("runs"));
    }

    /// Certificates for every host, and every server.
    pub fn serve_all(&mut self, hosts: &[&str]) {
        let at = |name: &str| text(&self.folder.path().join(name)).to_owned();
        let names: Vec<String> = hosts.iter().map(|host| format!("DNS:{host}")).collect();
        let names = format!("subjectAltName={}", names.join(","));
        let (key, certificate) = (at("key.pem"), at("cert.pem"));
        let curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "3"];
        let subject = ["-subj", "/O=Fixture/CN=servers.example", "-addext", &names];
        let files = ["-keyout", &key, "-out", &certificate];
        must("openssl", &[&["req", "-x509"], curve.as_slice(), &subject, &files].concat());
        let folder = text(self.folder.path()).to_owned();
        self.serve(&["python3", &file("serve.py"), &folder, SERVERS]);
        self.serve(&["node", &file("serve.mjs"), &folder]);
        let settings = self.folder.path().join("mosquitto.conf");
        std::fs::write(&settings, format!("listener 1883 {SERVERS}\nallow_anonymous true\n")).expect("written");
        let mut broker = self.within("servers", &["mosquitto", "-c", text(&settings)]);
        broker.stdout(Stdio::null()).stderr(Stdio::null());
        self.start(broker);
        // Beside the broker, so that what is published comes out without crossing the router.
        let published = std::fs::File::create(self.folder.path().join("published")).expect("made");
        until("the broker", || {
            let asked = ["mosquitto_pub", "-h", SERVERS, "-t", "ready", "-m", "x"];
            self.within("servers", &asked).stderr(Stdio::null()).status().expect("runs").success()
        });
        let mut subscriber = self.within("servers", &["mosquitto_sub", "-h", SERVERS, "-t", "collect"]);
        subscriber.stdout(published);
        self.start(subscriber);
    }

    /// The key log of all clients.
    pub fn keys(&self) -> PathBuf {
        self.folder.path().join("keys.txt")
    }

    pub fn session(&self) -> PathBuf {
        self.folder.path().join("session")
    }

    /// Begins to record the phone's side of the router.
    pub fn record(&self, session: &Path, more: &[&str]) -> Recording {
        self.record_by(&[PROGRAM], session, more)
    }

    /// The same by another program, or another user.
    pub fn record_by(&self, program: &[&str], session: &Path, more: &[&str]) -> Recording {
        let arguments = [program, &["record", text(session), "--interface", LAN], more].concat();
        let mut command = self.within("router", &arguments);
        let mut child = command.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("runs");
        let mut said = BufReader::new(child.stderr.take().expect("piped"));
        let mut first = String::new();
        while !first.contains("Ctrl-C ends it") {
            let read = said.read_line(&mut first).expect("is read");
            assert_ne!(read, 0, "it does not record: {first}");
        }
        let rest = std::thread::spawn(move || {
            let mut rest = String::new();
            let _ = said.read_to_string(&mut rest);
            rest
        });
        Recording { child, first, rest }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        for child in &mut self.running {
            let _ = child.kill();
            let _ = child.wait();
        }
        for name in ["phone", "router", "servers"] {
            let _ = Command::new("ip").args(["netns", "del", &self.of(name)]).stderr(Stdio::null()).status();
        }
        let _ = std::fs::remove_dir_all(Path::new("/etc/netns").join(self.of("phone")));
    }
}

/// `record`, running.
pub struct Recording {
    pub child: Child,
    /// What it said until it recorded.
    pub first: String,
    rest: std::thread::JoinHandle<String>,
}

impl Recording {
    pub fn signal(&self, name: &str) {
        must("kill", &[name, &self.child.id().to_string()]);
    }

    /// Exit code, and what it said from then on.
    pub fn ended(mut self) -> (Option<i32>, String) {
        let code = self.child.wait().expect("ended").code();
        (code, self.rest.join().expect("read"))
    }

    /// Ends it as Ctrl-C does.
    pub fn stop(self) -> String {
        // The kernel hands packets over in blocks; Ctrl-C after the last one is what a person does.
        std::thread::sleep(Duration::from_millis(500));
        self.signal("-INT");
        let (code, said) = self.ended();
        assert_eq!(code, Some(0), "{said}");
        said
    }
}

/// The report of an audit of the session; its exit code is not looked at.
pub fn audit(session: &Path) -> Value {
    let output =
        Command::new(PROGRAM).args(["audit", text(session), "--format", "json", "--quiet"]).output().expect("runs");
    assert_ne!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// Recipient's host, type and phase of each sighting.
pub fn sightings(report: &Value) -> BTreeSet<String> {
    let of = |sighting: &Value| {
        let word = |value: &Value| value.as_str().expect("text").to_owned();
        let phase = &sighting["phase"];
        let background = if phase["background"] == true { " background" } else { "" };
        assert_eq!(sighting["certainty"], "confirmed", "{sighting}");
        format!("{} {} {}{background}", word(&sighting["host"]), word(&sighting["data_type"]), word(&phase["consent"]))
    };
    report["sightings"].as_array().expect("sightings").iter().map(of).collect()
}

/// Host and type of each flow.
pub fn flows(report: &Value) -> BTreeSet<String> {
    let of = |flow: &Value| {
        let recipient = flow["recipient"].as_str().expect("text");
        format!("{} {}", recipient.trim_start_matches("host:"), flow["data_type"].as_str().expect("text"))
    };
    report["flows"].as_array().expect("flows").iter().map(of).collect()
}

/// Details of the gaps, with their counts.
pub fn gaps(report: &Value) -> Vec<(String, u64)> {
    let of = |gap: &Value| {
        (gap["detail"].as_str().unwrap_or_default().to_owned(), gap["count"].as_u64().unwrap_or_default())
    };
    report["gaps"].as_array().expect("gaps").iter().map(of).collect()
}
