#!/usr/bin/env python3
"""What a real browser makes of pages: Chromium, driven over its DevTools pipe.

usage: browser.py [--axe AXE.MIN.JS] [--pictures FOLDER] PAGE...

Prints a JSON object for each page: violations of its content security policy, dialogs,
requests to anything but itself, script errors, whether it is wider than 320 pixels, how
long it took to load (and how much of that the page's own thread computed, which other
programs on the machine change less), and what axe finds in light, dark and at 320 pixels,
everything unfolded. With --pictures it leaves pictures of all of these and a PDF.
Nothing but the standard library and `chromium` is needed.
"""

import argparse
import base64
import fcntl
import json
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

# Ends of the pipe are moved above what the child's 3 and 4 could overwrite.
ABOVE = 20
# Pixels of one picture: a longer one is beyond what a GPU-less Chromium draws.
TALL = 1800
LOOKS = {"light": (1280, "light"), "dark": (1280, "dark"), "narrow": (320, "light")}
COUNT = """
window.seen = [];
document.addEventListener("securitypolicyviolation", function (e) { window.seen.push(e.violatedDirective + " " + e.blockedURI); });
window.addEventListener("error", function (e) { window.seen.push("error " + e.message); });
"""


class Browser:
    """One Chromium with one tab."""

    def __init__(self):
        self.profile = tempfile.mkdtemp()
        commands, ours = os.pipe()
        theirs, answers = os.pipe()
        # ours: written by us; theirs: read by us.
        self.write, self.read_end = ours, theirs

        def in_child():
            first, second = (fcntl.fcntl(end, fcntl.F_DUPFD, ABOVE) for end in (commands, answers))
            os.dup2(first, 3)
            os.dup2(second, 4)

        flags = ["--headless=new", "--no-sandbox", "--remote-debugging-pipe", "--disable-gpu", "--no-first-run",
                 "--hide-scrollbars", "--disable-dev-shm-usage", f"--user-data-dir={self.profile}", "about:blank"]
        self.process = subprocess.Popen(["chromium", *flags], preexec_fn=in_child, close_fds=False,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(commands)
        os.close(answers)
        self.number, self.rest, self.events, self.session = 0, b"", [], None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Performance", "Network", "Runtime"):
            self.call(f"{domain}.enable")
        self.call("Page.addScriptToEvaluateOnNewDocument", source=COUNT)

    def receive(self):
        while b"\0" not in self.rest:
            data = os.read(self.read_end, 1 << 20)
            if not data:
                raise EOFError("chromium is gone")
            self.rest += data
        message, self.rest = self.rest.split(b"\0", 1)
        return json.loads(message)

    def happened(self, event):
        if event.get("method") == "Page.javascriptDialogOpening":
            self.send("Page.handleJavaScriptDialog", accept=False)
        self.events.append(event)

    def send(self, method, **params):
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self.write, data):]
        return self.number

    def call(self, method, **params):
        number = self.send(method, **params)
        while True:
            answer = self.receive()
            if answer.get("id") == number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]
            if "method" in answer:
                self.happened(answer)

    def until(self, method):
        while not any(event["method"] == method for event in self.events):
            event = self.receive()
            if "method" in event:
                self.happened(event)

    def script(self, text):
        result = self.call("Runtime.evaluate", expression=text, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in result:
            raise RuntimeError(json.dumps(result["exceptionDetails"])[:2000])
        return result["result"].get("value")

    def look(self, width, scheme, height=1000):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.call("Emulation.setEmulatedMedia", media="screen", features=features)

    def open(self, path):
        self.events.clear()
        self.call("Page.navigate", url=Path(path).resolve().as_uri())
        self.until("Page.loadEventFired")

    def named(self, method):
        return [event["params"] for event in self.events if event["method"] == method]

    def thread(self):
        metrics = self.call("Performance.getMetrics")["metrics"]
        return next(metric["value"] for metric in metrics if metric["name"] == "ThreadTime")

    def close(self):
        try:
            self.call("Browser.close")
        except (EOFError, RuntimeError, OSError):
            pass
        self.process.wait(timeout=30)
        shutil.rmtree(self.profile, ignore_errors=True)


def axe_of(browser, axe):
    """Violations as axe names them, with the first places of each."""
    browser.script(axe + ";0")
    browser.script("document.querySelectorAll('details').forEach(function (d) { d.open = true; });0")
    found = browser.script("axe.run(document, {resultTypes: ['violations']}).then(r => JSON.stringify(r.violations))")
    return [f"{v['id']}: {v['nodes'][0]['html'][:200]} ({len(v['nodes'])})" for v in json.loads(found)]


def pictures(browser, page, folder, look):
    width, scheme = LOOKS[look]
    height = browser.script("document.documentElement.scrollHeight")
    for part, top in enumerate(range(0, height, TALL)):
        clip = {"x": 0, "y": top, "width": width, "height": min(TALL, height - top), "scale": 1}
        taken = browser.call("Page.captureScreenshot", format="png", captureBeyondViewport=True, clip=clip)
        name = f"{Path(page).stem}.{look}.{part:02}.png"
        (folder / name).write_bytes(base64.b64decode(taken["data"]))


def visit(browser, page, axe, folder):
    browser.look(*LOOKS["light"])
    before, begun = browser.thread(), time.monotonic()
    browser.open(page)
    # The frame behind the load event is the first in which all of it can be seen.
    browser.script("new Promise(r => requestAnimationFrame(() => setTimeout(r, 0)))")
    took, computed = time.monotonic() - begun, browser.thread() - before
    address = Path(page).resolve().as_uri()
    requests = [request["request"]["url"] for request in browser.named("Network.requestWillBeSent")]
    result = {
        "page": str(page),
        "seconds": round(took, 2),
        "thread_seconds": round(computed if computed > 0 else browser.thread(), 2),
        "elements": browser.script("document.querySelectorAll('*').length"),
        "seen": browser.script("window.seen"),
        "scripts": browser.script("document.scripts.length"),
        "dialogs": [dialog["message"] for dialog in browser.named("Page.javascriptDialogOpening")],
        "requests": [url for url in requests if url.split("#")[0] != address],
        "text": browser.script("document.body.textContent.length"),
    }
    for look, (width, scheme) in LOOKS.items():
        browser.look(width, scheme)
        browser.open(page)
        if look == "narrow":
            result["wide"] = browser.script("document.documentElement.scrollWidth")
        if folder:
            pictures(browser, page, folder, look)
        if axe:
            result.setdefault("axe", {})[look] = axe_of(browser, axe)
            result["seen"] += browser.script("window.seen")
    if folder:
        browser.call("Emulation.setEmulatedMedia", media="", features=[])
        printed = browser.call("Page.printToPDF", preferCSSPageSize=True)
        (folder / f"{Path(page).stem}.pdf").write_bytes(base64.b64decode(printed["data"]))
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--axe", type=Path)
    parser.add_argument("--pictures", type=Path)
    parser.add_argument("pages", nargs="+", type=Path)
    arguments = parser.parse_args()
    axe = arguments.axe.read_text() if arguments.axe else None
    if arguments.pictures:
        arguments.pictures.mkdir(parents=True, exist_ok=True)
    for page in arguments.pages:
        browser = Browser()
        try:
            print(json.dumps(visit(browser, page, axe, arguments.pictures), ensure_ascii=False), flush=True)
        finally:
            browser.close()


if __name__ == "__main__":
    main()
