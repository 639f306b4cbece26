//! Several documents given as one policy: what any of them says, the policy says, and a
//! difference between its language versions is a remark.

use wirewitness::policy::{Policy, read_documents};
use wirewitness::signatures::Signatures;

const APP: &str = "青禾记账隐私政策\n\n一、我们收集的信息\n在您使用记账功能时，我们会收集您的 OAID、手机号。\n\
    我们使用 HTTPS 加密传输您的个人信息。您的个人信息存储于中华人民共和国境内。\n";
const SDKS: &str = "# 第三方SDK目录\n\n| SDK名称 | 公司 | 收集的个人信息 | 目的 |\n|---|---|---|---|\n\
    | 个推 | 每日互动股份有限公司 | IMEI、OAID | 消息推送 |\n| 高德地图 | 高德软件有限公司 | 位置信息 | 定位 |\n";
const CHILDREN: &str =
    "儿童个人信息保护规则\n\n一、我们收集的儿童个人信息\n我们会收集儿童的 Android ID。\n我们不会收集 IMEI。\n";
const SDKS_EN: &str = "# List of third-party SDKs\n\n| SDK | Company | Data collected | Purpose |\n|---|---|---|---|\n\
    | Getui | Merit Interactive Co., Ltd. | IMEI, OAID | Push notifications |\n\
    | Umeng | Umeng Tongxin (Beijing) Technology Co., Ltd. | Android ID | Statistics |\n\n\
    The third parties listed in this table receive the data that the table names, for the purposes given there.\n";

fn read(documents: &[(&str, &str)]) -> Policy {
    let documents: Vec<(String, Vec<u8>)> =
        documents.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec())).collect();
    read_documents(&documents, &Signatures::embedded().unwrap()).expect("the documents can be read")
}

fn products(policy: &Policy) -> Vec<(&str, u32)> {
    let rows = policy.third_parties.iter().map(|p| (p.resolved.first(), p.spans.first()));
    rows.map(|(resolved, span)| (resolved.map_or("?", |r| r.product.as_str()), span.map_or(99, |s| s.source))).collect()
}

#[test]
fn an_app_policy_a_list_of_sdks_and_a_policy_for_children_are_one() {
    let policy = read(&[("app.txt", APP), ("sdks.md", SDKS), ("children.txt", CHILDREN)]);
    let sources: Vec<&str> = policy.sources.iter().map(|s| s.name.as_str()).collect();
    assert_eq!(sources, ["app.txt", "sdks.md", "children.txt"]);
    assert_eq!(products(&policy), [("getui", 1), ("amap", 1)]);
    for data in ["oaid", "phone", "android_id"] {
        assert!(policy.first_party_data.iter().any(|id| id == data), "{data}: {:?}", policy.first_party_data);
    }
    assert_eq!(policy.first_party_denied, ["imei"]);
    assert_eq!(policy.claims.storage_country.as_deref(), Some("CN"));
    assert_eq!(policy.claims.transport_encryption, Some(true));
    assert!(policy.remarks.iter().all(|r| r.code != "no-third-parties" && r.code != "versions-differ"));
}

#[test]
fn language_versions_are_a_union_and_their_difference_a_remark() {
    let policy = read(&[("sdks.md", SDKS), ("sdks-en.md", SDKS_EN)]);
    assert_eq!(products(&policy), [("getui", 0), ("amap", 0), ("getui", 1), ("umeng", 1)]);
    let remark = policy.remarks.iter().find(|r| r.code == "versions-differ").expect("a remark");
    assert!(remark.message.contains("only the Chinese text: amap"), "{}", remark.message);
    assert!(remark.message.contains("only the other text: umeng"), "{}", remark.message);
    let places: Vec<u32> = remark.spans.iter().map(|span| span.source).collect();
    assert_eq!(places, [0, 1]);
    // The same list twice is no difference.
    let same = read(&[("sdks.md", SDKS), ("again.md", SDKS)]);
    assert!(same.remarks.iter().all(|r| r.code != "versions-differ"));
}

#[test]
fn a_corrected_policy_is_one_of_several() {
    let signatures = Signatures::embedded().unwrap();
    let list = read(&[("sdks.md", SDKS)]);
    let json = serde_json::to_string(&list).unwrap();
    let documents = [("corrected.json", json.as_str()), ("app.txt", APP)];
    let policy = read(&documents);
    let sources: Vec<&str> = policy.sources.iter().map(|s| s.name.as_str()).collect();
    assert_eq!(sources, ["app.txt", "sdks.md"], "what was corrected comes behind the others");
    assert_eq!(products(&policy), [("getui", 1), ("amap", 1)]);
    assert_eq!(policy.third_party_count, 2);
    assert!(policy.first_party_data.iter().any(|id| id == "oaid"));
    assert!(policy.remarks.iter().all(|r| r.code != "no-third-parties"), "{:?}", policy.remarks);
    let broken = [
        ("corrected.json".to_owned(), json.replace("wirewitness-policy/1", "other/9").into_bytes()),
        ("app.txt".to_owned(), APP.as_bytes().to_vec()),
    ];
    assert!(read_documents(&broken, &signatures).is_err(), "one that is wrong is not read as text");
}
