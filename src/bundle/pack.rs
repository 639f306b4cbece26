//! A bundle as one ZIP file, written.
//!
//! Byte for byte by the names and contents alone: members in the order of their names, stored,
//! without times or rights (APPNOTE.TXT 6.3.10, §4.3). So the same bundle is the same file, and a
//! byte that was changed between the members is found by writing the archive again.

use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::Path;

use super::archive::{Archive, BundleError};

/// What a ZIP without 64-bit extensions can hold.
const ZIP_LIMIT: u64 = u32::MAX as u64;

/// Holds what is written against a file.
pub struct Compared {
    file: BufReader<File>,
    at: u64,
    differs: Option<u64>,
}

impl Compared {
    /// Against this file, from its start.
    pub fn new(file: File) -> Self {
        Self { file: BufReader::new(file), at: 0, differs: None }
    }

    /// The first byte that is another one or that is missing, or the first one after all that was written.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn first_difference(mut self) -> io::Result<Option<u64>> {
        let behind = self.file.read(&mut [0])?;
        Ok(self.differs.or((behind > 0).then_some(self.at)))
    }
}

impl Write for Compared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut there = vec![0; bytes.len()];
        let mut filled = 0;
        while let Some(space) = there.get_mut(filled..).filter(|space| !space.is_empty()) {
            match self.file.read(space)? {
                0 => break,
                count => filled += count,
            }
        }
        let same = bytes.iter().zip(there.iter().take(filled)).take_while(|(a, b)| a == b).count();
        if same < bytes.len() {
            self.differs.get_or_insert(self.at + same as u64);
        }
        self.at += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes the files at `paths` as a ZIP, in this order; `content` writes the bytes of one, and is
/// asked twice for each: the check sum stands before them.
///
/// # Errors
/// As `output` and `content` fail, and beyond 4 GiB or 65,535 files.
pub fn write_zip(
    paths: &[String],
    content: &mut dyn FnMut(&str, &mut dyn Write) -> io::Result<()>,
    output: &mut dyn Write,
) -> io::Result<()> {
    let too_large = || io::Error::other("a bundle of more than 4 GiB or 65,535 files is written as a folder");
    let count = u16::try_from(paths.len()).map_err(|_| too_large())?;
    let (mut at, mut directory) = (0_u64, Vec::new());
    for path in paths {
        let mut sum = Sum::default();
        content(path, &mut sum)?;
        let (size, crc) = (u32::try_from(sum.bytes).map_err(|_| too_large())?, sum.crc.sum());
        let name = u16::try_from(path.len()).map_err(|_| too_large())?;
        // Version 2.0, UTF-8 names (bit 11), stored, 1980-01-01 00:00.
        let mut header = Vec::new();
        for half in [20_u16, 1 << 11, 0, 0, 0x21] {
            header.extend_from_slice(&half.to_le_bytes());
        }
        for word in [crc, size, size] {
            header.extend_from_slice(&word.to_le_bytes());
        }
        header.extend_from_slice(&name.to_le_bytes());
        header.extend_from_slice(&[0; 2]);
        let offset = u32::try_from(at).map_err(|_| too_large())?;
        output.write_all(b"PK\x03\x04")?;
        output.write_all(&header)?;
        output.write_all(path.as_bytes())?;
        let mut counted = Sum::default();
        content(path, &mut Tee { one: &mut counted, other: output })?;
        if counted.crc.sum() != crc || counted.bytes != sum.bytes {
            return Err(io::Error::other(format!("{path} changed while it was packed")));
        }
        at += 4 + header.len() as u64 + path.len() as u64 + sum.bytes;
        // The same again, with comment, disk and attributes, which are all 0, and where it lies.
        directory.extend_from_slice(b"PK\x01\x02\x14\x00");
        directory.extend_from_slice(&header);
        directory.extend_from_slice(&[0; 10]);
        directory.extend_from_slice(&offset.to_le_bytes());
        directory.extend_from_slice(path.as_bytes());
    }
    let (start, length) = (u32::try_from(at), u32::try_from(directory.len()));
    let (Ok(start), Ok(length)) = (start, length) else { return Err(too_large()) };
    if at + directory.len() as u64 > ZIP_LIMIT {
        return Err(too_large());
    }
    output.write_all(&directory)?;
    output.write_all(b"PK\x05\x06\0\0\0\0")?;
    output.write_all(&count.to_le_bytes())?;
    output.write_all(&count.to_le_bytes())?;
    output.write_all(&length.to_le_bytes())?;
    output.write_all(&start.to_le_bytes())?;
    output.write_all(&[0; 2])
}

#[derive(Default)]
struct Sum {
    crc: flate2::Crc,
    bytes: u64,
}

impl Write for Sum {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.crc.update(bytes);
        self.bytes += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Tee<'a> {
    one: &'a mut Sum,
    other: &'a mut dyn Write,
}

impl Write for Tee<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.other.write_all(bytes)?;
        self.one.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.other.flush()
    }
}

/// Packs a folder of plain files as a ZIP at `path`.
///
/// # Errors
/// Where a file cannot be read, or the ZIP cannot be written.
pub fn pack(folder: &Path, path: &Path) -> Result<(), BundleError> {
    let fail = |error: io::Error| BundleError::new(path.display(), format!("cannot be written: {error}"));
    let members = Archive::open(folder)?.members;
    let paths: Vec<String> = members.into_iter().map(|member| member.path).collect();
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(parent).map_err(fail)?;
    let mut output = io::BufWriter::new(File::create(path).map_err(fail)?);
    write_zip(
        &paths,
        &mut |path, output| io::copy(&mut File::open(folder.join(path))?, output).map(|_| ()),
        &mut output,
    )
    .and_then(|()| output.flush())
    .map_err(fail)
}
