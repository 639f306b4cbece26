//! Which phone it is: its model and its system, in words.

use super::adb::{Adb, AdbError};

/// What a phone says of itself. A text that it does not give is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct System {
    maker: String,
    model: String,
    release: String,
    /// The API level.
    pub api: String,
}

/// A property of the phone's system.
///
/// # Errors
/// Where it cannot be reached.
pub fn property(adb: &Adb, name: &str) -> Result<String, AdbError> {
    adb.shell(&format!("getprop {name}")).map(|text| text.trim().to_owned())
}

impl System {
    /// Asks the phone.
    ///
    /// # Errors
    /// Where it cannot be reached.
    pub fn read(adb: &Adb) -> Result<Self, AdbError> {
        Ok(Self {
            maker: property(adb, "ro.product.manufacturer")?,
            model: property(adb, "ro.product.model")?,
            release: property(adb, "ro.build.version.release")?,
            api: property(adb, "ro.build.version.sdk")?,
        })
    }

    /// `Google Pixel 7, Android 14 (API 34)`.
    pub fn words(&self) -> String {
        let named =
            if self.model.starts_with(&self.maker) { &self.model } else { &format!("{} {}", self.maker, self.model) };
        format!("{}, Android {} (API {})", named.trim(), self.release, self.api)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_that_names_its_maker_names_it_once() {
        let words = |maker: &str, model: &str| {
            let of = |text: &str| text.to_owned();
            System { maker: of(maker), model: of(model), release: of("14"), api: of("34") }.words()
        };
        assert_eq!(words("Google", "Pixel 7"), "Google Pixel 7, Android 14 (API 34)");
        assert_eq!(words("OPPO", "OPPO A11"), "OPPO A11, Android 14 (API 34)");
        assert_eq!(words("", "GT-I9505"), "GT-I9505, Android 14 (API 34)");
    }
}
