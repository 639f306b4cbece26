//! Reasons in words: one sentence part for each ground, in both languages.
//!
//! `{field}` is filled with the ground's field of that name. The first ground of a
//! recipient's reason is its name, which the next one says something of; all others
//! are set apart by a semicolon.

use std::borrow::Cow;

use super::Language;
use crate::evidence::{Ground, GroundCode as G, Reason};

impl Language {
    /// A reason in words.
    pub fn because(self, reason: &Reason) -> String {
        let mut said = String::new();
        let mut last = None;
        for ground in &reason.0 {
            said.push_str(match last {
                None => "",
                Some(before) if continues(before) => self.pick("", " "),
                Some(_) => self.pick("；", "; "),
            });
            said.push_str(&self.ground(ground));
            last = Some(ground.code);
        }
        said
    }

    /// A kind of shared infrastructure; as the data has it where there is no word for it.
    pub fn kind(self, kind: &str) -> String {
        self.words().term(&format!("kind:{kind}")).trim_start_matches("kind:").to_owned()
    }

    fn ground(self, ground: &Ground) -> String {
        let (zh, en) = sentence(ground.code);
        let mut filled = String::new();
        let mut rest = self.pick(zh, en);
        // Filled from left to right, so that a value that holds braces stays as it is.
        while let Some((before, behind)) = rest.split_once('{') {
            let Some((field, after)) = behind.split_once('}') else { break };
            filled.push_str(before);
            let value = ground.fields.get(field).unwrap_or_default();
            // A blank between Chinese and a name in Latin letters, as Chinese is set.
            let named = field == "zh";
            if named && filled.ends_with(is_han) && value.starts_with(|c: char| c.is_ascii_alphanumeric()) {
                filled.push(' ');
            }
            filled.push_str(&self.field(field, value));
            if named && value.ends_with(|c: char| c.is_ascii_alphanumeric()) && after.starts_with(is_han) {
                filled.push(' ');
            }
            rest = after;
        }
        filled + rest
    }

    /// What stands for a field: names are as they are, terms in the reader's words.
    fn field<'a>(self, field: &str, value: &'a str) -> Cow<'a, str> {
        match field {
            "variant" | "datum" => self.of_form(value),
            "digest" => Cow::Owned(value.to_uppercase()),
            "kind" => Cow::Owned(self.kind(value)),
            _ => Cow::Borrowed(value),
        }
    }
}

fn is_han(c: char) -> bool {
    matches!(c, '\u{4e00}'..='\u{9fff}')
}

/// The next ground says something of this one: a name, or what it is an alias of.
fn continues(code: G) -> bool {
    matches!(
        code,
        G::NameOpened
            | G::NameSni
            | G::NameDns
            | G::NameDnsOfSeveral
            | G::NameDnsExpired
            | G::NameDnsOtherClient
            | G::NameOfCaptureFile
            | G::NameAddress
            | G::Alias
    )
}

/// The words of a ground: Chinese, English.
#[rustfmt::skip]
fn sentence(code: G) -> (&'static str, &'static str) {
    match code {
        G::NameOpened => ("主机 {host} ", "host {host}"),
        G::NameSni => ("服务器名（SNI）{host} ", "server name (SNI) {host}"),
        G::NameDns => ("域名 {host}（来自本机的 DNS 应答）", "name {host} (by a DNS answer to this client)"),
        G::NameDnsOfSeveral => (
            "域名 {host}（多个 DNS 应答中最新的；其余：{others}）",
            "name {host} (by the newest of several DNS answers; the others: {others})",
        ),
        G::NameDnsExpired => ("域名 {host}（来自已过期的 DNS 应答）", "name {host} (by a DNS answer whose time had run out)"),
        G::NameDnsOtherClient => ("域名 {host}（来自给另一台设备的 DNS 应答）", "name {host} (by a DNS answer to another client)"),
        G::NameOfCaptureFile => ("域名 {host}（由抓包文件给出）", "name {host} (by the names that the capture file gives)"),
        G::NameAddress => ("地址 {host} ", "address {host}"),
        G::MatchHost => ("与{zh}的主机 {matched} 相符（特征 {origin}）", "matches {matched} of {en} (signature {origin})"),
        G::MatchPattern => ("符合{zh}的主机模式 {matched}（特征 {origin}）", "matches the pattern {matched} of {en} (signature {origin})"),
        G::MatchDomain => ("在{zh}的域名 {matched} 之下（特征 {origin}）", "lies under the domain {matched} of {en} (signature {origin})"),
        G::MatchNarrowed => ("该特征限定的 {rule} 也相符", "{rule}, which the signature asks for, fits"),
        G::Alias => ("是 {alias} 的别名（CNAME），后者", "is an alias (CNAME) of {alias}, which"),
        G::Owner => ("其公司就是应用的所有者", "its company is the owner of the app"),
        G::FirstParty => ("在指定的第一方域名 {domain} 之下", "lies under {domain}, given as first party"),
        G::Group => ("在{zh}的域名 {domain} 之下（特征 {origin}）", "lies under {domain}, a domain of {en} (signature {origin})"),
        G::GroupOfOwner => ("应用的所有者（{owner}）属于该集团", "the owner ({owner}) belongs to that group"),
        G::GroupWithoutProduct => ("该集团没有哪个产品列出这个主机", "none of its products lists this host"),
        G::Infrastructure => ("在{zh}的公用域名 {domain} 之下（{kind}，特征 {origin}）", "lies under {domain}, {kind} of {en} (signature {origin})"),
        G::Settled => ("已由用户定为 {as}：{why}", "was settled as {as}: {why}"),
        G::Local => ("在本地网络之内", "lies in the local network"),
        G::AddressOnly => ("没有名称，也没有特征列出它", "is an address without a name, and no signature lists it"),
        G::Unnamed => ("不在任何特征里，也不在第一方域名之下", "is in no signature and not under a first-party domain"),
        G::Unknown => ("不在任何特征里，而且没有给出第一方域名", "is in no signature, and no first-party domain was given"),
        G::ViaPath => ("路径和字段是{zh}的（特征 {origin}）", "path and fields are those of {en} (signature {origin})"),
        G::CertificateAgrees => ("证书 {certificate} 与之一致", "certificate {certificate} agrees"),
        G::CertificateDiffers => ("但证书是给 {certificate} 的，不涵盖这个名称", "but the certificate is for {certificate}, which does not cover it"),
        G::SniDiffers => (
            "连接是为 {sni}（SNI）打开的，而请求写的是 {host}（Host）",
            "the connection was opened for {sni} (SNI), the request names {host} (Host)",
        ),
        G::KeyNames => ("键名就是它的名称", "the key is a name of it"),
        G::ShapeFits => ("值符合它的结构", "the value has its structure"),
        G::DigestLength => ("值有摘要的长度", "the value has a digest's length"),
        G::RecipientKey => ("已知该接收方用这个键传它", "the recipient is known to use this key for it"),
        G::ShapeAlone => ("值符合它的结构，但没有键名说明", "the value has its structure; no key says so"),
        G::NotOfProfile => ("不是设备档案里的值", "it is none of the profile's values"),
        G::Randomised => ("这是本地管理的地址，即随机地址", "the address is locally administered, so a randomised one"),
        G::ProfileValue => ("设备档案里的值（{variant}）", "a value of the device profile ({variant})"),
        G::ProfileDigest => ("设备档案里某个值的 {digest}（{variant}）", "the {digest} of a value of the device profile ({variant})"),
        G::UnderKey => ("在键 {key} 之下", "under the key {key}"),
        G::OutsideValidity => ("发送时间在该值的有效期之外", "sent outside the time it was valid"),
        G::Issued => ("{product} 在收到的消息里以 {key} 下发的标识", "an id that {product} issued as {key} in a message that was received"),
        G::ProfileApps => ("同一内容里有设备档案中的 {count} 个应用", "{count} apps of the device profile in one body"),
        G::Packages => ("同一内容里有 {count} 个包名", "{count} package names in one body"),
        G::Keyed => ("有键名说明", "under a key that is a name of it"),
        G::Unkeyed => ("没有键名说明", "under no key that says so"),
        G::ProfilePlace => (
            "与设备档案中的地点相距 100 米以内（{datum}；以 {decimals} 位小数所能分辨为限）",
            "within 100 m of a place of the device profile ({datum}), as far as {decimals} decimals can tell",
        ),
        G::PlaceKeys => ("键名是经纬度的名称，值在范围之内", "the keys are names of it and the values are in range"),
        G::TowerKeys => ("位置区与小区编号并列，键名是它们的名称", "the numbers of an area and of a cell stand side by side under names of them"),
        G::PlaceOfSite => ("键名说明这是店铺、车站等地点自身的位置", "the keys around it name something that stands there, such as a shop"),
        G::ContactOfSite => ("键名说明这是店铺、车站等自身的联系方式", "the keys around it name something that is reached there, such as a shop"),
        G::Nearby => ("{name} 里有附近的 {count} 个设备", "{count} devices near by, in {name}"),
        G::SeveralThings => (
            "同一列表里有多个不同的值，是多个物品的，不是本设备的",
            "several different ones stand in one list: of several things, not of the device",
        ),
        G::NoPlaceOfProfile => ("不是设备档案里的地点", "it is none of the profile's places"),
        G::LongerName => ("旁边的字可能与它同属一个更长的名称", "what stands beside it may make a longer name of it"),
        G::SystemService => ("只有操作系统使用 {service}", "only the operating system speaks {service}"),
        G::AmongBytes => ("前后是非文本的字节", "between bytes that are no text"),
        G::OfSystem => ("按设备的系统判定是哪种广告标识符", "which advertising id it is, by the device's system"),
        G::DigestOfNeighbour => ("是旁边那个值的 {digest}", "it is the {digest} of a value beside it"),
        G::ExperimentalRecipe => ("经由试验性的解码方法得到", "through an experimental recipe"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(sentence: &str) -> Vec<&str> {
        let mut fields: Vec<&str> =
            sentence.split('{').skip(1).filter_map(|part| part.split_once('}')).map(|(field, _)| field).collect();
        // A name is in the language of its sentence.
        fields.iter_mut().filter(|field| matches!(**field, "zh" | "en")).for_each(|field| *field = "name");
        fields.sort_unstable();
        fields
    }

    #[test]
    fn every_ground_has_the_same_fields_in_both_languages() {
        for code in G::ALL {
            let (zh, en) = sentence(*code);
            assert!(!zh.is_empty() && !en.is_empty(), "{code:?}");
            assert_eq!(fields(zh), fields(en), "{code:?}");
        }
    }

    #[test]
    fn a_reason_reads_as_a_sentence() {
        let of = |code| Ground::new(code).with("zh", "个推").with("en", "Getui").with("origin", "getui.toml:14");
        let reason = Reason::of([
            Ground::new(G::NameOpened).with("host", "api.getui.com"),
            of(G::MatchHost).with("matched", "api.getui.com"),
            Ground::new(G::CertificateAgrees).with("certificate", "*.getui.com"),
        ]);
        assert_eq!(
            Language::En.because(&reason),
            "host api.getui.com matches api.getui.com of Getui (signature getui.toml:14); certificate *.getui.com agrees"
        );
        assert_eq!(
            Language::Zh.because(&reason),
            "主机 api.getui.com 与个推的主机 api.getui.com 相符（特征 getui.toml:14）；证书 *.getui.com 与之一致"
        );
    }

    #[test]
    fn terms_in_a_reason_are_in_its_language() {
        let of =
            |code| Ground::new(code).with("zh", "MobTech").with("matched", "mob.com").with("origin", "mobtech.toml:5");
        let digest = Ground::new(G::ProfileDigest).with("digest", "md5").with("variant", "upper");
        let cloud = Ground::new(G::Infrastructure).with("zh", "阿里云").with("domain", "aliyuncs.com");
        let cloud = cloud.with("kind", "cloud").with("origin", "infrastructure.toml:30");
        for (ground, zh) in [
            (digest, "设备档案里某个值的 MD5（大写）"),
            (of(G::MatchDomain), "在 MobTech 的域名 mob.com 之下（特征 mobtech.toml:5）"),
            (cloud, "在阿里云的公用域名 aliyuncs.com 之下（云服务，特征 infrastructure.toml:30）"),
        ] {
            assert_eq!(Language::Zh.because(&ground.into()), zh);
        }
    }

    #[test]
    fn braces_in_a_value_are_no_field() {
        let reason = Ground::new(G::UnderKey).with("key", "{key}{key}").into();
        assert_eq!(Language::En.because(&reason), "under the key {key}{key}");
    }
}
