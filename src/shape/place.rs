//! Coordinates: how they are written, and the three datums of Chinese maps.

/// A number of degrees as it was written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Degrees {
    /// Degrees.
    pub value: f64,
    /// Digits after the point; 6 for an integer of millionths.
    pub decimals: u32,
    /// It was an integer of millionths of a degree.
    pub scaled: bool,
}

/// A point, in degrees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    /// North positive, −90 to 90.
    pub latitude: f64,
    /// East positive, −180 to 180.
    pub longitude: f64,
}

/// Reads a decimal number of degrees, or an integer of millionths (as GDT and AMap
/// send them: seven digits or more) or ten millionths. The decimal mark may be a comma, as numbers are formatted
/// where the phone's language has one (`31,230416`). `None` for anything else, and beyond ±180.
pub fn degrees(text: &str) -> Option<Degrees> {
    let text = text.trim();
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let part = |b: u8| b.is_ascii_digit() || b == b'.' || b == b',';
    if unsigned.is_empty() || unsigned.len() > 24 || !unsigned.bytes().all(part) {
        return None;
    }
    let number: f64 = match unsigned.split_once(',') {
        Some((whole, fraction)) if !whole.is_empty() && !fraction.is_empty() => text.replacen(',', ".", 1).parse(),
        _ => text.parse(),
    }
    .ok()?;
    let decimals = unsigned.split_once(['.', ',']).map_or(0, |(_, fraction)| fraction.len() as u32);
    let scaled = decimals == 0 && unsigned.len() >= 7;
    let (value, decimals) = match scaled {
        // Too many for millionths: ten millionths (Android's and Google's `latE7`).
        true if number.abs() > 180e6 => (number / 1e7, 7),
        true => (number / 1e6, 6),
        false => (number, decimals),
    };
    (value.abs() <= 180.0).then_some(Degrees { value, decimals, scaled })
}

/// A latitude and a longitude in degrees and minutes, each with the half of the globe that it lies in, as receivers
/// write them: `3113.8250,N` and `12128.4221,E` (NMEA 0183).
pub fn degrees_and_minutes(
    (latitude, north): (&str, char),
    (longitude, east): (&str, char),
) -> Option<(Degrees, Degrees)> {
    let read = |text: &str, whole: usize, negative: bool| {
        let (degrees, minutes) = text.split_at_checked(whole)?;
        let (units, fraction) = minutes.split_once('.')?;
        let digits = |part: &str, length| super::digits(part, length);
        (digits(degrees, 1..=3) && digits(units, 2..=2) && digits(fraction, 2..=8)).then_some(())?;
        let value = degrees.parse::<f64>().ok()? + minutes.parse::<f64>().ok().filter(|m| *m < 60.0)? / 60.0;
        let value = if negative { -value } else { value };
        Some(Degrees { value, decimals: fraction.len() as u32 + 1, scaled: false })
    };
    let latitude = read(latitude, 2, matches!(north, 'N' | 'S').then_some(north == 'S')?)?;
    let longitude = read(longitude, 3, matches!(east, 'E' | 'W').then_some(east == 'W')?)?;
    (latitude.value.abs() <= 90.0 && longitude.value.abs() <= 180.0).then_some((latitude, longitude))
}

/// Which of the two coordinates a number of degrees is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Axis {
    /// North or south.
    Latitude,
    /// East or west.
    Longitude,
}

/// A coordinate in degrees and minutes, and where in a text it stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sexagesimal {
    /// Its value; north and east are positive.
    pub degrees: Degrees,
    /// Which of the two it is.
    pub axis: Axis,
    /// First byte.
    pub start: usize,
    /// Behind the last byte.
    pub end: usize,
}

/// Coordinates in degrees, minutes and perhaps seconds, as people, maps and exiftool write them: `31°13'49.5"N`,
/// `N31° 13.825'`, `31 deg 13' 49.50" N`, `北纬31°13′49″` (ISO 6709 annex D). Without a half of the globe it is any angle.
pub fn sexagesimal(text: &str) -> Vec<Sexagesimal> {
    /// Coordinates looked for in one text.
    const MOST: usize = 256;
    let bytes = text.as_bytes();
    // Minutes end in an apostrophe or a prime, whose first byte of UTF-8 is this: most texts have neither.
    if memchr::memchr2(b'\'', 0xe2, bytes).is_none() {
        return Vec::new();
    }
    // So do the signs of degrees, with another byte.
    if memchr::memchr(0xc2, bytes).is_none() && memchr::memmem::find(bytes, b"deg").is_none() {
        return Vec::new();
    }
    let places = text.match_indices(['°', 'º']).chain(text.match_indices("deg"));
    let mut found: Vec<Sexagesimal> =
        places.take(MOST).filter_map(|(at, sign)| coordinate(text, at, at + sign.len())).collect();
    found.sort_by_key(|coordinate| coordinate.start);
    found
}

/// The coordinate whose sign of degrees stands at `sign..behind`.
fn coordinate(text: &str, sign: usize, behind: usize) -> Option<Sexagesimal> {
    let head = text.get(..sign)?.trim_end();
    let whole = head.len() - head.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    let mut start = head.len() - whole;
    let degrees: f64 = text.get(start..head.len()).filter(|d| super::digits(d, 1..=3))?.parse().ok()?;
    let tail = text.get(behind..)?;
    let (minutes, minute_decimals, tail) = sixtieth(tail, &["'", "′", "’"])?;
    let (seconds, second_decimals, tail) = sixtieth(tail, &["\"", "″", "”", "''", "′′"])
        .map_or((0.0, None, tail), |(value, decimals, tail)| (value, Some(decimals), tail));
    let decimals = match second_decimals {
        // A second is some thirty metres.
        Some(decimals) => decimals + 4,
        None => minute_decimals + 1,
    };
    const HALVES: [(&str, Axis, f64); 8] = [
        ("N", Axis::Latitude, 1.0),
        ("S", Axis::Latitude, -1.0),
        ("E", Axis::Longitude, 1.0),
        ("W", Axis::Longitude, -1.0),
        ("北纬", Axis::Latitude, 1.0),
        ("南纬", Axis::Latitude, -1.0),
        ("东经", Axis::Longitude, 1.0),
        ("西经", Axis::Longitude, -1.0),
    ];
    let before = text.get(..start)?.trim_end();
    let in_front = || HALVES.into_iter().find(|(word, ..)| before.ends_with(word));
    let close = tail.trim_start_matches(' ');
    let behind = HALVES.into_iter().find(|(word, ..)| close.starts_with(word));
    let mut end = text.len() - tail.len();
    let (_, axis, half) = match behind {
        Some(half) => {
            end = text.len() - close.len() + half.0.len();
            half
        }
        None => {
            let half = in_front()?;
            start = before.len() - half.0.len();
            half
        }
    };
    let value = half * (degrees + minutes / 60.0 + seconds / 3600.0);
    let most = if axis == Axis::Latitude { 90.0 } else { 180.0 };
    (value.abs() <= most).then_some(())?;
    Some(Sexagesimal { degrees: Degrees { value, decimals, scaled: false }, axis, start, end })
}

/// A number below sixty before one of `signs`, its decimals, and what follows.
fn sixtieth<'a>(text: &'a str, signs: &[&str]) -> Option<(f64, u32, &'a str)> {
    let text = text.trim_start_matches(' ');
    let number = text.get(..text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len()))?;
    let (units, fraction) = number.split_once('.').unwrap_or((number, ""));
    (super::digits(units, 1..=2) && fraction.len() <= 8 && fraction.bytes().all(|b| b.is_ascii_digit()))
        .then_some(())?;
    let rest = text.get(number.len()..)?.trim_start_matches(' ');
    let rest = signs.iter().find_map(|sign| rest.strip_prefix(sign))?;
    let value = number.parse::<f64>().ok().filter(|value| *value < 60.0)?;
    Some((value, fraction.len() as u32, rest))
}

/// The middle of a geohash's cell (G. Niemeyer 2008), five characters or more, with as many decimals as the cell's size
/// leaves: eight characters are some 40 m.
pub fn geohash(text: &str) -> Option<(Degrees, Degrees)> {
    const ALPHABET: &[u8] = b"0123456789bcdefghjkmnpqrstuvwxyz";
    let decimals = match text.len() {
        5 => 1,
        6 => 2,
        7 => 3,
        length @ 8..=12 => length as u32 - 4,
        _ => return None,
    };
    let mut ranges = [(-180.0, 180.0), (-90.0, 90.0)];
    let mut axis = 0;
    for byte in text.bytes() {
        let five = ALPHABET.iter().position(|b| *b == byte.to_ascii_lowercase())?;
        for bit in (0..5).rev() {
            let (low, high) = ranges.get_mut(axis)?;
            let middle: f64 = (*low + *high) / 2.0;
            *(if five >> bit & 1 == 1 { low } else { high }) = middle;
            axis ^= 1;
        }
    }
    let [longitude, latitude] =
        ranges.map(|(low, high)| Degrees { value: (low + high) / 2.0, decimals, scaled: false });
    Some((latitude, longitude))
}

/// A latitude and a longitude make a place: in range, and not the null island of unset fields.
pub fn pair(latitude: Degrees, longitude: Degrees) -> Option<Place> {
    let place = Place { latitude: latitude.value, longitude: longitude.value };
    (place.latitude.abs() <= 90.0 && (place.latitude != 0.0 || place.longitude != 0.0)).then_some(place)
}

impl Place {
    /// Metres to `other` on the sphere (haversine, mean radius 6,371,009 m).
    pub fn metres_to(self, other: Self) -> f64 {
        let (a, b) = (self.latitude.to_radians(), other.latitude.to_radians());
        let (half_lat, half_lon) = ((b - a) / 2.0, (other.longitude - self.longitude).to_radians() / 2.0);
        let h = half_lat.sin().powi(2) + a.cos() * b.cos() * half_lon.sin().powi(2);
        2.0 * 6_371_009.0 * h.sqrt().min(1.0).asin()
    }
}

/// WGS-84 to GCJ-02, the offset datum of Chinese maps, by the published approximation
/// on the Krasovsky ellipsoid (good to a few metres inside China; the identity outside).
pub fn to_gcj02(place: Place) -> Place {
    use std::f64::consts::PI;
    const A: f64 = 6_378_245.0;
    const EE: f64 = 0.006_693_421_622_965_943;
    let Place { latitude, longitude } = place;
    if !(0.8293..=55.8271).contains(&latitude) || !(72.004..=137.8347).contains(&longitude) {
        return place;
    }
    let (x, y) = (longitude - 105.0, latitude - 35.0);
    let wave = |v: f64, a: f64, b: f64| a * (v * PI).sin() + b * (v * PI / 3.0).sin();
    let common = (20.0 * (6.0 * x * PI).sin() + 20.0 * (2.0 * x * PI).sin()) * 2.0 / 3.0;
    let north = -100.0
        + 2.0 * x
        + 3.0 * y
        + 0.2 * y * y
        + 0.1 * x * y
        + 0.2 * x.abs().sqrt()
        + common
        + wave(y, 20.0, 40.0) * 2.0 / 3.0
        + (160.0 * (y / 12.0 * PI).sin() + 320.0 * (y * PI / 30.0).sin()) * 2.0 / 3.0;
    let east = 300.0
        + x
        + 2.0 * y
        + 0.1 * x * x
        + 0.1 * x * y
        + 0.1 * x.abs().sqrt()
        + common
        + wave(x, 20.0, 40.0) * 2.0 / 3.0
        + (150.0 * (x / 12.0 * PI).sin() + 300.0 * (x / 30.0 * PI).sin()) * 2.0 / 3.0;
    let radians = latitude.to_radians();
    let magic = 1.0 - EE * radians.sin().powi(2);
    let root = magic.sqrt();
    Place {
        latitude: latitude + north * 180.0 / (A * (1.0 - EE) / (magic * root) * PI),
        longitude: longitude + east * 180.0 / (A / root * radians.cos() * PI),
    }
}

/// GCJ-02 to BD-09, Baidu's datum on top of it.
pub fn to_bd09(place: Place) -> Place {
    let turn = std::f64::consts::PI * 3000.0 / 180.0;
    let (x, y) = (place.longitude, place.latitude);
    let z = x.hypot(y) + 0.000_02 * (y * turn).sin();
    let theta = y.atan2(x) + 0.000_003 * (x * turn).cos();
    Place { latitude: z * theta.sin() + 0.006, longitude: z * theta.cos() + 0.0065 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_as_degrees_or_millionths() {
        assert_eq!(degrees("31.2304"), Some(Degrees { value: 31.2304, decimals: 4, scaled: false }));
        assert_eq!(degrees("121473701").map(|d| (d.value, d.decimals)), Some((121.473701, 6)));
        assert_eq!(degrees("-33.86").map(|d| d.decimals), Some(2));
        for text in ["", "-", "1.2.3", "1e5", "1772352001250", "abc", "NaN", "181.5"] {
            assert_eq!(degrees(text), None, "{text}");
        }
    }

    #[test]
    fn written_as_receivers_and_as_cells() {
        let near = |got: Option<(Degrees, Degrees)>, latitude: f64, longitude: f64, within: f64| {
            let (a, b) = got.expect("a place");
            assert!((a.value - latitude).abs() < within && (b.value - longitude).abs() < within, "{a:?} {b:?}");
        };
        near(degrees_and_minutes(("3113.82496", 'N'), ("12128.42206", 'E')), 31.230416, 121.473701, 1e-6);
        near(degrees_and_minutes(("3351.50", 'S'), ("07039.00", 'W')), -33.858333, -70.65, 1e-5);
        for (latitude, longitude) in
            [("3175.82", "12128.42"), ("313.82", "12128.42"), ("3113", "12128.42"), ("31ab.82", "12128.42")]
        {
            assert_eq!(degrees_and_minutes((latitude, 'N'), (longitude, 'E')), None, "{latitude}");
        }
        assert_eq!(degrees_and_minutes(("3113.82", 'E'), ("12128.42", 'N')), None);
        // The example of the algorithm's first description, and one made with the Python package pygeohash.
        near(geohash("ezs42"), 42.605, -5.603, 0.01);
        near(geohash("u4pruydqqvj"), 57.64911, 10.40744, 1e-5);
        assert_eq!(geohash("wtw3sjq6").map(|(a, _)| a.decimals), Some(4));
        for text in ["", "wtw3", "wtw3sa", "wtw3sjq6qwtw3"] {
            assert_eq!(geohash(text), None, "{text}");
        }
    }

    #[test]
    fn datums() {
        // By the Python package eviltransform 0.1.1, which takes a slightly other ellipsoid: within 5 m.
        let cases = [
            ((31.230416, 121.473701), (31.228473709, 121.478224134), (31.234326547, 121.484782549)),
            ((39.9042, 116.4074), (39.905603367, 116.413642359), (39.911865358, 116.420046406)),
            ((43.8256, 87.6168), (43.826805414, 87.619649977), (43.832949815, 87.626099819)),
        ];
        let place = |(latitude, longitude)| Place { latitude, longitude };
        for (wgs84, gcj02, bd09) in cases {
            let shifted = to_gcj02(place(wgs84));
            assert!(shifted.metres_to(place(gcj02)) < 5.0, "{wgs84:?} {shifted:?}");
            assert!(to_bd09(shifted).metres_to(place(bd09)) < 5.0, "{wgs84:?}");
        }
        let london = place((51.5, -0.12));
        assert_eq!(to_gcj02(london), london);
    }

    #[test]
    fn distance_of_one_degree_of_latitude() {
        let (a, b) = (Place { latitude: 31.0, longitude: 121.0 }, Place { latitude: 32.0, longitude: 121.0 });
        // 2 π 6371009 / 360
        assert!((a.metres_to(b) - 111_195.1).abs() < 1.0);
    }
}
