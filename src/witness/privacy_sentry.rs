//! PrivacySentry's table of calls, which an app that is built with it writes on the phone: when
//! (without a year and a zone), by which name, which method, and the stack. A workbook (XLS,
//! its `DefaultFilePrint.kt`), or the same as a list in JSON, by the names of `PrivacyFunBean`.

use serde_json::Value;

use super::table::{Sheet, column, local};
use super::{Call, Stamp, Witness, classes, short};

const FORMAT: &str = "PrivacySentry (calls)";

/// What a workbook says, where it is one.
pub fn of_table(sheets: &[Sheet]) -> Option<Witness> {
    let is_one = |sheet: &&Sheet| {
        let header = sheet.first().map(Vec::as_slice).unwrap_or_default();
        column(header, &["调用时间"]).is_some() && column(header, &["函数名"]).is_some()
    };
    let sheet = sheets.iter().find(is_one)?;
    let header = sheet.first()?;
    let (time, method) = (column(header, &["调用时间"])?, column(header, &["函数名"])?);
    let (alias, stack) = (column(header, &["别名"]), column(header, &["调用堆栈"]));
    Some(Witness::of_rows(FORMAT, (1..).zip(sheet).skip(1), |witness, _, row| {
        let cell = |at: usize| row.get(at).map(|cell| cell.trim()).filter(|cell| !cell.is_empty());
        let (method, at) = (cell(method)?, local(cell(time)?)?);
        let what = short(&format!("{} {method}", alias.and_then(cell).unwrap_or_default()));
        witness.calls.push(call(what, 1, at, stack.and_then(cell).unwrap_or_default()));
        Some(())
    }))
}

/// What a list says, where it is one.
pub fn of_list(list: &[Value]) -> Option<Witness> {
    if !list.iter().take(8).any(|value| value.get("funName").is_some() && value.get("funAlias").is_some()) {
        return None;
    }
    Some(Witness::of_rows(FORMAT, list.iter().enumerate(), |witness, _, value| {
        let text = |key: &str| value.get(key).and_then(Value::as_str);
        let method = text("funName")?;
        let at = text("appendTime").and_then(local).unwrap_or(Stamp::Never);
        let what = short(&format!("{} {method}", text("funAlias").unwrap_or_default()));
        let count = value.get("count").and_then(Value::as_u64).unwrap_or(1).max(1);
        witness.calls.push(call(what, count, at, text("stackTraces").unwrap_or_default()));
        Some(())
    }))
}

fn call(what: String, count: u64, at: Stamp, stack: &str) -> Call {
    Call { app: None, what, count, at, stack: classes(stack) }
}
