//! Who signed an installed app: the certificate in its APK Signing Block, else that of the signed JAR.
//!
//! Only the end of the file is fetched. The block lies before the ZIP's central directory (Android
//! Open Source Project, "APK Signature Scheme v2" and "v3"). A file that is signed by the JAR scheme
//! alone, which Android refuses of apps for 11 and later, has none: its certificate stands in
//! `META-INF/*.RSA`, `.EC` or `.DSA` (JAR File Specification, "Signature Validation"). Nothing is
//! verified: Android did when it installed the app.

use std::io::{Read, Seek, SeekFrom};

use zip::ZipArchive;

use crate::evidence::sha256_hex;
use crate::record::adb::{Adb, AdbError};
use crate::secure::cms::Signed;
use crate::secure::codec::Reader;

/// ZIP's end of central directory record, and the longest comment after it (APPNOTE 4.3.16).
const END: usize = 22;
const TAIL: usize = END + u16::MAX as usize;
/// Where the end of central directory says its offset.
const OFFSET: usize = 16;
/// What a signing block ends with: its size in eight bytes, and the magic.
const FOOTER: usize = 24;
const MAGIC: &[u8] = b"APK Sig Block 42";
/// A signing block holds some certificates and padding to 4 KiB, and at times a store's own data.
const LARGEST: u64 = 16 << 20;
/// Ids of the schemes 3.1, 3 and 2, the newest first: it names the certificate that holds.
const SCHEMES: [u32; 3] = [0x1b93_ad61, 0xf053_68c0, 0x7109_871a];

/// What a signature of the JAR scheme is called (JAR File Specification), in lower case.
const SIGNATURES: [&str; 3] = [".rsa", ".ec", ".dsa"];
/// Such a signature holds some certificates.
const SIGNATURE: u64 = 1 << 20;
/// How much of the file one command fetches: the central directory of most apps is smaller.
const BLOCK: u64 = 1 << 20;
/// How much is fetched at most to find it: the directory of an app with a hundred thousand files.
const FETCHED: u64 = 32 << 20;

/// SHA-256 of the first signer's certificate (DER) of the file `apk` on the phone, in hex.
pub fn signer(adb: &Adb, apk: &str) -> Result<Option<String>, AdbError> {
    if apk.contains('\'') {
        return Ok(None);
    }
    let tail = adb.bytes(&format!("tail -c {TAIL} '{apk}'"), TAIL as u64)?;
    match of_block(&tail, |from, length| fetch(adb, apk, from, length))? {
        Some(der) => Ok(Some(sha256_hex(&der))),
        None => {
            let length = adb.shell(&format!("stat -c %s '{apk}'"))?.trim().parse().unwrap_or(0);
            let fetch = |from: u64, length: u64| fetch(adb, apk, from, length).map_err(std::io::Error::other);
            let remote = Remote { fetch, length, at: 0, block: (0, Vec::new()), left: FETCHED };
            Ok(of_jar(remote).map(|der| sha256_hex(&der)))
        }
    }
}

fn fetch(adb: &Adb, apk: &str, from: u64, length: u64) -> Result<Vec<u8>, AdbError> {
    // `tail` counts from 1.
    adb.bytes(&format!("tail -c +{} '{apk}' | head -c {length}", from.saturating_add(1)), length)
}

/// The certificate in the signing block of a file of which `range` fetches bytes by offset and
/// length, and `tail` is the end.
fn of_block<E>(tail: &[u8], range: impl Fn(u64, u64) -> Result<Vec<u8>, E>) -> Result<Option<Vec<u8>>, E> {
    let Some(directory) = central_directory(tail) else { return Ok(None) };
    let Some(at) = directory.checked_sub(FOOTER as u64) else { return Ok(None) };
    let Some(size) = block_size(&range(at, FOOTER as u64)?).filter(|size| *size <= LARGEST) else { return Ok(None) };
    // The size counts all but itself where it stands first.
    let Some(begin) = directory.checked_sub(size) else { return Ok(None) };
    Ok(certificate(&range(begin, size)?))
}

/// For fuzzing: the certificate (DER) of a file that lies here whole.
pub fn certificate_of(apk: &[u8]) -> Option<Vec<u8>> {
    let range = |from: u64, length: u64| {
        let rest = usize::try_from(from).ok().and_then(|from| apk.get(from..)).unwrap_or_default();
        let length = usize::try_from(length).unwrap_or(usize::MAX).min(rest.len());
        Ok::<_, std::convert::Infallible>(rest.get(..length).unwrap_or_default().to_vec())
    };
    let tail = apk.get(apk.len().saturating_sub(TAIL)..).unwrap_or_default();
    let found = of_block(tail, range).unwrap_or_else(|never| match never {});
    found.or_else(|| of_jar(std::io::Cursor::new(apk)))
}

/// Where the central directory begins, by the end of the file.
fn central_directory(tail: &[u8]) -> Option<u64> {
    let at = memchr::memmem::rfind(tail, b"PK\x05\x06")?;
    let mut record = Reader::new(tail.get(at..)?);
    record.take(OFFSET)?;
    record.array().map(|bytes| u64::from(u32::from_le_bytes(bytes)))
}

/// The size of a signing block, by its footer.
fn block_size(footer: &[u8]) -> Option<u64> {
    let mut reader = Reader::new(footer);
    let size = reader.array().map(u64::from_le_bytes)?;
    (reader.take(MAGIC.len())? == MAGIC && size >= FOOTER as u64).then_some(size)
}

/// The first certificate of the newest scheme in a block without its first length.
fn certificate(block: &[u8]) -> Option<Vec<u8>> {
    let pairs = block.get(..block.len().checked_sub(FOOTER)?)?;
    let mut found: [Option<&[u8]>; SCHEMES.len()] = [None; SCHEMES.len()];
    let mut reader = Reader::new(pairs);
    while let Some(length) = reader.array().map(u64::from_le_bytes) {
        let mut pair = reader.sub(usize::try_from(length).ok()?)?;
        let id = pair.array().map(u32::from_le_bytes)?;
        let value = pair.take(usize::try_from(length).ok()?.checked_sub(4)?)?;
        let scheme = SCHEMES.iter().position(|scheme| *scheme == id);
        if let Some(place) = scheme.and_then(|at| found.get_mut(at)) {
            *place = Some(value);
        }
    }
    let scheme = found.into_iter().flatten().next()?;
    let mut signed = counted(&mut counted(&mut counted(&mut Reader::new(scheme))?)?)?;
    counted(&mut signed)?;
    let der = counted(&mut counted(&mut signed)?)?;
    Some(der.rest().to_vec())
}

/// What a length of four bytes, little-endian, stands before.
fn counted<'a>(reader: &mut Reader<'a>) -> Option<Reader<'a>> {
    let length = reader.array().map(u32::from_le_bytes)?;
    reader.sub(usize::try_from(length).ok()?)
}

/// The certificate of the first signer of the first signature in a signed JAR, in DER.
fn of_jar(file: impl Read + Seek) -> Option<Vec<u8>> {
    let mut zip = ZipArchive::new(file).ok()?;
    let is_signature = |name: &str| {
        let name = name.to_ascii_lowercase();
        let inner = name.strip_prefix("meta-inf/").filter(|inner| !inner.contains('/'));
        inner.is_some_and(|inner| SIGNATURES.iter().any(|end| inner.ends_with(end)))
    };
    let names = zip.file_names().filter_map(Result::ok).filter(|name| is_signature(name));
    let mut names: Vec<String> = names.map(std::borrow::Cow::into_owned).collect();
    names.sort();
    let mut signature = Vec::new();
    zip.by_name(names.first()?).ok()?.take(SIGNATURE).read_to_end(&mut signature).ok()?;
    let signed = Signed::read(&signature)?;
    signed.signers.first()?.certificate(&signed.certificates).map(<[u8]>::to_vec)
}

/// A file on the phone, of which blocks are fetched as they are read.
struct Remote<F> {
    /// Bytes from an offset on, at most so many.
    fetch: F,
    length: u64,
    at: u64,
    /// The last block and where it begins.
    block: (u64, Vec<u8>),
    /// Bytes that may still be fetched.
    left: u64,
}

impl<F: FnMut(u64, u64) -> std::io::Result<Vec<u8>>> Read for Remote<F> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.at >= self.length {
            return Ok(0);
        }
        let begin = self.at - self.at % BLOCK;
        if self.block.0 != begin || self.block.1.is_empty() {
            self.left =
                self.left.checked_sub(BLOCK).ok_or_else(|| std::io::Error::other("more than is fetched of an app"))?;
            self.block = (begin, (self.fetch)(begin, BLOCK)?);
        }
        let from = usize::try_from(self.at - begin).unwrap_or(usize::MAX);
        let there = self.block.1.get(from..).unwrap_or_default();
        let count = there.len().min(buffer.len());
        if let (Some(into), Some(bytes)) = (buffer.get_mut(..count), there.get(..count)) {
            into.copy_from_slice(bytes);
        }
        self.at += count as u64;
        Ok(count)
    }
}

impl<F> Seek for Remote<F> {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.length.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = at.ok_or_else(|| std::io::Error::from(std::io::ErrorKind::InvalidInput))?;
        Ok(self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_length(bytes: &[u8]) -> Vec<u8> {
        [&(bytes.len() as u32).to_le_bytes()[..], bytes].concat()
    }

    fn block(pairs: &[(u32, &[u8])]) -> Vec<u8> {
        let mut block = Vec::new();
        for (id, certificate) in pairs {
            let certificates = with_length(&with_length(certificate));
            let signed = with_length(&[with_length(b"digests"), certificates].concat());
            let value = with_length(&with_length(&signed));
            block.extend((value.len() as u64 + 4).to_le_bytes());
            block.extend(id.to_le_bytes());
            block.extend(value);
        }
        let size = (block.len() + FOOTER) as u64;
        block.extend(size.to_le_bytes());
        block.extend(MAGIC);
        block
    }

    #[test]
    fn the_newest_scheme_names_the_certificate() {
        let block = block(&[(0x7109_871a, b"old"), (0x4272_6577, b"padding"), (0xf053_68c0, b"new")]);
        assert_eq!(certificate(&block).as_deref(), Some(&b"new"[..]));
        assert_eq!(block_size(&block[block.len() - FOOTER..]), Some(block.len() as u64));
    }

    /// `tests/device/make-jar.sh` says how it was made; the digest is that of `openssl x509 -outform DER | sha256sum`.
    #[test]
    fn a_signed_jar_names_its_signer_among_the_certificates() {
        let jar = include_bytes!("../../../tests/device/signed.jar");
        let signer = include_str!("../../../tests/device/signed.sha256");
        let fetch = |from: u64, length: u64| {
            let rest = &jar[jar.len().min(from as usize)..];
            Ok(rest[..rest.len().min(length as usize)].to_vec())
        };
        let remote = Remote { fetch, length: jar.len() as u64, at: 0, block: (0, Vec::new()), left: FETCHED };
        assert_eq!(of_jar(remote).map(|der| sha256_hex(&der)).as_deref(), Some(signer.trim()));
        for cut in (0..jar.len()).step_by(jar.len() / 50) {
            assert_eq!(of_jar(std::io::Cursor::new(&jar[..cut])), None, "cut at {cut}");
        }
    }

    #[test]
    fn a_cut_block_has_none() {
        let block = block(&[(0x7109_871a, b"certificate")]);
        for length in 0..block.len() - FOOTER {
            assert_eq!(certificate(&block[..length]), None, "{length}");
        }
        assert_eq!(central_directory(b"PK\x05\x06cut"), None);
        assert_eq!(block_size(b"too short"), None);
    }
}
