//! camille's table of calls: when, what kind, what, with which arguments, and the stack; a
//! workbook (XLS, or XLSX where it was saved again), or the messages of its script as JSON.
//!
//! Its script writes the month as JavaScript counts it, from 0, and no zone: the time is the
//! computer's or the phone's.

use serde_json::Value;

use super::table::{Sheet, column, local};
use super::{Call, Stamp, Witness, classes, short};

const FORMAT: &str = "camille (calls)";

/// What a workbook says, where it is one.
pub fn of_table(sheets: &[Sheet]) -> Option<Witness> {
    let sheet = sheets.iter().find(|sheet| {
        let header = sheet.first().map(Vec::as_slice).unwrap_or_default();
        column(header, &["时间点"]).is_some() && column(header, &["调用堆栈"]).is_some()
    })?;
    let header = sheet.first()?;
    let (time, stack) = (column(header, &["时间点"])?, column(header, &["调用堆栈"])?);
    let (kind, what) = (column(header, &["操作行为"]), column(header, &["行为描述"])?);
    Some(Witness::of_rows(FORMAT, (1..).zip(sheet).skip(1), |witness, _, row| {
        let cell = |at: usize| row.get(at).map(|cell| cell.trim()).filter(|cell| !cell.is_empty());
        let (what, at) = (cell(what)?, stamp(cell(time)?)?);
        let what = format!("{} {}", kind.and_then(cell).unwrap_or_default(), what);
        witness.calls.push(call(&what, at, cell(stack).unwrap_or_default()));
        Some(())
    }))
}

/// What a list says, where it is one.
pub fn of_list(list: &[Value]) -> Option<Witness> {
    let is_one = |value: &Value| ["time", "action", "messages", "stacks"].iter().all(|key| value.get(key).is_some());
    if !list.iter().take(8).any(is_one) {
        return None;
    }
    Some(Witness::of_rows(FORMAT, list.iter().enumerate(), |witness, _, value| {
        let text = |key: &str| value.get(key).and_then(Value::as_str);
        let (what, at) = (text("messages")?, stamp(text("time")?)?);
        let what = format!("{} {what}", text("action").unwrap_or_default());
        witness.calls.push(call(&what, at, text("stacks").unwrap_or_default()));
        Some(())
    }))
}

fn stamp(text: &str) -> Option<Stamp> {
    crate::evidence::Time::parse(text).map(Stamp::At).or_else(|| local(text))
}

/// The deepest method that the stack shows belongs to what was called.
fn call(what: &str, at: Stamp, stack: &str) -> Call {
    let called = stack.split(['\n', '\r']).map(str::trim).find(|line| line.contains('('));
    let method = called.and_then(|line| line.split('(').next()?.rsplit('.').next()).unwrap_or_default();
    let what = short(format!("{what} {method}").trim());
    Call { app: None, what, count: 1, at, stack: classes(stack) }
}
