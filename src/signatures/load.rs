//! Loads, overlays, checks and indexes the signature tree.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;

use include_dir::{Dir, include_dir};

use super::vocabulary::{Category, DataTerm, HeaderTerm, Phrase};
use super::*;

/// The tree as it was at build.
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
        write!(f, "{}: {}", self.origin, self.message)
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
    /// What logs of calls call the data.
    pub calls: Vec<CallWords>,
    /// Shared infrastructure by id.
    pub infrastructure: BTreeMap<String, Infrastructure>,
    /// Key names.
    pub keys: Vec<KeyName>,
    /// Placeholders.
    pub placeholders: Vec<Placeholder>,
    /// Protocols that are named and not parsed, by id.
    pub services: BTreeMap<String, Service>,
    /// Resolvers that are asked over HTTP, by id.
    pub resolvers: BTreeMap<String, HttpDns>,
    /// Words of field names.
    pub fields: Vec<FieldWords>,
    /// Recipes by id.
    pub recipes: BTreeMap<String, Recipe>,
    /// Where SDKs send.
    pub endpoints: Vec<Endpoint>,
    /// Clauses by id, in the file's order.
    pub clauses: Vec<Clause>,
    /// The words of policies.
    pub vocabulary: Vocabulary,
    /// SHA-256 over names and contents of all files: the embedded ones by name, then
    /// those of each overlay in the order given.
    pub sha256: String,
    /// Ids that one folder gives twice, found while loading.
    pub(super) repeated: Vec<Problem>,
}

/// A file of the set.
struct Source {
    /// Relative to its folder, `companies/getui.toml`: what origins and the hash say.
    name: String,
    /// What a person finds it by: with the overlay's folder before it.
    shown: String,
    /// 0 is the embedded set, the overlays follow.
    layer: usize,
    text: Cow<'static, str>,
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
    call: Vec<toml::Spanned<CallWords>>,
    #[serde(default)]
    infrastructure: Vec<toml::Spanned<Infrastructure>>,
    #[serde(default, rename = "type")]
    types: Vec<toml::Spanned<DataType>>,
    #[serde(default)]
    key: Vec<toml::Spanned<KeyName>>,
    #[serde(default)]
    placeholder: Vec<toml::Spanned<Placeholder>>,
    #[serde(default)]
    field: Vec<toml::Spanned<FieldWords>>,
    #[serde(default)]
    recipe: Vec<toml::Spanned<Recipe>>,
    #[serde(default)]
    endpoint: Vec<toml::Spanned<Endpoint>>,
    #[serde(default)]
    service: Vec<toml::Spanned<Service>>,
    #[serde(default)]
    httpdns: Vec<toml::Spanned<HttpDns>>,
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
    /// same id is replaced, what has no id is added. An `Err` names file and line of
    /// each thing that cannot be read; what can be read and is wrong, [`Self::check`] tells.
    pub fn load(overlays: &[impl AsRef<Path>]) -> Result<Self, LoadError> {
        let mut files = Vec::new();
        collect_embedded(&EMBEDDED, &mut files);
        for (layer, overlay) in overlays.iter().enumerate() {
            let before = files.len();
            collect_folder(overlay.as_ref(), overlay.as_ref(), layer + 1, &mut files)?;
            // The wrong folder, most likely: without a word, what it was to settle would stay open.
            if files.len() == before {
                let path = overlay.as_ref().display().to_string();
                return Err(LoadError::Unreadable { path, error: std::io::Error::other("it holds no .toml file") });
            }
        }
        let mut set = Self::default();
        let mut problems = Vec::new();
        let mut types = Vec::new();
        let mut seen = Seen::default();
        let mut hash = String::new();
        for source in &files {
            hash.push_str(&source.name);
            hash.push('\n');
            hash.push_str(&crate::evidence::sha256_hex(source.text.as_bytes()));
            hash.push('\n');
            let lines = Lines::new(source);
            match toml::from_str::<File>(&source.text) {
                Ok(file) => {
                    seen.layer = source.layer;
                    set.add(&lines, file, &mut types, &mut seen);
                }
                Err(error) => problems.extend(wrong_tables(source, &lines, &error)),
            }
        }
        set.types = Types::new(types);
        set.repeated = seen.repeated;
        set.sha256 = crate::evidence::sha256_hex(hash.as_bytes());
        if problems.is_empty() { Ok(set) } else { Err(LoadError::Problems(problems)) }
    }

    /// The embedded set, for tests and where no overlay is given.
    pub fn embedded() -> Result<Self, LoadError> {
        Self::load(&[] as &[&Path])
    }

    fn add(&mut self, lines: &Lines<'_>, file: File, types: &mut Vec<DataType>, seen: &mut Seen) {
        let company_id = file.company.as_ref().map(|c| c.id.clone());
        if let Some(mut company) = file.company {
            company.origin = lines.origin(lines.text.find("[company]").unwrap_or(0));
            seen.once("company", &company.id, &company.origin);
            self.companies.insert(company.id.clone(), company);
        }
        for spanned in file.product {
            let mut product = lines.placed(spanned, |p, o| Product { origin: o, ..p });
            product.company = company_id.clone().unwrap_or_default();
            for rule in &mut product.hosts {
                rule.origin = lines.quoting(&product.origin, rule.hosts.first().map_or("", |host| &host.0));
            }
            for rule in &mut product.paths {
                rule.origin = lines.quoting(&product.origin, &rule.path);
            }
            seen.once("product", &product.id, &product.origin);
            self.products.insert(product.id.clone(), product);
        }
        for spanned in file.group {
            let group = lines.placed(spanned, |g, o| Group { origin: o, ..g });
            seen.once("group", &group.id, &group.origin);
            self.groups.insert(group.id.clone(), group);
        }
        for spanned in file.call {
            self.calls.push(lines.placed(spanned, |c, o| CallWords { origin: o, ..c }));
        }
        for spanned in file.infrastructure {
            let entry = lines.placed(spanned, |i, o| Infrastructure { origin: o, ..i });
            seen.once("infrastructure", &entry.id, &entry.origin);
            self.infrastructure.insert(entry.id.clone(), entry);
        }
        for spanned in file.types {
            let data_type = lines.placed(spanned, |t, o| DataType { origin: o, ..t });
            seen.once("type", &data_type.id, &data_type.origin);
            types.push(data_type);
        }
        for spanned in file.recipe {
            let recipe = lines.placed(spanned, |r, o| Recipe { origin: o, ..r });
            seen.once("recipe", &recipe.id, &recipe.origin);
            self.recipes.insert(recipe.id.clone(), recipe);
        }
        for spanned in file.service {
            let service = lines.placed(spanned, |s, o| Service { origin: o, ..s });
            seen.once("service", &service.id, &service.origin);
            self.services.insert(service.id.clone(), service);
        }
        for spanned in file.httpdns {
            let resolver = lines.placed(spanned, |r, o| HttpDns { origin: o, ..r });
            seen.once("httpdns", &resolver.id, &resolver.origin);
            self.resolvers.insert(resolver.id.clone(), resolver);
        }
        for spanned in file.clause {
            let clause = lines.placed(spanned, |c, o| Clause { origin: o, ..c });
            seen.once("clause", &clause.id, &clause.origin);
            match self.clauses.iter_mut().find(|known| known.id == clause.id) {
                Some(known) => *known = clause,
                None => self.clauses.push(clause),
            }
        }
        self.keys.extend(file.key.into_iter().map(|k| lines.placed(k, |k, o| KeyName { origin: o, ..k })));
        let placeholders = file.placeholder.into_iter();
        self.placeholders.extend(placeholders.map(|p| lines.placed(p, |p, o| Placeholder { origin: o, ..p })));
        self.endpoints.extend(file.endpoint.into_iter().map(|e| lines.placed(e, |e, o| Endpoint { origin: o, ..e })));
        self.fields.extend(file.field.into_iter().map(|f| lines.placed(f, |f, o| FieldWords { origin: o, ..f })));
        let words = &mut self.vocabulary;
        words.data.extend(file.data.into_iter().map(|t| lines.placed(t, |t, o| DataTerm { origin: o, ..t })));
        for spanned in file.category {
            let category = lines.placed(spanned, |c, o| Category { origin: o, ..c });
            seen.once("category", &category.id, &category.origin);
            match words.categories.iter_mut().find(|known| known.id == category.id) {
                Some(known) => *known = category,
                None => words.categories.push(category),
            }
        }
        words.headers.extend(file.header.into_iter().map(|t| lines.placed(t, |t, o| HeaderTerm { origin: o, ..t })));
        words.phrases.extend(file.phrase.into_iter().map(|t| lines.placed(t, |t, o| Phrase { origin: o, ..t })));
    }

    /// The company of a product.
    pub fn company_of(&self, product: &str) -> Option<&Company> {
        self.products.get(product).and_then(|p| self.companies.get(&p.company))
    }
}

/// What is wrong in a file that cannot be read: of each of its tables the first thing, so that
/// one look is enough to put the file right.
fn wrong_tables(source: &Source, lines: &Lines<'_>, whole: &toml::de::Error) -> Vec<Problem> {
    let problem = |line: u32, message: String| Problem { origin: Origin { file: source.shown.clone(), line }, message };
    let mut problems = Vec::new();
    let tables = tables(&source.text);
    for (index, (start, name)) in tables.iter().enumerate() {
        let end = tables.get(index + 1).map_or(source.text.len(), |(next, _)| *next);
        let Some(Err(error)) = source.text.get(*start..end).map(toml::from_str::<File>) else { continue };
        // What is not there has no place of its own but its table's.
        let line = lines.line_of(*start + error.span().map_or(0, |span| span.start));
        problems.push(problem(line, format!("{name}: {}", error.message().trim())));
    }
    if problems.is_empty() {
        // Each table by itself is right: something stands twice, or between them.
        let line = whole.span().map_or(1, |span| lines.line_of(span.start));
        problems.push(problem(line, whole.message().to_owned()));
    }
    problems
}

/// Where the tables of a file begin, and their headers. A table of a table (`[recipe.fields]`)
/// belongs to the one before it.
fn tables(text: &str) -> Vec<(usize, &str)> {
    let mut tables = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let header = line.split('#').next().unwrap_or_default().trim();
        let name = header.trim_start_matches('[').trim_end_matches(']');
        let plain = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b));
        if line.starts_with('[') && header.ends_with(']') && plain {
            tables.push((at, header));
        }
        at += line.len();
    }
    tables
}

/// Ids given so far, to find those that one layer gives twice: a later layer may
/// replace an id, a folder that gives it twice has one fact too many.
#[derive(Default)]
struct Seen {
    layer: usize,
    ids: BTreeMap<(&'static str, String), (usize, Origin)>,
    repeated: Vec<Problem>,
}

impl Seen {
    fn once(&mut self, kind: &'static str, id: &str, origin: &Origin) {
        let before = self.ids.insert((kind, id.to_owned()), (self.layer, origin.clone()));
        if let Some((layer, first)) = before
            && layer == self.layer
        {
            let message = format!("{kind} {id:?} is given twice, first at {first}");
            self.repeated.push(Problem { origin: origin.clone(), message });
        }
    }
}

/// A file's text with its line starts: byte offsets to lines.
struct Lines<'a> {
    name: &'a str,
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    fn new(source: &'a Source) -> Self {
        let starts = std::iter::once(0).chain(source.text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { name: &source.name, text: &source.text, starts }
    }

    fn line_of(&self, at: usize) -> u32 {
        u32::try_from(self.starts.partition_point(|start| *start <= at)).unwrap_or(u32::MAX)
    }

    fn origin(&self, at: usize) -> Origin {
        Origin { file: self.name.to_owned(), line: self.line_of(at) }
    }

    fn placed<T>(&self, spanned: toml::Spanned<T>, place: impl FnOnce(T, Origin) -> T) -> T {
        let origin = self.origin(spanned.span().start);
        place(spanned.into_inner(), origin)
    }

    /// The first line at or after `from` that holds `needle` in quotes.
    fn quoting(&self, from: &Origin, needle: &str) -> Origin {
        let start = self.starts.get(from.line.saturating_sub(1) as usize).copied().unwrap_or(0);
        let behind = self.text.get(start..).unwrap_or("");
        let found = behind.match_indices(needle).find(|(at, _)| {
            let before = at.checked_sub(1).and_then(|at| behind.as_bytes().get(at));
            let after = behind.as_bytes().get(at + needle.len());
            matches!(before, Some(b'"' | b'\'')) && before == after
        });
        found.map_or_else(|| from.clone(), |(at, _)| self.origin(start + at))
    }
}

fn collect_embedded(dir: &'static Dir<'static>, files: &mut Vec<Source>) {
    for file in dir.files() {
        if file.path().extension().is_some_and(|e| e == "toml")
            && let Some(text) = file.contents_utf8()
        {
            let name = file.path().to_string_lossy().replace('\\', "/");
            files.push(Source { shown: format!("signatures/{name}"), name, layer: 0, text: Cow::Borrowed(text) });
        }
    }
    for sub in dir.dirs() {
        collect_embedded(sub, files);
    }
    files.sort_by(|a, b| a.name.cmp(&b.name));
}

fn collect_folder(root: &Path, dir: &Path, layer: usize, files: &mut Vec<Source>) -> Result<(), LoadError> {
    let unreadable = |path: &Path, error| LoadError::Unreadable { path: path.display().to_string(), error };
    let entries = std::fs::read_dir(dir).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let mut entries = entries.map_err(|error| unreadable(dir, error))?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        let kind = entry.file_type().map_err(|error| unreadable(&path, error))?;
        // A link to a folder is not followed: it could lead back up and never end.
        if kind.is_dir() {
            collect_folder(root, &path, layer, files)?;
        } else if path.extension().is_some_and(|e| e == "toml") {
            let text = std::fs::read_to_string(&path).map_err(|error| unreadable(&path, error))?;
            let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
            files.push(Source { name, shown: path.display().to_string(), layer, text: Cow::Owned(text) });
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

    fn overlay(files: &[(&str, &str)]) -> (tempfile::TempDir, Result<Signatures, LoadError>) {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(dir.path().join(name), text).unwrap();
        }
        let set = Signatures::load(&[dir.path()]);
        (dir, set)
    }

    #[test]
    fn an_overlay_replaces_by_id_and_changes_the_hash() {
        let tea = "[company]\nid = \"tea\"\nzh = \"茶\"\nen = \"Tea\"\nsource = \"test\"\n\n[[product]]\nid = \"getui\"\n\
                   zh = \"别的\"\nen = \"Other\"\nsource = \"test\"\n";
        let (_dir, set) = overlay(&[("tea.toml", tea)]);
        let set = set.unwrap();
        assert_eq!(set.products["getui"].zh, "别的");
        assert_eq!(set.products["getui"].company, "tea");
        assert_eq!(set.products["getui"].origin, Origin { file: "tea.toml".to_owned(), line: 7 });
        assert_ne!(set.sha256, Signatures::embedded().unwrap().sha256);
        assert!(set.repeated.is_empty());
    }

    #[test]
    fn a_broken_overlay_names_its_file_and_line() {
        let (dir, set) = overlay(&[("broken.toml", "[[type]]\nid = \"x\"\nzh = \"x\"\nen = \"x\"\nclass = \"Q\"\n")]);
        let error = set.unwrap_err().to_string();
        assert!(error.contains(&format!("{}:5", dir.path().join("broken.toml").display())), "{error}");
        let (_dir, set) = overlay(&[("typo.toml", "[[group]]\nid = \"x\"\nnmae = \"x\"\n")]);
        let error = set.unwrap_err().to_string();
        assert!(error.contains("typo.toml:3") && error.contains("nmae"), "{error}");
        assert!(Signatures::load(&["/nowhere/at/all"]).is_err());
    }

    #[test]
    fn every_table_that_lacks_something_is_named() {
        let text = "[company]\nid = \"x\"\nzh = \"x\"\nen = \"x\"\n\n[[product]]\nid = \"x\"\nzh = \"x\"\nen = \"x\"\nsource = \"s\"\n\n\
                    # nothing says who\n[[recipe]]\nid = \"x\"\nproduct = \"x\"\nfrom = \"body\"\n[recipe.fields]\na = \"imei\"\n";
        let (_dir, set) = overlay(&[("lacks.toml", text)]);
        let error = set.unwrap_err().to_string();
        for part in
            ["lacks.toml:1", "[company]: missing field `source`", "lacks.toml:13", "[[recipe]]: missing field `source`"]
        {
            assert!(error.contains(part), "{part}: {error}");
        }
        assert!(!error.contains("[[product]]"), "{error}");
        // Twice the one table that a file has once.
        let company = "[company]\nid = \"x\"\nzh = \"x\"\nen = \"x\"\nsource = \"s\"\n";
        let (_dir, set) = overlay(&[("twice.toml", &format!("{company}{company}"))]);
        assert!(set.unwrap_err().to_string().contains("twice.toml:6"));
    }

    #[test]
    fn an_id_given_twice_in_one_folder_is_found() {
        let group = "[[group]]\nid = \"g\"\nzh = \"g\"\nen = \"g\"\ndomains = []\nsource = \"test\"\n";
        let (_dir, set) = overlay(&[("a.toml", group), ("b.toml", group)]);
        let repeated = set.unwrap().repeated;
        assert_eq!(repeated.len(), 1);
        assert_eq!(repeated[0].to_string(), "b.toml:1: group \"g\" is given twice, first at a.toml:1");
    }
}
