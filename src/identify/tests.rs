//! The cases of `tests/identify/`, made by `make.py` with other programs.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::Deserialize;

use super::*;
use crate::evidence::{Direction, Place, Step, Transport, sha256_hex};
use crate::message::{Kind, Message, Protocol, Wire};
use crate::payload::Decoder;
use crate::session::ProfileValue;

#[derive(Deserialize)]
struct File {
    profile: BTreeMap<String, Vec<String>>,
    cases: Vec<Case>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    host: String,
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body_base64: String,
    profile: Option<BTreeMap<String, Vec<String>>>,
    product: Option<String>,
    hits: Vec<Expected>,
    #[serde(default)]
    withheld: Vec<(String, String)>,
    #[serde(default)]
    sealed: Vec<(String, Vec<String>)>,
    #[serde(default)]
    gaps: Vec<String>,
    /// Only these types are asked for: the case is about them.
    not_types: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    #[serde(rename = "type")]
    data_type: String,
    written: String,
    digest: String,
    certainty: Certainty,
    variant: Option<String>,
    key: Option<String>,
    steps: Option<Vec<String>>,
    published_key: Option<bool>,
}

fn profile(values: &BTreeMap<String, Vec<String>>) -> Profile {
    let value = |v: &String| ProfileValue { value: v.clone(), from: None, until: None };
    Profile { ids: values.iter().map(|(id, values)| (id.clone(), values.iter().map(value).collect())).collect() }
}

fn message(case: &Case) -> Message {
    let body = data_encoding::BASE64.decode(case.body_base64.as_bytes()).unwrap();
    Message {
        time: Time(0),
        direction: Direction::Sent,
        protocol: Protocol::Http11,
        kind: Kind::Request { method: case.method.clone(), target: case.target.clone() },
        host: Some(case.host.clone()),
        sni: None,
        alpn: None,
        first: false,
        certificate_names: Vec::new(),
        client: [192, 0, 2, 1].into(),
        server: [198, 51, 100, 7].into(),
        port: 443,
        headers: case.headers.iter().map(|(n, v)| (n.clone(), Bytes::from(v.clone().into_bytes()))).collect(),
        body_len: body.len() as u64,
        body_sha256: sha256_hex(&body),
        body: body.into(),
        incomplete: None,
        wire: Wire::Encrypted,
        opened: true,
        doubtful: false,
        app: None,
        exchange: Some(0),
        authority: None,
        service: None,
        wire_bytes: 0,
        lost_bytes: 0,
        place: Place::Frames {
            input: 0,
            transport: Transport::Tcp,
            stream: 0,
            frames: vec![4],
            offset: 0,
            began: None,
            continued: Vec::new(),
        },
    }
}

fn names(steps: &[Step]) -> Vec<String> {
    steps.iter().map(ToString::to_string).collect()
}

/// What differs from what was expected, in words.
fn differences(case: &Case, decoder: &Decoder, identifier: &Identifier) -> Vec<String> {
    let decoded = decoder.leaves(&message(case), case.product.as_deref());
    let found = identifier.find(&decoded.leaves, case.product.as_deref(), Time(0));
    let mut wrong = Vec::new();
    let mut left: Vec<&Hit> = found.hits.iter().collect();
    if let Some(types) = &case.not_types {
        left.retain(|h| types.contains(&h.data_type));
    }
    for expected in &case.hits {
        let fits = |h: &&Hit| {
            let leaf = &decoded.leaves[h.leaf];
            h.data_type == expected.data_type
                && h.written == expected.written
                && h.form.digest == expected.digest
                && h.certainty == expected.certainty
                && expected.variant.as_ref().is_none_or(|v| *v == h.form.variant)
                && expected.key.as_ref().is_none_or(|k| Some(k) == h.key.as_ref())
                && expected.steps.as_ref().is_none_or(|s| *s == names(&leaf.steps()))
                && expected.published_key.is_none_or(|p| p == leaf.published_key())
        };
        match left.iter().position(fits) {
            Some(at) => {
                let hit = left.remove(at);
                let leaf = &decoded.leaves[hit.leaf];
                if leaf.steps().last().map(|s| s.sha256.clone()) != Some(sha256_hex(&leaf.bytes)) {
                    wrong.push("the last step's digest is not the leaf's".to_owned());
                }
            }
            None => wrong.push(format!("missing {expected:?}")),
        }
    }
    for hit in left {
        wrong.push(format!("unexpected {hit:?} at {:?}", names(&decoded.leaves[hit.leaf].steps())));
    }
    let withheld: Vec<(String, String)> = found.withheld.into_iter().map(|w| (w.data_type, w.key)).collect();
    if withheld != case.withheld {
        wrong.push(format!("withheld {withheld:?}, not {:?}", case.withheld));
    }
    let sealed: Vec<(String, Vec<String>)> =
        decoded.sealed.iter().map(|(id, steps)| (id.clone(), names(steps))).collect();
    if sealed != case.sealed {
        wrong.push(format!("sealed {sealed:?}, not {:?}", case.sealed));
    }
    let gaps: Vec<&str> = decoded.gaps.iter().map(|g| g.reason.as_str()).collect();
    let mut expected: Vec<&str> = case.gaps.iter().map(String::as_str).collect();
    expected.sort_unstable();
    let mut sorted = gaps.clone();
    sorted.sort_unstable();
    if sorted != expected {
        wrong.push(format!("gaps {:?}, not {:?}", decoded.gaps, case.gaps));
    }
    wrong
}

#[test]
fn cases_made_by_other_programs() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/identify/cases.json");
    let file: File = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let signatures = Signatures::embedded().unwrap();
    let decoder = Decoder::new(&signatures);
    let default = Identifier::new(&signatures, &profile(&file.profile));
    let empty = Identifier::new(&signatures, &Profile::default());
    let mut report = String::new();
    for case in &file.cases {
        let own = case.profile.as_ref().filter(|p| !p.is_empty()).map(|p| Identifier::new(&signatures, &profile(p)));
        let identifier = match (&own, &case.profile) {
            (Some(own), _) => own,
            (None, Some(_)) => &empty,
            (None, None) => &default,
        };
        for wrong in differences(case, &decoder, identifier) {
            report.push_str(&format!("\n{}: {wrong}", case.name));
        }
    }
    assert!(file.cases.len() > 300 && report.is_empty(), "{report}");
}

/// Bodies cut and changed in a few bytes: nothing panics, and steps always add up.
#[test]
fn damaged_messages_do_no_harm() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/identify/cases.json");
    let file: File = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let signatures = Signatures::embedded().unwrap();
    let decoder = Decoder::new(&signatures);
    let identifier = Identifier::new(&signatures, &profile(&file.profile));
    // A linear congruential generator (Knuth's constants): the same changes on every run.
    let mut state: u64 = 17;
    let mut next = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below.max(1)
    };
    for case in file.cases.iter().filter(|c| c.body_base64.len() < 20_000 && c.hits.len() + c.gaps.len() > 0) {
        let original = message(case);
        for round in 0..3 {
            let mut changed = original.clone();
            let mut body = original.body.to_vec();
            for _ in 0..=round {
                let (at, byte) = (next(body.len()), next(256) as u8);
                if let Some(place) = body.get_mut(at) {
                    *place = byte;
                }
            }
            body.truncate(body.len() - next(body.len() / 4));
            changed.body = body.into();
            let decoded = decoder.leaves(&changed, case.product.as_deref());
            for hit in identifier.find(&decoded.leaves, case.product.as_deref(), Time(0)).hits {
                assert!(hit.start <= hit.end && hit.end <= decoded.leaves[hit.leaf].bytes.len(), "{}", case.name);
            }
        }
    }
}

fn sent(target: &str, body: &str) -> Message {
    message(&Case {
        host: "a.example".to_owned(),
        method: "POST".to_owned(),
        target: target.to_owned(),
        body_base64: data_encoding::BASE64.encode(body.as_bytes()),
        ..Case::default()
    })
}

/// The gaps, and the keys of the hits for a device whose IMEI is 490154203237518
/// (the example of 3GPP TS 23.003 annex B).
fn gaps_and_keys(body: &str) -> (Vec<String>, Vec<Option<String>>) {
    let signatures = Signatures::embedded().unwrap();
    let ids = [("imei".to_owned(), vec!["490154203237518".to_owned()])].into();
    let decoded = Decoder::new(&signatures).leaves(&sent("/", body), None);
    let found = Identifier::new(&signatures, &profile(&ids)).find(&decoded.leaves, None, Time(0));
    (decoded.gaps.into_iter().map(|g| g.detail).collect(), found.hits.into_iter().map(|h| h.key).collect())
}

#[test]
fn what_lies_behind_a_limit_is_still_searched_as_text() {
    let imei = Some("imei".to_owned());
    let values = format!(r#"{{"n":[{}1],"imei":"490154203237518"}}"#, "1,".repeat(140_000));
    assert_eq!(gaps_and_keys(&values), (vec!["values in one message: 131072".to_owned()], vec![imei.clone()]));
    let piece = |n: u32| format!("{:?}", data_encoding::BASE64.encode(format!("piece number {n}").as_bytes()));
    let pieces = (0..2_500).map(piece).collect::<Vec<_>>().join(",");
    let layers = format!(r#"{{"n":[{pieces}],"imei":"490154203237518"}}"#);
    assert_eq!(gaps_and_keys(&layers), (vec!["layers decoded in one message: 2000".to_owned()], vec![imei]));
}

#[test]
fn a_value_outside_its_time_is_probable() {
    let signatures = Signatures::embedded().unwrap();
    let old =
        ProfileValue { value: "3a5f2c1e-7b48-4d09-9e6a-1c2d3e4f5a6b".to_owned(), from: None, until: Some(Time(100)) };
    let profile = Profile { ids: [("oaid".to_owned(), vec![old.clone()])].into() };
    let leaves = Decoder::new(&signatures).leaves(&sent(&format!("/?x={}", old.value), ""), None).leaves;
    let identifier = Identifier::new(&signatures, &profile);
    let certainty = |time| identifier.find(&leaves, None, Time(time)).hits.first().map(|h| h.certainty);
    assert_eq!((certainty(100), certainty(101)), (Some(Certainty::Confirmed), Some(Certainty::Probable)));
}

#[test]
fn digests_that_only_a_recipe_tells_of() {
    let folder = tempfile::tempdir().unwrap();
    let recipe = r#"
        [[recipe]]
        id = "made-up"
        product = "made_up"
        hosts = ["up.made-up.example"]
        from = "body"
        digests = [
            { type = "android_id", digest = "md5", text = "{value}{package}" },
            { type = "imei", digest = "sha256", key = "published" },
        ]
        source = "this test"
    "#;
    std::fs::write(folder.path().join("made-up.toml"), recipe).unwrap();
    let signatures = Signatures::load(&[folder.path()]).unwrap();
    let ids = [
        ("imei".to_owned(), vec!["490154203237518".to_owned()]),
        ("android_id".to_owned(), vec!["9f3c21ab47de5608".to_owned()]),
    ];
    let identifier = Identifier::for_app(&signatures, &profile(&ids.into()), Some("com.example.reader"));
    // printf 9f3c21ab47de5608com.example.reader | openssl dgst -md5
    // printf 490154203237518 | openssl dgst -sha256 -hmac published
    let body = concat!(
        r#"{"a":"e9b917142320e4f4aa2beb4dc640e8a2","#,
        r#""b":"463bfc7b941b1c7f7057064ea9ddd40062a4c5a990d85e78519d2efcd6a1b2b1"}"#
    );
    let found = |product: Option<&str>| -> Vec<(String, String, String)> {
        let leaves = Decoder::new(&signatures).leaves(&sent("/", body), product).leaves;
        let hits = identifier.find(&leaves, product, Time(0)).hits.into_iter();
        hits.map(|h| (h.data_type, h.form.digest, h.form.variant)).collect()
    };
    let row = |a: &str, b: &str, c: &str| (a.to_owned(), b.to_owned(), c.to_owned());
    let expected = [row("android_id", "md5", "as-is in {value}{package}"), row("imei", "hmac-sha256", "as-is")];
    assert_eq!(found(Some("made_up")), expected);
    assert_eq!(found(None), [], "nobody else is known to make it");
}

/// The values of `identify::issued`: taught by an answer of the product that issues them.
#[test]
fn ids_are_taught_by_their_issuer_alone() {
    let signatures = Signatures::embedded().unwrap();
    let identifier = Identifier::new(&signatures, &Profile::default());
    let answer = r#"{"errno":0,"cid":"5d1f0b6c7a8e4f3092b1c0d9e8f7a6b5","app_key":"0a1b2c3d4e5f60718293a4b5c6d7e8f9"}"#;
    let leaves = Decoder::new(&signatures).leaves(&sent("/", answer), None).leaves;
    let taught = |product| identifier.issued(&leaves, product).into_iter().map(|i| i.key).collect::<Vec<_>>();
    assert_eq!(taught("getui"), ["cid"]);
    assert_eq!(taught("umeng"), Vec::<String>::new());
    assert!(identifier.is_issuer("getui") && !identifier.is_issuer("nobody"));
    let returned = identifier.candidates(&leaves, &[]);
    assert_eq!(returned.iter().filter_map(|at| leaves[*at].key.as_deref()).collect::<Vec<_>>(), ["cid", "app_key"]);
}

#[test]
fn limits_of_paths_and_cookies_are_told() {
    let decoder = Decoder::new(&Signatures::embedded().unwrap());
    let mut long = sent(&"/a".repeat(17_000), "");
    long.headers.push(("Cookie".to_owned(), Bytes::from("a=1; ".repeat(17_000))));
    let gaps: Vec<String> = decoder.leaves(&long, None).gaps.into_iter().map(|gap| gap.detail).collect();
    assert_eq!(gaps, ["cookies of one header: 16384", "segments of one path: 16384"]);
}

/// `TYPE CERTAINTY` of what a JSON body holds, for a device with these values.
fn told(ids: &[(&str, &str)], body: &str) -> Vec<String> {
    let signatures = Signatures::embedded().unwrap();
    let ids = ids.iter().map(|(id, value)| ((*id).to_owned(), vec![(*value).to_owned()])).collect();
    let leaves = Decoder::new(&signatures).leaves(&sent("/", body), None).leaves;
    let found = Identifier::new(&signatures, &profile(&ids)).find(&leaves, None, Time(0));
    let in_body = found.hits.iter().filter(|hit| leaves[hit.leaf].part == Part::Body);
    in_body.map(|hit| format!("{} {}", hit.data_type, format!("{:?}", hit.certainty).to_lowercase())).collect()
}

#[test]
fn a_cell_beside_its_area_is_a_place_on_a_map() {
    for body in [
        r#"{"mcc":460,"mnc":0,"lac":9712,"cid":40213577}"#,
        r#"{"cell":{"mcc":"460","mnc":"01","tac":"9712","ci":"140213577"}}"#,
        r#"{"cells":[{"nci":6841234567,"tac":1203456}]}"#,
    ] {
        assert_eq!(told(&[], body), ["cell_id probable"], "{body}");
    }
    for body in [
        // A campaign; no area; a placeholder; an IMEI's allocation code, which no area has room for.
        r#"{"cid":40213577,"app":7}"#,
        r#"{"cid":40213577,"lac":0}"#,
        r#"{"cid":40213577,"lac":65535}"#,
        r#"{"cid":7,"tac":86740002}"#,
        r#"{"a":{"lac":9712},"b":{"cid":7}}"#,
    ] {
        assert!(!told(&[], body).contains(&"cell_id probable".to_owned()), "{body}");
    }
}

#[test]
fn phone_numbers_of_any_country() {
    for body in [r#"{"phone":"+852 9000 1234"}"#, r#"{"mobile":"+12025550143"}"#] {
        assert_eq!(told(&[], body), ["phone probable"], "{body}");
    }
    assert_eq!(told(&[], r#"{"tel":"+1","phone":"+12025","x":"+12025550143"}"#), [""; 0]);
    let ids = [("phone", "+44 7700 900123")];
    // printf 447700900123 | sha256sum, as advertisers normalise it
    let digest = "033134b911b137918338415ee3d20a064b24773d36a3b02e8b99fdd3fcd6b4cd";
    for value in ["+447700900123", "447700900123", "07700900123", "7700900123", "00447700900123", digest] {
        assert_eq!(told(&ids, &format!(r#"{{"x":"{value}"}}"#)), ["phone confirmed"], "{value}");
    }
}

#[test]
fn a_network_is_named_with_quotes_or_without() {
    for name in ["Harbour-5G", "\"Harbour-5G\""] {
        let body = r#"{"a":"Harbour-5G","b":"\"Harbour-5G\""}"#;
        assert_eq!(told(&[("ssid", name)], body), ["ssid confirmed", "ssid confirmed"], "{name}");
    }
}

#[test]
fn a_card_number_by_its_usual_names() {
    // The well-known test number, and one whose check digit is wrong.
    assert_eq!(told(&[], r#"{"cardNumber":"4111111111111111"}"#), ["bank_card probable"]);
    assert_eq!(told(&[], r#"{"cardNumber":"4111111111111112"}"#), [""; 0]);
}

#[test]
fn a_name_of_many_meanings_hides_no_shape() {
    for name in ["contact", "account", "id"] {
        assert_eq!(told(&[], &format!(r#"{{"{name}":"jo.doe@corp.example"}}"#)), ["email possible"], "{name}");
    }
}

#[test]
fn where_a_shop_stands_is_not_where_the_device_is() {
    for body in [
        r#"{"shop":{"lat":31.2011,"lng":121.5123}}"#,
        r#"{"nearestStores":[{"id":7,"location":{"lat":31.2011,"lon":121.5123}}]}"#,
        r#"{"poi":{"location":"121.5123,31.2011"}}"#,
    ] {
        assert_eq!(told(&[], body), ["location possible"], "{body}");
        // The device stands in it.
        assert_eq!(told(&[("location", "31.2011,121.5123")], body), ["location confirmed"], "{body}");
    }
    for body in [
        r#"{"lat":31.2011,"lng":121.5123}"#,
        r#"{"store":{"user":{"lat":31.2011,"lng":121.5123}}}"#,
        r#"{"storeId":7,"location":{"lat":31.2011,"lng":121.5123}}"#,
    ] {
        assert_eq!(told(&[], body), ["location probable"], "{body}");
    }
}

#[test]
fn a_longer_name_of_a_network_is_another_network() {
    let home = |body: &str| told(&[("ssid", "Harbour_5G")], body);
    for body in [
        r#"{"ssid":"Harbour_5G_guest"}"#,
        r#"{"networks":["New-Harbour_5G"]}"#,
        r#"{"ssid":"Harbour_5G Guests"}"#,
        r#"{"ssid":"Old Harbour_5G"}"#,
    ] {
        assert_eq!(home(body), ["ssid possible"], "{body}");
    }
    for body in [
        r#"{"ssid":"Harbour_5G"}"#,
        r#"{"wifi":"Harbour_5G,Other"}"#,
        r#"{"log":"connected to Harbour_5G (channel 36)"}"#,
        r#"{"log":"ssid=Harbour_5G rssi=-51"}"#,
    ] {
        assert_eq!(home(body), ["ssid confirmed"], "{body}");
    }
    // A word that is the name of a street as well.
    let street = |body: &str| told(&[("ssid", "Lindengasse")], body);
    assert_eq!(street(r#"{"t":"Flat, Lindengasse 4"}"#), ["ssid possible"]);
    assert_eq!(street(r#"{"t":"Lindengasse"}"#), ["ssid confirmed"]);
}

#[test]
fn an_id_between_bytes_that_look_like_letters() {
    let id = "9f3c21ab47de5608";
    let among = |before: &[u8], after: &[u8]| {
        let noise = [0xd3_u8, 0x9e, 0xc5, 0xf8];
        let body = [&noise[..], before, id.as_bytes(), after, &noise[..]].concat();
        let signatures = Signatures::embedded().unwrap();
        let message = Message { body: body.into(), ..sent("/", "") };
        let leaves = Decoder::new(&signatures).leaves(&message, None).leaves;
        let ids = BTreeMap::from([("android_id".to_owned(), vec![id.to_owned()])]);
        let found = Identifier::new(&signatures, &profile(&ids)).find(&leaves, None, Time(0));
        found.hits.iter().map(|hit| hit.certainty).collect::<Vec<_>>()
    };
    assert_eq!(among(b"", b""), [Certainty::Confirmed]);
    assert_eq!(among(b"k", b"Q"), [Certainty::Probable]);
    assert_eq!(among(b"AND", b""), [Certainty::Probable]);
    // A longer number in hex, a longer word.
    assert_eq!(among(b"a", b""), []);
    assert_eq!(among(b"", b"lock"), []);
}

#[test]
fn coordinates_with_decimal_commas() {
    let here = [("location", "31.230416,121.473701")];
    for body in [
        r#"{"lat":"31,230416","lng":"121,473701"}"#,
        r#"{"location":"31,230416;121,473701"}"#,
        r#"{"location":"121,473701, 31,230416"}"#,
    ] {
        assert_eq!(told(&here, body), ["location confirmed"], "{body}");
        assert_eq!(told(&[], body), ["location probable"], "{body}");
    }
    for body in
        [r#"{"location":"31,230;416"}"#, r#"{"price":"31,230416;121,473701"}"#, r#"{"lat":"3,1,2","lng":"1,2"}"#]
    {
        assert_eq!(told(&[], body), [""; 0], "{body}");
    }
}

#[test]
fn an_advertising_id_is_that_of_the_system() {
    let lower = "7c1d90ae-52f3-4b6e-8a17-e30b94d5c862";
    let upper = lower.to_uppercase();
    let one = |ids: &[(&str, &str)], body: String| told(ids, &body);
    let android = r#""platform":"Android""#;
    assert_eq!(one(&[], format!(r#"{{"idfa":"{lower}",{android}}}"#)), ["gaid probable"]);
    assert_eq!(one(&[], format!(r#"{{"idfa":"{lower}"}}"#)), ["idfa probable"]);
    assert_eq!(one(&[], format!(r#"{{"gaid":"{upper}","os":"ios"}}"#)), ["idfa probable"]);
    // Both are named: a list of what is supported.
    assert_eq!(one(&[], format!(r#"{{"idfa":"{lower}","for":["ios","android"]}}"#)), ["idfa probable"]);
    // An iPhone has no Google id, and this is not the one of the profile.
    let phone = [("gaid", "11f0c6d2-8b7e-4a35-9c40-5e2d7a9b61f3")];
    assert_eq!(one(&phone, format!(r#"{{"idfa":"{lower}"}}"#)), ["gaid possible"]);
}

#[test]
fn names_that_one_product_uses() {
    let (id, id_of_apple) = ("7c1d90ae-52f3-4b6e-8a17-e30b94d5c862", "7C1D90AE-52F3-4B6E-8A17-E30B94D5C862");
    let hash = "0beec7b5ea3f0fdbc95d0dd47f3c5bc275da8a33";
    for (product, body, expected) in [
        ("branch", r#"{"andi":"9f3c21ab47de5608"}"#.to_owned(), "android_id probable"),
        ("growingio", r#"{"adrid":"9f3c21ab47de5608"}"#.to_owned(), "android_id probable"),
        ("ironsource", format!(r#"{{"deviceid":"{id}"}}"#), "gaid probable"),
        ("mopub", format!(r#"{{"udid":"ifa:{id}"}}"#), "gaid probable"),
        ("mopub", format!(r#"{{"udid":"ifa:{id_of_apple}"}}"#), "idfa probable"),
        ("inmobi", format!(r#"{{"u-id-map":"{{\"GPID\":\"{id}\"}}"}}"#), "gaid probable"),
        ("inmobi", format!(r#"{{"u-id-map":{{"O1":"{hash}"}}}}"#), "android_id probable"),
    ] {
        let signatures = Signatures::embedded().unwrap();
        let leaves = Decoder::new(&signatures).leaves(&sent("/", &body), Some(product)).leaves;
        let found = Identifier::new(&signatures, &Profile::default()).find(&leaves, Some(product), Time(0));
        let told: Vec<_> =
            found.hits.iter().map(|hit| format!("{} {:?}", hit.data_type, hit.certainty).to_lowercase()).collect();
        assert_eq!(told, [expected], "{product} {body}");
        // To anyone else the names say nothing.
        let found = Identifier::new(&signatures, &Profile::default()).find(&leaves, None, Time(0));
        assert!(found.hits.iter().all(|hit| hit.certainty == Certainty::Possible), "{body}");
    }
}

#[test]
fn a_shop_in_the_same_part_of_town() {
    let here = [("location", "30.572815,104.066801")];
    // Two decimals are a square kilometre, which a shop and the device share by chance.
    for body in [r#"{"shops":[{"lat":30.58,"lng":104.07}]}"#, r#"{"bounds":{"northeast":{"lat":30.58,"lng":104.07}}}"#]
    {
        assert_eq!(told(&here, body), ["location_coarse possible"], "{body}");
    }
    assert_eq!(told(&here, r#"{"lat":30.57,"lng":104.07}"#), ["location_coarse confirmed"]);
    assert_eq!(told(&[], r#"{"stores":[{"bssid":"d4:6e:0e:14:9b:01"}]}"#), ["bssid possible"]);
    assert_eq!(told(&[], r#"{"net":{"bssid":"d4:6e:0e:14:9b:01"}}"#), ["bssid probable"]);
}

#[test]
fn the_id_in_what_is_named() {
    let id = "7c1d90ae-52f3-4b6e-8a17-e30b94d5c862";
    assert_eq!(told(&[], &format!(r#"{{"header":{{"oaid":{{"id":"{id}","version":3}}}}}}"#)), ["oaid probable"]);
    assert_eq!(told(&[], &format!(r#"{{"ids":{{"gaid":[{{"value":"{id}"}}]}}}}"#)), ["gaid probable"]);
    for around in ["order", "phone", "device", "ssid"] {
        assert_eq!(told(&[], &format!(r#"{{"{around}":{{"id":"{id}"}}}}"#)), [""; 0], "{around}");
    }
}
