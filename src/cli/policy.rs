//! `policy`: what a policy declares.

use std::fmt::Write;
use std::io::IsTerminal;
use std::path::PathBuf;

use clap::ValueEnum;
use comfy_table::{ContentArrangement, Table, presets};

use super::options::Language;
use super::{Outcome, output};
use crate::evidence::Span;
use crate::policy::{self, Claims, CrossBorder, Policy, ThirdParty};
use crate::report;
use crate::signatures::Signatures;

/// Print what a policy declares: third parties, the app's own data, claims
///
/// The JSON, corrected by hand, is accepted wherever a policy is.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Text, Markdown, HTML, MHTML, DOCX, PDF, XLSX, CSV, JavaScript, or this command's JSON; several files, a folder or a ZIP are one policy; - is standard input
    #[arg(required = true, value_name = "POLICY")]
    files: Vec<PathBuf>,

    /// Say what changed from the first to the second of two policies
    #[arg(long)]
    diff: bool,

    /// How to print it
    #[arg(long, value_enum, default_value_t, value_name = "NAME")]
    format: Format,

    /// Language of the table
    #[arg(long, alias = "lang", value_enum, default_value_t, value_name = "LANGUAGE")]
    language: Language,

    /// Folder of further signatures, laid over the built-in ones by id; may be repeated
    #[arg(long, value_name = "DIR")]
    signatures: Vec<PathBuf>,
}

/// How a policy is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A table to read
    #[default]
    Terminal,
    /// All of it, with lines and spans; may be corrected and given back
    Json,
    /// A row for each thing said; may be corrected in a spreadsheet and given back
    Csv,
    /// A workbook to read and filter
    Xlsx,
    /// A page to read and print
    Html,
}

pub fn run(args: Args) -> anyhow::Result<Outcome> {
    let signatures = Signatures::load(&args.signatures)?;
    if args.diff {
        return diff(&args, &signatures);
    }
    let policy = policy::read(&args.files, &signatures)?;
    let language = args.language.into();
    let arranged = || report::policy::arrange(&policy, &signatures, language);
    let bytes = match args.format {
        Format::Terminal => table(&policy, &signatures, args.language).into_bytes(),
        Format::Json => json(&policy)?.into_bytes(),
        Format::Csv => policy::to_csv(&policy).into_bytes(),
        Format::Html => report::policy::html::render(&arranged(), language)?.into_bytes(),
        Format::Xlsx if std::io::stdout().is_terminal() => {
            anyhow::bail!("a workbook is no text: send it to a file, with > policy.xlsx behind the command")
        }
        Format::Xlsx => report::xlsx::render(&arranged().sheets)?,
    };
    output::stdout(&bytes)?;
    Ok(Outcome::Clear)
}

/// What changed between two policies.
fn diff(args: &Args, signatures: &Signatures) -> anyhow::Result<Outcome> {
    let [old, new] = args.files.as_slice() else {
        anyhow::bail!("--diff compares two policies, the old and the new; {} given", args.files.len());
    };
    if !matches!(args.format, Format::Terminal | Format::Json) {
        anyhow::bail!("--diff prints a list or JSON: leave out --format, or give --format json");
    }
    let (old, new) =
        (policy::read(std::slice::from_ref(old), signatures)?, policy::read(std::slice::from_ref(new), signatures)?);
    let changes = policy::between(&old, &new);
    let mut text = String::new();
    if args.format == Format::Json {
        text = serde_json::to_string_pretty(&changes)?;
        text.push('\n');
    } else {
        let zh = args.language == Language::Zh;
        if changes.is_empty() {
            text.push_str(if zh { "没有变化\n" } else { "nothing changed\n" });
        }
        for change in &changes {
            let said = |ids: &[String]| names_of(ids, signatures, zh);
            let about = if change.about.is_empty() { String::new() } else { format!(" {}", clean(&change.about)) };
            let line = |line: Option<u32>| line.map_or_else(|| "-".to_owned(), |l| l.to_string());
            let _ = writeln!(
                text,
                "{}{about}: {} -> {} ({} {} -> {})",
                change.code,
                clean(&said(&change.before)),
                clean(&said(&change.after)),
                if zh { "行" } else { "line" },
                line(change.old_line),
                line(change.new_line),
            );
        }
    }
    output::stdout(text.as_bytes())?;
    Ok(Outcome::Clear)
}

/// The policy as JSON.
fn json(policy: &Policy) -> anyhow::Result<String> {
    let mut text = serde_json::to_string_pretty(policy)?;
    text.push('\n');
    Ok(text)
}

/// The policy to read.
fn table(policy: &Policy, signatures: &Signatures, language: Language) -> String {
    let zh = language == Language::Zh;
    let say = |en: &'static str, chinese: &'static str| if zh { chinese } else { en };
    let colon = say(": ", "：");
    let mut out = String::new();
    for source in &policy.sources {
        let _ = writeln!(
            out,
            "{} ({}, {}, sha256 {})",
            clean(&source.name),
            source.format,
            source.encoding,
            source.sha256.get(..16).unwrap_or_default()
        );
    }
    let _ = writeln!(out, "\n{}{colon}{}", say("Third parties", "第三方"), policy.third_parties.len());
    if !policy.third_parties.is_empty() {
        let mut rows = grid();
        rows.set_header(if zh {
            ["位置", "第三方", "识别为", "个人信息", "目的", "链接"]
        } else {
            ["place", "third party", "resolved to", "data", "purpose", "link"]
        });
        for party in &policy.third_parties {
            rows.add_row([
                place_of(policy, party.spans.first(), language),
                name(party),
                resolved(party, signatures, zh),
                data(party, signatures, zh),
                party.purpose.as_deref().map(clean).unwrap_or_default(),
                party.link.as_deref().map(clean).unwrap_or_default(),
            ]);
        }
        let _ = writeln!(out, "{rows}");
    }
    if !policy.category_disclosures.is_empty() || !policy.catch_all.is_empty() {
        let _ = writeln!(out, "\n{}", say("Recipients named only by kind", "仅以类别说明的接收方"));
        let mut rows = grid();
        for kind in &policy.category_disclosures {
            rows.add_row([
                place_of(policy, kind.spans.first(), language),
                clean(&kind.category),
                kind.categories.join(", "),
                names_of(&kind.data, signatures, zh),
            ]);
        }
        for all in &policy.catch_all {
            rows.add_row([
                place_of(policy, all.spans.first(), language),
                clean(&all.recipients),
                say("anyone", "任意").to_owned(),
                names_of(&all.data, signatures, zh),
            ]);
        }
        let _ = writeln!(out, "{rows}");
    }
    let none = say("nothing found", "未找到").to_owned();
    let or_none = |text: String| if text.is_empty() { none.clone() } else { text };
    let own = or_none(names_of(&policy.first_party_data, signatures, zh));
    let _ = writeln!(out, "\n{}{colon}{own}", say("The app says it collects", "应用声明自身收集"));
    if !policy.first_party_denied.is_empty() {
        let denied = names_of(&policy.first_party_denied, signatures, zh);
        let _ = writeln!(out, "{}{colon}{denied}", say("The app says it does not collect", "应用声明不收集"));
    }
    let _ = writeln!(out, "\n{}", say("Claims", "承诺"));
    for (key, label, value) in claims(&policy.claims, zh) {
        let _ = write!(out, "  {label}{colon}{value}");
        if let Some(quote) = policy.claim_locations.get(key).and_then(|q| q.first()) {
            let cut = if quote.quote.chars().count() > SHORT { "…" } else { "" };
            let short: String = quote.quote.chars().take(SHORT).collect();
            let source = policy.sources.get(quote.source as usize);
            let place = report::policy::place(source, quote.line, language.into());
            let _ = write!(out, "  ({place}{colon}{}{cut})", clean(&short));
        }
        out.push('\n');
    }
    if !policy.remarks.is_empty() {
        let _ = writeln!(out, "\n{}", say("What needs a reader's eye", "需要人工核对"));
        for remark in &policy.remarks {
            let places: Vec<String> =
                remark.spans.iter().take(MOST_PLACES).map(|s| place_of(policy, Some(s), language)).collect();
            let _ = write!(
                out,
                "  {}{colon}{}",
                remark.code,
                clean(report::Language::from(language).told(&remark.message, &remark.message_zh))
            );
            if !places.is_empty() {
                let _ = write!(out, " ({})", places.join(say("; ", "；")));
            }
            out.push('\n');
        }
    }
    out
}

/// Characters of a claim's sentence in the table.
const SHORT: usize = 80;

/// Places named with a remark in the table; the other formats have all.
const MOST_PLACES: usize = 8;

fn place_of(policy: &Policy, span: Option<&Span>, language: Language) -> String {
    let Some(span) = span else { return String::new() };
    report::policy::place(policy.sources.get(span.source as usize), span.line, language.into())
}

fn grid() -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY).set_content_arrangement(ContentArrangement::Dynamic);
    if table.width().is_none() {
        table.set_width(140);
    }
    table
}

/// Words of a document without what a terminal would obey.
fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn name(party: &ThirdParty) -> String {
    let mut name = match (&party.product, &party.company) {
        (Some(product), Some(company)) => format!("{product}\n{company}"),
        (Some(one), None) | (None, Some(one)) => one.clone(),
        (None, None) => String::new(),
    };
    if party.doubtful {
        name.push_str(" (?)");
    }
    for other in &party.same_as {
        name.push_str("\n= ");
        name.push_str(other);
    }
    name.chars().map(|c| if c.is_control() && c != '\n' { ' ' } else { c }).collect()
}

fn resolved(party: &ThirdParty, signatures: &Signatures, zh: bool) -> String {
    let mut names: Vec<String> = party
        .resolved
        .iter()
        .map(|r| {
            let product = signatures.products.get(&r.product);
            let name = product.map_or(r.product.as_str(), |p| if zh { &p.zh } else { &p.en });
            match r.certainty {
                crate::evidence::Certainty::Confirmed => name.to_owned(),
                _ => format!("{name} ?"),
            }
        })
        .collect();
    if names.is_empty() {
        names = party
            .resolved_companies
            .iter()
            .map(|id| signatures.companies.get(id).map_or(id.as_str(), |c| if zh { &c.zh } else { &c.en }).to_owned())
            .collect();
    }
    names.join("\n")
}

fn data(party: &ThirdParty, signatures: &Signatures, zh: bool) -> String {
    if party.data.is_empty() && party.denied.iter().any(|d| d.data_type == "*") {
        return if zh { "声明无" } else { "says none" }.to_owned();
    }
    names_of(&party.data, signatures, zh)
}

fn names_of(ids: &[String], signatures: &Signatures, zh: bool) -> String {
    let name = |id: &String| {
        signatures.types.get(id).map_or_else(|| id.clone(), |t| if zh { t.zh.clone() } else { t.en.clone() })
    };
    ids.iter().map(name).collect::<Vec<_>>().join(if zh { "、" } else { ", " })
}

fn claims(claims: &Claims, zh: bool) -> [(&'static str, &'static str, String); 4] {
    let say = |en: &'static str, chinese: &'static str| if zh { chinese } else { en };
    let silent = say("silent", "未说明");
    let flag = |value: Option<bool>| match value {
        Some(true) => say("yes", "是"),
        Some(false) => say("no", "否"),
        None => silent,
    };
    let abroad = match claims.cross_border {
        Some(CrossBorder::No) => say("no", "否"),
        Some(CrossBorder::Conditional) => say("under conditions", "有条件"),
        Some(CrossBorder::Yes) => say("yes", "是"),
        None => silent,
    };
    [
        (
            "storage_country",
            say("stored in", "存储地"),
            claims.storage_country.clone().unwrap_or_else(|| silent.to_owned()),
        ),
        ("transport_encryption", say("encrypted on the way", "传输加密"), flag(claims.transport_encryption).to_owned()),
        (
            "consent_before_collection",
            say("collected only after consent", "同意后收集"),
            flag(claims.consent_before_collection).to_owned(),
        ),
        ("cross_border", say("leaves the country", "出境"), abroad.to_owned()),
    ]
}
