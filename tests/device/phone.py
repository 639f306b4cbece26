#!/usr/bin/env python3
"""What the stand-in for adb says: answers as the phone that PHONE names, and logs what it was asked.

Answers are in the form in which Android prints them: `service call` as Parcel::print of
frameworks/native, `ip` as iproute2, `cmd wifi status` as WifiShellCommand, the files as
the system writes them. All values are made up. What a phone refuses, it refuses as Android
does, with words on standard error or an exception in the parcel.

`--serve` prints a port, on which it answers any number of commands at a time: arguments that end in a NUL each, and
an empty one; then `0` and the output, or `1` and what goes to standard error.
"""
import os
import signal
import socket
import sys
import time

sys.dont_write_bytecode = True
import recorder


def parcel(text):
    """A parcel with a string; None: a SecurityException."""
    if text is None:
        words = [0xFFFFFFFF, 0x20]
        text = "caller may not"
    else:
        words = [0, len(text)]
    units = [ord(c) for c in text] + [0] * (2 - len(text) % 2)
    words += [low | high << 16 for low, high in zip(units[::2], units[1::2])]
    lines = []
    for at in range(0, len(words), 4):
        hexed = " ".join(f"{word:08x}" for word in words[at : at + 4])
        raw = b"".join(word.to_bytes(4, "little") for word in words[at : at + 4])
        shown = "".join(chr(b) if 32 <= b < 127 else "." for b in raw)
        lines.append(f"  0x{at * 4:08x}: {hexed:35} '{shown:16}'")
    return "Result: Parcel(\n" + "\n".join(lines) + ")\n"


SSAID = """<?xml version='1.0' encoding='UTF-8' standalone='yes' ?>
<settings version="-1">
<setting id="1" name="userkey" value="00112233" package="android" defaultValue="00112233" />
<setting id="7" name="10123" value="5f1d9c37ab20e846" package="com.example.other" defaultValue="5f1d9c37ab20e846" />
<setting id="9" name="10140" value="b7f3c2a19d8e4405" package="com.example.tea" defaultValue="b7f3c2a19d8e4405" />
</settings>
"""
ADID = """<?xml version='1.0' encoding='utf-8' standalone='yes' ?>
<map>
    <string name="adid_key">38400000-8cf0-41bd-b23e-10b96e40000d</string>
    <boolean name="enable_limit_ad_tracking" value="false" />
</map>
"""
LINK = """28: wlan0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc mq state UP mode DORMANT group default qlen 3000
    link/ether a6:5e:01:7f:33:04 brd ff:ff:ff:ff:ff:ff
"""
WIFI = 'Wifi is enabled\nWifi is connected to "ww-lab"\nWifiInfo: SSID: "ww-lab", BSSID: a2:11:22:33:44:55, MAC: 02:00:00:00:00:00\n'
COMMON = {"cat /proc/sys/kernel/random/boot_id": "0b1d5c9e-6f3a-4b7d-9c21-7e8f9a0b1c2d\n", "getprop ro.serialno": "WW4400218837\n"}
PHONES = {
    # Android 4.4: one ANDROID_ID for all apps, the IMEI in a dump.
    "old": {
        **COMMON,
        "getprop ro.build.version.sdk": "19\n", "getprop ro.product.model": "GT-I9505\n", "getprop ro.build.version.release": "4.4.2\n",
        "settings get secure android_id": "9f3c21ab47de5608\n",
        "dumpsys iphonesubinfo": "Phone Subscriber Info:\n  Phone Type = GSM\n  Device ID = 490154203237518\n",
        "settings get secure bluetooth_address": "A6:5E:01:7F:33:05\n",
        "cat /sys/class/net/wlan0/address": "a6:5e:01:7f:33:04\n",
        "dumpsys wifi": WIFI,
    },
    # Android 9 of Huawei: the getters take the caller's package; the OAID is a setting.
    "huawei": {
        **COMMON,
        "getprop ro.build.version.sdk": "28\n", "getprop ro.product.model": "EVR-AL00\n", "getprop ro.build.version.release": "9\n",
        "service call iphonesubinfo 1 s16 com.android.shell": parcel("490154203237518"),
        "service call iphonesubinfo 7 s16 com.android.shell": parcel("490154203237518"),
        "service call iphonesubinfo 8 s16 com.android.shell": parcel("460001234567890"),
        "service call iphonesubinfo 11 s16 com.android.shell": parcel("460001234567890"),
        "service call iphonesubinfo 12 s16 com.android.shell": parcel("89860012345678901233"),
        "service call iphonesubinfo 15 s16 com.android.shell": parcel("+8619900001234"),
        "settings get global pps_oaid": "1f2e3d4c-5b6a-4798-8a9b-0c1d2e3f4a5b\n",
        "ip link show wlan0": LINK, "dumpsys wifi": WIFI,
        "settings get secure android_id": "0000000000000001\n",
    },
    # Android 14, not rooted: the telephony getters refuse.
    "new": {
        **COMMON,
        "getprop ro.build.version.sdk": "34\n", "getprop ro.product.model": "Pixel 7\n", "getprop ro.build.version.release": "14\n",
        **{f"service call iphonesubinfo {n} s16 com.android.shell": parcel(None) for n in range(1, 20)},
        "settings get global pps_oaid": "null\n", "ip link show wlan0": LINK, "cmd wifi status": WIFI,
        "settings get secure android_id": "0000000000000001\n", "settings get secure bluetooth_address": "null\n",
    },
}
SU = "su -c 'abx2xml /data/system/users/0/settings_ssaid.xml - 2>/dev/null || cat /data/system/users/0/settings_ssaid.xml'"
PHONES["rooted"] = {
    **PHONES["new"], SU: SSAID,
    "su -c 'cat /data/data/com.google.android.gms/shared_prefs/adid_settings.xml'": ADID,
}

# Phones that record (recorder.py), by how they give root, or with PCAPdroid instead.
RECORDING = {
    **PHONES["new"], "getprop ro.product.manufacturer": "Google\n",
    "getprop ro.build.fingerprint": "google/panther/panther:14/UP1A.000000.001/1:user/release-keys\n",
    "getprop ro.build.version.security_patch": "2026-02-05\n",
}
for name in ["aosp", "emulator", "pcapdroid", "plain"]:
    PHONES[name] = RECORDING
PHONES["rooted"].update({key: RECORDING[key] for key in RECORDING if key not in PHONES["rooted"]})

# The certificate of ca/ among the system's, under the name that `openssl x509 -subject_hash_old` gives it.
PHONES["trusting"] = PHONES["new"]
CA = "/system/etc/security/cacerts/178c5adf.0"



def run(arguments, out):
    """Writes to `out` what the phone says to a command; SystemExit: why it does not."""
    if arguments[:1] == ["-s"]:
        arguments = arguments[2:]
    if "ADB_LOG" in os.environ:
        with open(os.environ["ADB_LOG"], "a") as log:
            log.write(" ".join(arguments) + "\n")
    phone = os.environ["PHONE"]
    if phone == "broken":
        sys.exit("adb: failed to check server version: cannot connect to daemon")
    if arguments == ["devices"]:
        state = phone if phone in ("unauthorized", "offline") else "device"
        more = "\nemulator-5554\tdevice" if phone == "several" else ""
        said = "List of devices attached" + ("" if phone == "none" else f"\nWW4400218837\t{state}{more}") + "\n\n"
        return out.write(said.encode())
    if phone == "none":
        sys.exit("error: no devices/emulators found")
    if "PHONE_STATE" in os.environ:
        said = recorder.answer(arguments, out)
        if said is not None:
            return out.write(said if isinstance(said, bytes) else said.encode())
    command = arguments[1]
    if command == "date +%s.%N":
        # A phone that was never set: ninety seconds late. One of before toybox knows no nanoseconds.
        now = time.time_ns() - (90_000_000_000 if phone == "late" else 0)
        said = f"{now // 10**9}." + ("N" if phone == "old" else f"{now % 10**9:09}") + "\n"
    elif command.startswith("ls ") and phone == "trusting":
        said = "".join(f"{path}\n" for path in command.split()[1:] if path == CA)
    elif command in PHONES[phone]:
        said = PHONES[phone][command]
    else:
        sys.exit(f"/system/bin/sh: {command.split()[0]}: inaccessible or not found")
    out.write(said.encode())


class Answer:
    """The output of a command to a connection, behind the word that it was not refused."""

    def __init__(self, connection):
        self.connection, self.begun = connection, False

    def write(self, data):
        self.connection.sendall((b"" if self.begun else b"0") + data)
        self.begun = True

    def flush(self):
        pass


def serve():
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    print(listener.getsockname()[1], flush=True)
    while True:
        connection, _ = listener.accept()
        if os.fork() == 0:
            break
        connection.close()
    listener.close()
    # A phone that starts a program has it end as programs do.
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    asked = b""
    while not (asked.endswith(b"\0\0") or asked == b"\0"):
        asked += connection.recv(65536)
    answer = Answer(connection)
    try:
        run(asked[:-2].decode().split("\0"), answer)
        answer.write(b"")
    except SystemExit as refused:
        connection.sendall(f"1{refused.code}\n".encode())
    except BrokenPipeError:
        pass


if __name__ == "__main__":
    if sys.argv[1:] == ["--serve"]:
        serve()
    else:
        run(sys.argv[1:], sys.stdout.buffer)
