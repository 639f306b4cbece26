//! Puts a timestamp into a bundle that is there.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use super::archive::{Archive, BundleError};
use super::manifest::{LIMIT, MANIFEST, Manifest, RESPONSE, SIGNATURE, SUMS};
use super::pack::write_zip;
use super::verify::PROOF_LIMIT;
use super::{sums, timestamp};
use crate::evidence::sha256_hex;

/// The request for a timestamp of a bundle: what its authority is asked.
///
/// # Errors
/// Where the bundle has no manifest.
pub fn request(bundle: &Path) -> Result<Vec<u8>, BundleError> {
    Ok(timestamp::request(&Archive::open(bundle)?.read(MANIFEST, LIMIT)?))
}

/// Checks the response of an authority and puts it into the bundle, with its line in the list of
/// sums. Returns the time and the authority.
///
/// # Errors
/// Where it is none of this bundle, or the bundle cannot be written.
pub fn stamp(bundle: &Path, response: &[u8], authorities: &[Vec<u8>]) -> Result<String, BundleError> {
    let mut archive = Archive::open(bundle)?;
    let bytes = archive.read(MANIFEST, LIMIT)?;
    let manifest = Manifest::parse(&bytes).map_err(|what| BundleError::new(MANIFEST, what))?;
    let stamp =
        timestamp::verify(response, &bytes, authorities).map_err(|what| BundleError::new("the response", what.en))?;
    let mut beside: BTreeMap<&str, String> = [(MANIFEST, sha256_hex(&bytes)), (RESPONSE, sha256_hex(response))].into();
    if archive.member(SIGNATURE).is_some() {
        beside.insert(SIGNATURE, sha256_hex(&archive.read(SIGNATURE, PROOF_LIMIT)?));
    }
    let sums = sums::text(&manifest, &beside);
    let new = [(RESPONSE, response), (SUMS, sums.as_bytes())];
    match archive.is_zip() {
        true => rewrite(&mut archive, bundle, &new)?,
        false => {
            for (path, bytes) in new {
                std::fs::write(bundle.join(path), bytes).map_err(|error| unwritten(&bundle.join(path), &error))?;
            }
        }
    }
    Ok(format!("{} by {}", stamp.time, stamp.by))
}

fn unwritten(path: &Path, error: &io::Error) -> BundleError {
    BundleError::new(path.display(), format!("cannot be written: {error}"))
}

/// Writes the archive again with `new` files, beside itself and then over itself: it is whole at any time.
fn rewrite(archive: &mut Archive, path: &Path, new: &[(&str, &[u8])]) -> Result<(), BundleError> {
    let fail = |error: io::Error| unwritten(path, &error);
    let mut paths: Vec<String> = archive.members.iter().map(|member| member.path.clone()).collect();
    paths.extend(new.iter().map(|(path, _)| (*path).to_owned()));
    paths.sort();
    paths.dedup();
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let file = tempfile::NamedTempFile::new_in(parent).map_err(fail)?;
    let rights = std::fs::metadata(path).map_err(fail)?.permissions();
    let mut output = io::BufWriter::new(file);
    write_zip(
        &paths,
        &mut |path, output| {
            if let Some((_, bytes)) = new.iter().find(|(new, _)| *new == path) {
                return output.write_all(bytes);
            }
            let Some(member) = archive.member(path) else { return Ok(()) };
            archive.with(&member, &mut |reader| io::copy(reader, output).map(|_| ()))
        },
        &mut output,
    )
    .map_err(fail)?;
    let file = output.into_inner().map_err(|error| fail(error.into_error()))?;
    file.as_file().set_permissions(rights).map_err(fail)?;
    file.persist(path).map_err(|error| fail(error.error))?;
    Ok(())
}
