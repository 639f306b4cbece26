//! What is known of the clocks of a session's captures: `[time_shift]`, `--time-shift`, and marks
//! that carry two times.

use super::describe::{OnClock, Shift};
use super::{Mark, Session, SessionError};
use crate::observations::{Clock, ClockBy};

/// Largest shift in milliseconds, ten years: a larger one is a mistake, not a clock that is off.
const LARGEST_MS: f64 = 10.0 * 366.0 * 86_400_000.0;

impl Session {
    /// What to add to the times of the capture `name`, if the session says so.
    ///
    /// # Errors
    /// Where it cannot be meant so, or the marks do not say it.
    pub fn clock(&self, name: &str) -> Result<Option<Clock>, SessionError> {
        let wrong = |what: String| SessionError { path: format!("time_shift of {name}"), what };
        let Some(shift) = self.description.time_shift.get(name) else { return Ok(None) };
        let (seconds, uncertainty, by) = match shift {
            Shift::Seconds(seconds) => (*seconds, 0.0, ClockBy::Given),
            Shift::Measured(measured) => (
                measured.seconds,
                measured.uncertainty,
                if measured.how.is_empty() { ClockBy::Given } else { ClockBy::Measured },
            ),
            Shift::Clock(OnClock::Device) => {
                let (seconds, uncertainty) = of_marks(&self.marks).ok_or_else(|| {
                    wrong("no mark carries the device's time: make them with `wirewitness mark --android`".to_owned())
                })?;
                (seconds, uncertainty, ClockBy::Marks)
            }
        };
        let (added, uncertainty) = (seconds * 1_000.0, uncertainty * 1_000.0);
        if !(added.abs() <= LARGEST_MS && (0.0..=LARGEST_MS).contains(&uncertainty)) {
            return Err(wrong("is more than ten years, or no number".to_owned()));
        }
        Ok(Some(Clock {
            added_ms: added.round() as i64,
            uncertainty_ms: uncertainty.ceil() as u64,
            by,
            with: None,
            connections: 0,
        }))
    }
}

/// Seconds to add to the device's times, and how sure that is: the median of what its marks say,
/// and how far they lie from it.
fn of_marks(marks: &[Mark]) -> Option<(f64, f64)> {
    let mut differences: Vec<i64> = marks.iter().filter_map(|mark| Some(mark.time.since(mark.device_time?))).collect();
    differences.sort_unstable();
    let median = *differences.get(differences.len() / 2)?;
    let furthest = differences.iter().map(|one| one.abs_diff(median)).max()?;
    Some((median as f64 / 1e9, furthest as f64 / 1e9))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Time;

    fn session(shift: Shift, marks: &[(i64, i64)]) -> Session {
        let mut session = Session::default();
        session.description.time_shift.insert("a.pcap".to_owned(), shift);
        let mark = |(time, device): &(i64, i64)| Mark {
            time: Time(time * 1_000_000),
            mark: "launched".to_owned(),
            note: String::new(),
            device_time: Some(Time(device * 1_000_000)),
        };
        session.marks = marks.iter().map(mark).collect();
        session
    }

    #[test]
    fn marks_with_two_times_tell_the_shift_of_the_device() {
        let session = session(Shift::Clock(OnClock::Device), &[(10_000, 72_500), (20_000, 82_510), (30_000, 92_490)]);
        let clock = session.clock("a.pcap").unwrap().unwrap();
        assert_eq!((clock.added_ms, clock.uncertainty_ms, clock.by), (-62_500, 10, ClockBy::Marks));
        assert_eq!(session.clock("b.pcap").unwrap(), None);
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        assert!(session(Shift::Clock(OnClock::Device), &[]).clock("a.pcap").is_err());
        assert!(session(Shift::Seconds(1e12), &[]).clock("a.pcap").is_err());
        assert!(session(Shift::Seconds(f64::NAN), &[]).clock("a.pcap").is_err());
        assert!(Shift::parse("later").is_err() && Shift::parse("inf").is_err());
        assert_eq!(Shift::parse("-1.5"), Ok(Shift::Seconds(-1.5)));
    }
}
