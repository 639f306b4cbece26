use super::*;

fn hex(text: &str) -> Bytes {
    data_encoding::HEXLOWER.decode(text.as_bytes()).unwrap().into()
}

/// Fields as `name: value`; `?` for what is not known.
fn lines(fields: &[Field]) -> Vec<String> {
    let text = |part: &Option<Bytes>| part.as_ref().map_or("?".into(), |p| String::from_utf8_lossy(p).into_owned());
    fields.iter().map(|field| format!("{}: {}", text(&field.name), text(&field.value))).collect()
}

fn decoded(decoder: &mut Decoder, block: &str) -> Vec<String> {
    let list = decoder.decode(hex(block));
    assert_eq!(list.malformed, None, "{block}");
    lines(&list.fields)
}

#[test]
fn single_fields_of_rfc_7541_appendix_c_2() {
    let mut decoder = Decoder::new();
    assert_eq!(
        decoded(&mut decoder, "400a637573746f6d2d6b65790d637573746f6d2d686561646572"),
        ["custom-key: custom-header"]
    );
    assert_eq!(decoder.size, 55);
    assert_eq!(decoded(&mut decoder, "040c2f73616d706c652f70617468"), [":path: /sample/path"]);
    assert_eq!(decoded(&mut decoder, "100870617373776f726406736563726574"), ["password: secret"]);
    assert_eq!(decoded(&mut decoder, "82"), [":method: GET"]);
    assert_eq!(decoder.size, 55);
}

#[test]
fn requests_of_rfc_7541_appendices_c_3_and_c_4() {
    let plain = [
        "828684410f7777772e6578616d706c652e636f6d",
        "828684be58086e6f2d6361636865",
        "828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565",
    ];
    let coded = [
        "828684418cf1e3c2e5f23a6ba0ab90f4ff",
        "828684be5886a8eb10649cbf",
        "828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf",
    ];
    for blocks in [plain, coded] {
        let mut decoder = Decoder::new();
        let first = [":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com"];
        assert_eq!(decoded(&mut decoder, blocks[0]), first);
        assert_eq!(decoder.size, 57);
        assert_eq!(decoded(&mut decoder, blocks[1])[4], "cache-control: no-cache");
        assert_eq!(decoder.size, 110);
        let third = [
            ":method: GET",
            ":scheme: https",
            ":path: /index.html",
            ":authority: www.example.com",
            "custom-key: custom-value",
        ];
        assert_eq!(decoded(&mut decoder, blocks[2]), third);
        assert_eq!(decoder.size, 164);
    }
}

#[test]
fn responses_of_rfc_7541_appendices_c_5_and_c_6_evict() {
    let plain = [
        "4803333032580770726976617465611d4d6f6e2c203231204f637420323031332032303a31333a323120474d546e1768747470733a2f2f77\
         77772e6578616d706c652e636f6d",
        "4803333037c1c0bf",
        "88c1611d4d6f6e2c203231204f637420323031332032303a31333a323220474d54c05a04677a69707738666f6f3d4153444a4b48514b425a\
         584f5157454f50495541585157454f49553b206d61782d6167653d333630303b2076657273696f6e3d31",
    ];
    let coded = [
        "488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c78f0b97c8e9ae82ae43d3",
        "4883640effc1c0bf",
        "88c16196d07abe941054d444a8200595040b8166e084a62d1bffc05a839bd9ab77ad94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f36\
         72c1ab270fb5291f9587316065c003ed4ee5b1063d5007",
    ];
    for blocks in [plain, coded] {
        let mut decoder = Decoder::new();
        // The appendix sets a table of 256 bytes by other means.
        assert!(decoded(&mut decoder, "3fe101").is_empty());
        let first = [
            ":status: 302",
            "cache-control: private",
            "date: Mon, 21 Oct 2013 20:13:21 GMT",
            "location: https://www.example.com",
        ];
        assert_eq!(decoded(&mut decoder, blocks[0]), first);
        assert_eq!(decoder.size, 222);
        assert_eq!(decoded(&mut decoder, blocks[1])[0], ":status: 307");
        assert_eq!(decoder.size, 222);
        let third = [
            ":status: 200",
            "cache-control: private",
            "date: Mon, 21 Oct 2013 20:13:22 GMT",
            "location: https://www.example.com",
            "content-encoding: gzip",
            "set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1",
        ];
        assert_eq!(decoded(&mut decoder, blocks[2]), third);
        assert_eq!((decoder.size, decoder.entries.len()), (215, 3));
    }
}

/// Blocks and what they hold, of a story in the format of http2jp/hpack-test-case.
fn story(text: &str) -> Vec<(Bytes, Vec<String>)> {
    let story: serde_json::Value = serde_json::from_str(text).unwrap();
    let cases = story["cases"].as_array().unwrap().iter();
    cases
        .map(|case| {
            let fields = case["headers"].as_array().unwrap().iter().flat_map(|field| field.as_object().unwrap());
            let lines = fields.map(|(name, value)| format!("{name}: {}", value.as_str().unwrap())).collect();
            (hex(case["wire"].as_str().unwrap()), lines)
        })
        .collect()
}

const STORIES: [&str; 3] = [
    include_str!("../../../tests/data/hpack/requests_huffman.json"),
    include_str!("../../../tests/data/hpack/requests_plain.json"),
    include_str!("../../../tests/data/hpack/responses_resized.json"),
];

#[test]
fn stories_of_another_encoder() {
    for text in STORIES {
        let mut decoder = Decoder::new();
        for (block, expected) in story(text) {
            let list = decoder.decode(block);
            assert_eq!((list.malformed, lines(&list.fields)), (None, expected));
        }
    }
}

/// Whatever run of blocks is lost, a field after it is right or not known.
#[test]
fn behind_lost_blocks_no_field_is_wrong() {
    let (mut known, mut unknown) = (0, 0);
    for text in STORIES {
        let story = story(text);
        for lost in 0..story.len() {
            for behind in lost + 1..story.len() {
                let mut decoder = Decoder::new();
                story[..lost].iter().for_each(|(block, _)| drop(decoder.decode(block.clone())));
                decoder.forget();
                for (block, expected) in &story[behind..] {
                    let list = decoder.decode(block.clone());
                    assert_eq!(list.malformed, None);
                    assert_eq!(list.fields.len(), expected.len());
                    for (field, expected) in list.fields.iter().zip(expected) {
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
    assert!(known > 1000 && unknown > 100, "{known} known, {unknown} unknown");
}

#[test]
fn an_entry_too_long_for_the_table_holds_its_place() {
    let mut decoder = Decoder::new();
    decoder.forget();
    let literal = |name: u8, value: &[u8]| {
        let mut block = vec![0x40, 1, name, 0x7f];
        // The length minus 127, in seven bits at a time.
        let mut rest = value.len() - 127;
        while rest > 127 {
            block.push(0x80 | (rest & 0x7f) as u8);
            rest >>= 7;
        }
        block.push(rest as u8);
        block.extend(value);
        Bytes::from(block)
    };
    for (name, length) in [(b'x', 200), (b'l', TABLE_KEPT as usize), (b'a', 300)] {
        assert_eq!(decoder.decode(literal(name, &vec![b'v'; length])).malformed, None);
    }
    let names: Vec<_> = (62..66).map(|index| decoder.entry(index).unwrap().name).collect();
    assert_eq!(names, [Some(Bytes::from("a")), None, Some(Bytes::from("x")), None]);
}

#[test]
fn blocks_that_broke_other_decoders() {
    for block in [
        "3fe1ff",
        "7f",
        "80",
        "ff",
        "40",
        "4001",
        "400161",
        "0f",
        "1f",
        "82ff",
        "418cf1",
        "c0",
        "ffffffffffffffffffffff",
    ] {
        let mut decoder = Decoder::new();
        assert!(decoder.decode(hex(block)).malformed.is_some(), "{block}");
        assert!(decoder.entries.is_empty() && !decoder.whole, "{block}");
    }
}

#[test]
fn a_list_is_bounded() {
    let mut decoder = Decoder::new();
    // One entry of 4,000 bytes, named again and again by one byte.
    let mut block = vec![0x40, 1, b'n', 0x7f, 0xa1, 0x1e];
    block.extend([b'v'; 4000]);
    block.extend([0xbe; 10_000]);
    let list = decoder.decode(block.into());
    assert_eq!(list.malformed, None);
    assert!(list.cut);
    assert_eq!(list.fields.len() as u64, FIELD_LIST_KEPT / (4001 + ENTRY_OVERHEAD));
    assert_eq!(decoder.entries.len(), 1);
}

#[test]
fn a_table_is_bounded() {
    let mut decoder = Decoder::new();
    // The size is announced as 2^30.
    decoder.decode(hex("3fe1ffffff03"));
    for n in 0..200u32 {
        let mut block = vec![0x40, 4];
        block.extend(n.to_be_bytes());
        block.extend([0x7f, 0xa1, 0x1e]);
        block.extend([b'v'; 4000]);
        assert_eq!(decoder.decode(block.into()).malformed, None);
    }
    assert!(decoder.size <= TABLE_KEPT);
    let newest = decoder.entry(62).unwrap();
    assert_eq!(newest.name.as_deref(), Some(&199u32.to_be_bytes()[..]));
    assert_eq!(decoder.entry(62 + 199), Ok(Field::default()), "evicted by our limit only: not known");
}
