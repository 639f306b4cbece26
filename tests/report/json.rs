//! `report.json`.

use super::{hostile, keep, sample};
use wirewitness::report::json::render;

#[test]
fn it_reads_back_as_the_same_report() {
    for report in [sample(|_, _, _| {}), hostile()] {
        let text = render(&report).unwrap();
        let back: wirewitness::audit::Report = serde_json::from_str(&text).unwrap();
        assert_eq!(back, report);
        assert_eq!(render(&back).unwrap(), text);
    }
    keep("report.json", &render(&sample(|_, _, _| {})).unwrap());
}
