//! What pictures say beside what they show: EXIF, XMP and the text of PNG.
//!
//! Accepts JPEG, PNG, WebP, HEIF (HEIC, AVIF) and TIFF by their heads. Leaves are the texts of
//! EXIF under the names of the standard (`Make`, `Model`, `BodySerialNumber`; CIPA DC-008),
//! the place as decimal degrees (`GPSPosition`, north and east positive, six decimals: EXIF
//! has no more), the XMP packet as XML and its place, comments, and text chunks by their
//! keyword. The step's argument names the block and the tag: `image exif.Model`.
//!
//! What a picture shows is not looked at: a gap. A picture whose metadata is damaged yields
//! what can be read. Limits: `TEXT_CHUNKS`, and those of decompression.

use std::io::Cursor;

use exif::{Exif, In, Tag, Value};
use memchr::memmem;

use super::budget::Budget;
use super::clue::Clue;
use super::inflate;
use super::walk::{Input, Inside, Opener, Opening};
use crate::evidence::GapReason;
use crate::secure::codec::Reader;

pub(super) const IMAGE: Opener = Opener { name: "image", clue: Clue::Long(1), open };

/// Text chunks of a PNG, comments of a JPEG: writers make a handful.
const TEXT_CHUNKS: usize = 256;
/// Smaller ones are pixels, icons and cut heads, which show nothing of anyone.
const SHOWING: usize = 1 << 10;

/// Tags whose value is text and may be about a device or a person.
const TEXTS: &[(Tag, &str)] = &[
    (Tag::Make, "Make"),
    (Tag::Model, "Model"),
    (Tag::Software, "Software"),
    (Tag::DateTimeOriginal, "DateTimeOriginal"),
    (Tag::OffsetTimeOriginal, "OffsetTimeOriginal"),
    (Tag::ImageDescription, "ImageDescription"),
    (Tag::Artist, "Artist"),
    (Tag::Copyright, "Copyright"),
    (Tag::CameraOwnerName, "CameraOwnerName"),
    (Tag::BodySerialNumber, "BodySerialNumber"),
    (Tag::LensModel, "LensModel"),
    (Tag::LensSerialNumber, "LensSerialNumber"),
    (Tag::ImageUniqueID, "ImageUniqueID"),
    (Tag::UserComment, "UserComment"),
    (Tag::GPSProcessingMethod, "GPSProcessingMethod"),
    (Tag::GPSDateStamp, "GPSDateStamp"),
];

/// The formats by their heads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Jpeg,
    Png,
    WebP,
    Heif,
    Tiff,
    /// No metadata but XMP.
    Gif,
}

fn format(bytes: &[u8]) -> Option<Format> {
    Some(match bytes {
        [0xff, 0xd8, 0xff, ..] => Format::Jpeg,
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Format::Png,
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Format::WebP,
        [b'I', b'I', 42, 0, ..] | [b'M', b'M', 0, 42, ..] => Format::Tiff,
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Format::Gif,
        [_, _, _, _, b'f', b't', b'y', b'p', brand @ ..] => {
            let brand = brand.get(..4)?;
            [b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1", b"avif", b"avis"]
                .iter()
                .any(|known| &known[..] == brand)
                .then_some(Format::Heif)?
        }
        _ => return None,
    })
}

/// It begins as a picture does.
pub(super) fn is_image(bytes: &[u8]) -> bool {
    format(bytes).is_some()
}

/// Six bytes may go on as a picture begins.
pub(super) fn may_begin(head: &[u8]) -> bool {
    matches!(
        head,
        [0xff, 0xd8, 0xff, ..]
            | [0x89, b'P', b'N', b'G', ..]
            | [b'R', b'I', b'F', b'F', ..]
            | [b'I', b'I', 42, 0, ..]
            | [b'M', b'M', 0, 42, ..]
            | [b'G', b'I', b'F', b'8', ..]
            | [_, _, _, _, b'f', b't', ..]
    )
}

fn open(input: &Input<'_>, budget: &mut Budget) -> Option<Opening> {
    let format = format(input.bytes)?;
    let mut parts = Vec::new();
    if let Some(exif) = read_exif(input.bytes) {
        from_exif(&exif, &mut parts);
    }
    match format {
        Format::Png => from_png(input, &mut parts, budget),
        Format::Jpeg => from_jpeg(input, &mut parts),
        Format::WebP | Format::Heif | Format::Tiff | Format::Gif => {}
    }
    from_xmp(input, &mut parts);
    if input.bytes.len() >= SHOWING {
        budget.close(GapReason::Undecodable, "a picture: its metadata is read, what it shows is not looked at");
    }
    Some(Opening { parts, keep: false })
}

fn part(argument: String, key: &str, bytes: impl Into<bytes::Bytes>, group: u32) -> Inside {
    Inside { argument: Some(argument), key: Some(key.to_owned()), bytes: bytes.into(), group, ..Inside::default() }
}

fn read_exif(bytes: &[u8]) -> Option<Exif> {
    let mut reader = exif::Reader::new();
    reader.continue_on_error(true);
    match reader.read_from_container(&mut Cursor::new(bytes)) {
        Ok(exif) => Some(exif),
        Err(error) => error.distill_partial_result(|_| ()).ok(),
    }
}

fn from_exif(exif: &Exif, parts: &mut Vec<Inside>) {
    for (tag, name) in TEXTS {
        let Some(field) = exif.get_field(*tag, In::PRIMARY) else { continue };
        let text = match &field.value {
            Value::Ascii(texts) => texts.join(&b' '),
            // Eight bytes say which characters follow (CIPA DC-008 §4.6.6, UserComment).
            Value::Undefined(bytes, _) => bytes.strip_prefix(b"ASCII\0\0\0").unwrap_or_default().to_vec(),
            _ => continue,
        };
        let text = text.trim_ascii_end();
        let text = text.strip_suffix(&[0]).unwrap_or(text);
        if !text.is_empty() {
            parts.push(part(format!("exif.{name}"), name, text.to_vec(), 1));
        }
    }
    let degrees = |tag, reference_tag| {
        let field = exif.get_field(tag, In::PRIMARY)?;
        let Value::Rational(numbers) = &field.value else { return None };
        let [degrees, minutes, seconds] = numbers.get(..3)? else { return None };
        let size = degrees.to_f64() + minutes.to_f64() / 60.0 + seconds.to_f64() / 3600.0;
        let south_or_west = match exif.get_field(reference_tag, In::PRIMARY).map(|f| &f.value) {
            Some(Value::Ascii(texts)) => texts.first().is_some_and(|t| matches!(t.first(), Some(b'S' | b'W'))),
            _ => false,
        };
        size.is_finite().then_some(if south_or_west { -size } else { size })
    };
    let latitude = degrees(Tag::GPSLatitude, Tag::GPSLatitudeRef);
    let longitude = degrees(Tag::GPSLongitude, Tag::GPSLongitudeRef);
    if let (Some(latitude), Some(longitude)) = (latitude, longitude) {
        parts.push(place("exif.GPSPosition", latitude, longitude));
    }
}

fn place(argument: &str, latitude: f64, longitude: f64) -> Inside {
    part(argument.to_owned(), "GPSPosition", format!("{latitude:.6},{longitude:.6}"), 2)
}

/// Comment segments (ITU-T T.81 §B.2.4.5), up to the picture itself.
fn from_jpeg(input: &Input<'_>, parts: &mut Vec<Inside>) {
    const COMMENT: u8 = 0xfe;
    const START_OF_SCAN: u8 = 0xda;
    let mut reader = Reader::new(input.bytes);
    reader.u16();
    for _ in 0..TEXT_CHUNKS {
        let (Some(0xff), Some(marker)) = (reader.u8(), reader.u8()) else { return };
        let Some(content) = reader.u16().and_then(|n| reader.take(usize::from(n).checked_sub(2)?)) else { return };
        match marker {
            START_OF_SCAN => return,
            COMMENT => parts.push(part("comment".to_owned(), "comment", input.bytes.slice_ref(content), 3)),
            _ => {}
        }
    }
}

/// `tEXt`, `zTXt` and `iTXt` chunks (W3C PNG §11.3.3).
fn from_png(input: &Input<'_>, parts: &mut Vec<Inside>, budget: &mut Budget) {
    let mut reader = Reader::new(input.bytes);
    reader.take(8);
    let mut texts = 0;
    while texts < TEXT_CHUNKS {
        let Some(length) = reader.u32().and_then(|n| usize::try_from(n).ok()) else { return };
        let (Some(kind), Some(data)) = (reader.array::<4>(), reader.take(length)) else { return };
        reader.u32();
        if &kind == b"IEND" {
            return;
        }
        if [b"tEXt", b"zTXt", b"iTXt"].contains(&&kind)
            && let Some((keyword, text)) = png_text(kind, data, budget)
            // XMP is looked for in every format.
            && keyword != "XML:com.adobe.xmp"
        {
            texts += 1;
            parts.push(part(format!("png.{keyword}"), &keyword, text, 3));
        }
    }
}

fn png_text(kind: [u8; 4], data: &[u8], budget: &mut Budget) -> Option<(String, Vec<u8>)> {
    let (keyword, rest) = split(data)?;
    let text = match &kind {
        b"tEXt" => rest.to_vec(),
        b"zTXt" => inflate::zlib(rest.strip_prefix(&[0])?, budget).usable()?,
        _ => {
            let (flag, rest) = rest.split_first()?;
            let (_, rest) = rest.split_first()?;
            let (_, rest) = split(rest)?;
            let (_, text) = split(rest)?;
            match flag {
                0 => text.to_vec(),
                _ => inflate::zlib(text, budget).usable()?,
            }
        }
    };
    Some((String::from_utf8_lossy(keyword).into_owned(), text))
}

/// What stands before a zero, and after it.
fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = memchr::memchr(0, bytes)?;
    Some((bytes.get(..at)?, bytes.get(at + 1..)?))
}

/// The XMP packet (ISO 16684-1), wherever a format keeps it: as it is, in all of them.
fn from_xmp(input: &Input<'_>, parts: &mut Vec<Inside>) {
    const END: &[u8] = b"</x:xmpmeta>";
    let Some(packet) = memmem::find(input.bytes, b"<x:xmpmeta").and_then(|start| {
        let tail = input.bytes.get(start..)?;
        tail.get(..memmem::find(tail, END)? + END.len())
    }) else {
        return;
    };
    let mut xmp = part("xmp".to_owned(), "xmp", input.bytes.slice_ref(packet), 4);
    xmp.declared = Some("application/rdf+xml".to_owned());
    parts.push(xmp);
    let latitude = xmp_value(packet, b"exif:GPSLatitude").and_then(xmp_degrees);
    let longitude = xmp_value(packet, b"exif:GPSLongitude").and_then(xmp_degrees);
    if let (Some(latitude), Some(longitude)) = (latitude, longitude) {
        parts.push(place("xmp.GPSPosition", latitude, longitude));
    }
}

/// Of an attribute, `name="value"`, or an element, `<name>value<`.
fn xmp_value<'a>(packet: &'a [u8], name: &[u8]) -> Option<&'a str> {
    let at = memmem::find_iter(packet, name).map(|at| at + name.len());
    let value = at.filter_map(|at| match packet.get(at..)? {
        [b'=', b'"', value @ ..] => value.get(..memchr::memchr(b'"', value)?),
        [b'=', b'\'', value @ ..] => value.get(..memchr::memchr(b'\'', value)?),
        [b'>', value @ ..] => value.get(..memchr::memchr(b'<', value)?),
        _ => None,
    });
    std::str::from_utf8(value.take(TEXT_CHUNKS).next()?).ok()
}

/// `31,13.82496N` or `31,13,49N` (XMP specification part 2, GPSCoordinate).
fn xmp_degrees(text: &str) -> Option<f64> {
    let text = text.trim();
    let sign = match text.chars().next_back()? {
        'N' | 'E' => 1.0,
        'S' | 'W' => -1.0,
        _ => return None,
    };
    let mut numbers = text.get(..text.len() - 1)?.split(',').map(str::parse::<f64>);
    let (degrees, minutes) = (numbers.next()?.ok()?, numbers.next()?.ok()?);
    let seconds = numbers.next().map_or(Some(0.0), Result::ok)?;
    let size = degrees + minutes / 60.0 + seconds / 3600.0;
    size.is_finite().then_some(sign * size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coordinates_of_xmp() {
        assert_eq!(xmp_degrees("31,13.5N"), Some(31.225));
        assert_eq!(xmp_degrees("121,30,36W"), Some(-121.51));
        assert_eq!(xmp_degrees("31.2"), None);
        assert_eq!(
            xmp_value(b"<a exif:GPSLatitudeRef='N' exif:GPSLatitude='1,2N'/>", b"exif:GPSLatitude"),
            Some("1,2N")
        );
        assert_eq!(xmp_value(b"<exif:GPSLatitude>1,2N</exif:GPSLatitude>", b"exif:GPSLatitude"), Some("1,2N"));
    }
}
