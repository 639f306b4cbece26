//! The page in a bundle that says what it is, in both languages.

use super::manifest::{Kind, Recorded};

/// The text of `README.txt`.
pub fn text(kind: Kind, recorded: Recorded) -> String {
    let (en, zh) = match kind {
        Kind::Masked => (MASKED_EN, MASKED_ZH),
        Kind::Sealed => (SEALED_EN, SEALED_ZH),
    };
    let (holds_en, holds_zh) = match recorded {
        Recorded::None => ("", ""),
        Recorded::Slices => (SLICES_EN, SLICES_ZH),
        Recorded::Captures => (CAPTURES_EN, CAPTURES_ZH),
    };
    format!("{en}{FILES_EN}{holds_en}{CHECK_EN}\n----\n\n{zh}{FILES_ZH}{holds_zh}{CHECK_ZH}")
}

const MASKED_EN: &str = "\
Evidence bundle of wirewitness, masked: for sharing.

Values are masked. There is no frame, no key and no value of the device in it.

";

const SEALED_EN: &str = "\
SENSITIVE: evidence bundle of wirewitness, sealed.

It holds recorded traffic with personal data of the test device as it was sent, and the secrets that
open it. Give it only to who has to check the evidence; keep and delete it as your mandate says.

";

const FILES_EN: &str = "\
report.html, report.md, report.json   the report, for reading and as data
policy/                               the privacy policy as it was given
chain.jsonl                           what was done in the session; each line has the SHA-256 of the one before
manifest.json                         SHA-256, SHA-512 and SM3 of every file, and how the bundle was made
manifest.json.minisig                 signature of the manifest (minisign), where it was signed
manifest.json.tsr                     timestamp of the manifest (RFC 3161), where there is one
SHA256SUMS                            SHA-256 of all these, for sha256sum -c
";

const SLICES_EN: &str = "\
slices/                               for each finding the frames it rests on, to be opened in Wireshark;
                                      index.json says where they lie in the whole recording
";

const CAPTURES_EN: &str = "\
captures/                             the recording and its keys as they were given
";

const CHECK_EN: &str = "
To check it:    wirewitness verify BUNDLE [--key PUBLIC-KEY] [--tsa-cert CERTIFICATE]
By hand:        sha256sum, minisign, openssl ts and tshark; docs/evidence.md of wirewitness shows each command
";

const MASKED_ZH: &str = "\
wirewitness 证据包（脱敏版）：可供分享。

其中的值均已脱敏，不含任何数据帧、密钥或设备上的真实值。

";

const SEALED_ZH: &str = "\
敏感：wirewitness 证据包（封存版）。

其中含有录制的流量（测试设备上的个人信息，按原样发送）以及用于解密的密钥。
仅交给需要核验证据的人，并按委托要求保管和销毁。

";

const FILES_ZH: &str = "\
report.html, report.md, report.json   报告：供阅读，及机器可读数据
policy/                               隐私政策原文
chain.jsonl                           测试过程的操作记录；每行含上一行的 SHA-256
manifest.json                         每个文件的 SHA-256、SHA-512 和 SM3，以及证据包的生成方式
manifest.json.minisig                 清单的签名（minisign），如已签名
manifest.json.tsr                     清单的时间戳（RFC 3161），如有
SHA256SUMS                            以上全部文件的 SHA-256，供 sha256sum -c 使用
";

const SLICES_ZH: &str = "\
slices/                               每项发现所依据的数据帧，可用 Wireshark 打开；
                                      index.json 说明它们在完整录制中的位置
";

const CAPTURES_ZH: &str = "\
captures/                             原始录制文件及其密钥
";

const CHECK_ZH: &str = "
核验：          wirewitness verify 证据包 [--key 公钥] [--tsa-cert 证书]
手工核验：      sha256sum、minisign、openssl ts 和 tshark；各命令见 wirewitness 的 docs/evidence.md
";
