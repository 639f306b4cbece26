//! What a session has, what it lacks, and what each lack costs in certainty.

use std::path::Path;

use crate::capture::{Format, Source};
use crate::evidence::{Gap, Time};
use crate::examine;
use crate::observations::{ClockBy, Input};
use crate::report::Language;
use crate::report::checks::{Check, State};
use crate::report::clocks;
use crate::session::{self, Mark, Session};
use crate::signatures::Signatures;

/// How far a mark may lie outside a capture before another clock is suspected.
const SLACK_NS: i64 = 60 * 1_000_000_000;

/// Looks at every part of the session in `folder`, in the order in which it is made.
///
/// # Errors
/// Where the folder cannot be listed.
pub fn check(folder: &Path, signatures: &Signatures) -> Result<Vec<Check>, session::SessionError> {
    let (session, errors) = Session::look(folder, signatures)?;
    let mut checks = Vec::new();
    let taken = captures(&session, signatures, &mut checks);
    clocks(&session, taken.as_deref().unwrap_or_default(), &mut checks);
    checks.extend(errors.iter().map(|error| {
        Check::found(State::Wrong, &error.path, &error.what, &error.what)
            .then("改正之前，审计会以退出码 2 结束。", "An audit exits with 2 until it is mended.")
    }));
    let broken = |name: &str| errors.iter().any(|error| error.path.contains(name));
    if !broken("session.toml") {
        description(&session, &mut checks);
    }
    if !broken("device.toml") {
        checks.push(profile(&session));
    }
    // Where the captures could not be looked at, whether they hold keys is not known.
    if taken.is_some() || !session.keys.is_empty() {
        checks.push(keys(&session, taken.as_deref().unwrap_or_default()));
    }
    if !broken("phases.jsonl") {
        marks(&session, taken.as_deref().unwrap_or_default(), &mut checks);
    }
    privacy(folder, &session, &mut checks);
    if !session.unread.is_empty() {
        let names = session.unread.iter().filter(|name| session.description.policy.as_ref() != Some(name));
        let names: Vec<&str> = names.map(String::as_str).collect();
        if !names.is_empty() {
            let names = names.join(", ");
            checks.push(Check::found(
                State::Note,
                "folder",
                format!("这些文件不会被读取：{names}"),
                format!("files that nothing reads: {names}"),
            ));
        }
    }
    Ok(checks)
}

fn clocks(session: &Session, inputs: &[Input], checks: &mut Vec<Check>) {
    for input in inputs {
        let (Some(zh), Some(en), Some(clock)) =
            (clocks::said(input, Language::Zh), clocks::said(input, Language::En), input.clock.as_ref())
        else {
            continue;
        };
        let found = |state| Check::found(state, "clocks", zh.clone(), en.clone());
        checks.push(match clock.by {
            ClockBy::Unsteady | ClockBy::Unknown => found(State::Lacking).then(
                "时间先后不可靠：在 session.toml 的 time_shift 里写出时钟差。",
                "What came first is not certain: write how far its clock is off into time_shift of session.toml.",
            ),
            ClockBy::Connections if !session.marks.is_empty() => found(State::Good).then(
                "标记按那份抓包的时钟理解；若标记用的是这一个，请在 time_shift 里写明。",
                "Marks are taken to be on that other capture's clock; where they are on this one's, say so in time_shift.",
            ),
            _ => found(State::Good),
        });
    }
    for name in session.description.time_shift.keys() {
        // That there is none at all, or that none can be looked at, is said elsewhere.
        if !inputs.is_empty() && !inputs.iter().any(|input| input.name == *name) {
            checks.push(Check::found(
                State::Note,
                "session.toml time_shift",
                format!("没有名为 {name} 的抓包"),
                format!("there is no capture {name}"),
            ));
        }
    }
}

/// What the first pass finds in the captures; `None`: they cannot be looked at as they are, which is said.
fn captures(session: &Session, signatures: &Signatures, checks: &mut Vec<Check>) -> Option<Vec<Input>> {
    // Each that cannot even be opened is said by itself, and the others are looked at without it.
    let mut readable = session.clone();
    readable.captures.retain(|path| match Source::open(path) {
        Ok(_) => true,
        Err(error) => {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            checks.push(
                Check::found(State::Wrong, name, error.to_string(), error.to_string())
                    .then("重新复制或重新录制。", "Copy it again, or record again."),
            );
            false
        }
    });
    // Other texts and tables in the folder, such as a policy, are no captures; a HAR has its extension.
    readable.others.retain(|path| Source::open(path).is_ok_and(|source| source.format() != Format::Har));
    if readable.captures.is_empty() && readable.others.is_empty() {
        checks.extend(session.captures.is_empty().then(|| {
            Check::found(State::Wrong, "capture", "文件夹里没有抓包", "there is no capture in the folder").then(
                "用 `wirewitness record` 录制，或把 .pcap、.pcapng、.har 复制进来。",
                "Record one with `wirewitness record`, or copy a .pcap, .pcapng or .har into it.",
            )
        }));
        return Some(Vec::new());
    }
    let mut remarks = Vec::new();
    let found = examine::inputs(&readable, signatures, &mut |remark| remarks.push(remark));
    checks.extend(remarks.iter().map(|remark| Check::found(State::Note, "folder", remark, remark)));
    match found {
        Ok(found) => {
            checks.extend(found.iter().map(|(input, damage)| capture(input, damage)));
            Some(found.into_iter().map(|(input, _)| input).collect())
        }
        Err(error) => {
            checks.push(
                Check::found(State::Wrong, "captures", error.to_string(), error.to_string())
                    .then("改正之前，审计会以退出码 2 结束。", "An audit exits with 2 until it is mended."),
            );
            None
        }
    }
}

/// One capture as far as the first pass tells.
fn capture(input: &Input, damage: &[Gap]) -> Check {
    let of_packets = input.format.starts_with("pcap");
    let span = input.first.zip(input.last);
    let times = span.map(|(first, last)| format!(", {first} – {last}")).unwrap_or_default();
    let (zh, en) = if of_packets { ("个数据包", "packets") } else { ("条记录", "entries") };
    let said = |what: &str| format!("{}, {} {what}{times}", input.format, input.records);
    let state = if input.records == 0 { State::Wrong } else { State::Good };
    let check = Check::found(state, &input.name, said(zh), said(en));
    if state == State::Wrong && of_packets {
        check.then(
            "一个包也没有：接口或过滤器选错了吗？",
            "No packet at all: was it the right interface, and the right filter?",
        )
    } else if state == State::Wrong {
        check.then("一条记录也没有：重新导出。", "No entry at all: export it again.")
    } else if let Some(worst) = damage.first() {
        let (places, worst) = (damage.len(), &worst.detail);
        let more = |text: &str| if places > 1 { text.replace("{}", &(places - 1).to_string()) } else { String::new() };
        Check { state: State::Note, ..check }.then(
            format!("会计入缺口：{}{}", Language::Zh.of_gap(worst), more("（另有 {} 处）")),
            format!("Counts as a gap: {worst}{}", more(" (and {} more)")),
        )
    } else {
        check
    }
}

fn description(session: &Session, checks: &mut Vec<Check>) {
    let said = &session.description;
    let mut about = |has: bool, key: &str, zh: &str, en: &str| {
        let lacks = || Check::found(State::Lacking, format!("session.toml {key}"), "没有给出", "not given");
        checks.extend((!has).then(|| lacks().then(zh, en)));
    };
    about(
        said.app.is_some() || said.isolation,
        "app",
        "分不清哪些流量是这个应用的：每条结论的严重程度降一级（应用未证实）。",
        "Whose traffic it is stays unproven: every finding is one step less severe.",
    );
    about(
        !said.first_party.is_empty(),
        "first_party",
        "应用自己的域名与没有署名的第三方分不开：去往未知域名的数据不作判定。",
        "The app's own domains cannot be told from third parties without a name: flows to unknown domains stay unsettled.",
    );
    about(
        said.owner.is_some(),
        "owner",
        "不知道哪些产品属于应用的开发者自己。",
        "Which products belong to the app's own maker is not known.",
    );
    let policy = session.policy();
    about(
        policy.is_some(),
        "policy",
        "每次都要用 --policy 给出政策。",
        "The policy has to be given with --policy each time.",
    );
    about(
        said.clock_skew_ms.is_some(),
        "clock_skew_ms",
        "按相差一秒以内处理：标记前后一秒内的消息只算“可能”。",
        "A second is assumed: messages within a second of a mark are only possible.",
    );
    if let Some(path) = policy.filter(|path| !path.exists()) {
        let name = said.policy.clone().unwrap_or_default();
        checks.push(
            Check::found(State::Wrong, "session.toml policy", format!("{name} 不存在"), format!("there is no {name}"))
                .then(format!("把政策保存为 {}。", path.display()), format!("Save the policy as {}.", path.display())),
        );
    }
}

fn profile(session: &Session) -> Check {
    let types = session.profile.ids.values().filter(|values| !values.is_empty()).count();
    if types == 0 {
        return Check::found(State::Lacking, "device.toml", "没有设备的真实标识", "no identifiers of the device").then(
            "散列过的标识找不到，什么都到不了“确认”。用 `wirewitness device read` 从手机读取。",
            "Hashed identifiers cannot be found, and nothing is more than probable. \
             `wirewitness device read` takes them from the phone.",
        );
    }
    let values: usize = session.profile.ids.values().map(Vec::len).sum();
    Check::found(
        State::Good,
        "device.toml",
        format!("{types} 类标识，{values} 个值"),
        format!("{types} types, {values} values"),
    )
}

fn keys(session: &Session, taken: &[Input]) -> Check {
    let inside: u64 = taken.iter().map(|capture| capture.secrets).sum();
    let files = session.keys.len();
    if inside == 0 && files == 0 {
        return Check::found(State::Lacking, "keys", "没有密钥", "no keys").then(
            "TLS 与 QUIC 打不开：只知道去了哪里，不知道发了什么。用 SSLKEYLOGFILE、代理或 eCapture 取得密钥日志。",
            "TLS and QUIC stay closed: where it went is known, what was sent is not. A key log comes from \
             SSLKEYLOGFILE, a proxy, or eCapture.",
        );
    }
    Check::found(
        State::Good,
        "keys",
        format!("{files} 个密钥文件，抓包内 {inside} 条密钥"),
        format!("{files} {}, {inside} secrets inside the captures", if files == 1 { "file" } else { "files" }),
    )
}

fn marks(session: &Session, taken: &[Input], checks: &mut Vec<Check>) {
    let marks = &session.marks;
    if marks.is_empty() {
        checks.push(Check::found(State::Lacking, "phases.jsonl", "没有标记", "no marks").then(
            "同意之前发送了什么无法判定。录制时用 `wirewitness mark` 标出。",
            "What was sent before consent cannot be judged. Mark it while recording, with `wirewitness mark`.",
        ));
        return;
    }
    let first = taken.iter().filter_map(|capture| capture.first).min();
    let last = taken.iter().filter_map(|capture| capture.last).max();
    let problems = checks.len();
    if let Some((first, last)) = first.zip(last) {
        outside(marks, first, last, checks);
    }
    let of = |name: &str| marks.iter().find(|mark| mark.mark == name);
    let answered = of("consent-given").or(of("consent-refused"));
    match of("launched") {
        None => checks.push(
            Check::found(State::Lacking, "phases.jsonl", "没有 launched 标记", "the mark launched is missing")
                .then("同意之前的行为无法判定。", "Nothing before consent can be judged."),
        ),
        Some(launched) if first.is_some_and(|first| launched.time < first) => checks.push(
            Check::found(
                State::Lacking,
                "phases.jsonl",
                "launched 在抓包开始之前",
                "launched lies before the capture begins",
            )
            .then(
                "启动时的流量没有录到，同意之前的行为无法判定：先开始录制，再启动应用。",
                "What was sent at launch was not recorded, and consent is not judged: start recording, then the app.",
            ),
        ),
        Some(_) => {}
    }
    if answered.is_none() {
        checks.push(
            Check::found(
                State::Lacking,
                "phases.jsonl",
                "没有 consent-given 或 consent-refused 标记",
                "neither consent-given nor consent-refused is marked",
            )
            .then("同意之前的行为无法判定。", "Nothing before consent can be judged."),
        );
    }
    if checks.len() == problems {
        checks.push(Check::found(
            State::Good,
            "phases.jsonl",
            format!("{} 个标记，同意前后可以判定", marks.len()),
            format!("{} marks; consent can be judged", marks.len()),
        ));
    }
}

/// Marks that lie more than a minute outside what was recorded: probably made by another clock.
fn outside(marks: &[Mark], first: Time, last: Time, checks: &mut Vec<Check>) {
    let far = |mark: &&Mark| first.since(mark.time) > SLACK_NS || mark.time.since(last) > SLACK_NS;
    let count = marks.iter().filter(far).count();
    if let Some(mark) = marks.iter().find(far) {
        checks.push(
            Check::found(
                State::Lacking,
                "phases.jsonl",
                format!("{count} 个标记不在录制时间之内，如 {} {}", mark.time, mark.mark),
                format!("{count} marks lie outside of what was recorded, such as {} {}", mark.time, mark.mark),
            )
            .then(
                "标记与抓包的时钟可能不同：核对时区与两台机器的时间。",
                "The clocks of marks and capture may differ: check the time zone and the time of both machines.",
            ),
        );
    }
}

/// Who else can read the keys and the identifiers of the session, and where they may end up.
pub fn privacy(folder: &Path, session: &Session, checks: &mut Vec<Check>) {
    let device = folder.join("device.toml");
    let files = session.keys.iter().map(std::path::PathBuf::as_path).chain([device.as_path()]);
    let exposed: Vec<String> = session::exposures(files.filter(|path| path.exists()))
        .into_iter()
        .map(|path| path.file_name().unwrap_or_default().to_string_lossy().into_owned())
        .collect();
    if !exposed.is_empty() {
        let names = exposed.join(" ");
        checks.push(
            Check::found(
                State::Note,
                "privacy",
                format!("别的用户也能读 {names}"),
                format!("other users can read {names}"),
            )
            .then(
                format!("在 {} 里运行：chmod 600 {names}", folder.display()),
                format!("In {}: chmod 600 {names}", folder.display()),
            ),
        );
    }
    if session::is_private(folder) == Some(false) {
        checks.push(
            Check::found(State::Note, "privacy", "别的用户可以读这个文件夹", "other users can look into this folder")
                .then(format!("chmod 700 {}", folder.display()), format!("chmod 700 {}", folder.display())),
        );
    }
    if let Some(root) = session::repository(folder) {
        checks.push(
            Check::found(
                State::Note,
                "privacy",
                format!("文件夹在 git 仓库 {} 里", root.display()),
                format!("the folder lies in the git repository {}", root.display()),
            )
            .then(
                "密钥与设备标识一旦提交就收不回来：把文件夹写进 .gitignore，或移到别处。",
                "Keys and identifiers that are committed cannot be taken back: name the folder in .gitignore, or move it.",
            ),
        );
    }
}
