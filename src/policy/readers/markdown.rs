//! Markdown: to HTML with marked lines, then through the reader for HTML, so that
//! HTML inside Markdown is no special case.

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use super::super::block::Block;
use super::super::fold::is_cjk;
use super::{html, marks};

/// The blocks of a Markdown document.
pub fn read(text: &str) -> Vec<Block> {
    html::read_marked(&to_html(text))
}

fn to_html(text: &str) -> String {
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_YAML_STYLE_METADATA_BLOCKS
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_DEFINITION_LIST;
    let starts: Vec<usize> =
        std::iter::once(0).chain(text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(i, _)| i + 1)).collect();
    let line_at = |offset: usize| starts.partition_point(|s| *s <= offset).max(1) as u32;
    let mut out = String::with_capacity(text.len() * 2);
    let mut in_metadata = false;
    let mut in_head = false;
    let mut skip_to = 0;
    let mut numbers: Vec<Option<u64>> = Vec::new();
    for (event, range) in Parser::new_ext(text, options).into_offset_iter() {
        match event {
            Event::Start(Tag::MetadataBlock(_)) => in_metadata = true,
            Event::End(TagEnd::MetadataBlock(_)) => in_metadata = false,
            _ if in_metadata => {}
            _ if range.end <= skip_to => {}
            Event::Start(Tag::Paragraph) if is_bare_table(text.get(range.clone()).unwrap_or_default()) => {
                // A table without its separator row is a paragraph to Markdown.
                out.push_str("<pre>");
                for (index, line) in text.get(range.clone()).unwrap_or_default().lines().enumerate() {
                    out.push(marks::mark(line_at(range.start) + index as u32));
                    escape(line, &mut out);
                    out.push('\n');
                }
                out.push_str("</pre>");
                skip_to = range.end;
            }
            Event::Start(Tag::List(start)) => {
                out.push_str("<ul>");
                numbers.push(start);
            }
            Event::End(TagEnd::List(_)) => {
                out.push_str("</ul>");
                numbers.pop();
            }
            Event::Start(Tag::Item) => {
                out.push_str("<li>");
                // The number is part of the text: "8. Definitions" may be a heading.
                if let Some(Some(number)) = numbers.last_mut() {
                    out.push(marks::mark(line_at(range.start)));
                    out.push_str(&format!("{number}. "));
                    *number += 1;
                }
            }
            Event::Start(tag) => open(&tag, &mut out, &mut in_head),
            Event::End(tag) => close(tag, &mut out, &mut in_head),
            Event::Text(words) | Event::Code(words) => {
                let mut line = line_at(range.start);
                for (index, part) in words.split('\n').enumerate() {
                    if index > 0 {
                        out.push('\n');
                        line += 1;
                    }
                    if !part.trim().is_empty() {
                        out.push(marks::mark(line));
                    }
                    escape(part, &mut out);
                }
            }
            Event::Html(raw) | Event::InlineHtml(raw) => {
                out.push_str(&marks::annotate(&raw, line_at(range.start)));
            }
            Event::SoftBreak => {
                let titled = numbers.is_empty() && are_titled(text, range.start, range.end);
                let own = is_own_line(text, range.start);
                out.push_str(if titled {
                    "</p><p>"
                } else if own {
                    "<br>"
                } else {
                    "\n"
                });
            }
            Event::HardBreak => out.push_str("<br>"),
            Event::Rule => out.push_str("<hr>"),
            _ => {}
        }
    }
    out
}

/// Lines of cells, and no separator row among them.
fn is_bare_table(paragraph: &str) -> bool {
    let lines: Vec<&str> = paragraph.lines().filter(|l| !l.trim().is_empty()).collect();
    lines.len() >= 2 && lines.iter().filter(|l| l.matches('|').count() >= 2).count() * 4 >= lines.len() * 3
}

/// The line that ends at `at` was ended by its author, not wrapped: it is short, or
/// ends as lines of Chinese do.
fn is_own_line(text: &str, at: usize) -> bool {
    let line = text.get(..at).and_then(|t| t.rsplit('\n').next()).unwrap_or_default().trim();
    line.chars().count() < 50 || line.chars().next_back().is_some_and(is_cjk) || line.contains(['：', '。'])
}

/// The lines that end and begin here each begin with bold words, which are what the line is about.
fn are_titled(text: &str, end: usize, begin: usize) -> bool {
    let line = text.get(..end).and_then(|t| t.rsplit('\n').next()).unwrap_or_default();
    let next = text.get(begin..).unwrap_or_default();
    [line, next].iter().all(|line| line.trim_start().starts_with("**"))
}

fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            _ => out.push(c),
        }
    }
}

fn heading(level: HeadingLevel) -> &'static str {
    match level {
        HeadingLevel::H1 => "h1",
        HeadingLevel::H2 => "h2",
        HeadingLevel::H3 => "h3",
        HeadingLevel::H4 => "h4",
        HeadingLevel::H5 => "h5",
        HeadingLevel::H6 => "h6",
    }
}

fn open(tag: &Tag<'_>, out: &mut String, in_head: &mut bool) {
    let name = match tag {
        Tag::Paragraph => "p",
        Tag::Heading { level, .. } => heading(*level),
        Tag::BlockQuote(_) => "blockquote",
        // Newlines in it are the author's, and it may hold a table.
        Tag::CodeBlock(CodeBlockKind::Indented | CodeBlockKind::Fenced(_)) => "pre",
        Tag::DefinitionList => "dl",
        Tag::DefinitionListTitle => "dt",
        Tag::DefinitionListDefinition => "dd",
        Tag::Table(_) => "table",
        Tag::TableHead => {
            *in_head = true;
            "tr"
        }
        Tag::TableRow => "tr",
        Tag::TableCell => {
            if *in_head {
                "th"
            } else {
                "td"
            }
        }
        Tag::Strong => "strong",
        Tag::Emphasis => "em",
        Tag::Link { dest_url, .. } => {
            out.push_str("<a href=\"");
            escape(dest_url, out);
            out.push_str("\">");
            return;
        }
        _ => return,
    };
    out.push('<');
    out.push_str(name);
    out.push('>');
}

fn close(tag: TagEnd, out: &mut String, in_head: &mut bool) {
    let name = match tag {
        TagEnd::Paragraph => "p",
        TagEnd::Heading(level) => heading(level),
        TagEnd::BlockQuote(_) => "blockquote",
        TagEnd::CodeBlock => "pre",
        TagEnd::Item => "li",
        TagEnd::DefinitionList => "dl",
        TagEnd::DefinitionListTitle => "dt",
        TagEnd::DefinitionListDefinition => "dd",
        TagEnd::Table => "table",
        TagEnd::TableHead => {
            *in_head = false;
            "tr"
        }
        TagEnd::TableRow => "tr",
        TagEnd::TableCell => {
            if *in_head {
                "th"
            } else {
                "td"
            }
        }
        TagEnd::Strong => "strong",
        TagEnd::Emphasis => "em",
        TagEnd::Link => "a",
        _ => return,
    };
    out.push_str("</");
    out.push_str(name);
    out.push('>');
}
