"""Writes tests/data/beside/: a capture of two connections, and beside it what other tools on
and around the phone would have written of the same minute, each in the shape of its writer, and
a damaged one each. xlwt writes XLS as camille does, openpyxl XLSX as a spreadsheet saves it.

    make-beside.py FOLDER
"""

import datetime
import ipaddress
import json
import pathlib
import struct
import sys

import openpyxl
import xlwt

folder = pathlib.Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
APP, UID = "com.example.app", 10123
PHONE, PUSH, OWN = "192.0.2.9", "198.51.100.7", "198.51.100.8"
START = 1772352001250  # 2026-03-01T08:00:01.25Z, in milliseconds
JSON = b'{"imei":"867530900000017"}'


def packed(address):
    return ipaddress.ip_address(address).packed


def packet(source, target, seq, ack, payload, flags=0x18):
    tcp = struct.pack(">HHIIBBHHH", source[1], target[1], seq, ack, 0x50, flags, 0xFFFF, 0, 0) + payload
    return struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(tcp), 1, 0x4000, 64, 6, 0) + packed(source[0]) + packed(target[0]) + tcp


def connection(port, server, host, body):
    request = f"POST /collect HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
    answer = b"HTTP/1.1 204 No Content\r\n\r\n"
    client, server = (PHONE, port), (server, 80)
    return [packet(client, server, 100, 0, b"", 2), packet(server, client, 500, 101, b"", 0x12),
            packet(client, server, 101, 501, request), packet(server, client, 501, 101 + len(request), answer)]


packets = connection(50000, PUSH, "sdk-open-phone.getui.com", JSON) + connection(50001, OWN, "api.example.com", b"{}")
data = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101)
for number, one in enumerate(packets):
    time = START * 1000 + number * 1000
    data += struct.pack("<IIII", time // 1_000_000, time % 1_000_000, len(one), len(one)) + one
(folder / "traffic.pcap").write_bytes(data)

# PCAPdroid's CSV: nothing is quoted.
header = "IPProto,SrcIP,SrcPort,DstIp,DstPort,UID,App,PackageName,Proto,Status,Info,BytesSent,BytesRcvd,PktsSent,PktsRcvd,FirstSeen,LastSeen"
(folder / "connections.csv").write_text(f"""{header}
6,{PHONE},50000,{PUSH},80,{UID},Shop, Food,{APP},HTTP,已关闭,sdk-open-phone.getui.com,300,90,2,2,{START},{START + 400}
6,{PHONE},50001,{OWN},80,10200,Other,com.example.other,HTTP,已关闭,api.example.com,300,90,2,2,{START},{START + 400}
6,{PHONE},50002,{OWN},80,102
""", encoding="utf-8")


# /proc/net on a phone, and `pm list packages -U`.
def end(address, port):
    return packed(address)[::-1].hex().upper() + f":{port:04X}"


(folder / "proc_net_tcp.txt").write_text(f"""# 2026-03-01T08:00:01Z
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: {end(PHONE, 50000)} {end(PUSH, 80)} 01 00000000:00000000 00:00000000 00000000 {UID}        0 4711 1 0000000000000000 20 4 30 10 -1
   1: {end(PHONE, 50001)} {end(OWN, 80)} 01 00000000:00000000 00:00000000 00000000 10200        0 4712 1 0000000000000000 20 4 30 10 -1
   2: broken
""")
(folder / "packages.txt").write_text(f"package:{APP} uid:{UID}\npackage:com.example.other uid:10200\nnot a package\n")


# PiRogue's socket trace and cipher operations.
def operation(port, to, name, process, *classes):
    stack = [{"class": c, "file": "X.java", "line": 1, "method": "m", "is_native": False, "str": f"{c}.m(X.java:1)"} for c in classes]
    return {"type": "socket_trace_log", "dump": "socket_trace.json", "data_type": "json", "timestamp": START, "pid": 4321, "process": process,
            "data": {"socket_fd": 70, "socket_type": "tcp6", "pid": 4321, "thread_id": 1, "socket_event_type": name, "dest_ip": f"::ffff:{to}",
                     "dest_port": 80, "local_ip": f"::ffff:{PHONE}", "local_port": port, "stack": stack}}


trace = [operation(50000, PUSH, "connect", APP, "java.net.Socket", "com.igexin.push.core.Connector"),
         operation(50000, PUSH, "sendto", APP, "java.net.SocketOutputStream", "com.igexin.push.core.Sender", "java.lang.Thread"),
         operation(50001, OWN, "write", "com.example.other", "java.net.SocketOutputStream", "com.example.other.Net"), {"dump": "socket_trace.json"}]
(folder / "socket_trace.json").write_text(json.dumps(trace, indent=2))
cipher = {"type": "aes_info_log", "dump": "aes_info.json", "data_type": "json", "timestamp": START, "pid": 4321, "process": APP,
          "data": {"iv": "00" * 16, "alg": "AES/CBC/PKCS5Padding", "in": "7b7d", "out": "00" * 16, "key": ""}}
(folder / "aes_info.json").write_text(json.dumps([cipher, {"dump": "aes_info.json"}], indent=2))

# Apple's App Privacy Report: a line each; one is cut.
report = [
    {"domain": "sdk-open-phone.getui.com", "firstTimeStamp": "2026-03-01T16:00:01.250+08:00", "context": "", "timeStamp": "2026-03-01T16:00:02.000+08:00",
     "domainType": 2, "initiatedType": "AppInitiated", "hits": 3, "type": "networkActivity", "domainOwner": "", "bundleID": APP},
    {"domain": "never.example.net", "firstTimeStamp": "2026-02-27T10:00:00.000+08:00", "context": "", "timeStamp": "2026-02-28T10:00:00.000+08:00",
     "domainType": 2, "initiatedType": "AppInitiated", "hits": 7, "type": "networkActivity", "domainOwner": "", "bundleID": APP},
    {"domain": "other.example.org", "timeStamp": "2026-03-01T16:00:02.000+08:00", "hits": 1, "type": "networkActivity", "bundleID": "com.example.other"},
    {"accessor": {"identifier": APP, "identifierType": "bundleID"}, "category": "location", "identifier": "A", "kind": "intervalBegin",
     "timeStamp": "2026-03-01T16:00:00.500+08:00", "type": "access"},
    {"accessor": {"identifier": APP, "identifierType": "bundleID"}, "category": "location", "identifier": "A", "kind": "intervalEnd",
     "timeStamp": "2026-03-01T16:00:01.500+08:00", "type": "access"},
]
(folder / "App_Privacy_Report_v4.ndjson").write_text("".join(json.dumps(line, separators=(",", ":")) + "\n" for line in report) + '{"domain":"cut.exa\n')

# TrackerControl.
(folder / "trackercontrol.csv").write_text(f'''"_id","appname","remoteIp","hostname","companyName","companyOwner","timestampt"
"1","{APP}","{PUSH}","sdk-open-phone.getui.com","Getui, Inc.","null","{START}"
"2","{APP}","{OWN}","tracker.example.net","null","null","{START + 5}"
"3","{APP}","{OWN}","","null","null","x"
''')

# camille: the month as JavaScript counts it, no padding, no zone; XLS, XLSX, JSON.
STACK = "   android.telephony.TelephonyManager.getDeviceId(Native Method)\r\n   com.igexin.push.util.Ids.imei(Ids.java:30)\r\n   java.lang.Thread.run(Thread.java:1)\r\n"
rows = [("2026-2-1 16:0:1", "获取电话相关信息", "获取IMEI", "无参数", STACK),
        ("2026-2-1 16:0:2", "文件操作", "RandomAccessFile写文件", "参数0：\"x\"", "   java.io.RandomAccessFile.<init>(RandomAccessFile.java:1)\r\n"),
        ("soon", "", "", "", "")]
TITLES = ("时间点", "操作行为", "行为描述", "传入参数", "调用堆栈")
book = xlwt.Workbook(encoding="utf-8")
sheet = book.add_sheet("App_privacy_compliance_testing")
for y, row in enumerate((TITLES, *rows)):
    for x, cell in enumerate(row):
        sheet.write(y, x, cell)
book.save(str(folder / "camille.xls"))
book = openpyxl.Workbook()
for row in (TITLES, *rows):
    book.active.append(row)
book.properties.created = book.properties.modified = datetime.datetime(2026, 3, 1)
book.save(folder / "camille.xlsx")
(folder / "camille.json").write_text(json.dumps(
    [{"type": "notice", "time": t, "action": a, "messages": m, "arg": g, "stacks": s} for t, a, m, g, s in rows], ensure_ascii=False), encoding="utf-8")

# PrivacySentry: no year either; two sheets.
JAVA = "com.igexin.push.util.Ids.imei(Ids.java:30)\njava.lang.Thread.run(Thread.java:1)\n"
book = xlwt.Workbook(encoding="utf-8")
legal, counts = book.add_sheet("隐私合规"), book.add_sheet("调用次数")
for y, row in enumerate((("调用时间(倒序排序)", "别名", "函数名", "调用堆栈"), ("03-01 16:00:01.100", "IMEI-getDeviceId", "getDeviceId", JAVA), ("now", "x", "y", ""))):
    for x, cell in enumerate(row):
        legal.write(y, x, cell)
for x, cell in enumerate(("别名", "函数名", "调用堆栈", "调用次数")):
    counts.write(0, x, cell)
book.save(str(folder / "privacy_sentry.xls"))
(folder / "privacy_sentry.json").write_text(json.dumps(
    [{"appendTime": "03-01 16:00:01.100", "funAlias": "IMEI-getDeviceId", "funName": "getDeviceId", "stackTraces": JAVA, "count": 2}, {"funAlias": "x"}]))
