//! Places: pairs of coordinates, compared as points.

use std::collections::BTreeMap;

use super::{Found, Hit, Identifier, Seen, Withheld, keyed};
use crate::evidence::{Certainty, Ground, GroundCode, Reason, Time};
use crate::observations::Form;
use crate::session::{Profile, ProfileValue};
use crate::shape::{self, Degrees, Place};

/// Metres by which a sent place may differ from the profile's and still be the same: the device
/// moves about a room, and position fixes wander. A shop next door is a different place.
const SAME_PLACE_METRES: f64 = 100.0;
/// The same where no key says that two numbers are a place. It still allows for the shifts between
/// datums, which are approximations good to five metres.
const UNKEYED_METRES: f64 = 30.0;
/// Metres in a degree of latitude, and of longitude at the equator.
const METRES_PER_DEGREE: f64 = 111_195.0;
/// From this many decimals on a place is precise (about eleven metres).
const PRECISE_DECIMALS: u32 = 4;
/// Numbers with fewer decimals are a pair of coordinates only where a key says so.
const UNKEYED_DECIMALS: u32 = 3;
/// Numbers looked at in one text.
const NUMBERS: usize = 4_096;

/// A place of the profile, as it is and as Chinese maps shift it.
#[derive(Debug)]
pub(super) struct Known {
    value: ProfileValue,
    datums: [(&'static str, Place); 3],
    /// Decimals that the profile gives of it.
    decimals: u32,
}

/// The places of the profile: `latitude,longitude`, in either order where only one is possible.
pub(super) fn known(profile: &Profile) -> Vec<Known> {
    let values = ["location", "location_coarse"].iter().filter_map(|t| profile.ids.get(*t)).flatten();
    values
        .filter_map(|value| {
            let (a, b) = two_numbers(&value.value)?;
            let place = shape::pair(a, b).or_else(|| shape::pair(b, a))?;
            let gcj02 = shape::to_gcj02(place);
            let datums = [("as-is", place), ("gcj-02", gcj02), ("bd-09", shape::to_bd09(gcj02))];
            Some(Known { value: value.clone(), datums, decimals: a.decimals.min(b.decimals) })
        })
        .collect()
}

/// Two numbers that may be a place.
struct Pair {
    first: Degrees,
    second: Degrees,
    /// Keys say which is which, and that it is a place; else both orders are tried.
    ordered: bool,
    keyed: bool,
    recipient: bool,
    leaf: usize,
    start: usize,
    end: usize,
    written: String,
}

pub(super) fn search(identifier: &Identifier, leaves: &[Seen<'_>], time: Time, found: &mut Found) {
    let withheld = withheld(identifier, leaves);
    let hits = &mut found.hits;
    let mut numbers: Vec<Seen<'_>> = Vec::new();
    for seen in leaves {
        let number = seen.text.and_then(shape::degrees).is_some();
        if number && !withheld.iter().any(|slot| slot.contains(&seen.index)) {
            numbers.push(*seen);
        }
        for pair in in_text(identifier, *seen) {
            hits.extend(judge(identifier, *seen, pair, time));
        }
    }
    numbers.sort_by_key(|seen| seen.leaf.group);
    for group in numbers.chunk_by(|a, b| a.leaf.group == b.leaf.group) {
        let mut pairs = by_keys(identifier, group);
        pairs.extend(by_position(identifier, group));
        if pairs.is_empty() && !identifier.places.is_empty() {
            pairs = by_neighbourhood(group);
        }
        hits.extend(pairs.into_iter().filter_map(|(seen, pair)| judge(identifier, seen, pair, time)));
    }
    let slot = |[leaf, _]: [usize; 2]| {
        let seen = leaves.get(leaf)?;
        let key = seen.name.unwrap_or_default().to_owned();
        let placeholder = identifier.placeholders.kind("location", seen.text?)?;
        Some(Withheld { data_type: "location".to_owned(), key, placeholder, leaf })
    };
    found.withheld.extend(withheld.into_iter().filter_map(slot));
}

/// Latitudes and longitudes side by side that both say that there is no place.
fn withheld(identifier: &Identifier, leaves: &[Seen<'_>]) -> Vec<[usize; 2]> {
    /// The longest is `4.9E-324`, Baidu's.
    const LONGEST: usize = 16;
    let mut latitudes: BTreeMap<u32, usize> = BTreeMap::new();
    let mut longitudes: BTreeMap<u32, usize> = BTreeMap::new();
    for seen in leaves {
        let Some(text) = seen.text.filter(|t| t.len() <= LONGEST && !seen.leaf.element) else { continue };
        // Most values are none of these, and keys cost more to look up.
        if !text.bytes().next().is_none_or(|b| b"0-49.nNuU\"".contains(&b)) {
            continue;
        }
        let half = match key_of(identifier, *seen) {
            Some((Some("latitude"), true, _)) => &mut latitudes,
            Some((Some("longitude"), true, _)) => &mut longitudes,
            _ => continue,
        };
        if identifier.placeholders.is("location", text) {
            half.entry(seen.leaf.group).or_insert(seen.index);
        }
    }
    latitudes.into_iter().filter_map(|(group, leaf)| Some([leaf, *longitudes.get(&group)?])).collect()
}

/// What a key says of a place.
fn key_of<'i>(identifier: &'i Identifier, seen: Seen<'i>) -> Option<(Option<&'i str>, bool, bool)> {
    let by_recipe = identifier.recipe_type(seen.leaf).is_some_and(|t| t.starts_with("location"));
    let hint = identifier.keys.hints_of(seen.named, seen.product).find(|h| h.row.data_type == "location");
    match hint {
        Some(hint) => Some((hint.row.part.as_deref(), hint.clear || by_recipe, hint.known || by_recipe)),
        None => by_recipe.then_some((None, true, true)),
    }
}

/// `{"lat": …, "lng": …}`: by names, in the same object.
fn by_keys<'a>(identifier: &Identifier, group: &[Seen<'a>]) -> Vec<(Seen<'a>, Pair)> {
    let part = |wanted: &str| -> Vec<(Seen<'a>, bool)> {
        let is = |s: &Seen<'a>| key_of(identifier, *s).filter(|(part, clear, _)| *part == Some(wanted) && *clear);
        group.iter().filter_map(|s| is(s).map(|(_, _, known)| (*s, known))).collect()
    };
    let pairs = part("latitude").into_iter().zip(part("longitude"));
    pairs
        .filter_map(|((lat, known), (lon, _))| {
            let (a, b) = (lat.text?, lon.text?);
            Some((lat, pair(lat, shape::degrees(a)?, shape::degrees(b)?, format!("{a},{b}"), true, true, known)))
        })
        .collect()
}

/// `[121.4737, 31.2304]`: an array of just two numbers.
fn by_position<'a>(identifier: &Identifier, group: &[Seen<'a>]) -> Option<(Seen<'a>, Pair)> {
    let [first, second] = group else { return None };
    let (a, b) = (first.text?, second.text?);
    let keyed = key_of(identifier, *first).is_some_and(|(part, clear, _)| part.is_none() && clear);
    (first.leaf.element && second.leaf.element).then_some(())?;
    Some((*first, pair(*first, shape::degrees(a)?, shape::degrees(b)?, format!("{a},{b}"), false, keyed, false)))
}

/// `x=121.473701&y=31.230416`: numbers under any names, one after the other. They are a place only
/// if they are one of the profile's.
fn by_neighbourhood<'a>(group: &[Seen<'a>]) -> Vec<(Seen<'a>, Pair)> {
    let exact = |seen: &Seen<'a>| {
        let degrees = shape::degrees(seen.text?)?;
        (degrees.decimals >= UNKEYED_DECIMALS).then_some((*seen, degrees))
    };
    let numbers: Vec<(Seen<'a>, Degrees)> = group.iter().filter_map(exact).take(NUMBERS).collect();
    let pairs = numbers.windows(2).filter_map(|two| {
        let [(seen, first), (behind, second)] = two else { return None };
        let written = format!("{},{}", seen.text?, behind.text?);
        Some((*seen, pair(*seen, *first, *second, written, false, false, false)))
    });
    pairs.collect()
}

fn pair(
    seen: Seen<'_>,
    first: Degrees,
    second: Degrees,
    written: String,
    ordered: bool,
    keyed: bool,
    recipient: bool,
) -> Pair {
    let (leaf, end) = (seen.index, seen.leaf.bytes.len());
    Pair { first, second, ordered, keyed, recipient, leaf, start: 0, end, written }
}

/// `location=121.4737,31.2304`, and two such numbers in a row in any text.
fn in_text(identifier: &Identifier, seen: Seen<'_>) -> Vec<Pair> {
    let Some(text) = seen.text else { return Vec::new() };
    if let Some(cell) = in_cell(identifier, seen, text) {
        return vec![cell];
    }
    if let Some(pairs) = in_minutes(seen, text) {
        return pairs;
    }
    if let Some(pair) = with_commas(identifier, seen, text) {
        return vec![pair];
    }
    // Each of two numbers has a point.
    if memchr::memchr_iter(b'.', text.as_bytes()).nth(1).is_none() {
        return Vec::new();
    }
    let numbers = numbers(text);
    if numbers.len() < 2 {
        return Vec::new();
    }
    let key = key_of(identifier, seen).filter(|(part, clear, _)| part.is_none() && *clear);
    let whole = two_numbers(text).is_some();
    let pairs = numbers.windows(2).filter_map(|two| {
        let [(a_start, a), (b_start, b)] = two else { return None };
        let end = b_start + b.len();
        let between = text.get(a_start + a.len()..*b_start)?;
        // `3113.8250,N,12128.4221,E`: what a receiver writes says itself what it is.
        let half = |text: &str| text.strip_prefix(',')?.chars().next();
        let halves = half(between).filter(|_| between.len() == 3).zip(text.get(end..).and_then(half));
        if let Some((first, second)) =
            halves.and_then(|(north, east)| shape::degrees_and_minutes((a, north), (b, east)))
        {
            let mut read = pair(seen, first, second, format!("{a},{b}"), true, true, false);
            (read.start, read.end) = (*a_start, end);
            return Some(read);
        }
        let (first, second) = (shape::degrees(a)?, shape::degrees(b)?);
        // Something short stands between them, and no third number right after.
        (!between.is_empty() && between.len() <= 16 && !first.scaled && !second.scaled).then(|| Pair {
            first,
            second,
            ordered: false,
            keyed: whole && key.is_some(),
            recipient: whole && key.is_some_and(|(.., known)| known),
            leaf: seen.index,
            start: *a_start,
            end,
            written: format!("{a},{b}"),
        })
    });
    pairs.collect()
}

/// `31°13'49.5"N 121°28'25.3"E`: what is written so says itself that it is a place.
fn in_minutes(seen: Seen<'_>, text: &str) -> Option<Vec<Pair>> {
    let halves = shape::sexagesimal(text);
    let pairs = halves.windows(2).filter_map(|two| {
        let [first, second] = two else { return None };
        let (latitude, longitude) = match (first.axis, second.axis) {
            (shape::Axis::Latitude, shape::Axis::Longitude) => (first, second),
            (shape::Axis::Longitude, shape::Axis::Latitude) => (second, first),
            _ => return None,
        };
        // Something short stands between them.
        (second.start.checked_sub(first.end)? <= 16).then_some(())?;
        let written = text.get(first.start..second.end)?.to_owned();
        let mut read = pair(seen, latitude.degrees, longitude.degrees, written, true, true, false);
        (read.start, read.end) = (first.start, second.end);
        Some(read)
    });
    let pairs: Vec<Pair> = pairs.collect();
    (!pairs.is_empty()).then_some(pairs)
}

/// `geohash=wtw3sjq6q`: a name that says so, and a cell.
fn in_cell<'a>(identifier: &Identifier, seen: Seen<'a>, text: &'a str) -> Option<Pair> {
    /// The shortest and the longest that say where.
    const LENGTHS: std::ops::RangeInclusive<usize> = 5..=12;
    (LENGTHS.contains(&text.len()) && !seen.named.is_empty()).then_some(())?;
    key_of(identifier, seen).filter(|(part, ..)| *part == Some("geohash"))?;
    let (latitude, longitude) = shape::geohash(text)?;
    Some(pair(seen, latitude, longitude, text.to_owned(), true, true, false))
}

/// `location=31,230416;121,473701`: a name that says so, and two numbers with decimal commas.
fn with_commas(identifier: &Identifier, seen: Seen<'_>, text: &str) -> Option<Pair> {
    /// Two coordinates of as many decimals as anyone writes.
    const LONGEST: usize = 50;
    /// A comma alone cannot part what it parts already.
    const MARKS: [&str; 5] = [";", "|", "/", ", ", " "];
    (text.len() <= LONGEST && !seen.named.is_empty() && text.contains(',') && !text.contains('.')).then_some(())?;
    let (first, second) = MARKS.iter().find_map(|mark| text.split_once(mark))?;
    (first.contains(',') && second.contains(',')).then_some(())?;
    let (a, b) = (shape::degrees(first)?, shape::degrees(second)?);
    let (.., recipient) = key_of(identifier, seen).filter(|(part, clear, _)| part.is_none() && *clear)?;
    Some(pair(seen, a, b, text.to_owned(), false, true, recipient))
}

/// The decimal numbers of a text, with their offsets.
fn numbers(text: &str) -> Vec<(usize, &str)> {
    let is_part = |c: char| c.is_ascii_digit() || matches!(c, '.' | '-');
    let mut numbers = Vec::new();
    let mut rest = text;
    let mut behind_number = false;
    while let Some(start) = rest.find(is_part) {
        let tail = rest.get(start..).unwrap_or_default();
        let number = tail.get(..tail.find(|c| !is_part(c)).unwrap_or(tail.len())).unwrap_or_default();
        let before = rest.get(..start).unwrap_or_default();
        // `121.4737x31.2304x20`: the macro of ad monitors.
        let crossed = behind_number && before.eq_ignore_ascii_case("x");
        let joined = !crossed && before.chars().next_back().is_some_and(char::is_alphanumeric);
        if number.contains('.') && !joined && numbers.len() < NUMBERS {
            numbers.push((text.len() - tail.len(), number));
        }
        behind_number = !joined;
        rest = tail.get(number.len()..).unwrap_or_default();
    }
    numbers
}

/// A text that is nothing but two numbers, and perhaps a third behind the same mark: metres of accuracy or height.
fn two_numbers(text: &str) -> Option<(Degrees, Degrees)> {
    const MARKS: [char; 6] = [',', ';', '|', ' ', '/', 'x'];
    /// Heights reach nine thousand metres, and have decimals.
    const METRES: usize = 12;
    let text = text.trim().trim_matches(['(', ')', '[', ']']);
    let (a, rest) = text.split_once(MARKS)?;
    let mark = text.get(a.len()..)?.chars().next()?;
    let (b, metres) = rest.split_once(mark).map_or((rest, None), |(b, metres)| (b, Some(metres.trim())));
    let is_metres = |text: &str| text.len() <= METRES && text.parse::<f64>().is_ok_and(f64::is_finite);
    metres.is_none_or(is_metres).then_some(())?;
    Some((shape::degrees(a)?, shape::degrees(b)?))
}

fn judge(identifier: &Identifier, seen: Seen<'_>, pair: Pair, time: Time) -> Option<Hit> {
    let decimals = pair.first.decimals.min(pair.second.decimals);
    let straight = shape::pair(pair.first, pair.second);
    let crossed = (!pair.ordered).then(|| shape::pair(pair.second, pair.first)).flatten();
    let data_type = if decimals >= PRECISE_DECIMALS { "location" } else { "location_coarse" };
    let nearest = |metres: f64| {
        let near = [straight, crossed].into_iter().flatten().flat_map(|sent| {
            identifier.places.iter().flat_map(move |known| {
                let is = move |place: Place| known.is(place, sent, decimals, metres);
                let fits = known.datums.iter().filter(move |(_, place)| is(*place));
                fits.map(move |(datum, place)| (sent.metres_to(*place), *datum, known))
            })
        });
        near.min_by(|a, b| a.0.total_cmp(&b.0))
    };
    let keyed = pair.keyed.then(|| nearest(SAME_PLACE_METRES).map(|near| (near, Certainty::Confirmed)));
    let unkeyed = || {
        // Two numbers of three decimals agree with a place one time in some ten thousand.
        let most = if decimals >= PRECISE_DECIMALS { Certainty::Confirmed } else { Certainty::Possible };
        let close = nearest(UNKEYED_METRES).map(|near| (near, most));
        close.or_else(|| Some((nearest(SAME_PLACE_METRES)?, most.min(Certainty::Probable))))
    };
    let nearest = keyed.unwrap_or_else(|| (decimals >= UNKEYED_DECIMALS).then(unkeyed).flatten());
    let hit = |certainty, reason: Reason, variant: &str, value: String| Hit {
        data_type: data_type.to_owned(),
        form: Form { digest: "plain".to_owned(), variant: variant.to_owned() },
        certainty,
        reason,
        value,
        written: pair.written.clone(),
        key: seen.name.map(str::to_owned),
        leaf: pair.leaf,
        start: pair.start,
        end: pair.end,
    };
    match nearest {
        Some(((_, datum, known), most)) => {
            let certainty = if known.value.holds_at(time) { most } else { most.min(Certainty::Probable) };
            let near =
                Ground::new(GroundCode::ProfilePlace).with("datum", datum).with("decimals", decimals.to_string());
            // What stands in the same part of a town shares its few decimals with the device.
            let site = decimals < PRECISE_DECIMALS && !pair.recipient && is_of_a_site(identifier, seen);
            let certainty = if site { Certainty::Possible } else { certainty };
            let site = site.then(|| Ground::new(GroundCode::PlaceOfSite));
            Some(hit(certainty, Reason::of([Some(near), site].into_iter().flatten()), datum, known.value.value.clone()))
        }
        _ if !pair.keyed => None,
        _ => {
            straight.or(crossed)?;
            let elsewhere = !identifier.places.is_empty();
            // A place that is not the device's (a search, a shop), or whole degrees, is worth a note.
            let site = !pair.recipient && is_of_a_site(identifier, seen);
            let sure = !elsewhere && !site && (decimals > 0 || pair.recipient);
            let elsewhere = elsewhere.then_some(GroundCode::NoPlaceOfProfile);
            let site = site.then_some(GroundCode::PlaceOfSite);
            let reason = [Some(GroundCode::PlaceKeys), elsewhere, site];
            let reason = Reason::of(reason.into_iter().flatten().map(Ground::new));
            let certainty = if sure { Certainty::Probable } else { Certainty::Possible };
            Some(hit(certainty, reason, "as-is", pair.written.clone()))
        }
    }
}

/// The coordinates stand in something that is named as what stands somewhere itself: `{"shop": {"lat": …}}`,
/// `shop[location][lat]`. Names of the coordinates themselves are passed over on the way out.
fn is_of_a_site(identifier: &Identifier, seen: Seen<'_>) -> bool {
    let keys = &identifier.keys;
    keyed::around(identifier, seen, &["location"]).is_some_and(|name| keys.is_site(name) || keys.is_spot(name))
}

impl Known {
    /// Whether `sent` is this place, given as `place` in some datum: within `metres`, plus what rounding
    /// or cutting to the sent number of decimals may change.
    fn is(&self, place: Place, sent: Place, decimals: u32, metres: f64) -> bool {
        let unit = |decimals: u32| 0.1_f64.powi(i32::try_from(decimals).unwrap_or(i32::MAX));
        let scale = METRES_PER_DEGREE * sent.latitude.to_radians().cos().max(f64::EPSILON);
        let (slack_lat, slack_lon) = (metres / METRES_PER_DEGREE, metres / scale);
        // What the profile itself leaves open.
        let open = unit(self.decimals) / 2.0;
        // Cutting moves a coordinate towards zero.
        let cut = |from: f64, to: f64| if from < 0.0 { to - from } else { from - to };
        let (lat, lon) = (cut(place.latitude, sent.latitude), cut(place.longitude, sent.longitude));
        let within = |low: f64, high: f64| {
            (low - slack_lat - open..=high + slack_lat + open).contains(&lat)
                && (low - slack_lon - open..=high + slack_lon + open).contains(&lon)
        };
        let unit = unit(decimals);
        within(-unit / 2.0, unit / 2.0) || within(0.0, unit)
    }
}
