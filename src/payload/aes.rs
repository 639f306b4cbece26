//! AES-128-ECB with PKCS #7 padding, for recipes whose key is published.

use aes::Aes128;
use aes::cipher::{BlockCipherDecrypt, KeyInit};

/// Bytes of a block, and of the key (FIPS 197).
const BLOCK: usize = 16;

/// The plaintext; `None` when the length is no multiple of a block, or the padding is
/// not what RFC 5652 §6.3 makes it, which a wrong key passes one time in 256.
pub(super) fn ecb_decrypt(key: &[u8; BLOCK], bytes: &[u8]) -> Option<Vec<u8>> {
    let (blocks, rest) = bytes.as_chunks::<BLOCK>();
    if blocks.is_empty() || !rest.is_empty() {
        return None;
    }
    let cipher = Aes128::new(key.into());
    let mut out = Vec::with_capacity(bytes.len());
    for block in blocks {
        let mut block = aes::Block::from(*block);
        cipher.decrypt_block(&mut block);
        out.extend_from_slice(&block);
    }
    let padding = usize::from(*out.last()?);
    let body = out.len().checked_sub(padding).filter(|_| (1..=BLOCK).contains(&padding))?;
    let sound = out.get(body..)?.iter().all(|b| usize::from(*b) == padding);
    out.truncate(body);
    sound.then_some(out)
}
