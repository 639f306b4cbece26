//! `POST /v2/user/81723/bind` to `POST /v2/user/{}/bind`: what stays the same from
//! run to run, for grouping and for fingerprints.

/// A path without query, its varying segments replaced by `{}`.
///
/// Varying is what holds a digit run of four or more, is a UUID, or is long hex: ids,
/// dates, hashes. Version segments such as `v2` or `2.0` stay.
pub fn path_template(target: &str) -> String {
    let path = target.split(['?', '#']).next().unwrap_or_default();
    path.split('/').map(|segment| if varies(segment) { "{}" } else { segment }).collect::<Vec<_>>().join("/")
}

fn varies(segment: &str) -> bool {
    let digits = segment.split(|c: char| !c.is_ascii_digit()).map(str::len).max().unwrap_or(0);
    let hex = segment.len() >= 16 && segment.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
    let opaque = segment.len() >= 48;
    digits >= 4 || hex || opaque
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
}
