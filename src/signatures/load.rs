//! Loads, overlays, checks and indexes the signature tree.

use std::collections::BTreeMap;
use std::path::Path;

use include_dir::{Dir, include_dir};
use serde::de::DeserializeOwned;

use super::vocabulary::{Category, DataTerm, HeaderTerm, Phrase};
use super::*;

static EMBEDDED: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/signatures");

/// Something wrong in a signature file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// Where.
    pub origin: Origin,
    /// What, and what would be right.
    pub message: String,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "signatures/{}: {}", self.origin, self.message)
    }
}

/// The set cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A folder or file of `--signatures` cannot be read.
    #[error("cannot read signatures from {path}: {error}")]
    Unreadable {
        /// What was given.
        path: String,
        /// Why.
        error: std::io::Error,
    },
    /// Files with problems.
    #[error("{} in the signatures: {}", .0.len(), .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Problems(Vec<Problem>),
}

/// The effective set.
#[derive(Clone, Debug, Default)]
pub struct Signatures {
    /// Data types.
    pub types: Types,
    /// Companies by id.
    pub companies: BTreeMap<String, Company>,
    /// Products by id.
    pub products: BTreeMap<String, Product>,
    /// Groups by id.
    pub groups: BTreeMap<String, Group>,
    /// Shared infrastructure by id.
    pub infrastructure: BTreeMap<String, Infrastructure>,
    /// Key names.
    pub keys: Vec<KeyName>,
    /// Placeholders.
    pub placeholders: Vec<Placeholder>,
    /// Recipes by id.
    pub recipes: BTreeMap<String, Recipe>,
    /// Clauses by id, in the file's order.
    pub clauses: Vec<Clause>,
    /// The words of policies.
    pub vocabulary: Vocabulary,
    /// SHA-256 over names and contents of all files, sorted by name.
    pub sha256: String,
}

/// The tables a signature file may hold; which ones is up to its author.
#[derive(Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    company: Option<Company>,
    #[serde(default)]
    product: Vec<toml::Spanned<Product>>,
    #[serde(default)]
    group: Vec<toml::Spanned<Group>>,
    #[serde(default)]
    infrastructure: Vec<toml::Spanned<Infrastructure>>,
    #[serde(default, rename = "type")]
    types: Vec<toml::Spanned<DataType>>,
    #[serde(default)]
    key: Vec<toml::Spanned<KeyName>>,
    #[serde(default)]
    placeholder: Vec<toml::Spanned<Placeholder>>,
    #[serde(default)]
    recipe: Vec<toml::Spanned<Recipe>>,
    #[serde(default)]
    clause: Vec<toml::Spanned<Clause>>,
    #[serde(default)]
    data: Vec<toml::Spanned<DataTerm>>,
    #[serde(default)]
    category: Vec<toml::Spanned<Category>>,
    #[serde(default)]
    header: Vec<toml::Spanned<HeaderTerm>>,
    #[serde(default)]
    phrase: Vec<toml::Spanned<Phrase>>,
}

impl Signatures {
    /// The embedded set, overlaid by the files of `overlays` in order: what has the
    /// same id is replaced, what has no id is added.
    pub fn load(overlays: &[impl AsRef<Path>]) -> Result<Self, LoadError> {
        let mut set = Self::default();
        let mut files: Vec<(String, String)> = Vec::new();
        collect_embedded(&EMBEDDED, &mut files);
        for overlay in overlays {
            collect_folder(overlay.as_ref(), overlay.as_ref(), &mut files)?;
        }
        let mut problems = Vec::new();
        let mut types = Vec::new();
        let mut hash = String::new();
        for (name, text) in &files {
            hash.push_str(name);
            hash.push('\n');
            hash.push_str(&crate::evidence::sha256_hex(text.as_bytes()));
            hash.push('\n');
            match toml::from_str::<File>(text) {
                Ok(file) => set.add(name, text, file, &mut types),
                Err(error) => problems.push(Problem {
                    origin: Origin { file: name.clone(), line: error.span().map_or(1, |s| line_of(text, s.start)) },
                    message: error.message().to_owned(),
                }),
            }
        }
        set.types = Types::new(types);
        set.sha256 = crate::evidence::sha256_hex(hash.as_bytes());
        if problems.is_empty() { Ok(set) } else { Err(LoadError::Problems(problems)) }
    }

    /// The embedded set, for tests and where no overlay is given.
    pub fn embedded() -> Result<Self, LoadError> {
        Self::load(&[] as &[&Path])
    }

    fn add(&mut self, name: &str, text: &str, file: File, types: &mut Vec<DataType>) {
        let company_id = file.company.as_ref().map(|c| c.id.clone());
        if let Some(mut company) = file.company {
            company.origin = Origin { file: name.to_owned(), line: 1 };
            self.companies.insert(company.id.clone(), company);
        }
        for spanned in file.product {
            let origin = origin(name, text, &spanned);
            let mut product = spanned.into_inner();
            product.company = company_id.clone().unwrap_or_default();
            for rule in &mut product.hosts {
                rule.origin =
                    rule.hosts.first().map_or_else(|| origin.clone(), |h| line_with(name, text, &origin, &h.0));
            }
            for rule in &mut product.paths {
                rule.origin = line_with(name, text, &origin, &rule.path);
            }
            product.origin = origin;
            self.products.insert(product.id.clone(), product);
        }
        for spanned in file.group {
            let mut group = located(name, text, spanned, |g, o| Group { origin: o, ..g });
            group.domains.sort();
            self.groups.insert(group.id.clone(), group);
        }
        for spanned in file.infrastructure {
            let entry = located(name, text, spanned, |g, o| Infrastructure { origin: o, ..g });
            self.infrastructure.insert(entry.id.clone(), entry);
        }
        types.extend(file.types.into_iter().map(toml::Spanned::into_inner));
        self.keys.extend(file.key.into_iter().map(|k| located(name, text, k, |k, o| KeyName { origin: o, ..k })));
        self.placeholders.extend(
            file.placeholder.into_iter().map(|p| located(name, text, p, |p, o| Placeholder { origin: o, ..p })),
        );
        for spanned in file.recipe {
            let recipe = located(name, text, spanned, |r, o| Recipe { origin: o, ..r });
            self.recipes.insert(recipe.id.clone(), recipe);
        }
        for spanned in file.clause {
            let clause = located(name, text, spanned, |c, o| Clause { origin: o, ..c });
            self.clauses.retain(|c| c.id != clause.id);
            self.clauses.push(clause);
        }
        let words = &mut self.vocabulary;
        words.data.extend(file.data.into_iter().map(|t| located(name, text, t, |t, o| DataTerm { origin: o, ..t })));
        words
            .categories
            .extend(file.category.into_iter().map(|t| located(name, text, t, |t, o| Category { origin: o, ..t })));
        words
            .headers
            .extend(file.header.into_iter().map(|t| located(name, text, t, |t, o| HeaderTerm { origin: o, ..t })));
        words.phrases.extend(file.phrase.into_iter().map(|t| located(name, text, t, |t, o| Phrase { origin: o, ..t })));
    }

    /// The company of a product.
    pub fn company_of(&self, product: &str) -> Option<&Company> {
        self.products.get(product).and_then(|p| self.companies.get(&p.company))
    }
}

fn located<T: DeserializeOwned>(
    name: &str,
    text: &str,
    spanned: toml::Spanned<T>,
    place: impl FnOnce(T, Origin) -> T,
) -> T {
    let origin = origin(name, text, &spanned);
    place(spanned.into_inner(), origin)
}

fn origin<T>(name: &str, text: &str, spanned: &toml::Spanned<T>) -> Origin {
    Origin { file: name.to_owned(), line: line_of(text, spanned.span().start) }
}

/// The first line at or behind `from` that holds `needle` in quotes.
fn line_with(name: &str, text: &str, from: &Origin, needle: &str) -> Origin {
    let quoted = format!("{needle:?}");
    let line = text.lines().enumerate().skip(from.line.saturating_sub(1) as usize).find(|(_, l)| l.contains(&quoted));
    Origin { file: name.to_owned(), line: line.map_or(from.line, |(i, _)| i as u32 + 1) }
}

fn line_of(text: &str, at: usize) -> u32 {
    text.as_bytes().iter().take(at).filter(|b| **b == b'\n').count() as u32 + 1
}

fn collect_embedded(dir: &Dir<'_>, files: &mut Vec<(String, String)>) {
    for file in dir.files() {
        if file.path().extension().is_some_and(|e| e == "toml")
            && let Some(text) = file.contents_utf8()
        {
            files.push((file.path().to_string_lossy().replace('\\', "/"), text.to_owned()));
        }
    }
    for sub in dir.dirs() {
        collect_embedded(sub, files);
    }
    files.sort();
}

fn collect_folder(root: &Path, dir: &Path, files: &mut Vec<(String, String)>) -> Result<(), LoadError> {
    let unreadable = |error| LoadError::Unreadable { path: dir.display().to_string(), error };
    let mut entries = std::fs::read_dir(dir).map_err(unreadable)?.collect::<Result<Vec<_>, _>>().map_err(unreadable)?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        if path.is_dir() {
            collect_folder(root, &path, files)?;
        } else if path.extension().is_some_and(|e| e == "toml") {
            let text = std::fs::read_to_string(&path).map_err(unreadable)?;
            let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
            files.push((name, text));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_set_loads() {
        let set = Signatures::embedded().unwrap();
        assert_eq!(set.products["getui"].company, "merit-interactive");
        assert!(set.products.len() > 170 && set.clauses.len() == 190 && set.types.contains("device_info", "imei"));
        let host = &set.products["getui"].hosts[0];
        assert_eq!(host.origin.file, "companies/merit-interactive.toml");
        assert!(host.origin.line > set.products["getui"].origin.line);
    }
}
