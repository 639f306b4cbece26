//! Keys typed while recording: each is a mark.

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::mpsc::{Receiver, channel};

use crate::session::parse_mark;

/// The default keys.
pub const KEYS: &str = "l=launched,d=dialog-shown,c=consent-given,r=consent-refused,i=logged-in,b=backgrounded,\
                        f=foregrounded,o=screen-off,s=stopped";

/// `l=launched,c=consent-given`: a key and its mark each.
///
/// # Errors
/// What of it is no key with a mark, or a key given twice.
pub fn parse(keys: &str) -> Result<BTreeMap<char, String>, String> {
    let mut parsed = BTreeMap::new();
    for one in keys.split(',').map(str::trim).filter(|one| !one.is_empty()) {
        let (key, mark) = one.split_once('=').ok_or_else(|| format!("{one:?} is no KEY=MARK such as l=launched"))?;
        let mut chars = key.trim().chars();
        let (Some(key), None) = (chars.next(), chars.next()) else {
            return Err(format!("{key:?} is not one key; write KEY=MARK, such as l=launched"));
        };
        let mark = parse_mark(mark.trim())?;
        if parsed.insert(key, mark.to_owned()).is_some() {
            return Err(format!("the key {key:?} has two marks"));
        }
    }
    Ok(parsed)
}

/// Keys as they are typed on standard input. A terminal hands them over at once and without
/// showing them until this is dropped; Ctrl-C stays what it is.
pub struct Typed {
    typed: Receiver<char>,
    _terminal: Option<Terminal>,
}

impl Typed {
    /// Begins to listen.
    pub fn listen() -> Self {
        let terminal = Terminal::without_lines();
        let (sender, typed) = channel();
        std::thread::spawn(move || {
            // One byte a key: marks have keys of ASCII; what is not is no key.
            for byte in std::io::stdin().lock().bytes().map_while(Result::ok) {
                if sender.send(char::from(byte)).is_err() {
                    return;
                }
            }
        });
        Self { typed, _terminal: terminal }
    }

    /// The next key that was typed, if one was.
    pub fn next(&self) -> Option<char> {
        self.typed.try_recv().ok()
    }
}

/// A terminal that is put back as it was.
struct Terminal {
    #[cfg(unix)]
    before: rustix::termios::Termios,
}

impl Terminal {
    #[cfg(unix)]
    fn without_lines() -> Option<Self> {
        use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
        let stdin = std::io::stdin();
        let before = tcgetattr(&stdin).ok()?;
        let mut now = before.clone();
        now.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO);
        tcsetattr(&stdin, OptionalActions::Now, &now).ok()?;
        Some(Self { before })
    }

    #[cfg(not(unix))]
    fn without_lines() -> Option<Self> {
        None
    }
}

#[cfg(unix)]
impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = rustix::termios::tcsetattr(std::io::stdin(), rustix::termios::OptionalActions::Now, &self.before);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_their_marks() {
        assert_eq!(parse(KEYS).unwrap().len(), 9);
        let keys = parse("1=scenario:search, l=launched").unwrap();
        assert_eq!(keys[&'1'], "scenario:search");
        assert_eq!(keys[&'l'], "launched");
        for (wrong, why) in [
            ("launched", "KEY=MARK"),
            ("ll=launched", "one key"),
            ("l=nothing", "unknown mark"),
            ("l=launched,l=stopped", "two marks"),
        ] {
            assert!(parse(wrong).unwrap_err().contains(why), "{wrong}");
        }
    }
}
