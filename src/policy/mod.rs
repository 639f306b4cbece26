//! Documents to [`Policy`]: readers, tables, prose, names, claims.
//!
//! Takes files and the signatures' vocabulary and names; hands on what the text says,
//! with its places, and how sure the reader is of it. Imports level 0 only. It has
//! never heard of a packet, and it judges nothing.
//!
//! ```text
//! file → encoding → readers/ → blocks ─┬─ tables, labels, prose ─► third parties ─┐
//!                                      ├─ recipients ─► kinds, catch-all          ├─► Policy
//!                                      ├─ own ─► what the app collects, denials   │
//!                                      └─ claims ─────────────────────────────────┘
//! ```

mod apart;
mod app_name;
mod attach;
mod block;
mod claims;
mod clauses;
#[cfg(feature = "pdf")]
mod confined;
mod corrected;
mod definitions;
mod difference;
#[cfg(feature = "pdf")]
pub mod doors;
mod encoding;
mod entry;
mod error;
mod exclusions;
mod files;
mod fold;
mod keyed;
mod labelled;
mod labels;
mod lexicon;
mod limits;
mod listed;
mod matrix;
mod model;
mod names;
mod needs;
mod own;
mod pasted;
mod phrase;
mod prose;
mod questions;
mod readers;
mod recipients;
mod remarks;
mod required;
mod sections;
mod sentences;
mod spelling;
mod subjects;
mod tables;
mod terms;
mod union;
mod values;
mod versions;

use std::path::PathBuf;

#[cfg(feature = "pdf")]
pub use confined::{COMMAND as READ_PDF, confine, serve as serve_pdf};
pub use corrected::SCHEMA;
pub use difference::{Change, between};
pub use error::PolicyError;
pub use files::{MOST_FILES, documents_of};
pub use model::*;
pub use values::write as to_csv;

use block::Block;
use lexicon::Lexicon;
use names::Names;

use crate::evidence::sha256_hex;
use crate::signatures::Signatures;

/// Largest document in bytes: ten times the largest policy page seen, which had its pictures inside.
pub const MOST_BYTES: u64 = 64 << 20;

/// Reads one or several documents as one policy.
pub fn read(paths: &[PathBuf], signatures: &Signatures) -> Result<Policy, PolicyError> {
    read_documents(&files::of(paths)?, signatures)
}

/// As [`read`], from names and contents. Policies that were corrected by hand come after the others.
pub fn read_documents(documents: &[(String, Vec<u8>)], signatures: &Signatures) -> Result<Policy, PolicyError> {
    Reader::new(signatures).read(documents)
}

/// Reads policies. What it knows of words and names is made once, for as many as there are.
pub struct Reader<'s> {
    lexicon: Lexicon,
    names: Names<'s>,
}

impl<'s> Reader<'s> {
    /// With the words and names of `signatures`.
    pub fn new(signatures: &'s Signatures) -> Self {
        Self { lexicon: Lexicon::new(signatures), names: Names::new(signatures) }
    }

    /// Reads one or several documents, from names and contents, as one policy.
    pub fn read(&self, documents: &[(String, Vec<u8>)]) -> Result<Policy, PolicyError> {
        if documents.is_empty() {
            return Err(PolicyError::Nothing);
        }
        let Self { lexicon, names } = self;
        let mut sources = Vec::new();
        let mut blocks: Vec<Block> = Vec::new();
        let mut corrected: Vec<(String, Policy)> = Vec::new();
        let mut budget = limits::Budget::default();
        let mut beyond: Vec<Remark> = Vec::new();
        for (name, bytes) in &files::unpacked(documents)? {
            let (format, encoding, read) = match opened(name, bytes, lexicon, names)? {
                Opened::Document(format, encoding, read) => (format, encoding, read),
                Opened::Ours(read) => {
                    corrected.push((name.clone(), *read));
                    continue;
                }
            };
            if format == readers::Format::Pdf {
                beyond.extend(files::pdf_remark(name));
            }
            let readers::Document { blocks: read, parts, unread } = read;
            let (read, left) = budget.within(read, unread);
            beyond.extend(left.remark(name, sources.len() as u32));
            let read = keyed::apart(read, |block| tables::begins_with_heads(block, lexicon), lexicon, names);
            let read = block::loosen(
                read,
                |block| tables::is_readable(block, lexicon, names),
                |words| lexicon.labels().contains_key(&fold::fold(words.trim())),
            );
            let read = labels::untable(read, lexicon, |block| tables::is_readable(block, lexicon, names));
            let read = pasted::gather(read, lexicon);
            let read = questions::answered(block::enumerate(read), lexicon);
            let mut read = labels::part(read, lexicon);
            for block in &mut read {
                block.source = sources.len() as u32;
            }
            let tables = read.iter().filter(|b| b.table().is_some()).count();
            sources.push(Source {
                name: name.clone(),
                sha256: sha256_hex(bytes),
                format: format.name().to_owned(),
                encoding,
                tables: tables as u32,
                paragraphs: (read.len() - tables) as u32,
                parts,
            });
            blocks.extend(read);
        }
        let mut corrected = corrected.into_iter();
        let mut policy = match sources.is_empty() {
            true => corrected.next().map(|(_, policy)| policy).unwrap_or_default(),
            false => understand(sources, &blocks, lexicon, names),
        };
        policy.remarks.splice(0..0, beyond);
        for (path, other) in corrected {
            let broken = |error: serde_json::Error| {
                let problem = corrected::Problem { line: error.line(), message: error.to_string() };
                PolicyError::Corrected { path, problem }
            };
            union::add(&mut policy, other).map_err(broken)?;
        }
        Ok(policy)
    }
}

/// What a file turned out to be.
enum Opened {
    /// A document: its format, its encoding, and what its reader made of it.
    Document(readers::Format, String, readers::Document),
    /// The JSON or CSV that this program writes of a policy.
    Ours(Box<Policy>),
}

/// Reads one file by the format that its bytes show.
fn opened(name: &str, bytes: &[u8], lexicon: &Lexicon, names: &Names<'_>) -> Result<Opened, PolicyError> {
    let broken = |problem| PolicyError::Broken { path: name.to_owned(), problem };
    if readers::is_zip(bytes) {
        let mut archive = readers::Archive::open(bytes).map_err(broken)?;
        let format = match archive.contents() {
            readers::Contents::Xlsx => readers::Format::Xlsx,
            _ => readers::Format::Docx,
        };
        let read = readers::packed(format, &mut archive, bytes).map_err(broken)?;
        return Ok(Opened::Document(format, "UTF-8".to_owned(), read));
    }
    if readers::is_pdf(bytes) {
        return Ok(Opened::Document(readers::Format::Pdf, "fonts".to_owned(), files::read_pdf(name, bytes)?));
    }
    if readers::is_mhtml(bytes) {
        let read = readers::read_mhtml(bytes).map_err(broken)?;
        return Ok(Opened::Document(readers::Format::Mhtml, "MIME".to_owned(), read));
    }
    let (text, encoding) = files::readable(name, bytes)?;
    let ours = match (corrected::is_ours(&text), values::is_ours(&text)) {
        (true, _) => Some(corrected::read(&text, lexicon, names)),
        (_, true) => Some(values::read(&text, lexicon, names)),
        (false, false) => None,
    };
    if let Some(read) = ours {
        let read = read.map_err(|problem| PolicyError::Corrected { path: name.to_owned(), problem })?;
        return Ok(Opened::Ours(Box::new(read)));
    }
    let format = readers::Format::of(name, &text);
    let read = readers::read(format, &text).map_err(broken)?;
    Ok(Opened::Document(format, encoding, read))
}

/// Blocks to a policy: the stages of the diagram above, in its order.
fn understand(sources: Vec<Source>, blocks: &[Block], lexicon: &Lexicon, names: &Names<'_>) -> Policy {
    let sections = sections::read(blocks, lexicon);
    let denied = sections::denied(blocks, &sections, lexicon);
    let mut used = vec![false; blocks.len()];
    let mut parties: Vec<(usize, ThirdParty)> = Vec::new();
    let mut own_rows = Vec::new();
    for (at, block) in blocks.iter().enumerate().filter(|(_, b)| b.table().is_some()) {
        let found = tables::read(block, name_above(blocks, at, lexicon, names).as_deref(), lexicon, names);
        let entries = found.entries.into_iter().flat_map(|entry| apart::each(entry, lexicon, names));
        parties.extend(entries.map(|entry| (at, entry.finish(lexicon, names))));
        // "What we do not collect", over a table of it.
        let denied = sections.get(at) == Some(&sections::Section::Denied);
        own_rows.extend(found.own.into_iter().map(|row| entry::Entry { denies: row.denies || denied, ..row }));
    }
    let labelled = labelled::read(blocks, &sections, lexicon, names);
    for at in &labelled.used {
        if let Some(used) = used.get_mut(*at) {
            *used = true;
        }
    }
    for (at, entry) in labelled.entries {
        parties.extend(apart::each(entry, lexicon, names).iter().map(|entry| (at, entry.finish(lexicon, names))));
    }
    own_rows.extend(labelled.own);
    let written = prose::read(blocks, (&sections, &denied), &used, lexicon, names);
    for at in &written.used {
        if let Some(used) = used.get_mut(*at) {
            *used = true;
        }
    }
    parties.extend(written.entries.iter().map(|(at, e)| (*at, e.finish(lexicon, names))));
    let mut taken: sentences::Places = written.sentences.into_iter().collect();
    let attached = attach::statements(&mut parties, written.statements, lexicon, names);
    taken.extend(attached.sentences);
    attach::links(&mut parties, &written.links, blocks, lexicon, names);
    parties.sort_by_key(|(at, _)| *at);
    let mut parties: Vec<ThirdParty> = parties.into_iter().map(|(_, party)| party).collect();
    remarks::same_as(&mut parties, lexicon);
    let definitions = definitions::Definitions::of(blocks, lexicon);
    for party in &mut parties {
        definitions.add_to(party);
        party.reading = Some(corrected::digest(party));
    }

    let kinds = recipients::read(blocks, &used, &denied, &taken, lexicon, names);
    taken.extend(&kinds.sentences);
    let mut own = own::read(blocks, &used, &taken, &sections, &own_rows, lexicon, names);
    definitions.add_to_own(&mut own.items);
    own.denials.extend(attached.own);
    own.sharing_denials.extend(attached.of_all);
    let (claims, claim_locations, mut notes) = claims::read(blocks, &used, lexicon);
    let mut policy = Policy {
        schema: SCHEMA.to_owned(),
        sources,
        third_party_count: parties.len(),
        first_party_data: once(own.items.iter().map(|i| &i.data_type)),
        first_party_denied: Vec::new(),
        first_party_items: own.items,
        first_party_denials: own.denials,
        third_party_denials: own.sharing_denials,
        third_parties: parties,
        claims,
        claim_locations,
        category_disclosures: kinds.categories,
        catch_all: kinds.catch_all,
        names_seen: Vec::new(),
        remarks: Vec::new(),
    };
    policy.names_seen = remarks::names_seen(&policy, blocks, names);
    let denied = policy.first_party_denials.iter().filter(|d| d.conditional.is_none());
    policy.first_party_denied = once(denied.map(|d| &d.data_type));
    notes.extend(remarks::limits(blocks, attached.beyond));
    notes.extend(remarks::of(&policy));
    notes.extend(remarks::languages(&policy, blocks));
    notes.extend(versions::differ(&policy, blocks));
    notes.extend(remarks::stand_elsewhere(&policy.names_seen));
    policy.remarks = notes;
    policy
}

/// The third party that the heading right above the block at `at` names.
fn name_above(blocks: &[Block], at: usize, lexicon: &Lexicon, names: &Names<'_>) -> Option<String> {
    let above = blocks.get(at.checked_sub(1)?)?;
    let title = sections::without_number(&above.text).trim().trim_end_matches(['：', ':']).trim();
    let heading = sections::is_heading(above) || title.chars().count() <= 24 && above.table().is_none();
    let somebody = names.is_known(title) || fold::fold(title).contains("sdk") && names.holds_known(title);
    (heading && somebody && !prose::names_nobody(title, lexicon, names)).then(|| title.to_owned())
}

fn once<'a>(ids: impl Iterator<Item = &'a String>) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for id in ids {
        if !out.contains(id) {
            out.push(id.clone());
        }
    }
    out
}
