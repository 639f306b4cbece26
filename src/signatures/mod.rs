//! The facts: data types, companies and their products, key names, placeholders,
//! vocabulary, recipes and clauses, as TOML files under `signatures/`.
//!
//! Embedded at build, overlaid by id from `--signatures DIR`, checked as they load:
//! every problem names its file and line. This module knows what a fact looks like
//! and finds facts fast; it does not judge.

mod calls;
mod check;
mod clauses;
mod companies;
mod expression;
mod index;
mod infrastructure;
mod keys;
mod load;
mod parts;
mod protocols;
mod recipes;
mod types;
mod vocabulary;

pub use calls::CallWords;
pub use clauses::Clause;
pub use companies::{Company, Group, HostPattern, HostRule, PathRule, Product, Traffic};
pub use expression::Expression;
pub use index::{HostHit, Index, MatchedBy, Named, fold};
pub use infrastructure::Infrastructure;
pub use keys::{FieldKind, FieldWords, KeyName, Placeholder};
pub use load::{LoadError, Problem, Signatures};
pub use protocols::{Answer, HttpDns, Protocols, Resolver, Service, ServiceName, Shape};
pub use recipes::{Endpoint, Recipe, RecipeDigest, RecipeStep};
pub use types::{Class, DataType, Types};
pub use vocabulary::Vocabulary;

use serde::{Deserialize, Serialize};

/// How well a fact is known. Low ones are never printed as fact: a low host matches
/// as `possible`, a low clause is left out of reports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// Background knowledge, not checked.
    #[default]
    Low,
    /// One good source.
    Medium,
    /// The vendor's own word, or two independent sources.
    High,
}

/// Where a fact stands: for reasons like `signature getui.toml:14`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    /// File name relative to the signature folder, `companies/getui.toml`.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}
