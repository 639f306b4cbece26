#!/usr/bin/env python3
"""Makes tests/recipes/cases.har and cases.json: for each recipe in signatures/recipes/ one
request as its SDK packs it, and what must be found in it. Also one of an SDK that does not
exist and whose recipe stands in tests/recipes/signatures/ (the folder a user would write).

Nothing here asks wirewitness: payloads are packed with Python's own modules and with the
command openssl; Protocol Buffers, Snappy and RC4 are written out below from their
specifications. All values are made up.

    python3 tests/recipes/make.py
"""
import base64
import gzip
import hashlib
import json
import os
import pathlib
import random
import subprocess
import urllib.parse
import zlib

HERE = pathlib.Path(__file__).parent
UUID, IMEI, ANDROID, MAC = "3a5f2c1e-7b48-4d09-9e6a-1c2d3e4f5a6b", "352099001761481", "9f3c21ab47de5608", "3C:5A:B4:D1:E2:0F"
OAID, IMSI, ICCID = "7d41c09be8f2a65310c4d7e9ab5f8266", "460001234567890", "89860012345678901234"
IDFA = "C1A5B2D4-0E9F-4A87-B6C5-D4E3F2A1B0C9"
FORM, JSON, BYTES = "application/x-www-form-urlencoded", "application/json", "application/octet-stream"
noise = random.Random(1).randbytes


def openssl(cipher, key, data, iv=None):
    command = ["openssl", "enc", f"-{cipher}", "-K", key.hex()] + (["-iv", iv.hex()] if iv else [])
    return subprocess.run(command, input=data, stdout=subprocess.PIPE, check=True).stdout


def varint(number):
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def field(number, data):
    """A length-delimited field (protobuf.dev, Encoding)."""
    data = data.encode() if isinstance(data, str) else data
    return varint(number << 3 | 2) + varint(len(data)) + data


def snappy(data):
    """Literals only (google/snappy, format_description.txt)."""
    out = varint(len(data))
    for at in range(0, len(data), 60):
        piece = data[at : at + 60]
        out += bytes([(len(piece) - 1) << 2]) + piece
    return out


def rc4(key, data):
    box, j, out = list(range(256)), 0, bytearray()
    for i in range(256):
        j = (j + box[i] + key[i % len(key)]) % 256
        box[i], box[j] = box[j], box[i]
    i = j = 0
    for byte in data:
        i = (i + 1) % 256
        j = (j + box[i]) % 256
        box[i], box[j] = box[j], box[i]
        out.append(byte ^ box[(box[i] + box[j]) % 256])
    return bytes(out)


def js(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def b64(data):
    return base64.b64encode(data).decode()


def md5(text):
    return hashlib.md5(text.encode()).hexdigest()


cases = []


def case(recipe, url, body=None, media=JSON, types=(), headers=None, sealed=None):
    """One request; `types` are found in it, or `sealed` is seen to be closed."""
    if isinstance(body, dict) and media == FORM:
        body = urllib.parse.urlencode(body).encode()
    elif isinstance(body, (dict, list)):
        body = js(body)
    cases.append({"recipe": recipe, "url": url, "body": body, "media": media, "types": sorted(types), "headers": headers or {}, "sealed": sealed})


def closed(recipe, url, body=None, media=BYTES):
    case(recipe, url, noise(160) if body is None else body, media, sealed=recipe)


# --- payloads that open ---
mob = {"adsid": UUID, "imei": IMEI, "serialno": "WW4400218837", "androidid": ANDROID, "mac": MAC, "plat": 1}
case("mobtech-dinfo", "http://devs.data.mob.com/dinfo", {"m": b64(openssl("aes-128-ecb", b"sdk.commonap.sdk", js(mob)))}, FORM, ["gaid", "imei", "serial", "android_id", "mac"])
sensors = [{"distinct_id": "x", "identities": {"$identity_android_id": ANDROID}, "properties": {"$channel_device_info": f"android_id={ANDROID}##imei={IMEI}##oaid={OAID}"}}]
case("sensors-data-list", "https://collect.example.com/sa?project=p", {"crc": "1", "gzip": "1", "data_list": b64(gzip.compress(js(sensors), mtime=0))}, FORM, ["android_id", "imei", "oaid"])
case("sensors-data", "https://collect.example.com/sa.gif", {"data": b64(gzip.compress(js(sensors[0]), mtime=0))}, FORM, ["android_id", "imei", "oaid"])
event = field(1, UUID) + field(46, IMEI) + field(47, ANDROID) + field(48, OAID) + field(49, UUID[::-1].replace("-", "")[:8] + UUID[8:])
stm = 1767225600173
case("growingio-xor", f"https://collect.example.com/v3/projects/a1b2/collect?stm={stm}", bytes(b ^ stm & 0xFF for b in snappy(field(1, event) + field(1, event))), BYTES, ["imei", "android_id", "oaid", "gaid", "sdk_id"], {"X-Compress-Codec": "2", "X-Crypt-Codec": "1"})
case("growingio-plain", "https://gather.example.com/v3/projects/a1b2/collect?stm=1", snappy(field(1, event)), BYTES, ["imei", "android_id", "oaid", "gaid", "sdk_id"], {"X-Compress-Codec": "2"})
case("miaozhen", f"https://e.cn.miaozhen.com/x/k=1&p=2&m2={md5(IMEI)}&m1={ANDROID}&m11={OAID}&m6=__MAC1__&mo=0", types=["imei", "android_id", "oaid"])
case("admaster", f"https://v.admaster.com.cn/c/a100,b200,0a0,0c{md5(IMEI)},n{MAC.replace(':', '')},z{IDFA},0d{ANDROID},t1767225600", types=["imei", "mac", "idfa", "android_id"])
case("gridsum", f"https://i.gridsumdissector.com/v/?gscmd=impress&if={IDFA}&im={IMEI}&aid={ANDROID}&oa={OAID}&m={MAC}", types=["idfa", "imei", "android_id", "oaid", "mac"])
case("gdt-ext", "https://mi.gdt.qq.com/gdt_mview.fcg?posid=1&ext=" + urllib.parse.quote(js({"req": {"m5": IDFA, "c_device": "WW-Test-9000", "c_mf": "wirewitness"}})), types=["idfa", "device_model"])
case("gdt-apple-ext", "https://mi.gdt.qq.com/gdt_mview.fcg?posid=2&ext=" + urllib.parse.quote(js({"req": {"muid": md5("5E1F0A77-" + IDFA[9:]), "muidtype": 2}})), types=["idfa"])
case("cmic-json", "https://config.cmpassport.com/client/uniConfig", {"ver": "1.0", "appid": "300011", "imsi": IMSI, "mobilebrand": "wirewitness", "mobilemodel": "WW-Test-9000", "ipv4_list": "10.0.0.5"}, types=["imsi", "device_model", "ip"])
case("umeng-header", "https://ulogs.umeng.com/unify_logs", {"header": {"mc": MAC, "device_model": "WW-Test-9000", "os_version": "14", "mccmnc": "46000"}}, types=["mac", "device_model", "carrier"])
case("applog-plain", "https://log.snssdk.com/service/2/app_log/", {"magic_tag": "ss_app_log", "header": {"openudid": ANDROID, "mc": MAC, "build_serial": "WW4400218837", "google_aid": UUID, "sim_serial_number": [ICCID], "device_id": "7301122334455667788"}}, types=["android_id", "mac", "serial", "gaid", "iccid", "sdk_id"])
case("mipush-register", "https://cn.register.xmpush.xiaomi.com/pass/v2/register", {"brand": "wirewitness", "model": "WW-Test-9000", "imei_md5": md5(IMEI)}, FORM, ["device_model", "imei"])
case("alipay-mobilegw", "https://mobilegw.alipay.com/mgw.htm", {"requestData": [{"apdid": "k3J5h2Qx9f7wLmZ0aPdwYq3mT0xW9bLr5KcV2nZs7A", "dataMap": {"AA1": "com.example.tea"}}]}, types=["sdk_id"], headers={"Operation-Type": "alipay.mobile.example"})
case("amap-m5", "https://m5.amap.com/ws/valueadded/x", {"diu": IMEI, "tid": "YdZpXdyhnIjn4nLNMUkqWcZZ", "oaid": OAID, "aid": ANDROID}, FORM, ["imei", "sdk_id", "oaid", "android_id"])
case("jiguang-report-plain", "https://stats.jpush.cn/v3/report", gzip.compress(js({"platform": "a", "uid": 44002188371, "content": [{"type": "active_launch"}]}), mtime=0), BYTES, ["sdk_id"])
case("adjust", "https://app.adjust.com/session", {"gps_adid": UUID, "android_id": ANDROID, "os_version": "14"}, FORM, ["gaid", "android_id"])
case("branch", "https://api2.branch.io/v1/open", {"google_advertising_id": UUID, "hardware_id": ANDROID, "local_ip": "10.0.0.5"}, types=["gaid", "android_id", "ip"])
case("onesignal", "https://api.onesignal.com/players", {"ad_id": UUID, "external_user_id": "u-4400218837"}, types=["gaid", "account"])
case("singular", f"https://sdk-api-v1.singular.net/api/v1/start?aifa={UUID}&custom_user_id=u-4400218837", types=["gaid", "account"])
case("google-ads", f"https://googleads.g.doubleclick.net/mads/gma?rdid={UUID}", types=["gaid"])
bundle = field(1, field(14, "com.example.tea") + field(19, UUID) + field(27, "b7f3c2a19d8e44059c8d7e6f5a4b3c2d"))
case("firebase-analytics", "https://app-measurement.com/a", bundle, "application/x-protobuf", ["gaid", "sdk_id"])
case("facebook-activities", "https://graph.facebook.com/v16.0/1234567890/activities", {"advertiser_id": UUID, "anon_id": "XZ44002188-37ab-4c1d-9e2f-1a0b9c8d7e6f", "app_user_id": "u-4400218837"}, types=["gaid", "sdk_id", "account"])
case("facebook-audience", "https://graph.facebook.com/network_ads_common", {"IDFA": UUID, "CARRIER": "46000"}, FORM, ["gaid", "carrier"])
case("unity-ads", "https://auction.unityads.unity3d.com/v6/games/1/requests", {"advertisingTrackingId": UUID}, types=["gaid"])
case("unity-ads-query", f"https://publisher-config.unityads.unity3d.com/games/1/configuration?advertisingTrackingId={UUID}", types=["gaid"])
case("vungle", "https://api.vungle.com/api/v5/ads", {"device": {"ifa": UUID, "carrier": "46000"}}, types=["gaid", "carrier"])
case("ironsource-logs", "https://logs.ironsrc.mobi/logs", b64(js({"data": {"deviceid": UUID}})).encode(), "text/plain", ["gaid"])
case("chartboost", "https://live.chartboost.com/api/install", {"identity": {"gaid": UUID}, "carrier": "46000"}, types=["gaid", "carrier"])
case("adcolony", "https://adc3-launch.adcolony.com/v4/launch", {"advertiser_id": UUID, "mac_address": MAC}, types=["gaid", "mac"])
case("appmetrica", f"https://startup.mobile.yandex.net/analytics/startup?adv_id={UUID}&deviceid=b7f3c2a19d8e44059c8d7e6f5a4b3c2d", types=["gaid", "sdk_id"])
case("bugsnag", "https://notify.bugsnag.com/", {"device": {"id": "b7f3c2a19d8e44059c8d7e6f5a4b3c2d"}}, types=["sdk_id"])
case("mopub", f"https://ads.mopub.com/m/open?consent_ifa={UUID}&cn=46000", types=["gaid", "carrier"])
case("appsflyer", "https://t.appsflyer.com/api/v4/androidevent?app_id=x", {"advertiserId": UUID, "androidId": ANDROID, "imei": IMEI, "oaid": OAID}, types=["gaid", "android_id", "imei", "oaid"])
case("fcm-register", "https://fcmtoken.googleapis.com/register", {"device": "4400218837112233445", "app": "com.example.tea"}, FORM, ["sdk_id"])

TOKEN = "k3J5h2Qx9f7wLmZ0aPdwYq3mT0xW9bLr5KcV2nZs7A"
GROUP = ["org.kettle.one", "com.steep.two", "net.leaf.three", "io.saucer.four", "cn.teapot.five", "tv.biscuit.six"]
case("alipay-fingerprint", "https://mobilegw.alipay.com/mgw.htm", {"requestData": [{"apdidToken": TOKEN[::-1], "dataMap": {"AA1": "com.example.tea"}}]}, types=["sdk_id"], headers={"Operation-Type": "alipay.security.deviceFingerPrint.dynamicData.report"})
case("alipay-applist", "https://mobilegw.alipay.com/mgw.htm", {"requestData": [{"c": GROUP}]}, types=["installed_apps"], headers={"Operation-Type": "alipay.security.appListCmd.report"})
case("alipay-dispatch", "http://amdc.alipay.com/query", {"deviceId": "XdZpXdyhnIjn4nLNMUkqWcQQ", "carrier": "46001"}, FORM, ["sdk_id", "carrier"])
case("amap-places", "https://restsdk.amap.com/v3/geocode/regeo?key=x&location=121.473701,31.230416", types=["location"])
case("mobtech-dsign", "http://devs.data.mob.com/dsign", {"product": "SHARESDK", "duid": "b7f3c2a19d8e44059c8d7e6f5a4b3c2d12345678", "network": "wifi"}, FORM, ["sdk_id"])
case("umeng-sdk-header", "https://ulogs.umeng.com/x", headers={"X-Umeng-Sdk": "a/9.4.7%201.0/Android/tea/WW-Test-9100/14%20AB12"}, types=["device_model"])
case("umeng-dispatch", "http://amdcopen.m.taobao.com/amdc/mobileDispatch?appkey=umeng:x&deviceId=ZdZpXdyhnIjn4nLNMUkqWcRR", types=["sdk_id"])
case("umeng-exchange", f"http://ex.puata.umeng.com/req?device_id={IMEI}&mc={MAC}&idmd5={md5(IMEI)}", types=["imei", "mac"])
case("baidu-mobstat", "https://hmma.baidu.com/app.gif", gzip.compress(js({"he": {"sv": 1}, "input": {"install": GROUP}}), mtime=0), BYTES, ["installed_apps"], {"Content-Encoding": "gzip"})
case("thinkingdata-sync", "https://receiver.ta.thinkingdata.cn/sync", b64(gzip.compress(js({"data": [{"#device_id": "b7f3c2a19d8e44059c8d7e6f5a4b3c2e", "#account_id": "u-4400218838"}]}), mtime=0)).encode(), "text/plain", ["sdk_id", "account"])
case("zhuge-event", "https://u.zhugeapi.com/apipool", {"event": b64(zlib.compress(js({"pr": {"imei": IMEI}})))}, FORM, ["imei"])
case("reyun-receive", "https://log.trackingio.com/receive/tkio/startup", {"appid": "x", "who": "y", "context": {"imei": IMEI, "androidid": ANDROID, "idfa": IDFA, "oaid": OAID}}, types=["imei", "android_id", "idfa", "oaid"])
case("segment", "https://api.segment.io/v1/batch", {"batch": [{"context": {"device": {"id": "b7f3c2a19d8e44059c8d7e6f5a4b3c2f", "advertisingId": UUID}}, "userId": "u-4400218839"}]}, types=["gaid", "sdk_id", "account"])
case("amplitude", "https://api2.amplitude.com/2/httpapi", {"events": [{"device_id": "b7f3c2a1-9d8e-4405-9c8d-7e6f5a4b3c2d", "adid": UUID}]}, types=["gaid", "sdk_id"])
case("mixpanel", "https://api.mixpanel.com/track", {"data": b64(js({"properties": {"$device_id": "c7f3c2a1-9d8e-4405-9c8d-7e6f5a4b3c2d"}}))}, FORM, ["sdk_id"])
case("posthog", "https://app.posthog.com/batch/", {"batch": [{"distinct_id": "d7f3c2a1-9d8e-4405-9c8d-7e6f5a4b3c2d"}]}, types=["sdk_id"])
case("countly", "https://tea.count.ly/i?app_key=x&device_id=e7f3c2a1-9d8e-4405-9c8d-7e6f5a4b3c2d", types=["sdk_id"])
case("sentry-envelope", "https://o1.ingest.sentry.io/api/4400/envelope/", b'{"event_id":"x"}\n{"type":"event"}\n' + js({"contexts": {"device": {"model": "WW-Test-9200"}}, "user": {"id": "u-4400218840"}}), "application/x-sentry-envelope", ["device_model", "account"], {"X-Sentry-Auth": "Sentry sentry_version=7, sentry_key=x"})
case("mintegral-analytics", "https://analytics.rayjump.com/", {"data": urllib.parse.urlencode({"gaid": UUID, "model": "WW-Test-9300"})}, FORM, ["gaid", "device_model"])
case("mintegral-setting", f"https://configure.rayjump.com/setting?gaid={UUID}&model=WW-Test-9400", types=["gaid", "device_model"])
case("firebase-logging", "https://firebaselogging-pa.googleapis.com/v1/firelog/legacy/batchlog", {"logRequest": [{"clientInfo": {"androidClientInfo": {"mccMnc": "46000"}}}]}, types=["carrier"])
case("fcm-checkin", "https://device-provisioning.googleapis.com/checkin", field(4, field(1, "abc")) + field(6, "zh_CN"), "application/x-protobuf", [])

# --- payloads that stay closed ---
closed("alipay-fingerprint-sealed", "https://mobilegw.alipay.com/mgw.htm")
cases[-1]["headers"] = {"Operation-Type": "alipay.security.deviceFingerPrint.staticData.report.v2"}
for recipe, url in [
    ("alipay-logs", "https://loggw-exsdk.alipay.com/loggw/logUpload.do"),
    ("amap-aaid", "https://restapi.amap.com/rest/aaid/get"),
    ("amap-logs", "https://logs.amap.com/x"),
    ("getui-gtc", "https://c-gtc.getui.net/x"),
    ("getui-link", "https://sdk.open.talk.getui.net/"),
    ("jiguang-link", "https://s.jpush.cn/"),
    ("mobtech-verify", "https://api.verify.mob.com/x"),
    ("cmic-wrapped", "https://log.cmpassport.com/x"),
    ("unicom-auth", "https://auth.wosms.cn/x"),
    ("gdt-sealed", "https://v2.gdt.qq.com/x"),
    ("hms-push", "https://token-drcn.push.dbankcloud.com/x"),
    ("geetest-onelogin", "https://onepass.geetest.com/clientreport_onelogin"),
    ("yidun-device", "https://ac.dun.163yun.com/v3/d"),
    ("shuzilm-report", "https://daa.shuzilm.cn/report"),
    ("reyun-socket", "https://slog.trackingio.com/"),
    ("talkingdata-collect", "https://tdsdk.xdrig.com/x"),
    ("aliyun-man", "https://adash.man.aliyuncs.com/man/api?ak=x&s=y"),
    ("flurry", "https://data.flurry.com/v1/flr.do"),
]:
    closed(recipe, url)
closed("telecom-preauth", "https://id6.me/auth/preauth.do", {"paramStr": noise(128).hex()}, FORM)
closed("sensors-envelope", "https://tea.example.com/sa", {"pkv": 1, "ekey": b64(noise(128)), "payloads": b64(noise(128))}, JSON)
closed("baidu-mobstat-mc", "https://hmma.baidu.com/auto.gif", {"he": {"mc": b64(noise(32))}}, JSON)
closed("baidu-mobstat-cuid", "https://hmma.baidu.com/auto.gif", {"he": {"cuid": b64(noise(48))}}, JSON)
closed("alipay-mcgw", "https://mcgw.alipay.com/sdklog.do")
cases.append({"recipe": "amap-x-info", "url": "https://restsdk.amap.com/v3/iasdkauth", "body": b"", "media": BYTES, "types": [], "headers": {"X-INFO": b64(noise(160))}, "sealed": "amap-x-info"})
closed("amap-adius", "https://adiu.amap.com/ws/device/adius", {"key": b64(noise(128)), "data": b64(noise(128))}, FORM)
closed("amap-locate", "https://apilocate.amap.com/mobile/binary")
closed("baidu-location", "https://loc.map.baidu.com/sdk.php", {"bloc": b64(noise(128))}, FORM)
closed("applog-ttencrypt", "https://log.snssdk.com/service/2/app_log/?tt_data=a")
closed("pangle-ads", "https://api-access.pangolin-sdk-toutiao.com/api/ad/union/sdk/get_ads/", {"message": b64(noise(128)), "cypher": 3}, JSON)
closed("getui-api", "https://sdk-open-phone.getui.com/api.php")
closed("hms-hianalytics", "https://metrics1.data.hicloud.com/x")
closed("jiguang-report", "https://stats.jpush.cn/v3/report")
closed("kuaishou-ads", "https://open.e.kuaishou.com/rest/e/v3/open/univ")
closed("mobtech-cdata", "https://c.data.mob.com/v2/cdata", {"appkey": "x", "m": b64(noise(128))}, FORM)
closed("shumei-deviceprofile", "https://fp-it.fengkongcloud.com/deviceprofile/v4")
closed("shumei-deviceprofile-json", "https://fp-it.fengkongcloud.com/deviceprofile/v4", {"organization": "x", "data": b64(noise(128))}, JSON)
closed("dingxiang-constid", "https://constid.dingxiang-inc.com/udid/c1", {"Param": b64(noise(128))}, FORM)
closed("tongdun-profile", "https://fp.tongdun.net/x")
closed("sensors-encrypted", "https://tea.datasink.sensorsdata.cn/sa", {"gzip": "9", "data_list": b64(noise(128))}, FORM)
closed("bugly-rqd", "https://android.bugly.qq.com/rqd/async")
closed("beacon-upload", "https://otheve.beacon.qq.com/analytics/v2_upload")
closed("qimei", "https://snowflake.qq.com/ola/android", {"key": b64(noise(128)), "params": b64(noise(128)), "sign": "x"}, JSON)
closed("mta-report", "http://pingma.qq.com/mstat/report")
closed("tencent-map-locate", "https://nlp.map.qq.com/?sf")
closed("umeng-envelope", "https://ulogs.umeng.com/unify_logs")
closed("mipush-encrypted", "https://cn.register.xmpush.xiaomi.com/pass/v2/register/encrypt")
closed("appsflyer-sealed", "https://t.appsflyer.com/api/v4/androidevent?app_id=y")

# --- the SDK that does not exist: base64 ▸ AES-256-CBC ▸ RC4 ▸ mask ▸ gzip ▸ JSON ▸ packed ---
packed = f"1|{IMEI}~2|{OAID}"
made_up = gzip.compress(js({"v": 1, "pay": {"load": packed}}), mtime=0)
made_up = rc4(b"kettle", bytes(b ^ m for b, m in zip(made_up, b"\x5a\xa5\x0f" * len(made_up))))
made_up = openssl("aes-256-cbc", bytes(range(32)), made_up, b"0123456789abcdef")
case("user:kettle", "https://up.kettle.example/k/push", {"z": b64(made_up)}, FORM, ["imei", "oaid"])
called = gzip.compress(js({"m": MAC}), mtime=0)
called = b"WW\x01\x00" + field(1, "kettle") + field(3, field(1, called) + field(2, "x"))
case("user:kettle-calls", "https://up.kettle.example/k/call?v=3", called, BYTES, ["mac"], {"X-Kettle-Call": "device.report"})
case("user:kettle-other", "https://up.kettle.example/k/call?v=5", called, BYTES, [], {"X-Kettle-Call": "device.report"})

entries = []
for number, it in enumerate(cases):
    body, text = it["body"], {}
    method = "GET" if body is None else "POST"
    headers = [{"name": "Content-Type", "value": it["media"]}] if body is not None else []
    headers += [{"name": name, "value": value} for name, value in it["headers"].items()]
    request = {"method": method, "url": it["url"], "httpVersion": "HTTP/1.1", "headers": headers, "cookies": [], "queryString": [], "headersSize": -1, "bodySize": len(body or b"")}
    if body is not None:
        try:
            request["postData"] = {"mimeType": it["media"], "text": body.decode("ascii")}
        except UnicodeDecodeError:
            request["postData"] = {"mimeType": it["media"], "text": b64(body), "encoding": "base64"}
    response = {"status": 200, "statusText": "", "httpVersion": "HTTP/1.1", "headers": [], "cookies": [], "content": {"size": 0, "mimeType": ""}, "redirectURL": "", "headersSize": -1, "bodySize": 0}
    entries.append({"startedDateTime": f"2026-03-01T08:{number // 60:02}:{number % 60:02}.000Z", "time": 1, "request": request, "response": response, "cache": {}, "timings": {"send": 0, "wait": 1, "receive": 0}})
har = {"log": {"version": "1.2", "creator": {"name": "tests/recipes/make.py", "version": "1"}, "entries": entries}}
(HERE / "cases.har").write_text(json.dumps(har, indent=1) + "\n")
expected = [{key: it[key] for key in ("recipe", "types", "sealed")} for it in cases]
(HERE / "cases.json").write_text(json.dumps(expected, indent=1) + "\n")
