//! Real clients: curl, Node, Python, Chromium; and what is no TLS.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener};
use std::path::Path;

use crate::harness::*;

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
        // A browser opens more connections than it needs, and leaves those without a word: before the handshake
        // or right behind it, which is what a client does that pins. Nothing of what was asked for is missing above.
        let left = message["wire_bytes"] == 0 || message["reason"] == "pinned";
        assert!(message["opened"] == true || left, "{message}");
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
        // What the server says at once after its head is already the other protocol.
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

/// Servers end a connection that is kept for later (RFC 9112 §9.5), and some say 408 before: the next request of
/// the client goes over a new one.
#[test]
fn a_server_that_ended_a_kept_connection_is_connected_to_again() {
    let certificates = Certificates::make();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for (number, mut stream) in listener.incoming().flatten().enumerate() {
            std::thread::spawn(move || {
                let mut head = BufReader::new(stream.try_clone().expect("cloned"));
                let mut line = String::new();
                while line != "\r\n" {
                    line.clear();
                    assert!(head.read_line(&mut line).is_ok_and(|count| count > 0));
                }
                let _ = write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n{number}");
                std::thread::sleep(std::time::Duration::from_millis(100));
                if number == 1 {
                    let late = b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
                    let _ = stream.write_all(late);
                }
            });
        }
    });
    let mut proxy = Proxy::start(&certificates, &[]);
    let mut stream = proxy.connect();
    for number in 0..3 {
        write!(stream, "GET http://127.0.0.1:{port}/{number} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").expect("written");
        let mut answer = [0; 39];
        stream.read_exact(&mut answer).unwrap_or_else(|error| panic!("{number}: {error}"));
        let wanted = format!("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n{number}");
        assert_eq!(String::from_utf8_lossy(&answer), wanted);
        std::thread::sleep(std::time::Duration::from_millis(500));
    }
    proxy.stop();
    let answered = proxy.messages().into_iter().filter(|message| message["direction"] == "received");
    let statuses: Vec<u64> = answered.filter_map(|message| message["status"].as_u64()).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 3, "{statuses:?}");
    assert_eq!(proxy.requests().len(), 3);
}

/// The example of 3GPP TS 23.003 for the check digit: of no device.
const IMEI: &str = "490154203237518";

#[test]
fn a_session_of_the_proxy_is_audited_like_any_other() {
    let certificates = Certificates::make();
    let server = Server::start(&certificates, "good");
    let mut proxy = Proxy::start(&certificates, &[]);
    let session = proxy.session();
    let mark = |mark: &str| printed(PROGRAM, &["mark", text(&session), mark]);
    mark("launched");
    // Away from the marks by more than their skew.
    std::thread::sleep(std::time::Duration::from_millis(300));
    let data = format!("{{\"imei\":\"{IMEI}\"}}");
    let url = server.https("/hash");
    let sent = ["-H", "Host: collect.tracker.example", "-H", "Content-Type: application/json", "-d", &data, &url];
    assert!(proxy.curl(&sent).status.success());
    std::thread::sleep(std::time::Duration::from_millis(300));
    mark("consent-given");
    proxy.stop();
    std::fs::write(session.join("device.toml"), format!("[ids]\nimei = \"{IMEI}\"\n")).expect("written");
    std::fs::write(session.join("policy.txt"), "我们不会收集您的通讯录。\n").expect("written");
    let described = "first_party = [\"maker.example\"]\npolicy = \"policy.txt\"\nclock_skew_ms = 100\n";
    std::fs::write(session.join("session.toml"), described).expect("written");
    let output = run(PROGRAM, &["audit", text(&session), "--format", "json", "--quiet"]);
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let codes = |key: &str| -> BTreeSet<String> {
        let found = report["findings"].as_array().expect("findings").iter();
        found.filter_map(|finding| finding[key].as_str().map(str::to_owned)).collect()
    };
    assert_eq!(codes("code"), BTreeSet::from(["before-consent", "omitted-recipient"].map(str::to_owned)));
    let sightings = report["sightings"].as_array().expect("sightings");
    let imei = sightings.iter().find(|sighting| sighting["data_type"] == "imei").expect("it is found");
    assert_eq!(imei["recipient"], "host:collect.tracker.example");
    assert_eq!(imei["wire"], "encrypted", "{imei}");
}
