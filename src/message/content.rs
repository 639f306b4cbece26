//! Content codings undone.
