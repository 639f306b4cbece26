//! What is no bundle at all: `verify` says so, what one looks like, and what to do instead.

use super::*;

/// Exit code 2 and one sentence: nothing was verified, so nothing is said to be altered.
fn is_none(path: &Path, what: &str, next: &str) {
    for more in [&[][..], &["--format", "json"], &["--language", "zh"]] {
        let (code, out, error) = run(&[&["verify", text(path)], more].concat());
        assert_eq!((code, out.as_str()), (2, ""), "{}: {error}", path.display());
        let words = [what, "manifest.json", "SHA256SUMS", next];
        let words = if more.contains(&"zh") { &words[1..] } else { &words[..] };
        for word in words {
            assert!(error.contains(word), "{}: {word} in {error}", path.display());
        }
        assert!(!error.contains("NOT as it was made"), "{error}");
    }
}

#[test]
fn what_is_no_bundle_is_told_as_that() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let make = "wirewitness bundle";
    std::fs::create_dir(at("empty")).unwrap();
    is_none(&at("empty"), "an empty folder", make);
    std::fs::create_dir(at("texts")).unwrap();
    std::fs::write(at("texts/a.txt"), "a").unwrap();
    is_none(&at("texts"), "is no evidence bundle", make);
    is_none(Path::new(&session("teashop")), "a session", &format!("{make} {}", session("teashop")));
    let capture = format!("{}/capture.pcapng", session("teashop"));
    is_none(Path::new(&capture), "a capture", make);
    std::fs::write(at("notes.txt"), "manifest.json and SHA256SUMS\n").unwrap();
    is_none(&at("notes.txt"), "is no evidence bundle", make);
    std::fs::write(at("nothing"), "").unwrap();
    is_none(&at("nothing"), "an empty file", make);
    let (code, _, error) =
        run(&["audit", &session("teashop"), "--quiet", "--format", "json,html", "--output", text(&at("out"))]);
    assert_eq!(code, 1, "{error}");
    is_none(&at("out"), "a report", make);
    is_none(&at("out").join("report.json"), "a report", make);
    // A ZIP of Python's, a manifest of another program's.
    let (ok, said) = tool(folder.path(), &["python3", "-m", "zipfile", "-c", "any.zip", "notes.txt"]);
    assert!(ok, "{said}");
    is_none(&at("any.zip"), "is no evidence bundle", make);
    std::fs::create_dir(at("web")).unwrap();
    std::fs::write(at("web/manifest.json"), r#"{"name": "a page", "start_url": "/"}"#).unwrap();
    is_none(&at("web"), "is no evidence bundle", make);
    let (code, _, error) = run(&["verify", text(&at("not there"))]);
    assert!(code == 2 && error.contains("not there"), "{error}");
}

/// A bundle that lost what makes it one is an altered bundle all the same, as long as anything of it is left.
#[test]
fn what_was_a_bundle_is_told_as_altered() {
    let folder = tempfile::tempdir().unwrap();
    let made = bundle(&session("teashop"), &folder.path().join("b"), &[]);
    for lost in
        [&["manifest.json"][..], &["SHA256SUMS"], &["manifest.json", "SHA256SUMS"], &["manifest.json", "chain.jsonl"]]
    {
        let at = copy(&made, &folder.path().join("c"));
        for file in lost {
            std::fs::remove_file(at.join(file)).unwrap();
        }
        let told = problems(&verify(&at, &[]));
        assert!(told.iter().any(|problem| *problem == format!("missing {}", lost[0])), "{lost:?}: {told:?}");
    }
}
