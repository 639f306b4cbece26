//! Archives that are made to harm who opens them, and places that cannot be written.

use super::*;

#[test]
fn an_archive_leads_nowhere_and_unpacks_to_nothing_large() {
    let folder = tempfile::tempdir().unwrap();
    bundle(&session("teashop"), &folder.path().join("b.zip"), &[]);
    let cases = [
        ("z.writestr('../out.txt', 'x')", "added ../out.txt"),
        ("z.writestr('/tmp/wirewitness-out.txt', 'x')", "added /tmp/wirewitness-out.txt"),
        ("z.writestr('a/../../out.txt', 'x')", "added a/../../out.txt"),
        ("z.writestr('C:out.txt', 'x')", "added C:out.txt"),
        ("z.writestr('..\\\\out.txt', 'x')", "added ..\\out.txt"),
        ("z.writestr('../folder/', '')", "added ../folder/"),
        ("i = zipfile.ZipInfo('link'); i.external_attr = 0o120777 << 16; z.writestr(i, '/etc/passwd')", "added link"),
        ("z.writestr('bomb', bytes(300 << 20), zipfile.ZIP_DEFLATED)", "added bomb"),
        ("z.writestr('x\\x1b[31m\\u202e', 'x')", "added x\u{1b}[31m\u{202e}"),
        ("[z.writestr(f'n{i}', '') for i in range(3000)]", "added n2999"),
    ];
    for (code, named) in cases {
        let name = "import zipfile, shutil; shutil.copy('b.zip', 'c.zip'); z = zipfile.ZipFile('c.zip', 'a')";
        let (ok, said) = tool(folder.path(), &["python3", "-c", &format!("{name}\n{code}\nz.close()")]);
        assert!(ok, "{said}");
        let path = folder.path().join("c.zip");
        let found = problems(&verify(&path, &[]));
        assert!(found.iter().any(|problem| problem == named), "{code}: {found:?}");
        let (code, out, _) = run(&["verify", text(&path)]);
        assert!(code == 1 && !out.contains('\u{1b}') && !out.contains('\u{202e}'), "{out}");
    }
    let beside = files(folder.path());
    assert_eq!(beside, ["b.zip", "c.zip"], "nothing was written");
    assert!(!Path::new("/tmp/wirewitness-out.txt").exists());
}

/// A member that says it is small and is not, and a manifest that lists what it should not.
#[test]
fn what_a_manifest_says_of_others_is_not_believed() {
    let folder = tempfile::tempdir().unwrap();
    let made = bundle(&session("teashop"), &folder.path().join("b"), &[]);
    let outside = folder.path().join("outside.txt");
    std::fs::write(&outside, "x").unwrap();
    // Its digests are right: it only lies elsewhere.
    for path in ["../outside.txt", text(&outside)] {
        let at = copy(&made, &folder.path().join("c"));
        std::fs::write(at.join("z.txt"), "x").unwrap();
        reseal(&at);
        std::fs::remove_file(at.join("z.txt")).unwrap();
        for file in ["manifest.json", "SHA256SUMS"] {
            let text = std::fs::read_to_string(at.join(file)).unwrap().replace("z.txt", path);
            std::fs::write(at.join(file), text).unwrap();
        }
        assert!(problems(&verify(&at, &[])).contains(&format!("missing {path}")));
    }
    // A link in a folder is not followed, to whatever it leads.
    #[cfg(unix)]
    {
        let at = copy(&made, &folder.path().join("c"));
        std::fs::rename(at.join("README.txt"), folder.path().join("real.txt")).unwrap();
        std::os::unix::fs::symlink(folder.path().join("real.txt"), at.join("README.txt")).unwrap();
        assert_eq!(problems(&verify(&at, &[])), ["missing README.txt", "added README.txt"]);
    }
}

#[test]
fn what_is_no_bundle_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("x.txt"), "text").unwrap();
    for (given, words) in [(path("x.txt"), "is no evidence bundle"), (path("nothing"), "cannot be read")] {
        let (code, _, error) = run(&["verify", text(&given)]);
        assert!(code == 2 && error.contains(words) && error.contains(text(&given)), "{error}");
    }
}

#[test]
fn nothing_is_written_over_and_what_cannot_be_written_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| text(&folder.path().join(name)).to_owned();
    std::fs::write(path("file"), "mine").unwrap();
    std::fs::write(path("there.zip"), "mine").unwrap();
    std::fs::create_dir(path("full")).unwrap();
    std::fs::write(path("full/mine"), "mine").unwrap();
    let session = session("teashop");
    for (to, words) in [
        ("file", "is a file"),
        ("there.zip", "exists"),
        ("full", "not empty"),
        ("file/below", "cannot make the folder"),
        ("file/below.zip", "cannot be written"),
    ] {
        let (code, out, error) = run(&["bundle", &session, "--output", &path(to), "--quiet"]);
        assert!(code == 2 && out.is_empty() && error.contains(words) && error.contains(to), "{to}: {error}");
    }
    let (code, _, error) = run(&["bundle", "keygen", &path("file")]);
    assert!(code == 2 && error.contains("never overwritten"), "{error}");
    assert_eq!(std::fs::read_to_string(path("file")).unwrap(), "mine");
    assert_eq!(files(folder.path()), ["file", "full/mine", "there.zip"]);
}

/// A limit on the length of files stands in for a disk that is full.
#[cfg(unix)]
#[test]
fn on_a_full_disk_no_half_bundle_is_left() {
    let folder = tempfile::tempdir().unwrap();
    for to in ["b", "b.zip"] {
        let command = format!(
            "trap '' XFSZ; ulimit -f 40; {} bundle {} --sealed --quiet --output {to}",
            env!("CARGO_BIN_EXE_wirewitness"),
            session("teashop")
        );
        let (ok, said) = tool(folder.path(), &["bash", "-c", &command]);
        assert!(!ok && said.contains("cannot be written") && said.contains("too large"), "{said}");
        assert_eq!(files(folder.path()), [""; 0], "{to}");
    }
}

#[cfg(unix)]
#[test]
fn keys_and_sealed_bundles_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let (secret, public) = key(folder.path());
    assert_eq!(mode(Path::new(&secret)), 0o600);
    assert_ne!(mode(Path::new(&public)), 0o600);
    let open = bundle(&session("teashop"), &folder.path().join("s"), &["--sealed"]);
    let packed = bundle(&session("teashop"), &folder.path().join("s.zip"), &["--sealed"]);
    assert_eq!((mode(&open), mode(&packed)), (0o700, 0o600));
    assert!(open.ends_with("s.SENSITIVE") && packed.ends_with("s.SENSITIVE.zip"), "{open:?} {packed:?}");
    // A key that others can read is used, and said.
    std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o644)).unwrap();
    let out = folder.path().join("m");
    let (code, _, error) = run(&["bundle", &session("teashop"), "--output", text(&out), "--key", &secret, "--quiet"]);
    assert!(code == 0 && error.contains("can be read by others"), "{error}");
}
