use super::*;

fn hex(text: &str) -> Bytes {
    data_encoding::HEXLOWER.decode(text.as_bytes()).unwrap().into()
}

/// Fields as `name: value`; `?` for what is not known.
fn lines(fields: &[Field]) -> Vec<String> {
    let text = |part: &Option<Bytes>| part.as_ref().map_or("?".into(), |p| String::from_utf8_lossy(p).into_owned());
    fields.iter().map(|field| format!("{}: {}", text(&field.name), text(&field.value))).collect()
}

fn decoded(decoder: &Decoder, section: &str) -> Vec<String> {
    let section = hex(section);
    let list = decoder.decode(section.clone(), decoder.required(&section));
    assert_eq!(list.malformed, None);
    lines(&list.fields)
}

#[test]
fn examples_of_rfc_9204_appendix_b() {
    let mut decoder = Decoder::default();
    assert_eq!(decoded(&decoder, "0000510b2f696e6465782e68746d6c"), [":path: /index.html"]);
    decoder.allow(220);

    let second = hex("03811011");
    assert_eq!(decoder.required(&second), Required::Inserts(2));
    assert!(decoder.instructions(&hex("3fbd01c00f7777772e6578616d706c652e636f6d")));
    assert_eq!((decoder.capacity, decoder.inserted(), decoder.size), (220, 1, 57));
    assert!(decoder.instructions(&hex("c10c2f73616d706c652f70617468")));
    assert_eq!((decoder.inserted(), decoder.size), (2, 106));
    assert_eq!(decoded(&decoder, "03811011"), [":authority: www.example.com", ":path: /sample/path"]);

    assert!(decoder.instructions(&hex("4a637573746f6d2d6b65790c637573746f6d2d76616c7565")));
    assert_eq!((decoder.inserted(), decoder.size), (3, 160));
    assert!(decoder.instructions(&hex("02")));
    assert_eq!((decoder.inserted(), decoder.size), (4, 217));
    let third = [":authority: www.example.com", ":path: /", "custom-key: custom-value"];
    assert_eq!(decoded(&decoder, "050080c181"), third);

    assert!(decoder.instructions(&hex("810d637573746f6d2d76616c756532")));
    assert_eq!((decoder.inserted(), decoder.size, decoder.entries.len()), (5, 215, 4));
    assert_eq!(lines(&[decoder.entry(4)]), ["custom-key: custom-value2"]);
    assert_eq!(lines(&[decoder.entry(0), decoder.entry(1)]), ["?: ?", ":path: /sample/path"]);
}

#[derive(serde::Deserialize)]
#[serde(untagged)]
enum Step {
    Allow { allow: u64 },
    Encoder { encoder: String },
    Section { section: String, fields: Vec<String> },
}

const STORIES: [&str; 4] = [
    include_str!("../../../tests/data/qpack/static.json"),
    include_str!("../../../tests/data/qpack/requests.json"),
    include_str!("../../../tests/data/qpack/requests_small.json"),
    include_str!("../../../tests/data/qpack/responses_small.json"),
];

fn stories() -> impl Iterator<Item = Vec<Step>> {
    STORIES.iter().map(|text| serde_json::from_str(text).unwrap())
}

#[test]
fn stories_of_another_encoder() {
    let mut from_table = 0;
    for story in stories() {
        let mut decoder = Decoder::default();
        for step in story {
            match step {
                Step::Allow { allow } => decoder.allow(allow),
                // In pieces of one byte: an instruction may end anywhere.
                Step::Encoder { encoder } => {
                    assert!(hex(&encoder).chunks(1).all(|byte| decoder.instructions(byte)));
                }
                Step::Section { section, fields } => {
                    let required = decoder.required(&hex(&section));
                    let Required::Inserts(count) = required else { panic!("{required:?}") };
                    assert!(count <= decoder.inserted());
                    from_table += usize::from(count > 0);
                    assert_eq!(decoded(&decoder, &section), fields);
                }
            }
        }
        assert!(decoder.waiting.is_empty());
    }
    assert!(from_table > 50, "{from_table} sections refer to the table");
}

/// Whatever part of the encoder's stream is lost, a field is right or not known.
#[test]
fn behind_a_hole_no_field_is_wrong() {
    let (mut known, mut unknown) = (0, 0);
    for story in stories() {
        for lost in 0..story.len() {
            for length_is_known in [true, false] {
                let mut decoder = Decoder::default();
                for (at, step) in story.iter().enumerate() {
                    match step {
                        Step::Allow { allow } => decoder.allow(*allow),
                        Step::Encoder { encoder } if at == lost => {
                            decoder.hole(if length_is_known { encoder.len() as u64 / 2 } else { 0 });
                        }
                        Step::Encoder { encoder } => assert!(decoder.instructions(&hex(encoder))),
                        Step::Section { section, fields } => {
                            let section = hex(section);
                            let list = decoder.decode(section.clone(), decoder.required(&section));
                            assert_eq!((list.malformed, list.fields.len()), (None, fields.len()));
                            for (field, expected) in list.fields.iter().zip(fields) {
                                let (name, value) = expected.split_at(expected[1..].find(": ").unwrap() + 1);
                                match &field.name {
                                    Some(known) => assert_eq!(&known[..], name.as_bytes()),
                                    None => unknown += 1,
                                }
                                if let Some(text) = &field.value {
                                    assert_eq!(&text[..], &value.as_bytes()[2..]);
                                    known += 1;
                                }
                            }
                        }
                    }
                }
            }
        }
    }
    assert!(known > 1000 && unknown > 100, "{known} known, {unknown} unknown");
}

#[test]
fn without_the_setting_or_the_encoder_entries_are_not_known() {
    let mut decoder = Decoder::default();
    let section = hex("050080c181");
    assert_eq!(decoder.required(&section), Required::Setting);
    let list = decoder.decode(section.clone(), Required::Setting);
    assert_eq!(lines(&list.fields), ["?: ?", ":path: /", "?: ?"]);
    decoder.allow(220);
    assert_eq!(decoder.required(&section), Required::Inserts(4));
    let list = decoder.decode(section, Required::Inserts(4));
    assert_eq!(lines(&list.fields), ["?: ?", ":path: /", "?: ?"]);
}

/// RFC 9204 §4.5.1.1: 100 bytes are 3 entries; 10 insertions and a coded count of 4 make 9.
#[test]
fn the_count_of_insertions_wraps() {
    let mut decoder = Decoder { inserted: 10, ..Decoder::default() };
    decoder.allow(100);
    let required = |decoder: &Decoder, coded: u8| decoder.required(&Bytes::copy_from_slice(&[coded, 0]));
    assert_eq!(required(&decoder, 4), Required::Inserts(9));
    assert_eq!(required(&decoder, 2), Required::Inserts(13));
    assert_eq!(required(&decoder, 3), Required::Inserts(8));
    assert_eq!(required(&decoder, 7), Required::Unknown);
    // Three bytes may have been three insertions, which the window allows for; four may not.
    decoder.hole(3);
    assert_eq!(required(&decoder, 4), Required::Inserts(9));
    decoder.instructions(&[0]);
    assert_eq!(required(&decoder, 4), Required::Unknown);
}

#[test]
fn what_breaks_a_section() {
    let mut decoder = Decoder::default();
    decoder.allow(220);
    decoder.instructions(&hex("3fbd01c00f7777772e6578616d706c652e636f6d"));
    for section in [
        "",
        "00",
        "0000ffff",
        "000080",
        "020081",
        "020010",
        "028211",
        "0000510b2f69",
        "00005f",
        "00002fffffff",
        "0000ff7f",
    ] {
        let section = hex(section);
        let list = decoder.decode(section.clone(), decoder.required(&section));
        assert!(list.malformed.is_some(), "{section:?}");
    }
}

#[test]
fn what_breaks_an_encoder() {
    for instructions in ["00", "3fbd018000", "c00141", "3fbd01ff240141", "3fffffffffffffffffffff", "5fffffff7f", "bfff"]
    {
        let mut decoder = Decoder::default();
        decoder.allow(220);
        let broken = !decoder.instructions(&hex(instructions));
        // A part of one is only waited for.
        assert_eq!(broken, instructions != "bfff", "{instructions}");
        assert_eq!(decoder.is_over(), broken);
        assert_eq!(decoder.inserted(), 0);
    }
}

#[test]
fn memory_is_bounded() {
    let mut decoder = Decoder::default();
    decoder.allow(1 << 40);
    // A capacity of 2^40 - 2^24 or so.
    assert!(decoder.instructions(&hex("3fe0ffffff9f1f")));
    let entry = [&[0x41, b'n', 0x7f, 0xa1, 0x1e][..], &[b'v'; 4000]].concat();
    for _ in 0..200 {
        assert!(decoder.instructions(&entry));
        assert!(decoder.size <= TABLE_KEPT && decoder.waiting.is_empty());
    }
    assert_eq!(decoder.inserted(), 200);
    assert_eq!(decoder.entry(0), Field::default());
    assert_eq!(decoder.entry(199).value.unwrap().len(), 4000);
    // One long entry, named again and again by one byte.
    let section = Bytes::from([&[201, 0][..], &[0x80; 10_000]].concat());
    let list = decoder.decode(section, Required::Inserts(200));
    assert!(list.cut && list.fields.len() as u64 == FIELD_LIST_KEPT / (4001 + ENTRY_SMALLEST));
    // A string that never ends is not waited for.
    assert!(!decoder.instructions(&hex("5fe0ffffff0f")));
}
