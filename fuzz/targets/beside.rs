//! What other tools wrote beside the traffic.

/// Any of its tables: the content says which.
pub fn witness(bytes: &[u8]) {
    for name in ["beside.csv", "beside.json", "beside.xlsx"] {
        super::as_file(name, bytes, |path| _ = wirewitness::witness::read(&path));
    }
}
