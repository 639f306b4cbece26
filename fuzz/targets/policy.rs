//! Policies in each form that is read.

use std::cell::Cell;
use std::panic;
use std::sync::Once;

use wirewitness::policy::{Reader, doors};

thread_local!(static READER: Reader<'static> = Reader::new(&super::SIGNATURES));

fn read(name: &str, bytes: &[u8]) {
    READER.with(|reader| _ = reader.read(&[(name.to_owned(), bytes.to_vec())]));
}

read_as! {
    /// A web page.
    policy_html "policy.html";
    /// Markdown.
    policy_markdown "policy.md";
    /// Plain text in any encoding.
    policy_text "policy.txt";
    /// Word.
    policy_docx "policy.docx";
    /// A workbook.
    policy_sheet "policy.xlsx";
    /// A table.
    policy_csv "policy.csv";
    /// A saved page.
    policy_mhtml "policy.mhtml";
    /// A program with elements in it.
    policy_script "policy.tsx";
    /// A program whose strings carry the text.
    policy_literals "policy.ts";
    /// HTML beside the program that fills it.
    policy_component "policy.vue";
    /// A policy as `policy --format json` writes it, or JSON that carries the text.
    policy_json "policy.json";
    /// Several documents.
    policy_archive "policy.zip";
}

/// A printout, in this process.
pub fn policy_pdf(bytes: &[u8]) {
    read_pdf(bytes);
}

/// A panic of the crate that reads PDFs is none of ours: where it is met, it ends the process that
/// the crate has for itself, and the policy is refused with words. Any other panic is a finding.
fn read_pdf(bytes: &[u8]) {
    thread_local!(static FOREIGN: Cell<bool> = const { Cell::new(false) });
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let foreign = info.location().is_some_and(|location| location.file().contains("/registry/src/"));
            FOREIGN.set(foreign);
            if !foreign {
                before(info);
            }
        }));
    });
    if let Err(reason) = panic::catch_unwind(|| doors::pdf(bytes))
        && !FOREIGN.get()
    {
        panic::resume_unwind(reason);
    }
}

/// What a page draws (ISO 32000-1, 7.8.2), in a printout that is whole.
pub fn policy_page(bytes: &[u8]) {
    let mut pdf = b"%PDF-1.4\n".to_vec();
    let head = format!("<</Length {}>>stream\n", bytes.len());
    let objects: [&[&[u8]]; 5] = [
        &[b"<</Type/Catalog/Pages 2 0 R>>"],
        &[b"<</Type/Pages/Kids[3 0 R]/Count 1>>"],
        &[b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>"],
        &[head.as_bytes(), bytes, b"\nendstream"],
        &[b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>"],
    ];
    let mut offsets = Vec::new();
    for (number, object) in objects.iter().enumerate() {
        offsets.push(pdf.len());
        pdf.extend_from_slice(format!("{} 0 obj\n", number + 1).as_bytes());
        object.iter().for_each(|part| pdf.extend_from_slice(part));
        pdf.extend_from_slice(b"\nendobj\n");
    }
    let start = pdf.len();
    pdf.extend_from_slice(b"xref\n0 6\n0000000000 65535 f \n");
    offsets.iter().for_each(|offset| pdf.extend_from_slice(format!("{offset:010} 00000 n \n").as_bytes()));
    pdf.extend_from_slice(format!("trailer<</Size 6/Root 1 0 R>>\nstartxref\n{start}\n%%EOF\n").as_bytes());
    read_pdf(&pdf);
}
