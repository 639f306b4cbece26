//! What is wrong in a set that loads: references that lead nowhere, facts that two
//! products claim, patterns that cannot match, lists out of order.
//!
//! A set with problems still works as far as it goes, so `audit` does not stop at
//! them; `signatures check` does.

use std::collections::BTreeMap;

mod found;

use found::{Claimed, Found};

use super::load::Problem;
use super::protocols;
use super::{Confidence, HostPattern, HostRule, Origin, RecipeDigest, Signatures};

/// Finding codes and conditions a clause may apply to.
pub const CLAUSE_CODES: &[&str] = &[
    "after-refusal",
    "before-consent",
    "cleartext",
    "contact-abroad",
    "contradiction",
    "frequency",
    "in-background",
    "minors",
    "omitted-data",
    "omitted-recipient",
    "over-declared",
    "policy-incomplete",
    "sensitive-data",
    "storage",
    "vague-data",
    "vague-recipient",
];

/// Words that only look like data are listed under this in place of a type.
const NO_DATA: &str = "none";

impl Signatures {
    /// Everything wrong, by file and line.
    pub fn check(&self) -> Vec<Problem> {
        let mut found = Found { problems: self.repeated.clone() };
        self.check_types(&mut found);
        self.check_companies(&mut found);
        self.check_claims(&mut found);
        self.check_shared(&mut found);
        self.check_words(&mut found);
        self.check_recipes(&mut found);
        self.check_calls(&mut found);
        self.check_protocols(&mut found);
        found.problems.sort();
        found.problems.dedup();
        found.problems
    }

    /// Facts of low confidence: nothing is wrong with them but that nobody has verified them.
    pub fn unverified(&self) -> Vec<Problem> {
        let mut found = Found { problems: Vec::new() };
        let mut low = |confidence: Confidence, origin: &Origin, what: String| {
            if confidence == Confidence::Low {
                found.add(origin, what);
            }
        };
        for service in self.services.values() {
            low(service.confidence, &service.origin, format!("service {} is not verified", service.id));
        }
        for resolver in self.resolvers.values() {
            low(resolver.confidence, &resolver.origin, format!("resolver {} is not verified", resolver.id));
        }
        for company in self.companies.values() {
            low(company.confidence, &company.origin, format!("the legal name of {} is not verified", company.id));
        }
        for product in self.products.values() {
            low(product.confidence, &product.origin, format!("product {} is not verified", product.id));
            for rule in &product.hosts {
                let hosts = rule.hosts.iter().map(|h| h.0.as_str()).collect::<Vec<_>>().join(", ");
                low(rule.confidence, &rule.origin, format!("hosts of {} are not verified: {hosts}", product.id));
            }
            for rule in &product.paths {
                low(rule.confidence, &rule.origin, format!("a path of {} is not verified: {}", product.id, rule.path));
            }
        }
        for entry in self.infrastructure.values() {
            low(entry.confidence, &entry.origin, format!("infrastructure {} is not verified", entry.id));
        }
        for clause in &self.clauses {
            low(clause.confidence, &clause.origin, format!("clause {} is not verified, and never printed", clause.id));
        }
        for recipe in self.recipes.values() {
            low(recipe.confidence, &recipe.origin, format!("recipe {} is not verified", recipe.id));
        }
        found.problems.sort();
        found.problems
    }

    fn check_types(&self, found: &mut Found) {
        for data_type in self.types.iter() {
            let origin = &data_type.origin;
            found.source(origin, &data_type.source);
            for umbrella in &data_type.within {
                match self.types.get(umbrella) {
                    None => found.add(origin, format!("{} lies within {umbrella:?}, which is no type", data_type.id)),
                    Some(t) if !t.umbrella => {
                        found.add(origin, format!("{} lies within {umbrella}, which is not an umbrella", data_type.id));
                    }
                    Some(_) => {}
                }
            }
            for implied in &data_type.implies {
                found.known_type(self, origin, implied, &format!("{} implies", data_type.id));
            }
            if self.lies_within_itself(&data_type.id) {
                found.add(origin, format!("the umbrellas of {} lead back to it", data_type.id));
            }
            if data_type.umbrella && !self.types.iter().any(|t| t.within.contains(&data_type.id)) {
                found.add(origin, format!("umbrella {} holds no type", data_type.id));
            }
            found.sorted(origin, "within", &data_type.within);
            for word in data_type.words.iter().filter(|w| !w.chars().all(|c| c.is_alphanumeric() && !c.is_uppercase()))
            {
                found.add(origin, format!("the word {word:?} of {} has more than letters and digits", data_type.id));
            }
            if !data_type.words.is_empty() && data_type.within.is_empty() {
                found.add(origin, format!("{} has words and no umbrella that they are read as", data_type.id));
            }
        }
    }

    fn lies_within_itself(&self, id: &str) -> bool {
        let above = self.types.umbrellas(id);
        above.iter().any(|u| self.types.get(u).is_some_and(|t| t.within.iter().any(|w| w == id)))
            || self.types.get(id).is_some_and(|t| t.within.iter().any(|w| w == id))
    }

    fn check_companies(&self, found: &mut Found) {
        for company in self.companies.values() {
            found.source(&company.origin, &company.source);
            if company.zh.trim().is_empty() || company.en.trim().is_empty() {
                found.add(&company.origin, format!("company {} needs a name in both languages", company.id));
            }
        }
        for product in self.products.values() {
            let origin = &product.origin;
            found.source(origin, &product.source);
            if !self.companies.contains_key(&product.company) {
                found.add(origin, format!("product {} stands in a file without a [company]", product.id));
            }
            for category in &product.categories {
                if !self.vocabulary.categories.iter().any(|c| c.id == *category) {
                    found.add(
                        origin,
                        format!("{} has the category {category:?}, which is not in vocabulary", product.id),
                    );
                }
            }
            for called in &product.calls {
                if !self.products.contains_key(called) {
                    found.add(origin, format!("{} calls {called:?}, which is no product", product.id));
                }
            }
            found.sorted(origin, "packages", &product.packages);
            found.sorted(origin, "domains", &product.domains);
            found.sorted(origin, "calls", &product.calls);
            found.sorted(origin, "issues", &product.issues);
            for domain in &product.domains {
                found.domain(origin, domain, false);
            }
            for rule in &product.hosts {
                check_hosts(found, rule);
            }
            for rule in &product.paths {
                found.source(&rule.origin, &rule.source);
                found.regex(&rule.origin, &rule.path);
            }
        }
        for group in self.groups.values() {
            found.source(&group.origin, &group.source);
            found.sorted(&group.origin, "domains", &group.domains);
            found.sorted(&group.origin, "companies", &group.companies);
            for company in &group.companies {
                if !self.companies.contains_key(company) {
                    found.add(&group.origin, format!("group {} names {company:?}, which is no company", group.id));
                }
            }
            for domain in &group.domains {
                found.domain(&group.origin, domain, true);
            }
        }
        for entry in self.infrastructure.values() {
            found.source(&entry.origin, &entry.source);
            found.sorted(&entry.origin, "domains", &entry.domains);
            for domain in &entry.domains {
                found.pattern(&entry.origin, &HostPattern(domain.clone()));
            }
        }
    }

    /// Hosts and domains that two products claim.
    fn check_claims(&self, found: &mut Found) {
        // A host may be shared where a path or a port tells the products apart.
        let mut hosts: Claimed<'_, (&str, &[String], Option<u16>)> = BTreeMap::new();
        let mut domains: Claimed<'_, &str> = BTreeMap::new();
        let mut packages: Claimed<'_, &str> = BTreeMap::new();
        for product in self.products.values() {
            for rule in &product.hosts {
                for host in &rule.hosts {
                    let key = (host.0.as_str(), rule.paths.as_slice(), rule.port);
                    found.claim(&mut hosts, key, product, &rule.origin, "host", &host.0);
                }
            }
            for domain in &product.domains {
                found.claim(&mut domains, domain.as_str(), product, &product.origin, "domain", domain);
            }
            for package in &product.packages {
                found.claim(&mut packages, package.as_str(), product, &product.origin, "package", package);
            }
        }
    }

    /// A domain that is shared cannot be one product's.
    fn check_shared(&self, found: &mut Found) {
        let mut shared: BTreeMap<&str, (String, &Origin)> = BTreeMap::new();
        let groups = self.groups.values().flat_map(|g| g.domains.iter().map(move |d| (d, "group", &g.id, &g.origin)));
        let infrastructure = self
            .infrastructure
            .values()
            .flat_map(|i| i.domains.iter().map(move |d| (d, "infrastructure", &i.id, &i.origin)));
        for (domain, kind, id, origin) in groups.chain(infrastructure) {
            if let Some((first, at)) = shared.insert(domain, (format!("{kind} {id}"), origin)) {
                found.add(origin, format!("{domain} is a domain of {kind} {id} and of {first} ({at})"));
            }
        }
        for product in self.products.values() {
            for domain in &product.domains {
                if let Some((owner, at)) = shared.get(domain.as_str()) {
                    let message = format!("{domain} cannot be a domain of {}: {owner} shares it ({at})", product.id);
                    found.add(&product.origin, message);
                }
            }
        }
    }

    fn check_words(&self, found: &mut Found) {
        for key in &self.keys {
            found.source(&key.origin, &key.source);
            found.known_type(self, &key.origin, &key.data_type, "key names of");
            for product in key.recipients.iter().chain(&key.except) {
                found.known_product(self, &key.origin, product, "key names name");
            }
        }
        for placeholder in &self.placeholders {
            found.source(&placeholder.origin, &placeholder.source);
            for data_type in &placeholder.types {
                found.known_type(self, &placeholder.origin, data_type, "a placeholder of");
            }
            for pattern in &placeholder.patterns {
                found.regex(&placeholder.origin, pattern);
            }
        }
        for endpoint in &self.endpoints {
            found.known_product(self, &endpoint.origin, &endpoint.product, "an endpoint of");
            for recipe in endpoint.recipes.iter().filter(|id| !self.recipes.contains_key(*id)) {
                found.add(&endpoint.origin, format!("recipe {recipe} is not known"));
            }
            if endpoint.recipes.is_empty() == endpoint.reason.is_none() {
                found.add(&endpoint.origin, format!("{} needs recipes, or the reason why it has none", endpoint.url));
            }
        }
        let mut words: BTreeMap<&str, &Origin> = BTreeMap::new();
        for field in &self.fields {
            found.source(&field.origin, &field.source);
            for word in &field.words {
                if word.is_empty() || !word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()) {
                    found.add(&field.origin, format!("{word:?} is no single word in lower case"));
                }
                if let Some(first) = words.insert(word, &field.origin) {
                    found.add(&field.origin, format!("the word {word:?} is listed before, at {first}"));
                }
            }
        }
        for term in &self.vocabulary.data {
            found.source(&term.origin, &term.source);
            if term.data_type == NO_DATA {
                continue;
            }
            found.known_type(self, &term.origin, &term.data_type, "words for");
        }
        for category in &self.vocabulary.categories {
            found.source(&category.origin, &category.source);
        }
        for header in &self.vocabulary.headers {
            found.source(&header.origin, &header.source);
        }
        for phrase in &self.vocabulary.phrases {
            found.source(&phrase.origin, &phrase.source);
            for pattern in &phrase.patterns {
                found.regex(&phrase.origin, &self.vocabulary.whole(pattern));
            }
        }
        for clause in &self.clauses {
            found.source(&clause.origin, &clause.source);
            found.sorted(&clause.origin, "applies_to", &clause.applies_to);
            for code in &clause.applies_to {
                if !CLAUSE_CODES.contains(&code.as_str()) {
                    found.add(&clause.origin, format!("clause {} applies to {code:?}, which is no code", clause.id));
                }
            }
        }
    }

    fn check_calls(&self, found: &mut Found) {
        for call in &self.calls {
            found.source(&call.origin, &call.source);
            if self.types.get(&call.data_type).is_none() {
                found.add(&call.origin, format!("type {:?} is none that types.toml has", call.data_type));
            }
            if call.words.iter().any(|word| word.trim().is_empty()) || call.words.is_empty() {
                found.add(&call.origin, format!("calls of {} need words", call.data_type));
            }
        }
    }

    fn check_protocols(&self, found: &mut Found) {
        for service in self.services.values() {
            let origin = &service.origin;
            found.source(origin, &service.source);
            if protocols::transport(&service.transport).is_none() {
                found.add(origin, format!("transport {:?}: tcp, udp or any is needed", service.transport));
            }
            for pattern in service.begins.iter().filter(|pattern| protocols::bytes(pattern).is_none()) {
                found.add(origin, format!("begins {pattern:?}: pairs of hex digits or ?? are needed, at most 64"));
            }
            if service.begins.is_empty() && service.ports.is_empty() && service.shape.is_none() {
                found.add(origin, format!("service {} is told by nothing: give begins, ports or a shape", service.id));
            }
        }
        for resolver in self.resolvers.values() {
            found.source(&resolver.origin, &resolver.source);
            found.regex(&resolver.origin, &resolver.path);
            if resolver.form().is_none() {
                found.add(&resolver.origin, format!("answer {:?}: text, json or none is needed", resolver.answer));
            }
            for host in resolver.hosts.iter().filter(|host| host.parse::<std::net::IpAddr>().is_err()) {
                found.pattern(&resolver.origin, &HostPattern(host.clone()));
            }
        }
    }

    fn check_recipes(&self, found: &mut Found) {
        for recipe in self.recipes.values() {
            found.source(&recipe.origin, &recipe.source);
            found.known_product(self, &recipe.origin, &recipe.product, "a recipe names");
            for host in &recipe.hosts {
                found.pattern(&recipe.origin, host);
            }
            match &recipe.path {
                Some(path) => found.regex(&recipe.origin, path),
                None if recipe.hosts.is_empty() => {
                    found.add(&recipe.origin, format!("recipe {} fits every message: give hosts or a path", recipe.id));
                }
                None => {}
            }
            for data_type in recipe.fields.values().chain(&recipe.may_contain) {
                found.known_type(self, &recipe.origin, data_type, "a recipe names");
            }
            for made in &recipe.digests {
                found.known_type(self, &recipe.origin, &made.data_type, "a recipe makes a digest of");
                if !RecipeDigest::NAMES.contains(&made.digest.as_str()) {
                    found.add(
                        &recipe.origin,
                        format!("digest {:?} is none of {}", made.digest, RecipeDigest::NAMES.join(", ")),
                    );
                }
                if !made.text.contains("{value}") {
                    found.add(&recipe.origin, format!("text {:?} has no {{value}}", made.text));
                }
            }
        }
    }
}

fn check_hosts(found: &mut Found, rule: &HostRule) {
    found.source(&rule.origin, &rule.source);
    let names: Vec<&str> = rule.hosts.iter().map(|h| h.0.as_str()).collect();
    found.sorted(&rule.origin, "match", &names);
    if rule.hosts.is_empty() {
        found.add(&rule.origin, "a hosts table without a host".to_owned());
    }
    for host in &rule.hosts {
        found.pattern(&rule.origin, host);
    }
    for path in rule.paths.iter().filter(|p| !p.starts_with('/')) {
        found.add(&rule.origin, format!("path {path:?} does not start with a slash"));
    }
}

#[cfg(test)]
mod tests {
    use super::found::well_formed;
    use super::*;

    const COMPANY: &str = "[company]\nid = \"x\"\nzh = \"x\"\nen = \"x\"\nsource = \"test\"\n\n";

    fn product(rest: &str) -> String {
        format!("{COMPANY}[[product]]\nid = \"x\"\nzh = \"x\"\nen = \"x\"\nsource = \"test\"\n{rest}")
    }

    fn hosts(hosts: &str) -> String {
        product(&format!("\n[[product.hosts]]\nmatch = [{hosts}]\nsource = \"test\"\n"))
    }

    fn data_type(id: &str, within: &str) -> String {
        format!(
            "[[type]]\nid = {id:?}\nzh = \"x\"\nen = \"x\"\nclass = \"M\"\numbrella = true\nwithin = [{within:?}]\n\
             source = \"test\"\n\n"
        )
    }

    /// Lays each text over the embedded set as a file of its own, with ids of its own (`x` becomes `x0`, `x1` …),
    /// and wants a problem with the text in its file; an empty text: none.
    #[track_caller]
    fn assert_found(cases: &[(String, &str)]) {
        let dir = tempfile::tempdir().unwrap();
        for (i, (text, _)) in cases.iter().enumerate() {
            let text = text.replace("id = \"x\"", &format!("id = \"x{i}\""));
            std::fs::write(dir.path().join(format!("f{i}.toml")), text).unwrap();
        }
        let found: Vec<String> =
            Signatures::load(&[dir.path()]).unwrap().check().iter().map(ToString::to_string).collect();
        for (i, (_, expected)) in cases.iter().enumerate() {
            let of_file: Vec<_> = found.iter().filter_map(|f| f.strip_prefix(&format!("f{i}.toml:"))).collect();
            match *expected {
                "" => assert!(of_file.is_empty(), "case {i}: {of_file:?}"),
                part => assert!(of_file.iter().any(|f| f.contains(part)), "case {i}: {part:?} is not in {of_file:?}"),
            }
        }
    }

    #[test]
    fn wrong_facts_are_found_with_file_and_line() {
        assert_found(&[
            (product("domains = [\"tracker.example\"]\n"), ""),
            (hosts("\"stats.jpush.cn\""), "14: host stats.jpush.cn belongs to x1 and to jiguang (companies/aurora"),
            (hosts("\"b.x.example\", \"a.x.example\""), "14: match is not sorted: \"a.x.example\" goes before"),
            (hosts("\"c.x.example\", \"c.x.example\""), "14: match has \"c.x.example\" twice"),
            (hosts(""), "7: a hosts table without a host"),
            (product("domains = [\"qq.com\"]\n"), "7: qq.com cannot be a domain of x5: group tencent"),
            (product("domains = [\"aliyuncs.com\"]\n"), "infrastructure aliyun shares it"),
            (product("domains = [\"getui.com\"]\n"), "domain getui.com belongs to"),
            (product("domains = [\"com.cn\"]\n"), "com.cn is a public suffix"),
            (product("domains = [\"*.y.example\"]\n"), "must be a name, not a pattern"),
            (product("calls = [\"nobody\"]\n"), "\"nobody\", which is no product"),
            (product("categories = [\"nothing\"]\n"), "\"nothing\", which is not in vocabulary"),
            (
                product("\n[[product.paths]]\npath = \"^(\"\nsource = \"test\"\n"),
                "14: \"^(\" is not a regular expression",
            ),
            (product("").replace("\"test\"", "\" \""), "1: a fact without a source"),
        ]);
    }

    #[test]
    fn patterns_that_cannot_match_or_match_strangers_are_found() {
        let bad = [
            "A.x.example",
            "localhost",
            "a..example",
            "a.**.example",
            "*.com",
            "a***.x.example",
            "a b.example",
            ".b.example",
        ];
        assert_found(&bad.map(|pattern| (hosts(&format!("{pattern:?}")), "14: host pattern")));
        for good in ["a.example.com", "*.example.com", "**.example.com", "int.example.*", "8.8.8.8", "a*-*.x_y.example"]
        {
            assert_eq!(well_formed(&HostPattern(good.to_owned())), Ok(()), "{good}");
        }
    }

    #[test]
    fn wrong_references_are_found() {
        let clause = "[[clause]]\nid = \"x\"\njurisdiction = \"CN\"\ntitle = \"x\"\nreference = \"1\"\nzh = \"x\"\nen = \"x\"\n\
                      applies_to = [\"nonsense\"]\nsource = \"test\"\n";
        let key = "[[key]]\ntype = \"nonsense\"\nnames = [\"x\"]\nsource = \"test\"\n";
        let group = "[[group]]\nid = \"x\"\nzh = \"g\"\nen = \"g\"\ndomains = [\"g.example\"]\ncompanies = [\"no\"]\nsource = \"t\"\n";
        assert_found(&[
            (data_type("a", "nowhere"), "1: a lies within \"nowhere\", which is no type"),
            (data_type("b", "imei"), "1: b lies within imei, which is not an umbrella"),
            (data_type("c", "c"), "1: the umbrellas of c lead back to it"),
            (data_type("d", "e") + &data_type("e", "d"), "10: the umbrellas of e lead back to it"),
            (clause.to_owned(), "\"nonsense\", which is no code"),
            (key.to_owned(), "1: key names of \"nonsense\", which is no data type"),
            (group.to_owned(), "\"no\", which is no company"),
        ]);
    }

    #[test]
    fn the_embedded_set_has_no_problem() {
        let problems = Signatures::embedded().unwrap().check();
        let judged: Vec<_> = problems.iter().map(ToString::to_string).collect();
        assert!(judged.is_empty(), "{}", judged.join("\n"));
    }

    #[test]
    fn low_facts_are_listed() {
        let set = Signatures::embedded().unwrap();
        let listed: Vec<_> = set.unverified().iter().map(ToString::to_string).collect();
        assert!(listed.iter().any(|l| l.contains("api-e189.21cn.com")), "{listed:?}");
    }
}
