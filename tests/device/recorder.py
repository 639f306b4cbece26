"""The part of the stand-in for adb that records: a phone with tcpdump or PCAPdroid, whose app sends
what the test writes into a file.

PHONE_STATE is a folder: `requests` (one a line: `METHOD path`) is the traffic of the app, sent when it
appears; `pid`, `err` stand for files of /data/local/tmp, `sdcard/` for the shared storage, `gone` for a
phone that was unplugged. CLOCK_AHEAD is in seconds. FAULT is what goes wrong. How Android, tcpdump and
PCAPdroid answer is in the form of their sources; all values are made up.
"""
import os
import pathlib
import re
import signal
import struct
import subprocess
import sys
import time
import zlib

STATE = pathlib.Path(os.environ.get("PHONE_STATE", "."))
FAULT = os.environ.get("FAULT", "")
PHONE = os.environ.get("PHONE", "")
APP, UID = "com.example.tea", 10140
PCAPDROID = "com.emanuelef.remote_capture"
DOWNLOAD = STATE / "sdcard"
PHONE_IP, SERVER_IP = bytes([192, 0, 2, 10]), bytes([198, 51, 100, 7])
# A PNG of one pixel, made with zlib.
PNG = b"\x89PNG\r\n\x1a\n" + b"".join(
    struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    for kind, body in [(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)), (b"IDAT", zlib.compress(b"\0\0")), (b"IEND", b"")]
)
CERTIFICATE = b"\x30\x0cnot a certificate"


def now():
    """The phone's clock, in nanoseconds."""
    return time.time_ns() + int(float(os.environ.get("CLOCK_AHEAD", "0")) * 1e9)


def cooked(outgoing, packet):
    """Linux cooked capture, version 2, as `-i any` gives it on newer phones (LINKTYPE_LINUX_SLL2)."""
    return struct.pack(">HHIHBB8s", 0x0800, 0, 3, 1, 4 if outgoing else 0, 6, b"\xa6\x5e\x01\x7f\x33\x04\0\0") + packet


def trailed(_, packet):
    """Ethernet without addresses and PCAPdroid's trailer."""
    frame = bytes(12) + b"\x08\x00" + packet
    frame += bytes(-len(frame) % 4) + struct.pack(">Ii20s", 0x01072021, UID, b"Tea")
    return frame + struct.pack(">I", zlib.crc32(frame))


def segment(outgoing, port, seq, ack, flags, payload):
    source, target = (PHONE_IP, SERVER_IP) if outgoing else (SERVER_IP, PHONE_IP)
    ports = (port, 80) if outgoing else (80, port)
    tcp = struct.pack(">HHIIBBHHH", *ports, seq, ack, 0x50, flags, 65535, 0, 0) + payload
    return struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(tcp), 1, 0x4000, 64, 6, 0, source, target) + tcp


def exchange(port, request):
    """One request over a connection of its own: (outgoing, packet)."""
    method, path = request.split()
    sent = f"{method} {path} HTTP/1.1\r\nHost: collect.tracker.example\r\n\r\n".encode()
    answer = b"HTTP/1.1 204 No Content\r\n\r\n"
    a, b = 1000 + 7919 * port, 9000 + 104729 * port
    for outgoing, seq, ack, flags, payload in [
        (True, a, 0, 2, b""), (False, b, a + 1, 0x12, b""), (True, a + 1, b + 1, 0x10, b""),
        (True, a + 1, b + 1, 0x18, sent), (False, b + 1, a + 1 + len(sent), 0x18, answer),
        (True, a + 1 + len(sent), b + 1 + len(answer), 0x11, b""),
        (False, b + 1 + len(answer), a + 2 + len(sent), 0x11, b""),
    ]:
        yield outgoing, segment(outgoing, port, seq % 2**32, ack % 2**32, flags, payload)


def record(out, link, frame, stopped):
    """Writes a pcap of what the app sends until `stopped`, flushed packet by packet."""
    out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, link))
    out.flush()
    done, packets = 0, 0
    while not stopped():
        lines = (STATE / "requests").read_text().splitlines() if (STATE / "requests").exists() else []
        for request in lines[done:]:
            if request == "UNPLUG":
                (STATE / "gone").touch()
                # In the middle of a packet.
                out.write(struct.pack("<IIII", now() // 10**9, 0, 500, 500) + b"cut")
                out.flush()
                return packets
            for outgoing, packet in exchange(40000 + done, request):
                time_ns, data = now(), frame(outgoing, packet)
                out.write(struct.pack("<IIII", time_ns // 10**9, time_ns % 10**9 // 1000, len(data), len(data)) + data)
                out.flush()
                packets += 1
            done += 1
        time.sleep(0.02)
    return packets


def tcpdump(out):
    if FAULT == "no-interface":
        (STATE / "err").write_text("tcpdump: nosuch0: No such device exists\n(SIOCGIFHWADDR: No such device)\n")
        sys.exit(1)
    (STATE / "err").write_text("tcpdump: listening on any, link-type LINUX_SLL2 (Linux cooked v2), snapshot length 262144 bytes\n")
    stop = []
    signal.signal(signal.SIGINT, lambda *_: stop.append(1))
    (STATE / "pid").write_text(str(os.getpid()))
    packets = record(out, 276, cooked, lambda: stop)
    with open(STATE / "err", "a") as err:
        err.write(f"{packets} packets captured\n{packets + 2} packets received by filter\n2 packets dropped by kernel\n")


def pcapdroid(name, key_log):
    """PCAPdroid's service, which goes on when adb is gone."""
    DOWNLOAD.mkdir(exist_ok=True)
    if key_log and FAULT != "no-key-log":
        (DOWNLOAD / key_log).write_text("CLIENT_RANDOM " + "01" * 32 + " " + "02" * 48 + "\n")
    with open(DOWNLOAD / name, "wb") as out:
        record(out, 1, trailed, lambda: not (STATE / "service").exists())
    (STATE / "ended").touch()


def intent(command):
    extras = dict(re.findall(r"-e (\S+) (\S+)", command))
    if f"-n {PCAPDROID}/.activities.CaptureCtrl" not in command:
        return "Error type 3\nError: Activity class does not exist.\n"
    if extras["action"] == "stop":
        (STATE / "service").unlink(missing_ok=True)
        for _ in range(200):
            if (STATE / "ended").exists():
                break
            time.sleep(0.02)
    if extras["action"] == "start":
        (STATE / "extras").write_text("\n".join(f"{k}={v}" for k, v in extras.items()))
        if FAULT == "refused" and extras.get("api_key") != "right":
            (STATE / "asks").write_text("3")
        elif not ("api_key" in extras and extras["api_key"] != "right"):
            (STATE / "service").touch()
            subprocess.Popen([sys.executable, __file__, extras["pcap_name"], extras.get("sslkeylog_name", "")],
                             stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    return f"Starting: Intent {{ cmp={PCAPDROID}/.activities.CaptureCtrl (has extras) }}\n"


def activities():
    """PCAPdroid's question is on the screen for a while, and then it is not."""
    left = int((STATE / "asks").read_text()) if (STATE / "asks").exists() else 0
    if left:
        (STATE / "asks").write_text(str(left - 1))
    top = f"{PCAPDROID}/.activities.CaptureCtrl" if left else "com.android.launcher3/.Launcher"
    return f"  mFocusedApp=ActivityRecord{{4b1c u0 {top} t12}}\n"


def apk():
    """A ZIP without files, signed by scheme 2: the block before the central directory. Or one that jarsigner signed."""
    if FAULT == "old-signature":
        return (pathlib.Path(__file__).parent / "signed.jar").read_bytes()
    counted = lambda b: struct.pack("<I", len(b)) + b
    signed = counted(counted(b"digests") + counted(counted(CERTIFICATE)))
    value = counted(counted(signed))
    pairs = struct.pack("<QI", len(value) + 4, 0x7109871A) + value
    block = pairs + struct.pack("<Q", len(pairs) + 24) + b"APK Sig Block 42"
    before = b"files" * 100 + struct.pack("<Q", len(pairs) + 24)
    end = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 0, 0, 0, len(before + block), 0)
    return before + block + end


def rooted(command):
    """The command inside `su …`, or None: not root's."""
    for phone, form in [("rooted", r"su -c '(.*)'$"), ("aosp", r"su 0 sh -c '(.*)'$")]:
        if found := re.match(form, command):
            return found[1] if phone == PHONE else "refused"
    return command if PHONE == "emulator" and (STATE / "adb-root").exists() else None


def answer(arguments, out):
    """What the phone says to this command, or has written to `out`; None: the recording part does not know it."""
    if (STATE / "gone").exists():
        sys.exit("error: device 'WW4400218837' not found")
    if arguments == ["get-state"]:
        return "device\n"
    if arguments == ["wait-for-device"]:
        return ""
    if arguments == ["root"]:
        if PHONE != "emulator":
            return "adbd cannot run as root in production builds\n"
        (STATE / "adb-root").touch()
        return "restarting adbd as root\n"
    how, command = arguments[0], arguments[1]
    if command == "date +%s.%N":
        time_ns = now()
        return f"{time_ns // 10**9}.{time_ns % 10**9:09}\n"
    as_root = rooted(command)
    if as_root == "refused":
        return ""
    inner = as_root or command
    if inner == "id -u":
        return "0\n" if as_root else "2000\n"
    if command == "getprop ro.debuggable":
        return f"{int(PHONE == 'emulator')}\n"
    if "command -v tcpdump" in inner:
        return "" if FAULT == "no-tcpdump" else "/system/bin/tcpdump\n"
    if inner.startswith("echo 1 >/data/local/tmp"):
        return "" if FAULT == "full" else "1\n"
    if "exec /system/bin/tcpdump" in inner and as_root:
        (STATE / "command").write_text(inner)
        tcpdump(out)
        return ""
    if inner.startswith("kill -INT"):
        os.kill(int((STATE / "pid").read_text()), signal.SIGINT)
        return ""
    if inner.startswith("cat /data/local/tmp/wirewitness.err"):
        return (STATE / "err").read_text() if (STATE / "err").exists() else ""
    if inner.startswith("rm -f /data/local/tmp"):
        return ""
    if command.startswith("pm path"):
        package = command.split()[2]
        there = package == APP or package == PCAPDROID and PHONE == "pcapdroid"
        return f"package:/data/app/~~x==/{package}-y==/base.apk\n" if there else ""
    if command == "pm list packages":
        return f"package:android\npackage:{APP}\npackage:com.example.teapot\n"
    if command == f"dumpsys package {APP}":
        return f"Packages:\n  Package [{APP}] (1f2e):\n    userId={UID}\n    versionCode=320 minSdk=24 targetSdk=34\n    versionName=3.2.0\n    installerPackageName=com.android.vending\n"
    if command.startswith("stat -c %s '/data/app/"):
        return f"{len(apk())}\n"
    if command.startswith("tail -c") and "base.apk" in command:
        data = apk()
        if found := re.match(r"tail -c \+(\d+) '.*' \| head -c (\d+)", command):
            return data[int(found[1]) - 1 :][: int(found[2])]
        return data[-int(command.split()[2]) :]
    if command == "screencap -p":
        return PNG
    if command.startswith("am start"):
        return intent(command)
    if command.startswith("dumpsys activity services"):
        record = f"  * ServiceRecord{{7c1 u0 {PCAPDROID}/.CaptureService}}\n" if (STATE / "service").exists() else "  (nothing)\n"
        return "ACTIVITY MANAGER SERVICES (dumpsys activity services)\n" + record
    if command == "dumpsys activity activities":
        return activities()
    if command.startswith("df "):
        free = 512 if FAULT == "full" else 8_000_000
        return f"Filesystem     1K-blocks     Used Available Use% Mounted on\n/dev/fuse       10000000  2000000  {free:>8}  20% /storage/emulated\n"
    if found := re.match(r"(stat -c %s|cat|rm -f) /sdcard/Download/PCAPdroid/(\S+)", command):
        path = DOWNLOAD / found[2]
        if not path.exists():
            return ""
        if found[1] == "rm -f":
            path.unlink()
            return ""
        size = path.stat().st_size
        if found[1] == "cat":
            return path.read_bytes()[: size // 2 if FAULT == "cut" else size]
        return f"{size}\n"
    return None


if __name__ == "__main__":
    pcapdroid(sys.argv[1], sys.argv[2])
