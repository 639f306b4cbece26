#!/usr/bin/env python3
"""One policy in every format, under tests/policies/formats: tests/make-format-policies.py

Writes sample.html, .md, .txt (GBK), .docx and what a reader finds in all of them
(sample.expected.json), then has Chromium print the HTML (sample.chromium.pdf) and save
it as a page with its parts (sample.mhtml), and LibreOffice turn the DOCX into a PDF
(sample.libreoffice.pdf). nested.pdf is a page whose content was compressed three times
and unpacks to two gigabytes.

Needs python-docx and websockets; chromium and soffice (Debian: chromium,
libreoffice-writer, fonts-noto-cjk) for the PDFs. The makers are fictional. The expectation is what the
document is made from: each row says its ids beside its words.
"""
import functools
import html
import http.server
import json
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
import zlib
from pathlib import Path

import docx
from docx.enum.section import WD_ORIENT, WD_SECTION
from docx.oxml import OxmlElement
from docx.oxml.ns import qn

HERE = Path(__file__).resolve().parent / "policies" / "formats"

# Ruled, over two pages and more, one company beside two products, cells that wrap.
RULED = {
    "style": "ruled",
    "heads": ["SDK名称", "公司名称", "使用目的", "收集的个人信息", "隐私政策链接"],
    "columns": ["product", "company", "purpose", "data", "link"],
    "rows": [
        ["青禾推送SDK", "北京青禾网络科技有限公司", "向您推送订单状态变化、售后进度和活动提醒等消息，并统计消息的到达率与点击率，以便改进推送策略",
         ("设备型号、操作系统版本、OAID、Android ID、MAC地址", "device_model os_version oaid android_id mac"),
         ("查看", "https://qinghe.example.com/privacy")],
        ["青禾一键登录SDK", "北京青禾网络科技有限公司", "帮助您用本机号码一键登录", ("手机号、IP地址", "phone ip"),
         ("查看", "https://qinghe.example.com/login/privacy")],
        ["云杉统计SDK", "上海云杉信息技术有限公司", "统计页面的访问次数与停留时长，分析崩溃发生的原因，改进产品的稳定性与体验，我们不会用这些信息识别您的身份",
         ("IMEI、IMSI、AndroidID", "imei imsi android_id"), ("查看", "https://yunshan.example.com/privacy")],
        ["白桦地图SDK", "深圳市白桦数据有限公司", "展示附近门店、规划配送路线", ("经纬度、BSSID、基站信息", "location bssid cell_id"),
         ("查看", "https://baihua.example.com/map/privacy?lang=zh-CN&from=app")],
        ["红松支付SDK", "杭州红松支付有限公司", "完成订单的支付、退款与对账，并按照反洗钱的要求核对付款人的身份，识别异常的付款设备，保障您的资金安全",
         ("订单信息、IMEI、IP地址", "order imei ip"), ("查看", "https://hongsong.example.com/privacy")],
        ["银杏客服SDK", "成都银杏软件有限公司", "提供在线客服，传送您主动选择的图片", ("相册、麦克风", "photos microphone"), ("查看", "https://yinxing.example.com/p")],
        ["水杉广告SDK", "广州水杉广告有限公司", "展示与您兴趣相关的广告，衡量广告的投放效果，防止虚假点击，并向广告主提供汇总后的、不能识别个人的统计报告",
         ("OAID、IMEI、MAC地址、IP地址", "oaid imei mac ip"), ("查看", "https://shuishan.example.com/ads/privacy")],
        ["胡杨分享SDK", "乌鲁木齐胡杨科技有限公司", "把商品分享给您的好友", ("剪贴板", "clipboard"), ("查看", "https://huyang.example.com/share")],
        ["雪松安全SDK", "南京雪松安全技术有限公司", "识别模拟器、代理与被篡改的客户端，防止账号被盗用与恶意注册，保障交易安全；在您登录、下单与支付时各检测一次",
         ("已安装应用列表、设备序列号、传感器信息", "installed_apps serial sensors"), ("查看", "https://xuesong.example.com/privacy")],
        ["梧桐语音SDK", "合肥梧桐智能有限公司", "把您的语音转换为文字", ("麦克风", "microphone"), ("查看", "https://wutong.example.com/voice")],
        ["香樟热修复SDK", "长沙香樟软件有限公司", "在不重新安装的情况下修复客户端的缺陷，减少您的下载流量；只在启动时检查一次是否有新的修复包，不在后台运行",
         ("设备型号、操作系统版本", "device_model os_version"), ("查看", "https://xiangzhang.example.com/fix/privacy")],
        ["紫檀短信SDK", "福州紫檀通信有限公司", "发送验证码", ("手机号", "phone"), ("查看", "https://zitan.example.com/sms")],
    ],
    "joined": [(1, 0, 1)],  # column, first row, last row
}
# No lines: every second row has a background.
ZEBRA = {
    "style": "zebra",
    "heads": ["SDK名称", "所属公司", "收集信息", "使用目的"],
    "columns": ["product", "company", "data", "purpose"],
    "rows": [
        ["苍梧图片SDK", "梧州苍梧网络有限公司", ("读写外部存储", "storage"), "缓存商品图片，减少重复下载"],
        ["翠竹扫码SDK", "湖州翠竹科技有限公司", ("相机", "camera"), "扫描商品条码"],
        ["丹枫日志SDK", "苏州丹枫软件有限公司", ("设备型号、IP地址、崩溃日志", "device_model ip logs"), "上报客户端的错误日志，帮助开发人员定位问题发生的页面与操作步骤"],
        ["黄杨渲染SDK", "宁波黄杨软件有限公司", ("无", ""), "渲染动画"],
        ["蓝桉播放SDK", "昆明蓝桉传媒有限公司", ("OAID、IP地址", "oaid ip"), "播放商品视频"],
    ],
    "joined": [],
}
# Landscape, seven columns.
WIDE = {
    "style": "ruled",
    "wide": True,
    "heads": ["合作方名称", "SDK名称", "使用场景", "使用目的", "收集的个人信息", "处理方式", "隐私政策"],
    "columns": ["company", "product", "scenario", "purpose", "data", "method", "link"],
    "rows": [
        ["武汉楠木物流有限公司", "楠木物流SDK", "您查询物流时", "展示包裹的位置与预计送达时间", ("手机号、收货地址、订单信息", "phone address order"), "去标识化、加密传输",
         ("https://nanmu.example.com/privacy/logistics", "https://nanmu.example.com/privacy/logistics")],
        ["西安皂荚保险有限公司", "皂荚保险SDK", "您购买退货运费险时", "核对投保人身份、承保与理赔", ("姓名、身份证号", "name id_card"), "加密传输",
         ("https://zaojia.example.com/insurance/privacy.html", "https://zaojia.example.com/insurance/privacy.html")],
        ["厦门凤凰木信用有限公司", "凤凰木信用SDK", "您申请先用后付时", "评估信用、防范欺诈", ("手机号、IMEI、通讯录", "phone imei contacts"), "加密传输",
         ("https://fenghuangmu.example.com/credit/privacy", "https://fenghuangmu.example.com/credit/privacy")],
    ],
    "joined": [],
}
BODY = [
    ("h1", "晴川商城隐私政策"),
    ("p", "更新日期：2026年3月1日"),
    ("p", "晴川商城（以下简称“我们”）非常重视您的个人信息与隐私保护。本政策说明我们怎样收集、使用、共享与存储您的个人信息，以及您可以怎样管理这些信息。请您在使用前仔细阅读，并在充分理解后作出选择。"),
    ("h2", "一、我们收集的信息"),
    ("p", "为了向您提供服务，我们会收集以下信息："),
    ("li", "注册与登录：我们会收集您的手机号、昵称。"),
    ("li", "下单与配送：我们会收集您的姓名、收货地址。"),
    ("li", "保障安全：我们会收集您的设备型号、OAID、IP地址。"),
    ("p", "我们不会收集您的通讯录。"),
    ("h2", "二、第三方SDK目录"),
    ("p", "为了实现下列功能，我们接入了由第三方提供的SDK。各SDK收集的信息与目的如下表所示："),
    ("table", RULED),
    ("h2", "三、其他SDK"),
    ("p", "下列SDK只在您使用相应功能时启用："),
    ("table", ZEBRA),
    ("h2", "四、存储与保护"),
    ("p", "我们在中华人民共和国境内收集的个人信息，存储于中华人民共和国境内。我们使用HTTPS对传输的信息加密。"),
    ("h2", "五、合作方"),
    ("table", WIDE),
    ("h2", "六、联系我们"),
    ("p", "您可以在应用的“我的—帮助与反馈”中联系我们，我们将在十五个工作日内答复。"),
]
CLAIMS = {"storage_country": "CN", "transport_encryption": True, "consent_before_collection": None, "cross_border": None}
OWN = "phone account name address device_model oaid ip"
DENIED = "contacts"


def words(cell):
    return cell[0] if isinstance(cell, tuple) else cell


def expected():
    parties = []
    for kind, table in BODY:
        if kind != "table":
            continue
        for row in table["rows"]:
            party = dict.fromkeys(["company", "product", "purpose", "scenario", "method", "link"])
            for column, cell in zip(table["columns"], row):
                party[column] = cell[1].split() if column == "data" else cell[1] if column == "link" else cell
                if column == "link":
                    party["link_shown"] = cell[0] == cell[1]
            parties.append(party)
    return {"third_party_count": len(parties), "third_parties": parties, "first_party_data": OWN.split(),
            "first_party_denied": DENIED.split(), "claims": CLAIMS}


CSS = """
@page { size: A4; margin: 18mm 16mm } @page wide { size: A4 landscape }
body { font: 10.5pt/1.6 "Noto Sans CJK SC", sans-serif } h1 { font-size: 20pt } h2 { font-size: 14pt }
table { border-collapse: collapse; width: 100%; font-size: 9.5pt } th, td { padding: 4pt 6pt; text-align: left }
table.ruled th, table.ruled td { border: 1px solid #888 } table.zebra tr:nth-child(even) { background: #eef }
thead { display: table-header-group } .wide { page: wide }
"""


def as_html():
    out = ["<!doctype html><html lang=zh-CN><head><meta charset=utf-8><title>隐私政策</title><style>", CSS, "</style></head><body>"]
    listed = False
    for kind, content in BODY:
        if (kind == "li") != listed:
            out.append("</ul>" if listed else "<ul>")
            listed = kind == "li"
        if kind != "table":
            out.append(f"<{kind}>{html.escape(content)}</{kind}>")
            continue
        out.append(f"<div class=wide>" if content.get("wide") else "<div>")
        out.append(f"<table class={content['style']}><thead><tr>")
        out += [f"<th>{h}</th>" for h in content["heads"]]
        out.append("</tr></thead><tbody>")
        for number, row in enumerate(content["rows"]):
            out.append("<tr>")
            for column, cell in enumerate(row):
                span = ""
                if any(c == column and first < number <= last for c, first, last in content["joined"]):
                    continue
                for c, first, last in content["joined"]:
                    if c == column and first == number:
                        span = f" rowspan={last - first + 1}"
                text = html.escape(words(cell))
                if content["columns"][column] == "link":
                    text = f'<a href="{html.escape(cell[1])}">{text}</a>'
                out.append(f"<td{span}>{text}</td>")
            out.append("</tr>\n")
        out.append("</tbody></table></div>\n")
    out.append("</body></html>\n")
    return "".join(out)


def as_markdown():
    out = []
    for kind, content in BODY:
        if kind == "table":
            rows = [content["heads"], ["---"] * len(content["heads"])]
            for row in content["rows"]:
                rows.append([f"[{c[0]}]({c[1]})" if k == "link" else words(c) for k, c in zip(content["columns"], row)])
            out.append("\n".join("| " + " | ".join(row) + " |" for row in rows))
        else:
            out.append({"h1": "# ", "h2": "## ", "li": "- ", "p": ""}[kind] + content)
    return "\n\n".join(out) + "\n"


def as_text():
    out = []
    for kind, content in BODY:
        if kind == "table":
            rows = [content["heads"]]
            for row in content["rows"]:
                rows.append([c[1] if k == "link" else words(c) for k, c in zip(content["columns"], row)])
            out.append("\n".join(" | ".join(row) + " |" for row in rows))
        else:
            out.append({"li": "● "}.get(kind, "") + content)
    return "\r\n\r\n".join(text.replace("\n", "\r\n") for text in out) + "\r\n"


def link(paragraph, text, address):
    rel = paragraph.part.relate_to(
        address, "http://schemas.openxmlformats.org/officeDocument/2006/relationships/hyperlink", is_external=True)
    element = OxmlElement("w:hyperlink")
    element.set(qn("r:id"), rel)
    run = OxmlElement("w:r")
    inner = OxmlElement("w:t")
    inner.text = text
    run.append(inner)
    element.append(run)
    paragraph._p.append(element)


def shade(cell):
    properties = cell._tc.get_or_add_tcPr()
    element = OxmlElement("w:shd")
    for name, value in [("val", "clear"), ("color", "auto"), ("fill", "EEEEFF")]:
        element.set(qn("w:" + name), value)
    properties.append(element)


def as_docx(path):
    document = docx.Document()
    for style in ["Normal", "Heading 1", "Title"]:
        fonts = document.styles[style].element.get_or_add_rPr().get_or_add_rFonts()
        for name in ["w:ascii", "w:hAnsi", "w:eastAsia"]:
            fonts.set(qn(name), "Noto Sans CJK SC")
        # Without it LibreOffice does not know where Chinese may be broken.
        language = OxmlElement("w:lang")
        language.set(qn("w:val"), "en-US")
        language.set(qn("w:eastAsia"), "zh-CN")
        properties = document.styles[style].element.get_or_add_rPr()
        for old in properties.findall(qn("w:lang")):
            properties.remove(old)
        properties.append(language)
    defaults = document.styles.element.find(qn("w:docDefaults"))
    for old in defaults.iter(qn("w:lang")):
        old.set(qn("w:eastAsia"), "zh-CN")
    for kind, content in BODY:
        if kind != "table":
            if kind in ("h1", "h2"):
                document.add_heading(content, 0 if kind == "h1" else 1)
            else:
                document.add_paragraph(content, style="List Bullet" if kind == "li" else None)
            continue
        if content.get("wide"):
            section = document.add_section(WD_SECTION.NEW_PAGE)
            section.orientation = WD_ORIENT.LANDSCAPE
            section.page_width, section.page_height = section.page_height, section.page_width
        table = document.add_table(rows=1, cols=len(content["heads"]))
        if content["style"] == "ruled":
            table.style = "Table Grid"
        for cell, head in zip(table.rows[0].cells, content["heads"]):
            cell.text = head
        repeat = OxmlElement("w:tblHeader")
        repeat.set(qn("w:val"), "true")
        table.rows[0]._tr.get_or_add_trPr().append(repeat)
        for number, row in enumerate(content["rows"]):
            cells = table.add_row().cells
            for column, (cell, value) in enumerate(zip(cells, row)):
                if any(c == column and first < number <= last for c, first, last in content["joined"]):
                    continue
                if content["columns"][column] == "link":
                    link(cell.paragraphs[0], value[0], value[1])
                else:
                    cell.text = words(value)
                if content["style"] == "zebra" and number % 2 == 1:
                    shade(cell)
        for column, first, last in content["joined"]:
            table.cell(first + 1, column).merge(table.cell(last + 1, column))
    document.save(path)


def snapshot(work):
    """The page as Chromium saves it, over its debugging protocol."""
    from websockets.sync.client import connect

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=HERE))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    page = f"http://127.0.0.1:{server.server_port}/sample.html"
    browser = subprocess.Popen(["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0",
                                "--remote-allow-origins=*", f"--user-data-dir={work}/saver", page],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        port = Path(work) / "saver" / "DevToolsActivePort"
        for _ in range(200):
            time.sleep(0.1)
            if port.exists() and port.read_text().count("\n"):
                break
        targets = json.load(urllib.request.urlopen(f"http://127.0.0.1:{port.read_text().split()[0]}/json"))
        address = next(t["webSocketDebuggerUrl"] for t in targets if t["type"] == "page")
        time.sleep(2)
        with connect(address, max_size=None) as socket:
            socket.send(json.dumps({"id": 1, "method": "Page.captureSnapshot"}))
            while (answer := json.loads(socket.recv())).get("id") != 1:
                pass
        return answer["result"]["data"].replace(f":{server.server_port}/", "/")
    finally:
        browser.terminate()
        browser.wait()
        server.shutdown()


def nested():
    """Spaces, two gigabytes of them, compressed three times."""
    packer = zlib.compressobj(9)
    content = b"".join(packer.compress(b" " * (1 << 20)) for _ in range(2048)) + packer.flush()
    content = zlib.compress(zlib.compress(content, 9), 9)
    objects = [b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
               b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R>>",
               b"<</Filter[/FlateDecode/FlateDecode/FlateDecode]/Length %d>>stream\n%s\nendstream" % (len(content), content)]
    out, places = b"%PDF-1.7\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return out + b"xref\n0 %d\n0000000000 65535 f \n%strailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (
        len(objects) + 1, table, len(objects) + 1, len(out))


def main():
    HERE.mkdir(parents=True, exist_ok=True)
    (HERE / "sample.expected.json").write_text(json.dumps(expected(), ensure_ascii=False, indent=1) + "\n")
    (HERE / "sample.html").write_text(as_html())
    (HERE / "sample.md").write_text(as_markdown())
    (HERE / "sample.txt").write_bytes(as_text().encode("gbk"))
    as_docx(HERE / "sample.docx")
    (HERE / "nested.pdf").write_bytes(nested())
    if "--no-pdf" in sys.argv:
        return
    with tempfile.TemporaryDirectory() as work:
        subprocess.run(["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={work}/profile",
                        "--no-pdf-header-footer", f"--print-to-pdf={HERE}/sample.chromium.pdf", f"file://{HERE}/sample.html"],
                       check=True, capture_output=True, timeout=240)
        (HERE / "sample.mhtml").write_text(snapshot(work), newline="")
        subprocess.run(["soffice", f"-env:UserInstallation=file://{work}/office", "--headless", "--convert-to", "pdf",
                        "--outdir", work, str(HERE / "sample.docx")], check=True, capture_output=True, timeout=240)
        (HERE / "sample.libreoffice.pdf").write_bytes((Path(work) / "sample.pdf").read_bytes())


main()
