//! What a phone gives of itself.

use wirewitness::record::android::certificate_of;

/// An installed app: who signed it.
pub fn apk(bytes: &[u8]) {
    let _ = certificate_of(bytes);
}
