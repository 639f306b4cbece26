//! Words and places in drawings: how wide a text is, and what of it fits.

/// Pixels of a half-width character at the drawings' 13 px.
const HALF: u32 = 7;
/// Of a full-width one.
const FULL: u32 = 13;

fn width(c: char) -> u32 {
    if u32::from(c) >= 0x2e80 { FULL } else { HALF }
}

/// The beginning of `text` that fits into so many pixels, with an ellipsis where it was cut. Of a host
/// the end is kept as well: it says whose it is.
pub fn fit(text: &str, pixels: u32) -> String {
    if text.chars().map(width).fold(0, u32::saturating_add) <= pixels {
        return text.to_owned();
    }
    let room = pixels.saturating_sub(FULL);
    let is_host = text.contains('.') && text.bytes().all(|b| b.is_ascii_graphic());
    let behind = if is_host { room * 2 / 3 } else { 0 };
    let end: Vec<char> = fitting(text.chars().rev(), behind).collect();
    fitting(text.chars(), room - behind).chain(['…']).chain(end.into_iter().rev()).collect()
}

/// The first of `chars` that take no more than so many pixels.
fn fitting(chars: impl Iterator<Item = char>, pixels: u32) -> impl Iterator<Item = char> {
    let mut left = Some(pixels);
    chars.take_while(move |c| {
        left = left.and_then(|left| left.checked_sub(width(*c)));
        left.is_some()
    })
}

#[cfg(test)]
mod tests {
    use super::fit;

    #[test]
    fn what_does_not_fit_is_cut() {
        assert_eq!(fit("Getui", 35), "Getui");
        assert_eq!(fit("Getui", 34), "Get…");
        assert_eq!(fit("每日互动股份", 60), "每日互…");
        assert_eq!(fit("x", 0), "…");
        assert_eq!(fit("a-long-name-of-a-service.example7.com", 160), "a-long-…e.example7.com");
        assert_eq!(fit("a-service.example.com", 160), "a-service.example.com");
    }
}
