//! What a report is written as: formats, files, and what it is held to.

use std::io::{IsTerminal, Write};
use std::path::{Component, Path, PathBuf};

use anyhow::Context;
use clap::{Args, ValueEnum};

use super::options::Look;
use super::output;
use crate::audit::Report;
use crate::audit::gate::{FailOn, Gate};
use crate::report::tables::{self, Table};
use crate::report::{
    Places, Service, csv, github, gitlab, html, json, jsonl, junit, markdown, sarif, template, terminal, xlsx,
};

/// How a report is written.
#[derive(Debug, Clone, Args)]
pub struct Paper {
    /// Format of the report; several (json,html) need --output
    #[arg(long, value_enum, value_name = "NAME", value_delimiter = ',', default_values_t = [Format::Text])]
    pub format: Vec<Format>,

    /// Folder for the report's files
    #[arg(short, long, value_name = "DIR")]
    pub output: Option<PathBuf>,

    /// Table of --format csv on standard output: about, collected, shared, volumes, findings, sightings
    #[arg(long, value_name = "NAME", default_value = "volumes", hide_default_value = false)]
    pub table: Table,

    /// Your own text in Markdown, HTML or plain text (.md, .html, .txt), with {{findings}} and the like where the
    /// report's facts go; an unknown name lists all. With --output it becomes a file of the same name
    #[arg(long, value_name = "FILE")]
    pub template: Option<PathBuf>,
}

/// What the report is held to.
#[derive(Debug, Clone, Args)]
pub struct Held {
    /// Exit with 1 on a finding of this severity or worse (note, low, medium, high, critical), or of this
    /// code; either only in a phase: cleartext@before-consent; may be repeated
    #[arg(long, value_name = "SEVERITY|CODE[@PHASE]", value_delimiter = ',', default_values = ["medium"])]
    pub fail_on: Vec<FailOn>,

    /// Exit with 3 where less than this percentage of the sent bytes could be read
    #[arg(long, value_name = "PERCENT", default_value_t = 50, value_parser = clap::value_parser!(u64).range(0..=100))]
    pub require_coverage: u64,
}

impl Held {
    /// As the audit asks for it.
    pub fn gate(&self) -> Gate {
        Gate { fail_on: self.fail_on.clone(), require_coverage: self.require_coverage }
    }
}

impl Paper {
    /// Refuses what cannot be written, before anything is read.
    pub fn check(&self) -> anyhow::Result<()> {
        let formats = self.formats();
        if formats.len() + usize::from(self.template.is_some()) > 1 && self.output.is_none() {
            anyhow::bail!("several formats at once need --output DIR to write their files into");
        }
        if formats == [Format::Xlsx] && self.output.is_none() && std::io::stdout().is_terminal() {
            anyhow::bail!("a workbook is no text: give --output DIR, or send it to a file");
        }
        self.filled()?;
        Ok(())
    }

    /// Each format once. A template alone is what it says, not a text beside it.
    fn formats(&self) -> Vec<Format> {
        let mut formats = self.format.clone();
        formats.sort();
        formats.dedup();
        if self.template.is_some() && self.output.is_none() && formats == [Format::Text] {
            formats.clear();
        }
        formats
    }

    /// The template, read, and the name of the file that it becomes.
    fn filled(&self) -> anyhow::Result<Option<(template::Template, String)>> {
        let Some(path) = &self.template else { return Ok(None) };
        let bytes = output::read(path, template::LIMIT)?;
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let read =
            template::Template::read(&bytes, &name).map_err(|what| anyhow::anyhow!("{}{what}", path.display()))?;
        if let Some(folder) = &self.output {
            let same = |a: &Path, b: &Path| match (a.canonicalize(), b.canonicalize()) {
                (Ok(a), Ok(b)) => a == b,
                _ => false,
            };
            anyhow::ensure!(
                !same(path, &folder.join(&name)),
                "{}: the report would overwrite it; give another folder with --output",
                path.display()
            );
            anyhow::ensure!(
                !self.formats().iter().any(|format| format.files().contains(&name)),
                "{}: --format writes a file of that name; rename the template",
                path.display()
            );
        }
        Ok(Some((read, name)))
    }

    /// Writes the report in every format that was asked for.
    pub fn write(&self, report: &Report, service: &Service<'_>, look: &Look) -> anyhow::Result<()> {
        for format in self.formats() {
            let Some(folder) = &self.output else {
                output::stdout_with(|out| format.write(report, service, look, self.table, true, out))?;
                continue;
            };
            let write = |name: &str, table| {
                output::file_with(folder, name, |out| format.write(report, service, look, table, false, out))
            };
            if format == Format::Csv {
                for (table, name) in Table::ALL.into_iter().zip(format.files()) {
                    write(&name, table)?;
                }
            } else {
                write(format.file_name(), self.table)?;
            }
        }
        if let Some((template, name)) = self.filled()? {
            let text = template.fill(report, service.language).context("the template cannot be filled")?;
            match &self.output {
                Some(folder) => output::file(folder, &name, text.as_bytes())?,
                None => output::stdout(text.as_bytes())?,
            }
        }
        Ok(())
    }
}

/// A format of the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Format {
    /// For the terminal
    Text,
    /// report.json, as schemas/report.schema.json says
    Json,
    /// One self-contained page
    Html,
    /// SARIF 2.1.0, for code-scanning services and viewers
    Sarif,
    /// JUnit XML, a case for each code in each phase
    Junit,
    /// GitLab's code quality report
    Gitlab,
    /// GitHub's workflow commands, which become annotations
    Github,
    /// A summary in Markdown, for $GITHUB_STEP_SUMMARY
    #[value(alias = "md")]
    Markdown,
    /// JSON Lines, a finding a line
    Jsonl,
    /// The lists of collected and shared data, counts and volumes, findings, sightings: a workbook
    Xlsx,
    /// The same, a file for each table; on standard output the one of --table
    Csv,
}

impl Format {
    /// The names of its files.
    fn files(self) -> Vec<String> {
        match self {
            Self::Csv => Table::ALL.iter().map(|table| format!("report.{}.csv", table.as_str())).collect(),
            other => vec![other.file_name().to_owned()],
        }
    }

    fn file_name(self) -> &'static str {
        match self {
            Self::Text => "report.txt",
            Self::Json => "report.json",
            Self::Html => "report.html",
            Self::Sarif => "report.sarif",
            Self::Junit => "report.junit.xml",
            // The name that GitLab's documentation gives it.
            Self::Gitlab => "gl-code-quality-report.json",
            Self::Github => "report.github.txt",
            Self::Markdown => "report.md",
            Self::Jsonl => "report.jsonl",
            Self::Xlsx => "report.xlsx",
            Self::Csv => "report.csv",
        }
    }

    fn write(
        self,
        report: &Report,
        service: &Service<'_>,
        look: &Look,
        table: Table,
        to_terminal: bool,
        out: &mut dyn Write,
    ) -> anyhow::Result<()> {
        let language = service.language;
        let text = match self {
            Self::Text => {
                let options =
                    terminal::Options { language, color: to_terminal && look.color.on_stdout(), width: look.width() };
                terminal::render(report, &options)
            }
            // As it is made: a large one is not held beside the report.
            Self::Json => return json::write(report, out).context("the report cannot be written"),
            Self::Html => Ok(html::render(report, language).context("the page cannot be rendered")?),
            Self::Sarif => sarif::render(report, service),
            Self::Junit => junit::render(report, service),
            Self::Gitlab => gitlab::render(report, service),
            Self::Github => github::render(report, service),
            Self::Markdown => markdown::render(report, service),
            Self::Jsonl => jsonl::render(report),
            Self::Xlsx => {
                let sheets = tables::arrange(report, &Table::ALL, language)?;
                let workbook = xlsx::render(&sheets).context("the workbook cannot be written")?;
                return Ok(out.write_all(&workbook)?);
            }
            Self::Csv => {
                let sheets = tables::arrange(report, &[table], language)?;
                for sheet in &sheets {
                    out.write_all(&csv::render(sheet).context("the table cannot be written")?)?;
                }
                return Ok(());
            }
        };
        Ok(out.write_all(text.context("the report cannot be written")?.as_bytes())?)
    }
}

/// Where the files of the report lie, from the working directory: a service that shows them
/// knows them by these paths. One outside of it is known by its name alone.
pub fn places(report: &Report, captures: &[PathBuf], policies: &[PathBuf]) -> Places {
    let here = std::env::current_dir().unwrap_or_default();
    let path_of = |name: &str, given: &[PathBuf]| {
        // A document of a folder or an archive lies in what was given.
        let named = |path: &&PathBuf| path.file_name().is_some_and(|file| file.to_string_lossy() == name);
        let inside = || given.iter().map(|path| path.join(name)).find(|path| path.is_file());
        let path = given.iter().find(named).cloned().or_else(inside)?;
        let path = path.strip_prefix(&here).map(Path::to_owned).unwrap_or(path);
        let parts: Option<Vec<String>> = path
            .components()
            .filter(|part| *part != Component::CurDir)
            .map(|part| match part {
                Component::Normal(part) => Some(part.to_string_lossy().into_owned()),
                _ => None,
            })
            .collect();
        parts.map(|parts| parts.join("/"))
    };
    let places = |names: Vec<String>, given: &[PathBuf]| {
        names.into_iter().map(|name| path_of(&name, given).unwrap_or(name)).collect()
    };
    let Places { policy, inputs } = Places::names(report);
    Places { policy: places(policy, policies), inputs: places(inputs, captures) }
}
