//! Words and places in drawings: how wide a text is, and what of it fits.

/// Pixels of a half-width character at the drawings' 13 px.
const HALF: u32 = 7;
/// Of a full-width one.
const FULL: u32 = 13;

fn width(c: char) -> u32 {
    if u32::from(c) >= 0x2e80 { FULL } else { HALF }
}

/// The beginning of `text` that fits into so many pixels, with an ellipsis where it was cut.
pub fn fit(text: &str, pixels: u32) -> String {
    if text.chars().map(width).fold(0, u32::saturating_add) <= pixels {
        return text.to_owned();
    }
    let mut left = pixels.saturating_sub(FULL);
    let fits = |c: &char| {
        let fits = width(*c) <= left;
        left = left.saturating_sub(width(*c));
        fits
    };
    text.chars().take_while(fits).collect::<String>() + "…"
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
    }
}
