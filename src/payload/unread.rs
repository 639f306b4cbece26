//! Forms that are known by their head or their media type and not read.
//!
//! They stay as they are and are searched as bytes; the report says what they are, so
//! that nobody takes an unread body for an empty one.

use super::clue::Clue;
use super::walk::Opener;
use crate::evidence::GapReason;

/// Opens nothing: it names.
pub(super) const UNREAD: Opener = Opener {
    name: "unread",
    clue: Clue::Head(b"O7RBS#\x1a"),
    open: |input, budget| {
        let of = |form: &&Form| {
            form.heads.iter().any(|head| input.bytes.starts_with(head))
                || input.body && input.declares(form.media_types)
        };
        if let Some(form) = FORMS.iter().find(of) {
            budget.close(GapReason::Undecodable, form.told);
        }
        None
    },
};

/// A form by name.
struct Form {
    media_types: &'static [&'static str],
    heads: &'static [&'static [u8]],
    told: &'static str,
}

const FORMS: &[Form] = &[
    Form {
        // Adobe, AMF 0 and AMF 3 specifications: no magic number.
        media_types: &["application/x-amf"],
        heads: &[],
        told: "a body in AMF, which is not read: searched as bytes",
    },
    Form {
        // Apache Avro specification, "Object Container Files". A body without the container
        // says nothing without its schema.
        media_types: &["avro"],
        heads: &[b"Obj\x01"],
        told: "a body in Avro, which is not read: searched as bytes",
    },
    Form {
        media_types: &[],
        heads: &[b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07"],
        told: "an archive in 7z or RAR, which is not opened",
    },
    Form { media_types: &[], heads: &[b"BZh91AY&SY"], told: "data in bzip2, which is not opened" },
    Form { media_types: &[], heads: &[b"SQLite format 3\0"], told: "a database of SQLite: searched as bytes" },
    Form {
        // Matroska; the ISO container is told by `image`, as far as it holds a picture.
        media_types: &["audio/", "video/"],
        heads: &[b"OggS", b"#!AMR", b"\x1aE\xdf\xa3"],
        told: "a recording of sound or pictures: what it shows is not looked at",
    },
];
