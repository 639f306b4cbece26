//! Policies in each form that is read.

use wirewitness::policy::read_documents;

fn read(name: &str, bytes: &[u8]) {
    let _ = read_documents(&[(name.to_owned(), bytes.to_vec())], &super::SIGNATURES);
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
    /// A printout, in this process.
    policy_pdf "policy.pdf";
    /// A saved page.
    policy_mhtml "policy.mhtml";
    /// A script that carries the text.
    policy_script "policy.tsx";
    /// A policy as `policy --format json` writes it, or JSON that carries the text.
    policy_json "policy.json";
    /// Several documents.
    policy_archive "policy.zip";
}
