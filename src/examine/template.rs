//! `POST /v2/user/81723/bind` to `POST /v2/user/{}/bind`: the part that stays the same from run to
//! run, for grouping and for fingerprints. It shows nobody's account or session.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use crate::shape::token;

/// Consecutive digits that make a segment an id or a date.
const NUMBER: usize = 4;

/// A segment of more characters is no name, whatever is in it.
const LONG: usize = 48;

/// File extensions, which stay when the name before them is replaced: the kind of file is worth
/// knowing, and an extension identifies nobody.
const ENDINGS: &[&str] = &[
    "action", "apk", "asp", "aspx", "bin", "bmp", "br", "cfg", "cgi", "conf", "css", "csv", "dat", "do", "fcg", "gif",
    "gz", "htm", "html", "ico", "jpeg", "jpg", "js", "json", "jsp", "log", "m3u8", "map", "mp3", "mp4", "pb", "pdf",
    "php", "png", "proto", "so", "svg", "ts", "ttf", "txt", "webp", "woff", "woff2", "xml", "zip", "zst",
];

/// A path without query, its varying segments replaced by `{}`.
///
/// A segment varies if it has four or more digits in a row, is no word ([`token`]), has characters
/// that paths are not named in (spaces, other scripts), or is very long. Version segments such as
/// `v2` or `2.0` stay, as do the names of parameters (`;jsessionid={}`) and file extensions.
pub fn path_template(target: &str) -> String {
    let path = target.split(['?', '#']).next().unwrap_or_default();
    path.split('/').map(segment).collect::<Vec<_>>().join("/")
}

fn segment(segment: &str) -> Cow<'_, str> {
    if !varies(segment) {
        return Cow::Borrowed(segment);
    }
    // Parameters of a segment (RFC 3986 §3.3).
    const PARTED: [char; 3] = [';', '=', ','];
    if segment.contains(PARTED) && segment.len() < LONG {
        let hidden = |part: &str| match part.strip_suffix(PARTED) {
            Some(text) => format!("{}{}", whole(text), part.get(text.len()..).unwrap_or_default()),
            None => whole(part).into_owned(),
        };
        let shown: String = segment.split_inclusive(PARTED).map(hidden).collect();
        // Base64 is recognised only as a whole, with its padding.
        return Cow::Owned(if shown == segment { "{}".to_owned() } else { shown });
    }
    whole(segment)
}

/// A part that is replaced whole, but for the ending of a file.
fn whole(part: &str) -> Cow<'_, str> {
    match part.rsplit_once('.') {
        _ if !varies(part) => Cow::Borrowed(part),
        Some((_, ending)) if ENDINGS.contains(&ending) => Cow::Owned(format!("{{}}.{ending}")),
        _ => Cow::Borrowed("{}"),
    }
}

fn varies(text: &str) -> bool {
    let digits = |text: &str| text.split(|c: char| !c.is_ascii_digit()).map(str::len).max().unwrap_or(0);
    let foreign = |text: &str| text.chars().any(|c| !c.is_ascii_graphic());
    let decoded = match text.contains('%') {
        true => percent_decode_str(text).decode_utf8_lossy(),
        false => Cow::Borrowed(text),
    };
    digits(&decoded) >= NUMBER || foreign(&decoded) || text.len() >= LONG || token(&decoded)
}

#[cfg(test)]
mod tests {
    use super::path_template;

    #[test]
    fn ids_go_and_versions_stay() {
        assert_eq!(path_template("/v2/user/81723/bind?x=1"), "/v2/user/{}/bind");
        assert_eq!(path_template("/api/2.0/d/0f9e8d7c-6b5a-4c3d-9e2f-1a0b9c8d7e6f"), "/api/2.0/d/{}");
        assert_eq!(path_template("/"), "/");
        assert_eq!(path_template("/sa"), "/sa");
    }

    #[test]
    fn tokens_go_in_every_place_of_a_segment() {
        for (target, template) in [
            ("/u/8fK3a9Qz21/profile", "/u/{}/profile"),
            ("/d/8fK3a9Qz21.json", "/d/{}.json"),
            ("/d/8fK3a9Qz21.xyz", "/d/{}"),
            ("/cart;jsessionid=1A2B3C4D5E6F;v=2/x", "/cart;jsessionid={};v=2/x"),
            ("/eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "/{}"),
            ("/k/YQ0kLzE=", "/k/{}="),
            ("/m/someone%40mail.example/in", "/m/{}/in"),
            ("/t/%38%66K3a9%51z21", "/t/{}"),
            ("/p/+86-138-0013-8000", "/p/{}"),
            ("/n/%E5%BC%A0%E4%B8%89", "/n/{}"),
            ("/n/two%20words", "/n/{}"),
            ("/static/main.3f2a1b9c.js", "/static/{}.js"),
            ("/ip/192.168.100.104", "/ip/{}"),
        ] {
            assert_eq!(path_template(target), template);
        }
        for stays in [
            "/service/2/app_log",
            "/v1beta1/projects",
            "/i18n/utf8",
            "/h5/2.0.1/index.html",
            "/icon@2x.png",
            "/a,b;c=d",
            "/sdk/v3.12.0/log3-misc",
        ] {
            assert_eq!(path_template(stays), stays);
        }
    }
}
