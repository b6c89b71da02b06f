#!/usr/bin/env python3
"""The coordinator's page with many people and a hospital that does not rest: how long a real browser needs to show the worklist, how late a change is on
screen, whether a row moves under the cursor, and what stutters. Needs Chromium, Node 20 and npm.

  page_bench.py PROGRAM [--people 10000] [--rate 50] [--seconds 60]
"""
import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "scenario"))
ROW, BOX = ".grid-row[data-key]", "[role=grid]"


class Browser:
    def __init__(self, modules):
        chromium = os.environ.get("CHROMIUM") or shutil.which("chromium-headless-shell") or shutil.which("chromium")
        self.process = subprocess.Popen(["node", os.path.join(HERE, "page_bench.mjs")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        env=dict(os.environ, PAGE_MODULES=modules, CHROMIUM=chromium))

    def ask(self, **order):
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        if "error" in answer:
            sys.exit(f"{order['do']}: {answer['error']}")
        return answer

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def percentile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * share))] if values else float("nan")


def load(test, people, count):
    begin = time.monotonic()
    for n in range(count):
        key = f"bench{n}"
        for r in (people.patient(key), people.statement(key), people.dsdna(key, 55), people.egfr(key, 35 + n % 60), people.diagnosis(key)):
            test.hospital.put(r, notify=False)
    print(f"{count} people put into the hospital in {time.monotonic() - begin:.0f} s", flush=True)
    begin = time.monotonic()
    test.gateway = None
    test.make_gateway(start=False, source={"types": ["Patient", "Observation", "Condition", "MedicationStatement"], "concurrency": 8, "pageSize": 1000})
    test.gateway.config["sinks"] = []
    test.gateway.start()
    test.subscribed()
    while test.gateway.metric("trialgate_source_jobs", kind="hydrate") or test.gateway.metric("trialgate_patients") < count:
        if time.monotonic() - begin > 1200:
            sys.exit("the people are not loaded after 20 minutes")
        time.sleep(1)
    test.settled()
    print(f"loaded in {time.monotonic() - begin:.0f} s", flush=True)


def events(test, people, keys, rate, seconds, sent):
    """`rate` changed results a second, evenly: each moves its person over the limit or back."""
    begin = time.monotonic()
    for n in range(rate * seconds):
        key = keys[n % len(keys)]
        low = (n // len(keys)) % 2 == 0
        sent.setdefault(key, []).append(time.time() * 1000)
        test.hospital.put(people.egfr(key, 20 if low else 75))
        wait = begin + (n + 1) / rate - time.monotonic()
        if wait > 0:
            time.sleep(wait)
    return time.monotonic() - begin


def main():
    given = argparse.ArgumentParser()
    given.add_argument("program")
    given.add_argument("--people", type=int, default=10_000)
    given.add_argument("--rate", type=int, default=50)
    given.add_argument("--seconds", type=int, default=60)
    options = given.parse_args()
    os.environ["TRIALGATE"] = os.path.abspath(options.program)
    os.environ.setdefault("TRIALGATE_PATIENCE", "300")
    import people
    from base import Scenario
    from harness import pseudonym
    from page_client import Page, another_link

    modules = tempfile.mkdtemp(prefix="trialgate-page-bench-")
    if subprocess.run(["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", modules, "playwright-core"]).returncode:
        sys.exit("npm cannot install playwright-core")
    test = Scenario()
    test.setUp()
    load(test, people, options.people)
    page = Page(test.gateway)
    times, size = [], 0
    for _ in range(5):
        begin = time.monotonic()
        answer = page.get("/api/v1/trials/sle-uc-msc/worklist")
        times.append((time.monotonic() - begin) * 1000)
    print(f"worklist answered in {percentile(times, 0.5):.0f} ms, {len(answer.body) / 1e6:.1f} MB, {len(answer.json['rows'])} rows", flush=True)

    browser = Browser(modules)
    opened = browser.ask(do="open", url=another_link(test.gateway), row=ROW)
    print(f"first paint {opened['firstPaint']} ms, rows after {opened['rows']} ms, {opened['transferred'] / 1000:.0f} kB of assets", flush=True)
    print("scrolling: frames {frameMedian} ms median, {frameWorst} ms worst, longest task {longest} ms".format(**browser.ask(do="scroll", box=BOX)), flush=True)
    visible = browser.ask(do="rest", row=ROW)["visible"]
    of_subject = {pseudonym("ehr", f"Patient/bench{n}"): f"bench{n}" for n in range(options.people)}
    # Half of the events concern people who are on screen, else no delay could be seen.
    shown = [of_subject[s] for s in visible if s in of_subject]
    rest = [f"bench{n}" for n in range(0, options.people, 37)]
    keys = [k for pair in zip(shown * (len(rest) // max(1, len(shown)) + 1), rest) for k in pair]
    sent, delays, spent = {}, [], []
    feeder = threading.Thread(target=lambda: spent.append(events(test, people, keys, options.rate, options.seconds, sent)))
    feeder.start()
    last = None
    while last is None or time.monotonic() < last:
        if last is None and not feeder.is_alive():
            last = time.monotonic() + 3  # what is still on its way
        for subject, at in browser.ask(do="seen")["seen"].items():
            before = [t for t in sent.get(of_subject.get(subject, ""), []) if t <= at]
            if before:
                delays.append(at - before[-1])
        time.sleep(0.05)
    report = browser.ask(do="report")
    print(f"{options.rate * options.seconds} events in {spent[0]:.0f} s; {len(delays)} changes on screen: {percentile(delays, 0.5):.0f} ms median, "
          f"{percentile(delays, 0.99):.0f} ms p99; longest task {report['longest']} ms, {report['over50']} tasks over 50 ms; rows moved {report['moved']} times",
          flush=True)
    browser.close()
    test.gateway.stop()
    test.gateway.close()
    test.hospital.close()
    test.study.close()
    shutil.rmtree(modules, ignore_errors=True)
    return int(report["moved"] > 0)


if __name__ == "__main__":
    sys.exit(main())
