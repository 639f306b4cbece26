//! 1,000 bundles with one byte changed in each, and everything else that is done to files.

use std::path::{Path, PathBuf};

use wirewitness::bundle::{Trust, check};

use super::*;

/// A bundle with one byte changed: which file it lies in (`None`: between the files of an archive).
fn alter(bundle: &Path, at: &Path, numbers: &mut Numbers) -> (PathBuf, Option<String>) {
    // Half of the bytes by size, half by file: so the small files have their share.
    let bit = 1 + numbers.below(255) as u8;
    if bundle.is_dir() {
        let all = files(bundle);
        let file = all[numbers.below(all.len())].clone();
        let mut bytes = std::fs::read(bundle.join(&file)).unwrap();
        let byte = numbers.below(bytes.len());
        bytes[byte] ^= bit;
        std::fs::write(at.join(&file), bytes).unwrap();
        return (at.to_owned(), Some(file));
    }
    let mut bytes = std::fs::read(bundle).unwrap();
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes.clone())).unwrap();
    let mut spans: Vec<(usize, usize, String)> = Vec::new();
    for index in 0..archive.len() {
        let member = archive.by_index(index).unwrap();
        let start = member.data_start().unwrap() as usize;
        spans.push((start, start + member.size() as usize, String::from_utf8_lossy(member.name_raw()).into_owned()));
    }
    let byte = match numbers.below(3) {
        0 => numbers.below(bytes.len()),
        1 => {
            let (start, end, _) = &spans[numbers.below(spans.len())];
            start + numbers.below(end - start)
        }
        _ => loop {
            let byte = numbers.below(bytes.len());
            let data = spans.iter().any(|(start, end, _)| (*start..*end).contains(&byte));
            if !data {
                break byte;
            }
        },
    };
    bytes[byte] ^= bit;
    let to = at.join(bundle.file_name().unwrap());
    std::fs::write(&to, bytes).unwrap();
    let named = spans.into_iter().find(|(start, end, _)| (*start..*end).contains(&byte));
    (to, named.map(|(.., name)| name))
}

/// `count` alterations of a bundle: each found, each file named.
fn all_found(bundle: &Path, count: usize, seed: u64, trust: &Trust) {
    let folder = tempfile::tempdir().unwrap();
    let mut numbers = Numbers(seed);
    let copied = if bundle.is_dir() { copy(bundle, &folder.path().join("copy")) } else { folder.path().to_owned() };
    assert!(check(bundle, trust).unwrap().verification.holds, "{}", bundle.display());
    for number in 0..count {
        let (altered, file) = alter(bundle, &copied, &mut numbers);
        let said = check(&altered, trust).unwrap_or_else(|error| panic!("{} {number}: {error}", bundle.display()));
        let told: Vec<String> =
            said.verification.problems.iter().map(|p| format!("{:?} {}", p.state, p.path)).collect();
        assert!(!said.verification.holds && !told.is_empty(), "{} {number}: not found in {file:?}", bundle.display());
        match file {
            // A changed manifest may be told by what it then says of others: it is among them.
            Some(file) => {
                assert!(told.contains(&format!("Altered {file}")), "{} {number}: {file} in {told:?}", bundle.display());
                if bundle.is_dir() {
                    std::fs::copy(bundle.join(&file), copied.join(&file)).unwrap();
                }
            }
            None => assert!(told.iter().all(|problem| !problem.ends_with(' ')), "{told:?}"),
        }
    }
}

#[test]
fn of_a_thousand_bundles_with_one_byte_changed_each_is_found_and_the_file_named() {
    let folder = tempfile::tempdir().unwrap();
    let (secret, public) = key(folder.path());
    let known = std::fs::read_to_string(&public).unwrap();
    let known = Trust { key: wirewitness::bundle::minisign::PublicKey::parse(&known).ok(), authorities: Vec::new() };
    assert!(known.key.is_some());
    let nobody = Trust::default();
    let mut cases: Vec<(PathBuf, &Trust)> = Vec::new();
    for (name, kind) in [("masked", &[][..]), ("sealed", &["--sealed"]), ("full", &["--sealed", "--full"])] {
        for (container, signed) in [("signed", true), ("signed.zip", true), ("bare", false), ("bare.zip", false)] {
            let more = if signed { [kind, &["--key", &secret]].concat() } else { kind.to_vec() };
            let made = bundle(&session("teashop"), &folder.path().join(format!("{name}-{container}")), &more);
            // Of the signed ones every other is checked by who has the key.
            cases.push((made, if signed && name != "sealed" { &known } else { &nobody }));
        }
    }
    let each = 1000_usize.div_ceil(cases.len());
    assert!(each * cases.len() >= 1000);
    std::thread::scope(|scope| {
        for (seed, (path, trust)) in cases.iter().enumerate() {
            scope.spawn(move || all_found(path, each, seed as u64, trust));
        }
    });
}

#[test]
fn what_is_missing_added_renamed_cut_or_swapped_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let made = bundle(&session("teashop"), &folder.path().join("b"), &["--sealed"]);
    let all = files(&made);
    let slices: Vec<&String> = all.iter().filter(|file| file.ends_with(".pcapng")).collect();
    let at = folder.path().join("c");
    let altered = |act: &dyn Fn(&Path)| {
        copy(&made, &at);
        act(&at);
        problems(&verify(&at, &[]))
    };
    for file in &all {
        assert_eq!(altered(&|at| std::fs::remove_file(at.join(file)).unwrap()), [format!("missing {file}")]);
    }
    assert_eq!(altered(&|at| std::fs::write(at.join("new.txt"), "x").unwrap()), ["added new.txt"]);
    assert_eq!(altered(&|at| std::fs::write(at.join("policy/.hidden"), "").unwrap()), ["added policy/.hidden"]);
    let renamed = altered(&|at| std::fs::rename(at.join(slices[0]), at.join("slices/x.pcapng")).unwrap());
    assert_eq!(renamed, [format!("missing {}", slices[0]), "added slices/x.pcapng".to_owned()]);
    let swapped = altered(&|at| {
        std::fs::copy(made.join(slices[0]), at.join(slices[1])).unwrap();
        std::fs::copy(made.join(slices[1]), at.join(slices[0])).unwrap();
    });
    assert_eq!(swapped, [format!("altered {}", slices[0]), format!("altered {}", slices[1])]);
    for file in ["report.html", "README.txt", "chain.jsonl", "SHA256SUMS", "manifest.json"] {
        let longer = altered(&|at| {
            let bytes = std::fs::read(at.join(file)).unwrap();
            std::fs::write(at.join(file), [&bytes[..], b"\n"].concat()).unwrap();
        });
        assert_eq!(longer, [format!("altered {file}")]);
        let shorter = altered(&|at| {
            let bytes = std::fs::read(at.join(file)).unwrap();
            std::fs::write(at.join(file), &bytes[..bytes.len() - 1]).unwrap();
        });
        assert_eq!(shorter, [format!("altered {file}")]);
        assert_eq!(altered(&|at| std::fs::write(at.join(file), "").unwrap()), [format!("altered {file}")]);
    }
    // A digest that is changed in the manifest is the manifest's fault, not the file's.
    let mistold = altered(&|at| {
        let text = std::fs::read_to_string(at.join("manifest.json")).unwrap();
        let line = text.lines().find(|line| line.contains("sm3")).unwrap();
        let digit = if line.contains("\"sm3\": \"0") { "1" } else { "0" };
        let changed = format!("\"sm3\": \"{digit}{}", &line.trim_start()[9..]);
        std::fs::write(at.join("manifest.json"), text.replacen(line.trim_start(), &changed, 1)).unwrap();
    });
    assert_eq!(mistold, ["altered manifest.json"; 2]);
}

#[test]
fn what_is_done_to_an_archive_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let made = bundle(&session("teashop"), &folder.path().join("b.zip"), &[]);
    let bytes = std::fs::read(&made).unwrap();
    let at = folder.path().join("c.zip");
    let altered = |bytes: &[u8]| {
        std::fs::write(&at, bytes).unwrap();
        problems(&verify(&at, &[]))
    };
    assert_eq!(altered(&bytes), [""; 0]);
    assert_eq!(altered(&[&bytes[..], b"x"].concat()), ["altered c.zip"]);
    assert_eq!(altered(&[&b"PK"[..], &bytes].concat()), ["altered c.zip"]);
    for cut in [1, 22, 100, bytes.len() / 2] {
        assert_eq!(altered(&bytes[..bytes.len() - cut]), ["altered c.zip"]);
    }
    // Python's zipfile: a second file of the same name, an added one, a comment, packed again.
    let python = |code: &str| {
        std::fs::write(&at, &bytes).unwrap();
        let code = format!(
            "import zipfile, warnings; warnings.simplefilter('ignore'); z = zipfile.ZipFile('c.zip', 'a')\n{code}\nz.close()"
        );
        let (ok, said) = tool(folder.path(), &["python3", "-c", &code]);
        assert!(ok, "{said}");
        problems(&verify(&at, &[]))
    };
    assert_eq!(python("z.writestr('report.json', 'x')"), ["altered report.json"]);
    assert_eq!(python("z.writestr('slices/x.pcapng', 'x')"), ["added slices/x.pcapng"]);
    assert_eq!(python("z.comment = b'x'"), ["altered c.zip"]);
    assert_eq!(python("z.writestr('empty/', '')"), ["altered c.zip"]);
    // One that is shadowed by the real one of its name.
    let shadowed = "z.close(); y = zipfile.ZipFile('c.zip'); all = [('report.json', b'x')] + [(n, y.read(n)) for n in y.namelist()]
z = zipfile.ZipFile('c.zip', 'w'); [z.writestr(n, b) for n, b in all]";
    assert_eq!(python(shadowed), ["altered c.zip"]);
    let again = "z.close(); y = zipfile.ZipFile('c.zip'); all = [(n, y.read(n)) for n in y.namelist()]
z = zipfile.ZipFile('c.zip', 'w', zipfile.ZIP_DEFLATED); [z.writestr(n, b) for n, b in all]";
    assert_eq!(python(again), ["altered c.zip"]);
    // Unpacked, its files are as they were.
    let (ok, said) = tool(folder.path(), &["python3", "-m", "zipfile", "-e", "c.zip", "unpacked"]);
    assert!(ok, "{said}");
    assert_eq!(verify(&folder.path().join("unpacked"), &[])["holds"], true);
}

/// Where the directory of an archive lies is said in its last bytes (APPNOTE.TXT §4.3.16).
#[test]
fn an_archive_whose_directory_is_said_to_lie_elsewhere_is_an_altered_one() {
    let folder = tempfile::tempdir().unwrap();
    let made = bundle(&session("teashop"), &folder.path().join("made.zip"), &[]);
    let bytes = std::fs::read(&made).unwrap();
    let offset = bytes.len() - 22 + 16;
    for (byte, bit) in (0..4).flat_map(|byte| (0..8).map(move |bit| (byte, bit))) {
        let mut altered = bytes.clone();
        altered[offset + byte] ^= 1 << bit;
        let to = folder.path().join("altered.zip");
        std::fs::write(&to, altered).unwrap();
        let said = check(&to, &Trust::default()).unwrap_or_else(|error| panic!("{byte} {bit}: {error}"));
        assert!(!said.verification.holds, "{byte} {bit}");
    }
}
