//! What `verify` says of a bundle, in both languages.

use serde::Serialize;

use super::archive::{Fault, Wrong};
use crate::audit::Text;

/// How a file stands against the manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// In the manifest, not in the bundle.
    Missing,
    /// Not what it was.
    Altered,
    /// In the bundle, not in the manifest.
    Added,
    /// Unaltered, but repeating what it says gave something else.
    Differs,
}

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Problem {
    /// The file, by its path in the bundle; of an archive as a whole, its name.
    pub path: String,
    /// See [`State`].
    pub state: State,
    /// What exactly.
    pub what: Text,
}

impl Problem {
    /// One about `path`.
    pub fn new(path: &str, state: State, what: Text) -> Self {
        Self { path: path.to_owned(), state, what }
    }

    /// One of the container.
    pub fn of_fault(fault: &Fault) -> Self {
        let (state, what) = match fault.wrong {
            Wrong::Damaged => {
                (State::Altered, both("damaged: its files cannot be listed", "已损坏：无法列出其中的文件"))
            }
            Wrong::Header => (State::Altered, both("its header cannot be read", "文件头无法读取")),
            Wrong::Path => (
                State::Added,
                both(
                    "a path that leads out of the bundle, or that no bundle has; not opened",
                    "路径指向包外或不合规范；未打开",
                ),
            ),
            Wrong::Link => (State::Added, both("a link or a device; not opened", "链接或设备文件；未打开")),
            Wrong::Bomb => (
                State::Added,
                both("unpacks to more than 200 times its size; not opened", "解压后超过其大小的 200 倍；未打开"),
            ),
        };
        Self::new(&fault.path, state, what)
    }
}

/// A sentence in both languages.
pub fn both(en: impl Into<String>, zh: impl Into<String>) -> Text {
    Text { en: en.into(), zh: zh.into() }
}

/// Something that is proven, or not, or that could not be looked at.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Proof {
    /// See [`ProofState`].
    pub state: ProofState,
    /// By whom, when; or why not.
    pub what: Text,
}

/// How a proof stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ProofState {
    /// Made with the key or under the certificate that was given.
    Holds,
    /// It is of these bytes; whose it is was not checked.
    Unproven,
    /// It does not hold.
    Fails,
    /// There is none.
    None,
}

impl Proof {
    /// There is none.
    pub fn none() -> Self {
        Self { state: ProofState::None, what: both("none", "无") }
    }
}
