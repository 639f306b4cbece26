//! One page of a PDF: glyphs, rules and links where they stand.
//!
//! The only file that knows the crate. Points (1/72 inch) from the top left corner, y
//! downwards, the page turned as it is shown (ISO 32000-1 §8.3, §9.4.4, §12.5.6.5).

use std::collections::HashMap;

use hayro_interpret::font::Glyph as Drawn;
use hayro_interpret::hayro_cmap::BfString;
use hayro_interpret::hayro_syntax::Pdf;
use hayro_interpret::hayro_syntax::object::{Array, Dict, Rect as Corners, String as PdfString};
use hayro_interpret::hayro_syntax::page::Page as Source;
use hayro_interpret::{
    BlendMode, ClipPath, Context, Device, GlyphDrawMode, Image, InterpreterCache, InterpreterSettings, Paint,
    PathDrawMode, RectExt, SoftMask, TransformExt, interpret_page,
};
use kurbo::{Affine, BezPath, PathEl, Point, Rect, Shape};

/// Glyphs of one document: the longest policy seen has 60,000.
const MOST_GLYPHS: usize = 2_000_000;
/// Rules and filled areas of one page: a table of 200 cells has 1,000 where each side is
/// drawn for itself. A page of drawings has more, and loses its tables.
const MOST_RULES: usize = 20_000;
/// Links of one page.
const MOST_LINKS: usize = 2_000;
/// Wider than this a filled area is a background, not a line, in points.
const WIDEST_RULE: f64 = 3.0;
/// Shorter than this a line is part of a picture or a letter, in points.
const SHORTEST_RULE: f64 = 4.0;

/// A character where it stands.
#[derive(Clone, Debug, Default)]
pub struct Glyph {
    /// What it shows; a ligature shows several characters.
    pub text: String,
    /// Left and right end.
    pub x: (f64, f64),
    /// Base line.
    pub y: f64,
    /// Size of the font.
    pub size: f64,
    /// The font is a bold one.
    pub bold: bool,
    /// Position in the page's links.
    pub link: Option<usize>,
}

/// A straight line that is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rule {
    /// y of a horizontal one, x of a vertical one.
    pub at: f64,
    /// Its ends.
    pub ends: (f64, f64),
}

/// What a page shows.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// Width and height.
    pub size: (f64, f64),
    /// Its characters, in the order they are drawn.
    pub glyphs: Vec<Glyph>,
    /// Horizontal lines.
    pub across: Vec<Rule>,
    /// Vertical lines.
    pub down: Vec<Rule>,
    /// Upper and lower edges of filled areas.
    pub edges: Vec<Rule>,
    /// Small filled shapes: bullets of lists that are no characters.
    pub dots: Vec<(f64, f64)>,
    /// Addresses.
    pub links: Vec<String>,
    /// Pictures.
    pub pictures: usize,
    /// Characters whose font does not say what they are.
    pub unknown: usize,
    /// Characters that do not run from left to right.
    pub aslant: usize,
}

/// The pages of a document; the error is words for the user.
pub fn read(bytes: Vec<u8>) -> Result<Vec<Page>, String> {
    use hayro_interpret::hayro_syntax::{DecryptionError, LoadPdfError};
    let pdf = Pdf::new(bytes).map_err(|error| match error {
        LoadPdfError::Decryption(DecryptionError::PasswordProtected) => "a PDF that asks for a password".to_owned(),
        LoadPdfError::Decryption(_) => "a PDF with an encryption that cannot be undone".to_owned(),
        LoadPdfError::Invalid => "a PDF whose parts cannot be found (it is cut off or damaged)".to_owned(),
    })?;
    let cache = InterpreterCache::new();
    let mut left = MOST_GLYPHS;
    let mut pages = Vec::new();
    for source in pdf.pages().iter() {
        let (width, height) = source.render_dimensions();
        let turned = source.initial_transform(true).to_kurbo();
        let area = Rect::new(0.0, 0.0, f64::from(width), f64::from(height));
        let mut context = Context::new(turned, area, &cache, pdf.xref(), InterpreterSettings::default());
        let mut drawing = Drawing {
            page: Page { size: (area.width(), area.height()), ..Page::default() },
            links: links(source, turned),
            bold: HashMap::new(),
            left,
            unmeasured: Vec::new(),
        };
        interpret_page(source, &mut context, &mut drawing);
        left = drawing.left;
        if left == 0 {
            return Err(format!("a PDF of more than {MOST_GLYPHS} characters"));
        }
        pages.push(drawing.finish());
    }
    Ok(pages)
}

/// Areas that lead to an address.
fn links(page: &Source<'_>, turned: Affine) -> Vec<(Rect, String)> {
    let Some(annotations) = page.raw().get::<Array<'_>>("Annots") else { return Vec::new() };
    let link = |annotation: Dict<'_>| {
        let address = annotation.get::<Dict<'_>>("A")?.get::<PdfString<'_>>("URI")?;
        let corners = annotation.get::<Corners>("Rect")?.to_kurbo();
        let address = String::from_utf8_lossy(address.as_bytes()).trim().to_owned();
        (!address.is_empty()).then(|| (turned.transform_rect_bbox(corners), address))
    };
    annotations.iter::<Dict<'_>>().take(MOST_LINKS).filter_map(link).collect()
}

/// What the crate draws on.
struct Drawing {
    page: Page,
    links: Vec<(Rect, String)>,
    /// Whether a font is bold, by its key.
    bold: HashMap<u128, bool>,
    /// Glyphs that may still come.
    left: usize,
    /// Glyphs whose width is not known.
    unmeasured: Vec<usize>,
}

impl Drawing {
    fn glyph(&mut self, glyph: &Drawn<'_>, place: Affine) {
        if self.left == 0 {
            return;
        }
        let text = match glyph.as_unicode() {
            Some(BfString::Char(c)) => c.to_string(),
            Some(BfString::String(text)) => text,
            None => {
                self.page.unknown += 1;
                return;
            }
        };
        let (advance, bold) = match glyph {
            Drawn::Outline(outline) => {
                let heavy = || {
                    outline.font_data().is_some_and(|font| {
                        font.weight.is_some_and(|w| w >= 600)
                            || font.postscript_name.is_some_and(|name| name.contains("Bold"))
                    })
                };
                let bold = *self.bold.entry(outline.font_cache_key()).or_insert_with(heavy);
                (outline.advance_width().map_or(500.0, f64::from), bold)
            }
            // Its width is not told; it is measured at the end.
            Drawn::Type3(_) => (500.0, false),
        };
        let from = place * Point::ORIGIN;
        let to = place * Point::new(advance, 0.0);
        let up = place * Point::new(0.0, 1000.0);
        let size = (up - from).hypot();
        let run = to - from;
        if !(from.is_finite() && to.is_finite() && size.is_finite()) || size < 0.5 {
            return;
        }
        self.left -= 1;
        // What stands aslant is a watermark; what stands upright, a note in the margin.
        if run.x < 0.97 * run.hypot() {
            self.page.aslant += 1;
            return;
        }
        let middle = Point::new((from.x + to.x) / 2.0, from.y - size / 4.0);
        let link = self.links.iter().position(|(area, _)| area.contains(middle));
        if matches!(glyph, Drawn::Type3(_)) {
            self.unmeasured.push(self.page.glyphs.len());
        }
        self.page.glyphs.push(Glyph { text, x: (from.x, to.x), y: from.y, size, bold, link });
    }

    fn line(&mut self, a: Point, b: Point) {
        let (dx, dy) = ((a.x - b.x).abs(), (a.y - b.y).abs());
        if self.page.across.len() + self.page.down.len() >= MOST_RULES {
            return;
        }
        if dy < 0.7 && dx >= SHORTEST_RULE {
            self.page.across.push(Rule { at: (a.y + b.y) / 2.0, ends: (a.x.min(b.x), a.x.max(b.x)) });
        } else if dx < 0.7 && dy >= SHORTEST_RULE {
            self.page.down.push(Rule { at: (a.x + b.x) / 2.0, ends: (a.y.min(b.y), a.y.max(b.y)) });
        }
    }

    fn area(&mut self, part: &BezPath) {
        let area = part.bounding_box();
        let (width, height) = (area.width(), area.height());
        if !(width.is_finite() && height.is_finite()) {
            return;
        }
        if height <= WIDEST_RULE && width >= SHORTEST_RULE && width > height {
            let y = area.center().y;
            self.line(Point::new(area.x0, y), Point::new(area.x1, y));
        } else if width <= WIDEST_RULE && height >= SHORTEST_RULE {
            let x = area.center().x;
            self.line(Point::new(x, area.y0), Point::new(x, area.y1));
        } else if width.max(height) <= 8.0 {
            if self.page.dots.len() < MOST_RULES {
                self.page.dots.push((area.center().x, area.center().y));
            }
        } else if self.page.edges.len() < MOST_RULES {
            for at in [area.y0, area.y1] {
                self.page.edges.push(Rule { at, ends: (area.x0, area.x1) });
            }
        }
    }

    /// A character is as wide as the least distance to what is drawn after it.
    fn measure(&mut self) {
        let mut widths: HashMap<&str, f64> = HashMap::new();
        for pair in self.page.glyphs.windows(2) {
            let [glyph, next] = pair else { continue };
            let width = (next.x.0 - glyph.x.0) / glyph.size;
            if (next.y - glyph.y).abs() < 0.1 && (0.15..1.5).contains(&width) {
                let least = widths.entry(glyph.text.as_str()).or_insert(width);
                *least = least.min(width);
            }
        }
        let usual = |text: &str| if text.chars().all(|c| u32::from(c) >= 0x2e80) { 1.0 } else { 0.5 };
        let glyph = |at: &usize| self.page.glyphs.get(*at);
        let ends: Vec<(usize, f64)> = self
            .unmeasured
            .iter()
            .filter_map(|at| glyph(at).map(|g| (*at, g)))
            .map(|(at, g)| (at, g.x.0 + g.size * widths.get(g.text.as_str()).copied().unwrap_or(usual(&g.text))))
            .collect();
        for (at, end) in ends {
            if let Some(glyph) = self.page.glyphs.get_mut(at) {
                glyph.x.1 = end;
            }
        }
    }

    fn finish(mut self) -> Page {
        self.measure();
        Page { links: self.links.into_iter().map(|(_, address)| address).collect(), ..self.page }
    }
}

/// The parts of a path, each begun by a move.
fn parts(path: &BezPath) -> Vec<BezPath> {
    let mut parts: Vec<BezPath> = Vec::new();
    for element in path.elements() {
        if matches!(element, PathEl::MoveTo(_)) {
            parts.push(BezPath::new());
        }
        if let Some(part) = parts.last_mut() {
            part.push(*element);
        }
    }
    parts
}

impl<'a> Device<'a> for Drawing {
    fn draw_path(&mut self, path: &BezPath, transform: Affine, _: &Paint<'a>, mode: &PathDrawMode) {
        let path = transform * path.clone();
        match mode {
            PathDrawMode::Fill(_) => parts(&path).iter().for_each(|part| self.area(part)),
            PathDrawMode::Stroke(_) => {
                for segment in path.segments() {
                    if let kurbo::PathSeg::Line(line) = segment {
                        self.line(line.p0, line.p1);
                    }
                }
            }
        }
    }

    fn draw_glyph(&mut self, glyph: &Drawn<'a>, transform: Affine, own: Affine, _: &Paint<'a>, _: &GlyphDrawMode) {
        self.glyph(glyph, transform * own);
    }

    fn draw_image(&mut self, _: Image<'a, '_>, _: Affine) {
        self.page.pictures += 1;
    }

    fn set_soft_mask(&mut self, _: Option<SoftMask<'a>>) {}
    fn set_blend_mode(&mut self, _: BlendMode) {}
    fn push_clip_path(&mut self, _: &ClipPath) {}
    fn push_transparency_group(&mut self, _: f32, _: Option<SoftMask<'a>>, _: BlendMode) {}
    fn pop_clip_path(&mut self) {}
    fn pop_transparency_group(&mut self) {}
}
