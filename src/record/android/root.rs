//! How commands become root's on a phone.

use crate::record::adb::{Adb, AdbError};

/// What a shell of root's is reached by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Root {
    /// adb itself runs as root: emulators, and builds for development.
    Adb,
    /// `su -c`, as Magisk, KernelSU and SuperSU have it.
    SuC,
    /// `su 0`, as Android's own has it.
    Su0,
}

impl Root {
    /// The first way that leads to user id 0; `adb root`, which starts the phone's adb anew, as the last.
    pub fn find(adb: &Adb, say: &mut dyn FnMut(String)) -> Result<Option<Self>, AdbError> {
        let ways = [Self::Adb, Self::SuC, Self::Su0];
        let gives = |way: &Self| Ok(adb.shell(&way.wrap("id -u"))?.trim() == "0");
        for way in ways {
            if gives(&way)? {
                return Ok(Some(way));
            }
        }
        // Builds that are sold refuse, in words on standard output.
        if adb.answer(&["root"])?.contains("restarting adbd as root") {
            adb.answer(&["wait-for-device"])?;
            if gives(&Self::Adb)? {
                say("adb runs as root on the phone from now on (`adb unroot` ends it)".to_owned());
                return Ok(Some(Self::Adb));
            }
        }
        Ok(None)
    }

    /// `command`, which holds no single quote, as root's.
    pub fn wrap(self, command: &str) -> String {
        match self {
            Self::Adb => command.to_owned(),
            Self::SuC => format!("su -c '{command}'"),
            Self::Su0 => format!("su 0 sh -c '{command}'"),
        }
    }
}
