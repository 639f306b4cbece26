//! What phone it is, and which build of the app.

use super::apk;
use crate::record::adb::{Adb, AdbError};
use crate::record::system::{System, property};

/// Names that an error lists of those that look like the one that is not there.
const LISTED: usize = 5;

/// What `record --android` notes of phone and app. A text that the phone does not give is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    system: System,
    fingerprint: String,
    patch: String,
    app: Option<App>,
}

/// The installed app.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct App {
    package: String,
    version: String,
    code: String,
    installer: String,
    signer: String,
}

/// Whether `package` is installed.
pub fn is_installed(adb: &Adb, package: &str) -> Result<bool, AdbError> {
    Ok(adb.shell(&format!("pm path {package}"))?.contains("package:"))
}

impl About {
    /// Asks the phone.
    ///
    /// # Errors
    /// Where it cannot be reached, or has no such app.
    pub fn read(adb: &Adb, package: Option<&str>) -> Result<Self, AdbError> {
        Ok(Self {
            system: System::read(adb)?,
            fingerprint: property(adb, "ro.build.fingerprint")?,
            patch: property(adb, "ro.build.version.security_patch")?,
            app: package.map(|package| App::read(adb, package)).transpose()?,
        })
    }

    /// `Google Pixel 7, Android 14 (API 34)`.
    pub fn device(&self) -> String {
        self.system.words()
    }

    /// Keys for the head of `session.toml`.
    pub fn keys(&self) -> Vec<(&'static str, String)> {
        let app = self.app.iter().flat_map(|app| [("app", app.package.clone()), ("version", app.version.clone())]);
        app.chain([("device", self.device())]).collect()
    }

    /// Keys for its `[build]`.
    pub fn build(&self) -> Vec<(&'static str, String)> {
        let app = self.app.iter().flat_map(|app| {
            [("version_code", &app.code), ("signer_sha256", &app.signer), ("installer", &app.installer)]
        });
        app.chain([("system", &self.fingerprint), ("patch", &self.patch)])
            .map(|(key, text)| (key, text.clone()))
            .collect()
    }
}

impl App {
    fn read(adb: &Adb, package: &str) -> Result<Self, AdbError> {
        // It goes into commands: nothing but what a package is named with.
        if !package.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'_') {
            return Err(AdbError::new(format!("{package:?} is no package name such as com.example.shop")));
        }
        let paths = adb.shell(&format!("pm path {package}"))?;
        let Some(apk) = paths.lines().find_map(|line| line.trim().strip_prefix("package:")) else {
            return Err(AdbError::new(format!(
                "the app {package} is not installed on the phone{}",
                like(adb, package)?
            )));
        };
        let dump = adb.shell(&format!("dumpsys package {package}"))?;
        Ok(Self {
            package: package.to_owned(),
            version: field(&dump, "versionName="),
            code: field(&dump, "versionCode="),
            installer: match field(&dump, "installerPackageName=").as_str() {
                "null" => String::new(),
                name => name.to_owned(),
            },
            signer: apk::signer(adb, apk)?.unwrap_or_default(),
        })
    }
}

/// The word after `name` in the answer of `dumpsys package`, which has the newest first.
fn field(dump: &str, name: &str) -> String {
    let line = dump.lines().find_map(|line| line.trim().split_once(name).map(|(_, rest)| rest));
    line.and_then(|rest| rest.split_whitespace().next()).unwrap_or_default().to_owned()
}

/// Installed packages that share the longest word with `package`.
fn like(adb: &Adb, package: &str) -> Result<String, AdbError> {
    let common = ["com", "org", "net", "app", "android"];
    let word = package.split('.').filter(|word| !common.contains(word)).max_by_key(|word| word.len());
    let listed = adb.shell("pm list packages")?;
    let names = listed.lines().filter_map(|line| line.trim().strip_prefix("package:"));
    let close: Vec<&str> = names.filter(|name| word.is_some_and(|word| name.contains(word))).take(LISTED).collect();
    Ok(if close.is_empty() { String::new() } else { format!("; there is {}", close.join(", ")) })
}
