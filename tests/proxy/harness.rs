//! What the tests of `proxy` share: certificates, a server, and a proxy with its session.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use sha2::{Digest, Sha256};
use tempfile::TempDir;

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_wirewitness");

pub fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/proxy").join(name)
}

pub fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

pub fn sha256(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(&Sha256::digest(bytes))
}

/// Runs a program that has to be there.
pub fn run(program: &str, arguments: &[&str]) -> Output {
    let command = Command::new(program).args(arguments).stdin(Stdio::null()).output();
    command.unwrap_or_else(|error| panic!("{program}: {error}; scripts/setup.sh --tests installs it"))
}

pub fn printed(program: &str, arguments: &[&str]) -> String {
    let output = run(program, arguments);
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// A folder with certificates made by openssl: `root.pem` and for each kind `KIND.pem`, `KIND.key`.
pub struct Certificates(TempDir);

impl Certificates {
    pub fn make() -> Self {
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

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}

/// The server of serve.mjs.
pub struct Server {
    pub child: Child,
    pub tls: u16,
    pub old: u16,
    pub mutual: u16,
    pub plain: u16,
}

impl Server {
    pub fn start(certificates: &Certificates, kind: &str) -> Self {
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

    pub fn https(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.tls)
    }

    pub fn http(&self, path: &str) -> String {
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
pub struct Proxy {
    pub child: Child,
    pub folder: TempDir,
    pub port: u16,
    pub said: Option<std::thread::JoinHandle<String>>,
}

impl Proxy {
    pub fn start(certificates: &Certificates, more: &[&str]) -> Self {
        Self::start_as(Command::new(PROGRAM), certificates, more)
    }

    /// `command` runs the program.
    pub fn start_as(mut command: Command, certificates: &Certificates, more: &[&str]) -> Self {
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

    pub fn session(&self) -> PathBuf {
        self.folder.path().join("session")
    }

    pub fn capture(&self) -> PathBuf {
        self.session().join("capture.pcapng")
    }

    pub fn roots(&self) -> String {
        text(&self.folder.path().join("roots.pem")).to_owned()
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).expect("connects");
        stream.set_read_timeout(Some(Duration::from_secs(30))).expect("is set");
        stream
    }

    /// curl through it, believing its authority; the body.
    pub fn curl(&self, arguments: &[&str]) -> Output {
        let (proxy, roots) = (self.url(), self.roots());
        run("curl", &[&["-sS", "--max-time", "60", "-x", &proxy, "--cacert", &roots], arguments].concat())
    }

    /// Ends it as Ctrl-C does; what it said.
    pub fn stop(&mut self) -> String {
        let Some(said) = self.said.take() else { return String::new() };
        assert!(run("kill", &["-INT", &self.child.id().to_string()]).status.success());
        assert!(self.child.wait().expect("ended").success());
        said.join().expect("read")
    }

    /// The lines of `messages` on the session.
    pub fn messages(&self) -> Vec<serde_json::Value> {
        let output = run(PROGRAM, &["messages", text(&self.session()), "--quiet"]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let lines = String::from_utf8(output.stdout).expect("UTF-8");
        lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }

    /// Version and path of each request on the tape that could be read.
    pub fn requests(&self) -> BTreeSet<String> {
        let request = |message: &serde_json::Value| {
            let path = message["path"].as_str()?;
            (message["direction"] == "sent")
                .then(|| format!("{} {path}", message["protocol"].as_str().unwrap_or_default()))
        };
        self.messages().iter().filter_map(request).collect()
    }

    /// Values of fields that tshark sees in the frames of a filter.
    pub fn tshark(&self, filter: &str, fields: &[&str]) -> BTreeSet<String> {
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

pub fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).expect("is there").permissions().mode() & 0o777
}

/// SHA-256 of a certificate's public key in base64.
pub fn key_hash(certificate: &Path) -> String {
    let script = "openssl x509 -in \"$1\" -pubkey -noout | openssl pkey -pubin -outform der | \
        openssl dgst -sha256 -binary | openssl enc -base64";
    printed("sh", &["-c", script, "sh", text(certificate)]).trim().to_owned()
}
