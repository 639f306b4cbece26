//! Who wrote a HAR file, and what that program is known to do to what it saw.
//!
//! One row for each program. A fault that shows in an entry is counted where it shows;
//! what the table calls a loss shows nowhere, so it is told once for a file.

use serde_json::Value;

/// What a program counts where HAR asks for the size of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sizes {
    /// Not known well enough to conclude from it.
    Unknown,
    /// Bytes of the body, its content coding undone.
    Decoded,
    /// The same for requests; for responses bytes as sent, and `compression` says how
    /// many more they became.
    Coded,
}

/// A program that writes HAR files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Program {
    /// How `log.creator.name` starts, in lower case.
    creator: &'static str,
    /// The name that its users know.
    name: &'static str,
    /// See [`Sizes`].
    pub sizes: Sizes,
    /// Writes some bodies with one character for each byte (ISO 8859-1).
    pub bytes_as_characters: bool,
    /// Writes some bodies in base64 and does not say so.
    pub base64_unsaid: bool,
    /// What it leaves out without a trace.
    pub loss: Option<&'static str>,
}

/// A program of which nothing is known.
const OTHER: Program = Program {
    creator: "",
    name: "",
    sizes: Sizes::Unknown,
    bytes_as_characters: false,
    base64_unsaid: false,
    loss: None,
};

/// Sources: the programs' own exporters (mitmproxy `addons/savehar.py`, PCAPdroid
/// `HarWriter.java`, ProxyPin `utils/har.dart`, HTTP Toolkit `http/har.ts`) and their
/// issue lists (Proxyman #1614, Reqable #767).
const PROGRAMS: &[Program] = &[
    Program { creator: "charles", name: "Charles", ..OTHER },
    Program { creator: "fiddler", name: "Fiddler", ..OTHER },
    Program { creator: "firefox", name: "Firefox", ..OTHER },
    Program { creator: "http toolkit", name: "HTTP Toolkit", sizes: Sizes::Unknown, ..OTHER },
    Program {
        creator: "insomnia",
        name: "Insomnia",
        loss: Some("Insomnia is an API client: what it exports was written by hand, not sent by an app"),
        ..OTHER
    },
    Program {
        creator: "mitmproxy",
        name: "mitmproxy",
        sizes: Sizes::Coded,
        bytes_as_characters: true,
        loss: Some("mitmproxy leaves DNS, TCP and UDP flows out of a HAR; its flow file has them"),
        ..OTHER
    },
    Program {
        creator: "pcapdroid",
        name: "PCAPdroid",
        sizes: Sizes::Decoded,
        loss: Some("PCAPdroid leaves the app of a request out of a HAR; its pcapng has it"),
        ..OTHER
    },
    Program {
        creator: "postman",
        name: "Postman",
        loss: Some("Postman is an API client: what it exports was written by hand, not sent by an app"),
        ..OTHER
    },
    Program {
        creator: "proxyman",
        name: "Proxyman",
        loss: Some("Proxyman leaves binary request bodies out of a HAR"),
        ..OTHER
    },
    Program {
        creator: "proxypin",
        name: "ProxyPin",
        sizes: Sizes::Decoded,
        bytes_as_characters: true,
        base64_unsaid: true,
        ..OTHER
    },
    Program { creator: "reqable", name: "Reqable", sizes: Sizes::Decoded, base64_unsaid: true, ..OTHER },
    Program { creator: "webinspector", name: "Chrome", loss: Some(CHROME), ..OTHER },
    Program { creator: "webkit web inspector", name: "Safari", ..OTHER },
];
const CHROME: &str =
    "Chrome leaves Cookie, Set-Cookie and Authorization out of a HAR unless told to keep sensitive data";

/// The program that `creator` (the object of that name in a HAR) names, and how to call
/// it in a report: its name, its version.
pub fn identify(creator: &Value) -> (Program, Option<String>) {
    let text = |key: &str| creator.get(key).and_then(Value::as_str).unwrap_or_default().trim();
    let (name, version) = (text("name"), text("version"));
    let lower = name.to_lowercase();
    let known = PROGRAMS.iter().find(|program| lower.starts_with(program.creator));
    let shown = match known {
        // As the file says where that is how its users call it.
        Some(program) if !lower.starts_with(&program.name.to_lowercase()) => {
            format!("{} ({name} {version})", program.name)
        }
        _ => format!("{name} {version}"),
    };
    let shown: String = shown.trim().chars().filter(|c| !c.is_control()).take(NAME_LIMIT).collect();
    (known.copied().unwrap_or(OTHER), Some(shown).filter(|shown| !shown.is_empty()))
}

/// Characters of a producer's name and version that are kept: enough for all known ones.
pub const NAME_LIMIT: usize = 200;

impl Default for Program {
    fn default() -> Self {
        OTHER
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_sorted_and_reachable() {
        for pair in PROGRAMS.windows(2) {
            assert!(pair[0].creator < pair[1].creator, "{}", pair[1].creator);
        }
        for program in PROGRAMS {
            let creator = serde_json::json!({"name": program.creator, "version": "1"});
            assert_eq!(identify(&creator).0, *program);
        }
    }

    #[test]
    fn programs_are_called_as_their_users_do() {
        let shown = |name: &str, version: &str| identify(&serde_json::json!({"name": name, "version": version})).1;
        assert_eq!(shown("WebInspector", "537.36").as_deref(), Some("Chrome (WebInspector 537.36)"));
        assert_eq!(shown("WebKit Web Inspector", "1.0").as_deref(), Some("Safari (WebKit Web Inspector 1.0)"));
        assert_eq!(shown("mitmproxy har_dump", "0.1").as_deref(), Some("mitmproxy har_dump 0.1"));
        assert_eq!(shown("Charles Proxy", "4.6.2").as_deref(), Some("Charles Proxy 4.6.2"));
        assert_eq!(shown("Some Proxy", "2").as_deref(), Some("Some Proxy 2"));
        assert_eq!(shown("", ""), None);
    }
}
