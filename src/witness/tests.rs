//! What is special to one format; whole files are in `tests/witness.rs`.

use super::*;

#[test]
fn a_comma_in_a_name_shifts_no_app() {
    let header = "IPProto,SrcIP,SrcPort,DstIp,DstPort,UID,App,PackageName,Proto,Status,Info,BytesSent,BytesRcvd,PktsSent,PktsRcvd,FirstSeen,LastSeen";
    let row = |middle: &str| {
        format!("6,10.215.173.1,40000,198.51.100.7,443,10123,{middle},517,900,3,4,1772352001250,1772352002000")
    };
    let read = |middle: &str| parse(format!("{header}\n{}\n", row(middle)).as_bytes()).unwrap();
    let plain = read("Example,com.example.app,TLS,Closed,api.example.com");
    assert_eq!((plain.sockets[0].app.as_str(), plain.gaps.len()), ("com.example.app", 0));
    let shifted = read("Shop, Food, more,com.example.app,HTTP,关闭,a,b");
    assert_eq!((shifted.sockets[0].app.as_str(), shifted.gaps.len()), ("com.example.app", 1));
    assert_eq!(shifted.sockets[0].first.unwrap().to_string(), "2026-03-01T08:00:01.250000Z");
    // Two words of the form of a package: which one it is nothing says.
    let unsure = read("Shop,com.example.shop,com.example.app,HTTP,Closed,x,y");
    assert_eq!((unsure.sockets.len(), unsure.gaps[0].reason), (0, GapReason::DamagedInput));
}

#[test]
fn addresses_of_proc_net_are_little_endian_words() {
    let text = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
                   0: 010200C0:C350 076433C6:01BB 01 00000000:00000000 00:00000000 00000000 10123        0 4711 1\n\
                \x20 sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops\n\
                   1: 0000000000000000FFFF0000010200C0:0035 B80D0120000000000000000007000000:0000 07 00000000:00000000 00:00000000 00000000 1000 0 1 2 0 0\n";
    let witness = parse(text.as_bytes()).unwrap();
    let [tcp, udp] = &witness.sockets[..] else { panic!("{witness:?}") };
    assert_eq!(
        (tcp.local.to_string(), tcp.remote.unwrap().to_string()),
        ("192.0.2.1:50000".into(), "198.51.100.7:443".into())
    );
    assert_eq!((tcp.app.as_str(), tcp.transport), ("uid 10123", Transport::Tcp));
    assert_eq!((udp.local.to_string(), udp.remote, udp.transport), ("192.0.2.1:53".into(), None, Transport::Udp));
}

#[test]
fn a_local_time_is_not_taken_for_a_time() {
    let nanos = (16 * 3600 + 1) * 1_000_000_000;
    let local = |text: &str| table::local(text);
    let expected = Some(Stamp::Local { year: Some(2026), month: 2, day: 1, of_day: nanos });
    assert_eq!(local("2026-2-1 16:0:1"), expected);
    assert_eq!(local("03-01 16:00:01.000"), Some(Stamp::Local { year: None, month: 3, day: 1, of_day: nanos }));
    for wrong in ["", "2026-13-01 00:00:00", "2026-1-1", "1-32 00:00", "2026-1-1 24:00:00", "x-1 0:0:0"] {
        assert_eq!(local(wrong), None, "{wrong}");
    }
}

#[test]
fn what_is_nothing_of_the_kind_is_left_alone() {
    for bytes in [
        &b""[..],
        b"[]",
        b"{}",
        b"[{\"a\":1}]",
        b"hello\n",
        b"a,b\n1,2\n",
        b"PK\x03\x04....",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    ] {
        assert_eq!(parse(bytes), None, "{}", String::from_utf8_lossy(bytes));
    }
}
