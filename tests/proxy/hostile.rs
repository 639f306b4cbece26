//! Load, strangers, and ends that nobody asked for.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream, UdpSocket};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::harness::*;

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
    for bad in [
        "GET https://a.example/ HTTP/1.1",
        "CONNECT a HTTP/1.1",
        "CONNECT [::1 HTTP/1.1",
        "GET http:///x HTTP/1.1",
        "CONNECT a:0 HTTP/1.1",
    ] {
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

/// RFC 1928 §4, §6: a command that is not served is answered with 7, and UDP would pass by the tape.
#[test]
fn what_socks_asks_for_beside_a_connection_is_refused_as_not_served() {
    let certificates = Certificates::make();
    let mut proxy = Proxy::start(&certificates, &[]);
    for (command, name) in [(2_u8, "BIND"), (3, "UDP ASSOCIATE")] {
        let mut stream = proxy.connect();
        stream.write_all(&[5, 1, 0]).expect("written");
        stream.write_all(&[5, command, 0, 1, 0, 0, 0, 0, 0, 0]).expect("written");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("is read");
        assert_eq!(answer, [5, 0, 5, 7, 0, 1, 0, 0, 0, 0, 0, 0], "{name}");
    }
    assert!(proxy.stop().contains("2 connections turned away (no proxy's protocol)"));
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
