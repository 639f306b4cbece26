use bytes::Bytes;

use super::*;
use crate::evidence::{Direction, Place, Time, Transport};
use crate::message::{Kind, Protocol, Wire};

#[test]
fn every_recipe_of_the_set_can_run() {
    let set = Signatures::embedded().unwrap();
    let wrong: Vec<String> = set
        .recipes
        .values()
        .filter_map(|r| check_recipe(r).err().map(|e| format!("{} ({}): {e}", r.id, r.origin)))
        .collect();
    assert_eq!(wrong, Vec::<String>::new());
    assert!(set.recipes.contains_key("mobtech-dinfo"));
}

/// `SDK\x01` and gzip of `{"d": hex of AES-128-ECB of "imei=490154203237518&v=2"}`, made
/// with Python's gzip and json and `openssl enc -aes-128-ecb -K 00112233445566778899aabbccddeeff`.
const MADE_UP: &str = "53444b011f8b080000000000020305c1891180300804c0561c2a08c985c76e0242138ebdbbfbd243f745ba068e66226c96952aa2536b1c11678b85028b9737efeeb9fdac14a4b56dee403b7d3fd2d2631049000000";

const RECIPE: &str = r#"
[[recipe]]
id = "made-up"
product = "made_up"
hosts = ["*.made-up.example"]
path = "^/up$"
from = "body"
steps = [{ skip = 4 }, "gunzip", { json = "$.d" }, "hex", { aes-128-ecb = "00112233445566778899aabbccddeeff", key_form = "hex" }]
source = "this test"
"#;

pub(super) fn message(host: &str) -> Message {
    let body = Bytes::from(hex::decode(MADE_UP).unwrap());
    Message {
        time: Time(0),
        direction: Direction::Sent,
        protocol: Protocol::Http11,
        kind: Kind::Request { method: "POST".to_owned(), target: "/up".to_owned() },
        host: Some(host.to_owned()),
        sni: None,
        alpn: None,
        first: false,
        certificate_names: Vec::new(),
        client: [192, 0, 2, 1].into(),
        server: [198, 51, 100, 7].into(),
        port: 443,
        headers: Vec::new(),
        body_len: body.len() as u64,
        body_sha256: String::new(),
        body,
        incomplete: None,
        wire: Wire::Encrypted,
        opened: true,
        doubtful: false,
        app: None,
        exchange: None,
        authority: None,
        service: None,
        wire_bytes: 0,
        lost_bytes: 0,
        place: Place::Frames {
            input: 0,
            transport: Transport::Tcp,
            stream: 0,
            frames: vec![1],
            offset: 0,
            began: None,
            continued: Vec::new(),
        },
    }
}

#[test]
fn a_recipe_from_a_users_folder_opens_an_sdk() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("made-up.toml"), RECIPE).unwrap();
    let decoder = Decoder::new(&Signatures::load(&[folder.path()]).unwrap());
    let decoded = decoder.leaves(&message("a.made-up.example"), None);
    let found = decoded.leaves.iter().find(|l| l.key.as_deref() == Some("imei")).unwrap();
    assert_eq!(found.bytes, "490154203237518");
    assert!(!found.published_key(), "the recipe does not say that its key is published");
    let steps: Vec<String> = found.steps().iter().map(ToString::to_string).collect();
    let way =
        ["body", "skip 4", "gzip", "json $.d", "hex", "aes-128-ecb 00112233445566778899aabbccddeeff", "form imei"];
    assert_eq!(steps, way);
    assert_eq!(decoded.gaps, []);

    let elsewhere = decoder.leaves(&message("made-up.example"), None);
    assert!(elsewhere.leaves.iter().all(|l| l.key.as_deref() != Some("imei")));
    assert_eq!(elsewhere.gaps.len(), 1, "a body that nothing reads is said to be one");
}

#[test]
fn recipes_that_cannot_run_are_told() {
    let wrong = |steps: &str, from: &str, more: &str| {
        let text = format!(
            "id = \"x\"\nproduct = \"x\"\nhosts = [\"a.example\"]\nfrom = {from:?}\nsteps = {steps}\nsource = \"x\"\n{more}"
        );
        check_recipe(&toml::from_str(&text).unwrap())
    };
    assert_eq!(wrong("[\"base64\"]", "body", ""), Ok(()));
    for (steps, from, more) in [
        ("[\"rot13\"]", "body", ""),
        ("[]", "header", ""),
        ("[]", "json:a.b", ""),
        ("[{ aes-128-ecb = \"short\" }]", "body", ""),
        ("[{ aes-128-ecb = \"zz\", key_form = \"hex\" }]", "body", ""),
        ("[{ skip = -1 }]", "body", ""),
        ("[]", "body", "path = \"(\""),
        ("[]", "body", "sealed = true"),
        ("[\"base64\"]", "body", "sealed = true\nreason = \"x\""),
    ] {
        assert!(wrong(steps, from, more).is_err(), "{steps} {from} {more}");
    }
}

#[test]
fn a_sealed_payload_is_told_whatever_its_bytes_begin_as() {
    let decoder = Decoder::new(&Signatures::embedded().unwrap());
    // Bytes that are nothing, behind two that no format begins with, and behind two that zlib's may.
    for head in [[0x48, 0xc8], [0x48, 0xc7]] {
        let noise = (0..8_u8).flat_map(|n| hex::decode(&crate::evidence::sha256_hex(&[n])).unwrap());
        let payload: Vec<u8> = head.into_iter().chain(noise).collect();
        let data = data_encoding::BASE64.encode(&payload);
        let message = Message {
            kind: Kind::Request { method: "POST".to_owned(), target: "/deviceprofile/v4".to_owned() },
            body: format!("{{\"organization\":\"x\",\"data\":\"{data}\"}}").into(),
            ..message("fp-it.fengkongcloud.com")
        };
        assert_eq!(decoder.leaves(&message, Some("shumei")).sealed.len(), 1, "{head:x?}");
    }
}

/// `{"imei": "490154203237518", "model": "M2102"}`, compressed by Python's zlib and brotli.
const COMPRESSED: [(&str, &str); 3] = [
    ("ab56cacc4dcd54b2525032b1343034353132303632363735b450d25150cacd4f49cd01c9f91a191a1829d50200", "deflate"),
    (
        "78daab56cacc4dcd54b2525032b1343034353132303632363735b450d25150cacd4f49cd01c9f91a191a1829d50200ff290ad6",
        "deflate",
    ),
    ("0b16807b22696d6569223a2022343930313534323033323337353138222c20226d6f64656c223a20224d32313032227d03", "br"),
];

#[test]
fn compressed_bytes_are_found_in_hex_and_behind_percents() {
    let decoder = Decoder::new(&Signatures::embedded().unwrap());
    for (compressed, name) in COMPRESSED {
        let bytes = hex::decode(compressed).unwrap();
        let percent: String = bytes.iter().map(|b| format!("%{b:02X}")).collect();
        for (value, step) in [(compressed.to_uppercase(), "hex"), (percent, "percent")] {
            let message = Message { body: format!("{{\"d\":\"{value}\"}}").into(), ..message("a.example") };
            let leaves = decoder.leaves(&message, None).leaves;
            let imei = leaves.iter().find(|leaf| leaf.key.as_deref() == Some("imei"));
            let steps: Vec<String> = imei.unwrap().steps().iter().map(ToString::to_string).collect();
            assert_eq!(steps, ["body", "json $.d", step, name, "json $.imei"]);
        }
    }
}

#[test]
fn a_structure_around_a_compressed_batch_is_one_though_it_has_no_texts() {
    // An envelope of two fields, `{1: 7, 2: gzip}`, in Base64: the batches of many SDKs.
    let mut packed = Vec::new();
    let text = &b"{\"imei\":\"490154203237518\",\"model\":\"M2102\"}"[..];
    std::io::Read::read_to_end(&mut flate2::read::GzEncoder::new(text, flate2::Compression::new(9)), &mut packed)
        .unwrap();
    let mut envelope = vec![0x08, 7, 0x12, u8::try_from(packed.len()).unwrap()];
    envelope.extend(&packed);
    let body = format!("d={}", data_encoding::BASE64URL_NOPAD.encode(&envelope));
    let message = Message { body: body.into(), ..message("a.example") };
    let leaves = Decoder::new(&Signatures::embedded().unwrap()).leaves(&message, None).leaves;
    let imei = leaves.iter().find(|leaf| leaf.key.as_deref() == Some("imei")).unwrap();
    let steps: Vec<String> = imei.steps().iter().map(ToString::to_string).collect();
    assert_eq!(steps, ["body", "form d", "base64", "protobuf 2", "gzip", "json $.imei"]);
}

#[test]
fn a_field_that_comes_again_is_read_once() {
    let fields = [("x-id", "490154203237518"), ("x-id", "other"), ("x-id", "490154203237518"), ("X-ID", "other")];
    let headers = fields.map(|(name, value)| (name.to_owned(), Bytes::from(value))).to_vec();
    let message = Message { headers, body: Bytes::new(), ..message("a.example") };
    let decoded = Decoder::new(&Signatures::embedded().unwrap()).leaves(&message, None);
    let told = |leaf: &Leaf| format!("{} {}", leaf.steps()[0], String::from_utf8_lossy(&leaf.bytes));
    let told: Vec<String> = decoded.leaves.iter().filter(|leaf| leaf.part == Part::Header).map(told).collect();
    // Spelled otherwise it is told apart, and numbered as it came.
    assert_eq!(told, ["header x-id 490154203237518", "header x-id[1] other", "header x-id[3] other"]);
}
