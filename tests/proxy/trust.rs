//! Who trusts whom: pinned clients, bad certificates, certificates of clients, the authority's key.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;

use crate::harness::*;

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
    // It trusts the proxy's authority, and checks the key of the server after the handshake.
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

/// Old libraries know no ECDSA, and the proxy's certificates have no other key: the first connection already works.
#[test]
fn a_client_with_no_cipher_suite_for_the_proxys_key_is_let_through_untouched() {
    let certificates = Certificates::make();
    let (key, certificate) = (certificates.path("rsa.key"), certificates.path("rsa.pem"));
    let made = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-days", "2"];
    let files = ["-keyout", text(&key), "-out", text(&certificate)];
    printed("openssl", &[&["req", "-x509", "-newkey", "rsa:2048", "-nodes"], &made[..], &files].concat());
    let server = Server::start(&certificates, "rsa");
    let mut proxy = Proxy::start(&certificates, &[]);
    for (number, suite) in ["ECDHE-RSA-AES128-GCM-SHA256", "AES128-GCM-SHA256"].into_iter().enumerate() {
        let url = server.https(&format!("/bytes/{}", 100 + number));
        let output = proxy.curl(&["-k", "--tls-max", "1.2", "--ciphers", suite, &url]);
        assert_eq!(output.stdout.len(), 100 + number, "{suite}: {}", String::from_utf8_lossy(&output.stderr));
    }
    let said = proxy.stop();
    assert!(said.contains("2 passed through untouched"), "{said}");
    assert_eq!(proxy.messages().iter().filter(|message| message["protocol"] == "tls").count(), 2);
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
    assert_eq!(said.matches("has a certificate that does not verify").count(), 3, "each told once: {said}");
    assert!(said.contains("(expired on 2021-01-01)"), "{said}");
    assert!(!said.contains("pinned"), "who refuses a bad certificate pins nothing: {said}");
    assert!(!proxy.tshark("frame.comment contains \"does not verify\"", &["frame.number"]).is_empty());
}

#[test]
fn the_key_stays_and_only_the_certificate_leaves() {
    let folder = tempfile::tempdir().expect("a folder");
    let (ca, out) = (folder.path().join("ca"), folder.path().join("out.der"));
    let pem = printed(PROGRAM, &["proxy", "ca", "--ca-dir", text(&ca)]);
    assert!(pem.starts_with("-----BEGIN CERTIFICATE-----") && !pem.contains("PRIVATE"));
    printed(PROGRAM, &["proxy", "ca", "--ca-dir", text(&ca), "--form", "der", "--out", text(&out)]);
    assert_eq!(pem, printed("openssl", &["x509", "-inform", "der", "-in", text(&out)]), "the same one");
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
