//! `sha256sum`, `sha512sum`, `openssl` and `minisign` come to what the manifest says, and `verify`
//! to what they say.

use super::*;

#[test]
fn the_digests_are_those_of_sha256sum_sha512sum_and_openssl() {
    let folder = tempfile::tempdir().unwrap();
    let (secret, _) = key(folder.path());
    let made = bundle(&session("teashop"), &folder.path().join("s"), &["--sealed", "--key", &secret]);
    let (ok, said) = tool(&made, &["sha256sum", "--check", "--strict", "SHA256SUMS"]);
    assert!(ok, "{said}");
    assert_eq!(said.lines().count(), files(&made).len() - 1, "all files but the list itself");
    let manifest: Value = serde_json::from_slice(&std::fs::read(made.join("manifest.json")).unwrap()).unwrap();
    for file in manifest["files"].as_array().unwrap() {
        let path = file["path"].as_str().unwrap();
        assert_eq!(file["bytes"], std::fs::metadata(made.join(path)).unwrap().len());
        for (command, digest) in [
            (vec!["sha512sum", path], &file["sha512"]),
            (vec!["openssl", "dgst", "-sm3", "-r", path], &file["sm3"]),
            (vec!["openssl", "dgst", "-sha256", "-r", path], &file["sha256"]),
        ] {
            let (ok, said) = tool(&made, &command);
            assert!(ok && said.split([' ', '*']).next() == digest.as_str(), "{command:?}: {said}");
        }
    }
}

#[test]
fn minisign_verifies_what_is_signed_here_and_the_other_way() {
    let folder = tempfile::tempdir().unwrap();
    let (secret, public) = key(folder.path());
    let made = bundle(&session("teashop"), &folder.path().join("m"), &["--key", &secret]);
    let check = |bundle: &Path, public: &str| tool(bundle, &["minisign", "-V", "-m", "manifest.json", "-p", public]);
    let (ok, said) = check(&made, &public);
    assert!(ok && said.contains("Trusted comment: file:manifest.json wirewitness-bundle/1"), "{said}");
    // minisign's own keys, made without a passphrase.
    let theirs = folder.path().join("theirs");
    let (ok, said) = tool(folder.path(), &["minisign", "-G", "-W", "-p", "theirs.pub", "-s", text(&theirs)]);
    assert!(ok, "{said}");
    let their_public = text(&folder.path().join("theirs.pub")).to_owned();
    let second = bundle(&session("teashop"), &folder.path().join("second"), &["--key", text(&theirs)]);
    let (ok, said) = check(&second, &their_public);
    assert!(ok, "{said}");
    assert_eq!(verify(&second, &["--key", &their_public])["signature"]["state"], "holds");
    // Our key in minisign's hands, on a bundle that nobody has signed.
    let bare = bundle(&session("teashop"), &folder.path().join("bare"), &[]);
    let (ok, said) = tool(&bare, &["minisign", "-S", "-m", "manifest.json", "-s", &secret, "-t", "case 7"]);
    assert!(ok, "{said}");
    let said = verify(&bare, &["--key", &public]);
    assert_eq!(said["signature"]["state"], "holds", "{said:#}");
    assert!(said["signature"]["what"]["en"].as_str().unwrap().contains("case 7"));
    // The key as one line.
    let line = std::fs::read_to_string(&public).unwrap();
    assert_eq!(verify(&made, &["--key", line.lines().last().unwrap()])["signature"]["state"], "holds");
}

#[test]
fn a_signature_of_another_key_or_of_other_bytes_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let (secret, public) = key(folder.path());
    std::fs::create_dir(folder.path().join("other")).unwrap();
    let (_, other) = key(&folder.path().join("other"));
    let made = bundle(&session("teashop"), &folder.path().join("m"), &["--key", &secret]);
    assert_eq!(problems(&verify(&made, &["--key", &other])), ["altered manifest.json.minisig"]);
    // Without a key nobody is trusted, and that is said.
    let said = verify(&made, &[]);
    assert!(said["holds"] == true && said["signature"]["state"] == "unproven", "{said:#}");
    assert!(said["unchecked"].to_string().contains("--key"));
    // A forger makes everything fit but the signature; or takes it away, and the key with it.
    let at = copy(&made, &folder.path().join("c"));
    std::fs::write(at.join("README.txt"), "forged").unwrap();
    let signature = std::fs::read(at.join("manifest.json.minisig")).unwrap();
    std::fs::remove_file(at.join("manifest.json.minisig")).unwrap();
    reseal(&at);
    assert_eq!(problems(&verify(&at, &[])), ["missing manifest.json.minisig"]);
    std::fs::write(at.join("manifest.json.minisig"), signature).unwrap();
    assert_eq!(problems(&verify(&at, &[])), ["altered manifest.json.minisig"]);
    let manifest = std::fs::read_to_string(at.join("manifest.json")).unwrap();
    let line = manifest.lines().find(|line| line.contains("\"key\"")).unwrap();
    std::fs::write(at.join("manifest.json"), manifest.replace(&format!("{line}\n"), "")).unwrap();
    std::fs::remove_file(at.join("manifest.json.minisig")).unwrap();
    reseal(&at);
    assert_eq!(problems(&verify(&at, &["--key", &public])), ["missing manifest.json.minisig"]);
    let said = verify(&at, &[]);
    assert!(said["unchecked"].to_string().contains("not signed"), "nothing else can tell: {said:#}");
    // Keys that are none.
    for (option, given) in [("--key", "nonsense"), ("--key", &secret)] {
        let (code, _, error) = run(&["verify", text(&made), option, given]);
        assert!(code == 2 && error.contains("public key"), "{error}");
    }
    let out = folder.path().join("x");
    let (code, _, error) = run(&["bundle", &session("teashop"), "--output", text(&out), "--key", &public]);
    assert!(code == 2 && error.contains("is a public key"), "{error}");
    assert!(!out.exists());
}

/// A time stamping authority of our own: a root, one between, and the authority, by openssl.
fn authority(folder: &Path, kind: &[&str], digest: &str) {
    let extensions = format!(
        "[ca]\nbasicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n\
         [tsa]\nbasicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n\
         extendedKeyUsage=critical,timeStamping\n\
         [tsa_config]\nserial=serial\ncrypto_device=builtin\ncerts=between.pem\nsigner_digest={digest}\n\
         default_policy=1.2.3.4.1\ndigests=sha256,sha384,sha512\naccuracy=secs:1\ness_cert_id_chain=no\n"
    );
    std::fs::write(folder.join("x.cnf"), extensions).unwrap();
    std::fs::write(folder.join("serial"), "01").unwrap();
    let run = |command: &[&str]| {
        let (ok, said) = tool(folder, command);
        assert!(ok, "{command:?}: {said}");
    };
    for name in ["root", "between", "tsa"] {
        let (key, request, subject) = (format!("{name}.key"), format!("{name}.csr"), format!("/CN=Test {name}"));
        run(&[&["openssl", "genpkey", "-out", &key], kind].concat());
        run(&["openssl", "req", "-new", "-key", &key, "-out", &request, "-subj", &subject]);
    }
    let sign = ["openssl", "x509", "-req", "-days", "30", "-extfile", "x.cnf"];
    run(&[&sign[..], &["-extensions", "ca", "-in", "root.csr", "-signkey", "root.key", "-out", "root.pem"]].concat());
    for (name, above, section) in [("between", "root", "ca"), ("tsa", "between", "tsa")] {
        let [csr, pem, ca, ca_key] =
            [format!("{name}.csr"), format!("{name}.pem"), format!("{above}.pem"), format!("{above}.key")];
        let of = ["-extensions", section, "-in", &csr, "-CA", &ca, "-CAkey", &ca_key, "-CAcreateserial", "-out", &pem];
        run(&[&sign[..], &of].concat());
    }
}

fn reply(folder: &Path) -> (bool, String) {
    let command = "openssl ts -reply -config x.cnf -section tsa_config -queryfile q.tsq -inkey tsa.key \
                   -signer tsa.pem -out r.tsr";
    tool(folder, &command.split_whitespace().collect::<Vec<_>>())
}

#[test]
fn a_timestamp_comes_in_two_steps_and_openssl_agrees() {
    let rsa = ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"];
    let p256 = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"];
    let p384 = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"];
    for (number, (kind, digest)) in
        [(&rsa[..], "sha256"), (&rsa, "sha512"), (&p256, "sha256"), (&p384, "sha384")].into_iter().enumerate()
    {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| text(&folder.path().join(name)).to_owned();
        authority(folder.path(), kind, digest);
        // Folder and ZIP in turn.
        let made = bundle(&session("teashop"), Path::new(&path(if number % 2 == 0 { "b" } else { "b.zip" })), &[]);
        let before = std::fs::metadata(&made).unwrap().len();
        let (code, _, error) = run(&["bundle", "stamp", text(&made), "--request", &path("q.tsq")]);
        assert_eq!((code, before), (0, std::fs::metadata(&made).unwrap().len()), "{error}");
        let (_, query) = tool(folder.path(), &["openssl", "ts", "-query", "-in", "q.tsq", "-text"]);
        assert!(query.contains("Hash Algorithm: sha256") && query.contains("Certificate required: yes"), "{query}");
        let (ok, said) = reply(folder.path());
        assert!(ok, "{said}");
        let stamp =
            |more: &[&str]| run(&[&["bundle", "stamp", text(&made), "--response", &path("r.tsr")], more].concat());
        let (code, out, error) = stamp(&["--tsa-cert", &path("root.pem")]);
        assert!(code == 0 && out.contains("Test tsa"), "{digest}: {out}{error}");
        for (trusted, state) in
            [(&["root.pem"][..], "holds"), (&["between.pem"], "holds"), (&["tsa.pem"], "holds"), (&[], "unproven")]
        {
            let given: Vec<String> = trusted.iter().flat_map(|name| ["--tsa-cert".to_owned(), path(name)]).collect();
            let said = verify(&made, &given.iter().map(String::as_str).collect::<Vec<_>>());
            assert!(said["holds"] == true && said["timestamp"]["state"] == state, "{trusted:?}: {said:#}");
        }
        // openssl on the same files says the same, and the same time.
        if made.is_dir() {
            let command = "openssl ts -verify -in manifest.json.tsr -data manifest.json -CAfile ../root.pem -untrusted ../between.pem";
            let (ok, said) = tool(&made, &command.split_whitespace().collect::<Vec<_>>());
            assert!(ok, "{said}");
            let (ok, said) = tool(&made, &["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"]);
            assert!(ok, "{said}");
        }
        let (_, shown) = tool(folder.path(), &["openssl", "ts", "-reply", "-in", "r.tsr", "-text"]);
        let theirs = shown.lines().find_map(|line| line.strip_prefix("Time stamp: ")).expect("a time");
        let clock = theirs.split(' ').find(|part| part.contains(':')).expect("a clock");
        let ours = verify(&made, &[])["timestamp"]["what"]["en"].as_str().unwrap().to_owned();
        assert!(ours.contains(clock), "{ours} is not {theirs}");
    }
}

#[test]
fn a_timestamp_that_proves_nothing_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| text(&folder.path().join(name)).to_owned();
    let p256 = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"];
    authority(folder.path(), &p256, "sha256");
    let made = bundle(&session("teashop"), Path::new(&path("b")), &[]);
    let other = bundle(&session("aftersales"), Path::new(&path("other")), &[]);
    run(&["bundle", "stamp", text(&made), "--request", &path("q.tsq")]);
    assert!(reply(folder.path()).0);
    let stamp = |bundle: &Path, response: &str, more: &[&str]| {
        let (code, _, error) = run(&[&["bundle", "stamp", text(bundle), "--response", response], more].concat());
        (code, error)
    };
    // Of another bundle, of another authority, no response at all.
    let (code, error) = stamp(&other, &path("r.tsr"), &[]);
    assert!(code == 2 && error.contains("other bytes"), "{error}");
    std::fs::create_dir(path("elsewhere")).unwrap();
    authority(&folder.path().join("elsewhere"), &p256, "sha256");
    let (code, error) = stamp(&made, &path("r.tsr"), &["--tsa-cert", &path("elsewhere/root.pem")]);
    assert!(code == 2 && error.contains("does not lead to one that was given"), "{error}");
    let (code, error) = stamp(&made, &path("q.tsq"), &[]);
    assert!(code == 2 && error.contains("no response"), "{error}");
    assert!(!Path::new(&path("b/manifest.json.tsr")).exists());
    // Refused: it wants an algorithm that the authority does not take.
    let (_, said) = tool(folder.path(), &["openssl", "ts", "-query", "-data", "x.cnf", "-sha1", "-out", "q.tsq"]);
    let _ = (said, reply(folder.path()));
    let (code, error) = stamp(&made, &path("r.tsr"), &[]);
    assert!(code == 2 && error.contains("refused"), "{error}");
    // Put in by hand, without a line in the list: it proves itself, and each byte of what is signed counts.
    run(&["bundle", "stamp", text(&made), "--request", &path("q.tsq")]);
    assert!(reply(folder.path()).0);
    let response = std::fs::read(path("r.tsr")).unwrap();
    let at = made.join("manifest.json.tsr");
    let trusted = ["--bytes-only", "--tsa-cert", &path("root.pem")];
    std::fs::write(&at, &response).unwrap();
    assert_eq!(verify(&made, &trusted)["timestamp"]["state"], "holds");
    let what = verify(&made, &trusted)["timestamp"]["what"].clone();
    let mut refused = 0;
    for byte in (0..response.len()).step_by(7) {
        let mut altered = response.clone();
        altered[byte] ^= 1;
        std::fs::write(&at, altered).unwrap();
        let said = verify(&made, &trusted);
        match said["holds"] == true {
            // What no signature covers may differ: it changes neither time nor name.
            true => assert_eq!(said["timestamp"]["what"], what, "byte {byte}"),
            false => refused += 1,
        }
    }
    assert!(refused * 10 > response.len() / 7 * 8, "{refused} of {}", response.len() / 7);
}

/// RFC 3161 §2.3: the authority's certificate is for timestamps and for nothing else, as critical; its key signs
/// (RFC 5280 §4.2.1.3). RFC 5652 §11.1: that this is a timestamp is among what is signed.
#[test]
fn a_signature_that_was_made_for_something_else_is_no_timestamp() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| text(&folder.path().join(name)).to_owned();
    authority(folder.path(), &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"], "sha256");
    let made = bundle(&session("teashop"), Path::new(&path("b")), &[]);
    run(&["bundle", "stamp", text(&made), "--request", &path("q.tsq")]);
    let script = |line: &str| {
        let (ok, said) = tool(folder.path(), &["sh", "-c", line]);
        assert!(ok, "{line}: {said}");
    };
    // What is stamped, out of a good token.
    let info =
        "openssl ts -reply -in r.tsr -token_out | openssl cms -verify -noverify -inform DER -binary -out info.der";
    let issue = "openssl x509 -req -days 30 -extfile y.cnf -in tsa.csr -CA between.pem -CAkey between.key -CAcreateserial -out y.pem";
    let sign = "openssl cms -sign -binary -nodetach -cades -md sha256 -in info.der -signer y.pem -inkey tsa.key \
                -certfile between.pem -outform DER -out token.der -econtent_type ";
    let stamp_info = "1.2.840.113549.1.9.16.1.4";
    let usual = "keyUsage=critical,digitalSignature\nextendedKeyUsage=critical,timeStamping\n";
    let told = |extensions: &str, content: &str| {
        std::fs::write(path("y.cnf"), format!("basicConstraints=critical,CA:FALSE\n{extensions}")).unwrap();
        script(issue);
        // After the certificate, so that it was valid then.
        assert!(reply(folder.path()).0);
        script(info);
        script(&format!("{sign}{content}"));
        let mut token = std::fs::read(path("token.der")).unwrap();
        // The type that stands outside of what is signed becomes that of a timestamp.
        let outside = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x01];
        let at = token.windows(10).position(|bytes| bytes == outside).expect("a type") + 10;
        token[at] = 4;
        let length = u16::try_from(token.len() + 5).unwrap().to_be_bytes();
        let response = [&[0x30, 0x82][..], &length, &[0x30, 0x03, 0x02, 0x01, 0x00], &token].concat();
        std::fs::write(path("r.tsr"), response).unwrap();
        let (code, _, error) =
            run(&["bundle", "stamp", text(&made), "--response", &path("r.tsr"), "--tsa-cert", &path("root.pem")]);
        let openssl = "openssl ts -verify -in r.tsr -data b/manifest.json -CAfile root.pem -untrusted between.pem";
        let (ok, said) = tool(folder.path(), &openssl.split(' ').collect::<Vec<_>>());
        // openssl does not look at the type.
        assert_eq!(code == 0, ok && content == stamp_info, "{extensions}, {content}: {error}, and openssl: {said}");
        error
    };
    assert_eq!(told(usual, stamp_info), "");
    let more = "extendedKeyUsage=critical,timeStamping,serverAuth\n";
    assert!(told(more, stamp_info).contains("not one for timestamps"));
    let certifies = "keyUsage=critical,keyCertSign\nextendedKeyUsage=critical,timeStamping\n";
    assert!(told(certifies, stamp_info).contains("not one for timestamps"));
    // Signed as a receipt (…1.1).
    assert!(told(usual, "1.2.840.113549.1.9.16.1.1").contains("not signed as a timestamp"));
}
