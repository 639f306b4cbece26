//! Files of a session.

use wirewitness::party::GeoData;
use wirewitness::session::{self, Description, Profile, Session};

fn text(bytes: &[u8], read: impl FnOnce(&str)) {
    read(&String::from_utf8_lossy(bytes));
}

/// `session.toml`.
pub fn description(bytes: &[u8]) {
    super::as_file("session.toml", bytes, |path| _ = Description::read(&path));
}

/// `device.toml`.
pub fn device_profile(bytes: &[u8]) {
    text(bytes, |text| _ = Profile::parse(text, &super::SIGNATURES));
}

/// The folder of a PiRogue experiment: its files in turn.
pub fn experiment(bytes: &[u8]) {
    super::as_file("experiment.json", br#"{"network": {"file": "traffic.pcap"}}"#, |path| {
        let Some(folder) = path.parent() else { return };
        for ((_, part), name) in super::parts(bytes).into_iter().zip(["device.json", "ad_ids.txt", "experiment.json"]) {
            std::fs::write(folder.join(name), part).expect("a file");
        }
        let _ = Session::look(folder, &super::SIGNATURES);
    });
}

/// `phases.jsonl`.
pub fn marks(bytes: &[u8]) {
    super::as_file("phases.jsonl", bytes, |path| _ = session::read_marks(&path));
}

/// `settled.toml`.
pub fn settled(bytes: &[u8]) {
    text(bytes, |text| _ = session::read_settled(text));
}

/// `ignore.toml`.
pub fn ignored(bytes: &[u8]) {
    text(bytes, |text| _ = session::parse_ignore(text, "ignore.toml"));
}

/// Where addresses lie: MMDB, or ranges in CSV.
pub fn geography(bytes: &[u8]) {
    super::as_file("geo.mmdb", bytes, |path| {
        if let Ok(geo) = GeoData::read(&[path]) {
            geo.network("198.51.100.2".parse().expect("an address"));
        }
    });
}
