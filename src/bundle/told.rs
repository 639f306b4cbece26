//! A verification for the terminal, in either language.

use super::manifest::Kind;
use super::problem::{ProofState, State, both};
use super::repeat::Repeated;
use super::verify::Verification;
use crate::audit::Text;
use crate::report::Language;
use crate::report::escape::visible;

/// The lines about the bundle of this name.
pub fn told(name: &str, verification: &Verification, language: Language) -> String {
    let mut lines = vec![head(name, verification)];
    for problem in &verification.problems {
        let state = match problem.state {
            State::Missing => both("missing", "缺失"),
            State::Altered => both("altered", "改动"),
            State::Added => both("added", "多余"),
            State::Differs => both("differs", "不符"),
        };
        let (path, what) = (&problem.path, &problem.what);
        lines.push(both(
            format!("  {:<8} {path}: {}", state.en, what.en),
            format!("  {} {path}：{}", state.zh, what.zh),
        ));
    }
    let proofs =
        [(both("signature", "签名"), &verification.signature), (both("timestamp", "时间戳"), &verification.timestamp)];
    for (name, proof) in proofs {
        let state = match proof.state {
            ProofState::Holds => both("holds: ", "成立："),
            ProofState::Unproven => both("whose it is was not checked: ", "未核验属于谁："),
            ProofState::Fails => both("does not hold: ", "不成立："),
            ProofState::None => Text::default(),
        };
        lines.push(both(
            format!("{}: {}{}", name.en, state.en, proof.what.en),
            format!("{}：{}{}", name.zh, state.zh, proof.what.zh),
        ));
    }
    lines.extend(verification.repeated.as_ref().map(repeated));
    for open in &verification.unchecked {
        lines.push(both(format!("not checked: {}", open.en), format!("未核验：{}", open.zh)));
    }
    lines.push(match verification.holds {
        true => both("the bundle is as it was made", "证据包与制作时一致"),
        false => both("the bundle is NOT as it was made", "证据包与制作时不一致"),
    });
    // Names come from whoever made the archive.
    lines.iter().map(|line| format!("{}\n", visible(language.of(line)))).collect()
}

fn head(name: &str, verification: &Verification) -> Text {
    let Some(about) = &verification.about else { return both(name, name) };
    let (kind, files) = (about.kind, verification.files);
    let (en, zh) = match kind {
        Kind::Masked => ("masked", "脱敏版"),
        Kind::Sealed => ("sealed, SENSITIVE", "封存版，敏感"),
    };
    both(
        format!("{name}: {en}, {files} files, by {}", about.made_by),
        format!("{name}：{zh}，{files} 个文件，由 {} 制作", about.made_by),
    )
}

fn repeated(repeated: &Repeated) -> Text {
    let all = repeated.findings;
    let mut en = format!(
        "repeated: policy {}, {} verdicts, {} of {all} findings judged again",
        if repeated.policy { "declares the same" } else { "not read as it was" },
        repeated.verdicts,
        repeated.judged,
    );
    let mut zh = format!(
        "重做：隐私政策{}，{} 个判断，{all} 项发现中 {} 项重新得出",
        if repeated.policy { "声明一致" } else { "解析不一致" },
        repeated.verdicts,
        repeated.judged,
    );
    if let Some(replayed) = repeated.replayed {
        en.push_str(&format!(", {replayed} of {all} decoded again from their bytes"));
        zh.push_str(&format!("，{replayed} 项由原始字节重新解码"));
    }
    if let Some(identified) = repeated.identified {
        en.push_str(&format!(", {identified} of {all} found in them alone with the device's values"));
        zh.push_str(&format!("，{identified} 项仅凭这些字节和设备档案重新发现"));
    }
    both(en, zh)
}
