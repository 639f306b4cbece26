//! Names of the tables and their columns. A table is filed with both languages in its
//! head, whatever the language of what stands below: Chinese first, as the form has it.

/// A name in Chinese and English.
pub type Name = (&'static str, &'static str);

/// Names of the sheets: with both parts at most 31 characters, which Excel takes.
pub const ABOUT: Name = ("说明", "About");
/// 工信部信管函〔2021〕292号 asks for it by this name.
pub const COLLECTED: Name = ("已收集个人信息清单", "Collected");
/// As above.
pub const SHARED: Name = ("与第三方共享个人信息清单", "Shared");
/// Of the counts.
pub const VOLUMES: Name = ("阶段场景次数流量", "Volumes");
/// Of the findings.
pub const FINDINGS: Name = ("发现", "Findings");
/// Of the sightings.
pub const SIGHTINGS: Name = ("全部出现", "Sightings");

/// Of `about`.
pub const ABOUT_HEADS: &[Name] = &[("项目", "Item"), ("内容", "Content")];

/// Of `collected`: purpose, scenario and what is collected are what the form asks for.
pub const COLLECTED_HEADS: &[Name] = &[
    ("序号", "No."),
    ("个人信息", "Personal information"),
    ("类型标识", "Data type id"),
    ("级别", "Class"),
    ("收集方", "Collected by"),
    ("收集方标识", "Recipient id"),
    ("角色", "Role"),
    ("收集目的（政策所述）", "Purpose (as declared)"),
    ("收集场景（观察）", "Scenario (observed)"),
    ("收集阶段（观察）", "Phase (observed)"),
    ("形式", "Form"),
    ("传输", "On the wire"),
    ("次数", "Messages"),
    ("字节", "Bytes of these messages"),
    ("首次", "First"),
    ("末次", "Last"),
    ("内容（掩码）", "Value (masked)"),
    ("确定性", "Certainty"),
    ("与政策对照", "Against the policy"),
    ("代码", "Code"),
    ("政策位置", "Place in the policy"),
    ("证据", "Evidence"),
];

/// Of `shared`: whom, what, why, when and how are what the form asks for.
pub const SHARED_HEADS: &[Name] = &[
    ("序号", "No."),
    ("第三方", "Third party"),
    ("第三方标识", "Recipient id"),
    ("公司", "Company"),
    ("公司所在地", "Seat of the company"),
    ("角色", "Role"),
    ("共享的个人信息", "Personal information"),
    ("共享目的（政策所述）", "Purpose (as declared)"),
    ("共享场景（政策所述）", "Scenario (as declared)"),
    ("共享方式（政策所述）", "Method (as declared)"),
    ("场景（观察）", "Scenario (observed)"),
    ("阶段（观察）", "Phase (observed)"),
    ("方式（观察）", "Method (observed)"),
    ("主机", "Hosts"),
    ("地址登记地", "Addresses registered in"),
    ("已读消息", "Messages read"),
    ("未打开的流", "Closed streams"),
    ("封装的载荷", "Sealed payloads"),
    ("发送字节", "Bytes sent"),
    ("首次", "First"),
    ("末次", "Last"),
    ("与政策对照", "Against the policy"),
    ("政策位置", "Place in the policy"),
    ("隐私政策链接（政策所述）", "Privacy policy (as declared)"),
];

/// Of `volumes`.
pub const VOLUMES_HEADS: &[Name] = &[
    ("接收方", "Recipient"),
    ("接收方标识", "Recipient id"),
    ("个人信息", "Personal information"),
    ("类型标识", "Data type id"),
    ("阶段", "Phase"),
    ("场景", "Scenario"),
    ("次数", "Messages"),
    ("字节", "Bytes of these messages"),
    ("首次", "First"),
    ("末次", "Last"),
    ("间隔中位数（毫秒）", "Median interval (ms)"),
    ("突发次数", "Bursts"),
    ("最大突发", "Largest burst"),
    ("与政策对照", "Against the policy"),
];

/// Of `findings`.
pub const FINDINGS_HEADS: &[Name] = &[
    ("指纹", "Fingerprint"),
    ("严重度", "Severity"),
    ("代码", "Code"),
    ("接收方", "Recipient"),
    ("个人信息", "Personal information"),
    ("阶段", "Phase"),
    ("确定性", "Certainty"),
    ("结论", "Finding"),
    ("政策位置", "Place in the policy"),
    ("政策原文", "Words of the policy"),
    ("次数", "Messages"),
    ("首次", "First"),
    ("证据", "Evidence"),
    ("Wireshark", "Wireshark"),
    ("条款", "Clauses"),
    ("如何改正", "How to mend"),
    ("已忽略", "Ignored"),
];

/// Of `sightings`.
pub const SIGHTINGS_HEADS: &[Name] = &[
    ("编号", "Id"),
    ("个人信息", "Personal information"),
    ("类型标识", "Data type id"),
    ("接收方", "Recipient"),
    ("接收方标识", "Recipient id"),
    ("应用", "App"),
    ("主机", "Host"),
    ("请求", "Request"),
    ("键", "Key"),
    ("内容（掩码）", "Value (masked)"),
    ("标签", "Label"),
    ("形式", "Form"),
    ("传输", "On the wire"),
    ("确定性", "Certainty"),
    ("理由", "Reason"),
    ("阶段", "Phase"),
    ("场景", "Scenario"),
    ("次数", "Messages"),
    ("首次", "First"),
    ("末次", "Last"),
    ("证据", "Evidence"),
    ("解码步骤", "Decoded by"),
    ("Wireshark", "Wireshark"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_sheets_fit() {
        let names = [ABOUT, COLLECTED, SHARED, VOLUMES, FINDINGS, SIGHTINGS];
        for (zh, en) in names {
            assert!(zh.chars().count() + 1 + en.len() <= 31, "{zh} {en}");
        }
    }
}
