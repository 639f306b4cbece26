//! Report to paper: one file for each format.
//!
//! Takes the [`Report`](crate::audit::Report) as data and nothing else, hands on text.
//! It judges nothing, opens no file, and knows no packet. Everything a reader reads
//! stands in `language/`, one table a language; codes and ids are never translated.

pub mod escape;
pub mod html;
pub mod inspect;
pub mod json;
pub mod language;
pub mod policy;
pub mod terminal;
mod view;

pub use language::Language;
