//! `proxy` between real clients and local servers: the same bodies as without it, protocols
//! kept, pinned clients untouched, bad certificates not made good, hostile clients outlived;
//! and what it wrote is read by `messages` and by tshark.
//!
//! Needs curl, openssl, node, python3, tshark and Chromium (`scripts/setup.sh --tests`).
#![cfg(all(feature = "proxy", unix))]

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream, UdpSocket};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};
use tempfile::TempDir;

const PROGRAM: &str = env!("CARGO_BIN_EXE_wirewitness");

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/proxy").join(name)
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

fn sha256(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(&Sha256::digest(bytes))
}

/// Runs a program that has to be there.
fn run(program: &str, arguments: &[&str]) -> Output {
    let command = Command::new(program).args(arguments).stdin(Stdio::null()).output();
    command.unwrap_or_else(|error| panic!("{program}: {error}; scripts/setup.sh --tests installs it"))
}

fn printed(program: &str, arguments: &[&str]) -> String {
    let output = run(program, arguments);
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// A folder with certificates made by openssl: `root.pem` and for each kind `KIND.pem`, `KIND.key`.
struct Certificates(TempDir);

impl Certificates {
    fn make() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| text(&folder.path().join(name)).to_owned();
        let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
        let request = |more: &[&str]| {
            printed("openssl", &[&["req", "-x509"], key.as_slice(), more].concat());
        };
        request(&["-keyout", &at("root.key"), "-out", &at("root.pem"), "-subj", "/CN=root", "-days", "3"]);
        let issued = ["-CA", &at("root.pem"), "-CAkey", &at("root.key")];
        for (kind, name) in [("good", "localhost"), ("elsewhere", "elsewhere.example"), ("stranger", "localhost")] {
            let (subject, names) = (format!("/CN={name}"), format!("subjectAltName=DNS:{name}"));
            let (key, out) = (at(&format!("{kind}.key")), at(&format!("{kind}.pem")));
            let mut arguments = vec!["-subj", &subject, "-addext", &names, "-addext", "basicConstraints=CA:FALSE"];
            arguments.extend(["-keyout", &key, "-out", &out, "-days", "2"]);
            if kind != "stranger" {
                arguments.extend(issued);
            }
            request(&arguments);
        }
        // Only `openssl ca` sets a time that is over.
        let settings = "[ca]\ndefault_ca = root\n[root]\ndatabase = index\nserial = serial\nnew_certs_dir = .\n\
            default_md = sha256\npolicy = any\n[any]\ncommonName = supplied\n";
        let names = "subjectAltName=DNS:localhost\nbasicConstraints=CA:FALSE\n";
        for (name, content) in [("ca.cnf", settings), ("names.cnf", names), ("index", ""), ("serial", "01\n")] {
            std::fs::write(folder.path().join(name), content).expect("written");
        }
        let script = "cd \"$1\" && openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes \
            -subj /CN=localhost -keyout expired.key -out expired.csr && openssl ca -batch -notext -config ca.cnf \
            -startdate 20200101000000Z -enddate 20210101000000Z -cert root.pem -keyfile root.key -extfile names.cnf \
            -in expired.csr -out expired.pem";
        printed("sh", &["-c", script, "sh", text(folder.path())]);
        Self(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}

/// The server of serve.mjs.
struct Server {
    child: Child,
    tls: u16,
    old: u16,
    mutual: u16,
    plain: u16,
}

impl Server {
    fn start(certificates: &Certificates, kind: &str) -> Self {
        let (key, certificate) = (certificates.path(&format!("{kind}.key")), certificates.path(&format!("{kind}.pem")));
        let mut child = Command::new("node")
            .args([text(&file("serve.mjs")), text(&key), text(&certificate), text(&certificates.path("root.pem"))])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node runs; scripts/setup.sh --tests installs it");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("is read");
        let ports: serde_json::Value = serde_json::from_str(&line).expect("ports");
        let port = |name: &str| u16::try_from(ports[name].as_u64().expect("a port")).expect("a port");
        Self { tls: port("tls"), old: port("old"), mutual: port("mutual"), plain: port("plain"), child }
    }

    fn https(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.tls)
    }

    fn http(&self, path: &str) -> String {
        format!("http://localhost:{}{path}", self.plain)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A running proxy, and the folder of its session and authority.
struct Proxy {
    child: Child,
    folder: TempDir,
    port: u16,
    said: Option<std::thread::JoinHandle<String>>,
}

impl Proxy {
    fn start(certificates: &Certificates, more: &[&str]) -> Self {
        Self::start_as(Command::new(PROGRAM), certificates, more)
    }

    /// `command` runs the program.
    fn start_as(mut command: Command, certificates: &Certificates, more: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut child = command
            .args(["proxy", text(&folder.path().join("session")), "--ca-dir", text(&folder.path().join("ca"))])
            .args(["--upstream-ca", text(&certificates.path("root.pem"))])
            .args(if more.contains(&"--listen") { &[][..] } else { &["--listen", "127.0.0.1:0"] })
            .args(more)
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program runs");
        let mut said = BufReader::new(child.stderr.take().expect("piped"));
        let mut line = String::new();
        said.read_line(&mut line).expect("is read");
        let address = line.strip_prefix("listening at ").and_then(|rest| rest.split(',').next());
        let port = address.and_then(|address| address.rsplit(':').next()?.parse().ok());
        let port = port.unwrap_or_else(|| panic!("it listens: {line}"));
        let said = std::thread::spawn(move || {
            let mut rest = String::new();
            let _ = said.read_to_string(&mut rest);
            rest
        });
        // What clients believe: the proxy's authority alone.
        let roots = printed(PROGRAM, &["proxy", "ca", "--ca-dir", text(&folder.path().join("ca"))]);
        std::fs::write(folder.path().join("roots.pem"), roots).expect("written");
        Self { child, folder, port, said: Some(said) }
    }

    fn session(&self) -> PathBuf {
        self.folder.path().join("session")
    }

    fn capture(&self) -> PathBuf {
        self.session().join("capture.pcapng")
    }

    fn roots(&self) -> String {
        text(&self.folder.path().join("roots.pem")).to_owned()
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).expect("connects");
        stream.set_read_timeout(Some(Duration::from_secs(30))).expect("is set");
        stream
    }

    /// curl through it, believing its authority; the body.
    fn curl(&self, arguments: &[&str]) -> Output {
        let (proxy, roots) = (self.url(), self.roots());
        run("curl", &[&["-sS", "--max-time", "60", "-x", &proxy, "--cacert", &roots], arguments].concat())
    }

    /// Ends it as Ctrl-C does; what it said.
    fn stop(&mut self) -> String {
        let Some(said) = self.said.take() else { return String::new() };
        assert!(run("kill", &["-INT", &self.child.id().to_string()]).status.success());
        assert!(self.child.wait().expect("ended").success());
        said.join().expect("read")
    }

    /// The lines of `messages` on the session.
    fn messages(&self) -> Vec<serde_json::Value> {
        let output = run(PROGRAM, &["messages", text(&self.session()), "--quiet"]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let lines = String::from_utf8(output.stdout).expect("UTF-8");
        lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }

    /// Version and path of each request on the tape that could be read.
    fn requests(&self) -> BTreeSet<String> {
        let request = |message: &serde_json::Value| {
            let path = message["path"].as_str()?;
            (message["direction"] == "sent")
                .then(|| format!("{} {path}", message["protocol"].as_str().unwrap_or_default()))
        };
        self.messages().iter().filter_map(request).collect()
    }

    /// Values of fields that tshark sees in the frames of a filter.
    fn tshark(&self, filter: &str, fields: &[&str]) -> BTreeSet<String> {
        let capture = self.capture();
        let mut arguments = vec!["-r", text(&capture), "-Y", filter, "-T", "fields"];
        fields.iter().for_each(|field| arguments.extend(["-e", field]));
        // Also on the ports that the servers happen to have.
        let text = printed("tshark", &arguments);
        text.lines().flat_map(|line| line.split(['\t', ','])).filter(|s| !s.is_empty()).map(str::to_owned).collect()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).expect("is there").permissions().mode() & 0o777
}

#[test]
fn clients_get_what_they_get_without_it_and_every_request_is_on_the_tape() {
    let certificates = Certificates::make();
    let server = Server::start(&certificates, "good");
    let mut proxy = Proxy::start(&certificates, &[]);
    let root = certificates.path("root.pem");
    let direct = |arguments: &[&str]| {
        let output = run("curl", &[&["-sS", "--noproxy", "*", "--cacert", text(&root)], arguments].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    };
    let mut wanted = BTreeSet::new();
    let upload = proxy.folder.path().join("upload");
    std::fs::write(&upload, vec![b'u'; 400_000]).expect("written");
    let data = format!("@{}", text(&upload));

    for (version, option) in [("1.1", "--http1.1"), ("2", "--http2")] {
        for (path, more) in [
            ("/bytes/100000?curl=1", &[][..]),
            ("/chunked?curl=2", &[]),
            ("/hash?curl=3", &["--data-binary", &data]),
            ("/bytes/20?curl=4", &["--head"]),
        ] {
            let url = server.https(path);
            let arguments = [&[option, "-w", "%{http_version}", &url], more].concat();
            let (with, without) = (proxy.curl(&arguments), direct(&arguments));
            assert!(with.status.success(), "{url}: {}", String::from_utf8_lossy(&with.stderr));
            // The time of a response differs.
            let body = |bytes: &[u8]| {
                let lines = bytes.split_inclusive(|b| *b == b'\n');
                lines.filter(|line| !line.to_ascii_lowercase().starts_with(b"date:")).collect::<Vec<_>>().concat()
            };
            assert!(without.ends_with(version.as_bytes()));
            let head = b"HTTP/1.1 200 Connection established\r\n\r\n";
            let with = with.stdout.strip_prefix(head).unwrap_or(&with.stdout).to_vec();
            assert_eq!(sha256(&body(&with)), sha256(&body(&without)), "{option} {path}");
            wanted.insert(format!("http/{version} {path}"));
        }
    }
    // Plain HTTP in absolute form, several on one connection; SOCKS of every kind.
    let plain = [server.http("/bytes/50000?plain=1"), server.http("/chunked?plain=2"), server.http("/bytes/0?plain=3")];
    let plain: Vec<&str> = plain.iter().map(String::as_str).collect();
    assert_eq!(sha256(&proxy.curl(&plain).stdout), sha256(&direct(&plain)));
    let url = server.http("/hash?plain=4");
    let post = ["-H", "Expect: 100-continue", "--data-binary", &data, &url];
    assert_eq!(proxy.curl(&post).stdout, sha256(&[b'u'; 400_000]).into_bytes());
    let chunked = ["-H", "Transfer-Encoding: chunked", "--data-binary", &data, &url];
    assert_eq!(proxy.curl(&chunked).stdout, sha256(&[b'u'; 400_000]).into_bytes());
    wanted.extend(
        ["/bytes/50000?plain=1", "/chunked?plain=2", "/bytes/0?plain=3", "/hash?plain=4"]
            .map(|p| format!("http/1.1 {p}")),
    );
    let address = format!("127.0.0.1:{}", proxy.port);
    for kind in ["socks4a", "socks5", "socks5h"] {
        let path = format!("/bytes/3000?kind={kind}");
        let (socks, url, roots) = (format!("{kind}://{address}"), server.https(&path), proxy.roots());
        let output = run("curl", &["-sS", "-x", &socks, "--http2", "--cacert", &roots, &url]);
        assert_eq!(sha256(&output.stdout), sha256(&direct(&[&url])), "{kind}");
        wanted.insert(format!("http/2 {path}"));
    }
    // Node, with several streams on one connection of HTTP/2; Python.
    let (tls, plain, port) = (server.tls.to_string(), server.plain.to_string(), proxy.port.to_string());
    let said = printed("node", &[text(&file("client.mjs")), &port, &tls, &proxy.roots()]);
    let said = said + &printed("python3", &[text(&file("client.py")), "get", &port, &tls, &plain, &proxy.roots()]);
    let mut lines = 0;
    for line in said.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        let (version, path, hash) = match words.as_slice() {
            [version, path, hash] => (if *version == "2.0" { "2" } else { version }, *path, *hash),
            [path, hash] => ("1.1", *path, *hash),
            _ => panic!("{line}"),
        };
        let body = match path {
            "/hash?node=h2" => sha256(&[b'x'; 300_000]).into_bytes(),
            "/hash?python=2" => sha256(&[b'p'; 100_000]).into_bytes(),
            "/hash?python=4" => sha256(&[b'q'; 100_000]).into_bytes(),
            _ => direct(&[&server.https(path)]),
        };
        assert_eq!(hash, sha256(&body), "{line}");
        wanted.insert(format!("http/{version} {path}"));
        lines += 1;
    }
    assert_eq!(lines, 10, "{said}");

    // A browser.
    let page = chromium(&proxy, &server.https("/page"));
    assert!(page.contains(&sha256(b"from the page")), "{page}");
    wanted.extend(["/page", "/bytes/1000", "/hash"].map(|path| format!("http/2 {path}")));

    let said = proxy.stop();
    assert!(said.contains("0 passed through untouched"), "{said}");
    let mut found = proxy.requests();
    // Browsers ask for it by themselves.
    found.remove("http/2 /favicon.ico");
    let missing: Vec<_> = wanted.difference(&found).collect();
    assert!(missing.is_empty(), "not on the tape: {missing:?}\n{found:?}");
    assert!(found.is_subset(&wanted), "made up: {:?}", found.difference(&wanted).collect::<Vec<_>>());
    for message in proxy.messages() {
        // A browser opens more connections than it needs, and leaves those without a word.
        assert!(message["opened"] == true || message["wire_bytes"] == 0, "{message}");
        let port = message["port"].as_u64();
        assert!(port == Some(u64::from(server.tls)) || port == Some(u64::from(server.plain)), "{message}");
        assert_eq!(message["encrypted"], port == Some(u64::from(server.tls)), "{message}");
        if message["direction"] == "sent" && message["opened"] == true {
            assert!(message["host"].as_str().is_some_and(|host| host.starts_with("localhost")), "{message}");
        }
    }
    // tshark opens the file without being told anything, and nothing in it is odd.
    let mut seen = proxy.tshark("http2.headers.path", &["http2.headers.path"]);
    seen.extend(proxy.tshark("http.request", &["http.request.uri"]));
    seen.remove("/favicon.ico");
    let paths: BTreeSet<String> = wanted.iter().filter_map(|line| Some(line.split_once(' ')?.1.to_owned())).collect();
    assert_eq!(seen, paths);
    let odd = "tcp.analysis.flags || ip.checksum.status == bad || tcp.checksum.status == bad || _ws.malformed";
    assert_eq!(proxy.tshark(odd, &["frame.number", "_ws.expert.message"]), BTreeSet::new());
    // What it does not see is said.
    let shown = printed(PROGRAM, &["inspect", text(&proxy.session()), "--quiet"]);
    assert!(shown.contains("wirewitness proxy ") && shown.contains("went around the device's proxy"), "{shown}");
    // What holds secrets is its owner's alone.
    assert_eq!(mode(&proxy.capture()), 0o600);
    assert_eq!(mode(&proxy.session()), 0o700);
    assert_eq!(mode(&proxy.folder.path().join("ca/wirewitness-ca.key")), 0o600);
}

/// The page as Chromium has it after a while; it goes through `proxy`, whose authority it takes.
fn chromium(proxy: &Proxy, url: &str) -> String {
    let key = key_hash(Path::new(&proxy.roots()));
    let profile = tempfile::tempdir().expect("a folder");
    let options = [
        format!("--proxy-server={}", proxy.url()),
        format!("--user-data-dir={}", text(profile.path())),
        format!("--ignore-certificate-errors-spki-list={key}"),
    ];
    let mut arguments: Vec<&str> = options.iter().map(String::as_str).collect();
    arguments.extend(["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"]);
    // Loopback goes through a proxy only when told, and nothing else is to be asked for.
    arguments.extend(["--proxy-bypass-list=<-loopback>", "--disable-background-networking", "--disable-sync"]);
    arguments.extend(["--disable-component-update", "--disable-default-apps", "--disable-extensions"]);
    arguments.extend(["--timeout=60000", "--virtual-time-budget=20000", "--dump-dom", url]);
    printed("chromium", &arguments)
}

/// SHA-256 of a certificate's public key in base64.
fn key_hash(certificate: &Path) -> String {
    let script = "openssl x509 -in \"$1\" -pubkey -noout | openssl pkey -pubin -outform der | \
        openssl dgst -sha256 -binary | openssl enc -base64";
    printed("sh", &["-c", script, "sh", text(certificate)]).trim().to_owned()
}

#[test]
fn a_client_that_refuses_is_let_through_untouched_and_named() {
    let certificates = Certificates::make();
    let server = Server::start(&certificates, "good");
    let mut proxy = Proxy::start(&certificates, &[]);
    let root = certificates.path("root.pem");
    let both = proxy.folder.path().join("both.pem");
    std::fs::write(&both, [std::fs::read(&root).unwrap(), std::fs::read(proxy.roots()).unwrap()].concat()).unwrap();
    let pin = format!("sha256//{}", key_hash(&certificates.path("good.pem")));
    let (url, proxied) = (server.https("/bytes/5000?pinned=1"), proxy.url());
    // It trusts the proxy's authority, and checks the key of the server behind the handshake.
    let pinned = ["-sS", "-x", &proxied, "--cacert", text(&both), "--pinnedpubkey", &pin, &url];
    let first = run("curl", &pinned);
    assert_eq!(first.status.code(), Some(90), "{}", String::from_utf8_lossy(&first.stderr));
    let second = run("curl", &pinned);
    assert!(second.status.success(), "{}", String::from_utf8_lossy(&second.stderr));
    assert_eq!(second.stdout.len(), 5000);
    // It does not know the authority at all: an alert within the handshake. Another library's
    // offer is another client.
    let unknown = server.https("/bytes/6000?pinned=2");
    let strict = ["-sS", "-x", &proxied, "--http1.1", "--cacert", text(&root), &unknown];
    assert_eq!(run("curl", &strict).status.code(), Some(60));
    assert_eq!(run("curl", &strict).stdout.len(), 6000);
    let said = proxy.stop();
    assert_eq!(said.matches("refuses this proxy's certificate for localhost").count(), 1, "told once: {said}");
    assert!(said.contains("2 passed through untouched"), "{said}");

    let shown = run(PROGRAM, &["inspect", text(&proxy.session()), "--quiet"]);
    let shown = String::from_utf8_lossy(&shown.stdout);
    assert!(shown.contains("Closed streams: pinned 4"), "{shown}");
    let messages = proxy.messages();
    let closed: Vec<_> = messages.iter().filter(|message| message["protocol"] == "tls").collect();
    assert_eq!(closed.len(), 4, "two refusals and two that were let through: {messages:#?}");
    assert!(closed.iter().all(|message| message["sni"] == "localhost" && message["reason"] == "pinned"));
    // Nothing that they sent could be read.
    assert_eq!(proxy.requests(), BTreeSet::new());
}

#[test]
fn the_server_chooses_the_protocol_and_may_want_the_clients_certificate() {
    let certificates = Certificates::make();
    let server = Server::start(&certificates, "good");
    let mut proxy = Proxy::start(&certificates, &[]);
    // Both are offered, and the server has the one only.
    let url = format!("https://localhost:{}/bytes/10?old=1", server.old);
    let output = proxy.curl(&["--http2", "-o", "/dev/null", "-w", "%{http_version}", &url]);
    assert_eq!(String::from_utf8_lossy(&output.stdout), "1.1");
    // The proxy has no such certificate, so that the first connection fails; the next is the client's own.
    let both = proxy.folder.path().join("both.pem");
    let root = certificates.path("root.pem");
    std::fs::write(&both, [std::fs::read(&root).unwrap(), std::fs::read(proxy.roots()).unwrap()].concat()).unwrap();
    let (key, certificate) = (certificates.path("good.key"), certificates.path("good.pem"));
    let (proxied, url) = (proxy.url(), format!("https://localhost:{}/bytes/20?mutual=1", server.mutual));
    let arguments =
        ["-sS", "-x", &proxied, "--cacert", text(&both), "--cert", text(&certificate), "--key", text(&key), &url];
    assert!(!run("curl", &arguments).status.success());
    let second = run("curl", &arguments);
    assert_eq!(second.stdout.len(), 20, "{}", String::from_utf8_lossy(&second.stderr));
    let said = proxy.stop();
    assert!(said.contains("localhost wants a certificate of the client"), "{said}");
    assert!(said.contains("1 passed through untouched"), "{said}");
    assert!(proxy.requests().contains("http/1.1 /bytes/10?old=1"));
}

#[test]
fn a_bad_certificate_is_not_made_to_look_good() {
    let certificates = Certificates::make();
    let kinds = [("expired", "10"), ("elsewhere", "62"), ("stranger", "20")];
    let servers: Vec<Server> = kinds.iter().map(|(kind, _)| Server::start(&certificates, kind)).collect();
    let mut proxy = Proxy::start(&certificates, &[]);
    for ((kind, code), server) in kinds.iter().zip(&servers) {
        let url = server.https("/bytes/10");
        let refused = proxy.curl(&[&url]);
        assert_eq!(refused.status.code(), Some(60), "{kind}: {}", String::from_utf8_lossy(&refused.stderr));
        // What is wrong is what is wrong with the server's, in openssl's words.
        let (port, target, roots) =
            (format!("127.0.0.1:{}", proxy.port), format!("localhost:{}", server.tls), proxy.roots());
        let shown = run(
            "openssl",
            &[
                "s_client",
                "-proxy",
                &port,
                "-connect",
                &target,
                "-servername",
                "localhost",
                "-CAfile",
                &roots,
                "-verify_hostname",
                "localhost",
            ],
        );
        let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
        let verdict = shown.lines().filter_map(|line| line.trim().strip_prefix("Verify return code: ")).next_back();
        let verdict = verdict.and_then(|verdict| verdict.split(' ').next());
        assert!(verdict == Some(code) || (*code == "20" && verdict == Some("21")), "{kind}: {verdict:?}\n{shown}");
        // A client that does not look goes on, as it would have.
        assert_eq!(proxy.curl(&["-k", &url]).stdout.len(), 10, "{kind}");
    }
    let said = proxy.stop();
    assert_eq!(said.matches("has a certificate that does not verify").count(), 3, "{said}");
    assert!(!said.contains("pinned"), "who refuses a bad certificate pins nothing: {said}");
    assert!(!proxy.tshark("frame.comment contains \"does not verify\"", &["frame.number"]).is_empty());
}

#[test]
fn two_hundred_connections_at_once_and_a_large_body_in_little_memory() {
    let certificates = Certificates::make();
    let server = Server::start(&certificates, "good");
    let mut proxy = Proxy::start(&certificates, &[]);
    let (port, tls) = (proxy.port.to_string(), server.tls.to_string());
    let right = printed("python3", &[text(&file("client.py")), "many", "200", &port, &tls, &proxy.roots()]);
    assert_eq!(right.trim(), "200");
    let peak = || {
        let status = std::fs::read_to_string(format!("/proc/{}/status", proxy.child.id())).expect("Linux");
        let line = status.lines().find(|line| line.starts_with("VmHWM")).expect("a peak").to_owned();
        line.split_whitespace().nth(1).and_then(|number| number.parse::<u64>().ok()).expect("KiB") >> 10
    };
    let before = peak();
    let length = 48_u64 << 20;
    let url = server.https(&format!("/bytes/{length}"));
    let output = proxy.curl(&["--http2", "-o", "/dev/null", "-w", "%{size_download}", &url]);
    assert_eq!(String::from_utf8_lossy(&output.stdout), length.to_string());
    let (after, said) = (peak(), proxy.stop());
    assert!(after < before + 24, "{before} MiB became {after} MiB for {length} bytes");
    assert!(said.contains("201 TLS opened"), "{said}");
    let many =
        |message: &&serde_json::Value| message["path"].as_str().is_some_and(|path| path.starts_with("/hash?many="));
    assert_eq!(proxy.messages().iter().filter(many).filter(|m| m["direction"] == "sent").count(), 200);
}

#[test]
fn hostile_clients_are_outlived() {
    let certificates = Certificates::make();
    let server = Server::start(&certificates, "good");
    let mut proxy = Proxy::start(&certificates, &[]);
    let answer = |bytes: &[u8]| {
        let mut stream = proxy.connect();
        // It may be cut off while it still writes.
        let _ = stream.write_all(bytes);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    };
    // Garbage: no answer, or the answer that it was none.
    for garbage in [&b"\0\0\0\0"[..], &[0xff; 5000], b"\x05\xff", b"\x04\x02\0\x50\x01\x02\x03\x04x\0", b"\x05\x01\x02"]
    {
        let mut stream = proxy.connect();
        let _ = stream.write_all(garbage);
        let _ = stream.shutdown(Shutdown::Write);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        assert!(answer.len() <= 10, "{garbage:?}: {answer:?}");
    }
    assert!(answer(b"NONSENSE\r\n\r\n").starts_with("HTTP/1.1 400 "));
    // To itself, by every name of it.
    for host in ["127.0.0.1", "localhost", "0.0.0.0", "127.1.2.3", "[::ffff:127.0.0.1]"] {
        let said = answer(format!("CONNECT {host}:{} HTTP/1.1\r\n\r\n", proxy.port).as_bytes());
        assert!(
            said.starts_with("HTTP/1.1 403 ") || (host == "127.1.2.3" && said.starts_with("HTTP/1.1 4")),
            "{host}: {said}"
        );
    }
    let said = answer(format!("GET http://localhost:{}/ HTTP/1.1\r\n\r\n", proxy.port).as_bytes());
    assert!(said.starts_with("HTTP/1.1 404 ") && said.contains("/wirewitness-ca.crt"), "{said}");
    for bad in ["CONNECT a HTTP/1.1", "CONNECT [::1 HTTP/1.1", "GET http:///x HTTP/1.1", "CONNECT a:0 HTTP/1.1"] {
        assert!(answer(format!("{bad}\r\n\r\n").as_bytes()).starts_with("HTTP/1.1 400 "), "{bad}");
    }
    // A head without end is cut off, whether it comes fast or drips.
    let mut head = b"CONNECT localhost:1 HTTP/1.1\r\n".to_vec();
    (0..200_000).for_each(|_| head.extend_from_slice(b"x: yyyyyyyyyyyyyyyyyyyy\r\n"));
    let said = answer(&head);
    assert!(said.is_empty() || said.starts_with("HTTP/1.1 400 "), "{said}");
    let began = Instant::now();
    let slow: Vec<TcpStream> = (0..100).map(|_| proxy.connect()).collect();
    for mut stream in &slow {
        stream.write_all(b"CONNECT loc").expect("written");
    }
    // Meanwhile others are served.
    let url = server.https("/bytes/10?meanwhile");
    assert_eq!(proxy.curl(&[&url]).stdout.len(), 10);
    let dripping = std::thread::spawn(move || {
        let mut open = slow;
        while !open.is_empty() && began.elapsed() < Duration::from_secs(40) {
            std::thread::sleep(Duration::from_millis(500));
            open.retain_mut(|stream| {
                stream.set_read_timeout(Some(Duration::from_millis(1))).expect("is set");
                let ended = matches!(stream.read(&mut [0]), Ok(0));
                !ended && stream.write_all(b"a").is_ok()
            });
        }
        open.len()
    });
    assert_eq!(dripping.join().expect("ends"), 0, "clients that drip are cut off");
    // Half a ClientHello, or one that lies about its length, goes to the server, which may say what it thinks.
    for hello in
        [&b"\x16\x03\x01\x40\x00\x01\x00"[..], b"\x16\x03\x01\x00\x05hello", b"\x16\x03\x01\x00\x04\x01\xff\xff\xff"]
    {
        let mut stream = proxy.connect();
        write!(stream, "CONNECT localhost:{} HTTP/1.1\r\n\r\n", server.tls).expect("written");
        stream.write_all(hello).expect("written");
        let _ = stream.shutdown(Shutdown::Write);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        assert!(answer.starts_with(b"HTTP/1.1 200 "), "{hello:?}");
    }
    // Nobody is there.
    let free = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
    assert!(answer(format!("CONNECT localhost:{free} HTTP/1.1\r\n\r\n").as_bytes()).starts_with("HTTP/1.1 502 "));
    // Unknown, or a look-up that nobody answers.
    assert!(answer(b"CONNECT no-such-host.invalid:1 HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 50"));
    let said = proxy.stop();
    assert!(said.contains("no proxy's protocol"), "{said}");
    assert!(proxy.requests().iter().any(|request| request.ends_with("/bytes/10?meanwhile")));
}

#[test]
fn only_this_machine_and_named_networks_are_served() {
    let certificates = Certificates::make();
    let folder = tempfile::tempdir().expect("a folder");
    let refused = |arguments: &[&str]| {
        let session = folder.path().join("session");
        let output = run(PROGRAM, &[&["proxy", text(&session), "--ca-dir", text(folder.path())], arguments].concat());
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    assert!(refused(&["--listen", "0.0.0.0:0"]).contains("--allow"));
    assert!(refused(&["--listen", "0.0.0.0:0", "--allow", "0.0.0.0/0"]).contains("open proxy"));
    // An address of this machine that is not loopback: no packet is sent to find it.
    let socket = UdpSocket::bind("0.0.0.0:0").expect("a socket");
    let outside = socket.connect("192.0.2.1:9").and_then(|()| socket.local_addr()).map(|address| address.ip());
    let Ok(own) = outside else {
        eprintln!("NOT RUN: this machine has no address but loopback");
        return;
    };
    for (network, served) in [("203.0.113.0/24".to_owned(), false), (format!("{own}/32"), true)] {
        let mut proxy = Proxy::start(&certificates, &["--listen", "0.0.0.0:0", "--allow", &network]);
        let mut stream = TcpStream::connect((own, proxy.port)).expect("connects");
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("is set");
        // This machine's inside is not for other machines.
        let _ = stream.write_all(b"CONNECT 127.0.0.1:1 HTTP/1.1\r\n\r\n");
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer);
        assert_eq!(answer.starts_with("HTTP/1.1 403 "), served, "{network}: {answer}");
        assert_eq!(answer.is_empty(), !served, "{network}: {answer}");
        let said = proxy.stop();
        assert_eq!(said.contains("not among the allowed clients"), !served, "{said}");
    }
}

#[test]
fn what_is_no_tls_is_passed_through_and_recorded() {
    let certificates = Certificates::make();
    // A server that speaks first, and echoes in capitals.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || {
                let mut stream = stream;
                let _ = stream.write_all(b"220 ready\r\n");
                let mut reader = BufReader::new(stream.try_clone().expect("cloned"));
                let mut line = String::new();
                while reader.read_line(&mut line).is_ok_and(|count| count > 0) {
                    let _ = stream.write_all(line.to_uppercase().as_bytes());
                    line.clear();
                }
                let _ = stream.write_all(b"bye\r\n");
            });
        }
    });
    let mut proxy = Proxy::start(&certificates, &[]);
    let mut stream = proxy.connect();
    write!(stream, "CONNECT localhost:{port} HTTP/1.1\r\n\r\n").expect("written");
    let mut reader = BufReader::new(stream.try_clone().expect("cloned"));
    let mut line = || {
        let mut line = String::new();
        reader.read_line(&mut line).expect("is read");
        line
    };
    assert_eq!([line(), line(), line()], ["HTTP/1.1 200 Connection established\r\n", "\r\n", "220 ready\r\n"]);
    stream.write_all(b"imei=490154203237518\r\n").expect("written");
    assert_eq!(line(), "IMEI=490154203237518\r\n");
    // A half-closed connection is half closed on the other side too.
    stream.shutdown(Shutdown::Write).expect("closes");
    assert_eq!([line(), line()], ["bye\r\n", ""]);
    proxy.stop();
    let raw = proxy.tshark("tcp.len > 0", &["tcp.payload"]);
    let hex = |text: &str| data_encoding::HEXLOWER.encode(text.as_bytes());
    let wanted = ["220 ready\r\n", "imei=490154203237518\r\n", "IMEI=490154203237518\r\n", "bye\r\n"];
    assert_eq!(raw, wanted.iter().map(|text| hex(text)).collect());
    let sent = proxy.messages().into_iter().find(|message| message["direction"] == "sent").expect("is there");
    assert_eq!(sent["protocol"], "tcp", "{sent}");
    // The name that the client gave is on the tape.
    let capture = proxy.capture();
    let hosts = printed("tshark", &["-n", "-r", text(&capture), "-q", "-z", "hosts"]);
    assert!(hosts.contains("127.0.0.1\tlocalhost"), "{hosts}");
}

#[test]
fn a_plain_request_may_become_another_protocol() {
    let certificates = Certificates::make();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a client");
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).expect("is read");
            request.extend_from_slice(&byte);
        }
        // What the server says at once behind its head is already the other protocol.
        let answer = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nhello ";
        stream.write_all(answer).expect("written");
        let mut copy = stream.try_clone().expect("cloned");
        std::io::copy(&mut stream, &mut copy).expect("copied");
        String::from_utf8(request).expect("UTF-8")
    });
    let mut proxy = Proxy::start(&certificates, &[]);
    let mut stream = proxy.connect();
    let fields = "Host: localhost\r\nConnection: Upgrade\r\nUpgrade: echo\r\nX-Case:  As It Is \r\n";
    let request =
        format!("GET http://localhost:{port}/up HTTP/1.1\r\n{fields}Proxy-Connection: keep-alive\r\n\r\nworld");
    stream.write_all(request.as_bytes()).expect("written");
    stream.shutdown(Shutdown::Write).expect("closes");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("is read");
    assert!(answer.starts_with("HTTP/1.1 101 ") && answer.ends_with("\r\n\r\nhello world"), "{answer}");
    assert_eq!(server.join().expect("ends"), format!("GET /up HTTP/1.1\r\n{fields}\r\n"));
    proxy.stop();
    assert!(proxy.requests().contains("http/1.1 /up"));
}

#[test]
fn what_ends_it_costs_at_most_the_last_second() {
    let certificates = Certificates::make();
    let server = Server::start(&certificates, "good");
    // Killed.
    let mut proxy = Proxy::start(&certificates, &[]);
    assert_eq!(proxy.curl(&[&server.https("/bytes/10?early")]).stdout.len(), 10);
    std::thread::sleep(Duration::from_millis(1_000));
    proxy.child.kill().expect("killed");
    proxy.child.wait().expect("ended");
    assert_eq!(proxy.requests(), BTreeSet::from(["http/2 /bytes/10?early".to_owned()]));
    // No room any more: a file may not grow beyond 512 blocks of half a kilobyte (POSIX) or a whole one (bash).
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' XFSZ; ulimit -f 512; exec \"$0\" \"$@\"", PROGRAM]);
    let mut proxy = Proxy::start_as(command, &certificates, &[]);
    assert_eq!(proxy.curl(&[&server.https("/bytes/10?early")]).stdout.len(), 10);
    std::thread::sleep(Duration::from_millis(1_000));
    let _ = proxy.curl(&["-o", "/dev/null", &server.https("/bytes/4000000?late")]);
    assert_eq!(proxy.child.wait().expect("ended").code(), Some(2));
    let said = proxy.said.take().expect("once").join().expect("read");
    assert!(said.contains("cannot write") && said.contains("capture.pcapng"), "{said}");
    assert!(proxy.requests().contains("http/2 /bytes/10?early"));
}

#[test]
fn the_key_stays_and_only_the_certificate_leaves() {
    let folder = tempfile::tempdir().expect("a folder");
    let (ca, out) = (folder.path().join("ca"), folder.path().join("out.der"));
    let pem = printed(PROGRAM, &["proxy", "ca", "--ca-dir", text(&ca)]);
    assert!(pem.starts_with("-----BEGIN CERTIFICATE-----") && !pem.contains("PRIVATE"));
    printed(PROGRAM, &["proxy", "ca", "--ca-dir", text(&ca), "--form", "der", "--out", text(&out)]);
    assert_eq!(
        pem,
        printed("openssl", &["x509", "-inform", "der", "-in", text(&out)]).replace('\n', "\n"),
        "the same one"
    );
    let shown = printed("openssl", &["x509", "-inform", "der", "-in", text(&out), "-noout", "-text"]);
    assert!(shown.contains("CA:TRUE, pathlen:0") && shown.contains("Certificate Sign"), "{shown}");
    let key = ca.join("wirewitness-ca.key");
    assert_eq!((mode(&key), mode(&ca)), (0o600, 0o700));
    // A key that others can read is not used.
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).expect("is set");
    let output = run(PROGRAM, &["proxy", "ca", "--ca-dir", text(&ca)]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("chmod 600"));
}
