"""What the scenarios after enrolment share: days at the site, alerts as the study system holds them, and what ought to be there on a day.

`Schedule` is an oracle of its own: the visits of the shipped trial, restated, and the rules of mappings/followup/README.md.
"""
import email
import email.policy
import json
import os
import re
import socketserver
import subprocess
import threading
from datetime import date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from zoneinfo import ZoneInfo

import people
from base import Scenario
from harness import PATIENCE, PROGRAM, pseudonym, wait_until

BERLIN, UTC = ZoneInfo("Europe/Berlin"), ZoneInfo("UTC")
DAY_0 = date(2027, 11, 3)  # a Wednesday; day 118 is 29 February 2028; both changes of the clock lie between day -21 and day 168
HOLIDAY = date(2027, 12, 29)  # the target day of visit 7
# id -> name, earliest, target, latest: days after the dose
VISITS = {"screening": ("Screening (day -14)", -21, -14, -1),
          "v1": ("Visit 1, dosing (day 0)", 0, 0, 0), "v2": ("Visit 2 (day 1)", 1, 1, 1),
          "v3": ("Visit 3 (day 3)", 2, 3, 4), "v4": ("Visit 4 (day 7)", 6, 7, 8), "v5": ("Visit 5 (day 14)", 12, 14, 16),
          "v6": ("Visit 6 (day 28)", 25, 28, 31), "v7": ("Visit 7 (day 56)", 49, 56, 63), "v8": ("Visit 8 (day 84)", 77, 84, 91),
          "v9": ("Visit 9 (day 112)", 105, 112, 119), "v10": ("Visit 10 (day 140)", 133, 140, 147),
          "v11": ("Visit 11, end of study (day 168)", 161, 168, 175)}
WORDS = {" is coming up": "upcoming", " is due": "due", " is due, its window is closing": "closing", " is overdue": "overdue",
         " was missed": "missed", " was held, something is missing": "done-incomplete", " was held outside its window": "out-of-window"}
NAMES = {name: visit for visit, (name, *_) in VISITS.items()} | {"Early termination": "early-termination"}
# What the documented choice of resource says of an alert that stands, and of one that was withdrawn.
SHAPES = {"upcoming": ("Appointment", "proposed", "cancelled"), "due": ("Task", "requested", "cancelled"),
          "closing": ("Task", "requested", "cancelled"), "overdue": ("Task", "requested", "cancelled"),
          "done-incomplete": ("CommunicationRequest", "active", "revoked"), "missed": ("DetectedIssue", "final", "entered-in-error"),
          "out-of-window": ("DetectedIssue", "final", "entered-in-error")}
STANDS = {"proposed", "requested", "active", "final", "corrected", "received"}
UPCOMING, CLOSING, GRACE, RESULTS = 3, 2, 7, 3


def day(n, hour=12, minute=0, of=DAY_0):
    """Milliseconds since 1970 of a time of day at the site, n days after `of`."""
    d = of + timedelta(n)
    return round(datetime(d.year, d.month, d.day, hour, minute, tzinfo=BERLIN).timestamp() * 1000)


def when(n, hour=9, minute=0, of=DAY_0):
    """The same as FHIR writes it."""
    return datetime.fromtimestamp(day(n, hour, minute, of) / 1000, BERLIN).isoformat()


def on(n, of=DAY_0):
    """The day n days after `of`."""
    return of + timedelta(n)


class Schedule:
    """One participation as the protocol sees it; days are counted from Day 0, also before the dose."""

    def __init__(self, day_0=DAY_0, holidays=(HOLIDAY,)):
        self.day_0, self.holidays = day_0, holidays
        self.screened, self.dosed, self.over = None, False, False
        self.held, self.missing = {}, {}

    def works(self, n):
        d = self.day_0 + timedelta(n)
        return d.weekday() < 5 and d not in self.holidays

    def window(self, visit):
        _, earliest, target, latest = VISITS[visit]
        if not self.dosed:
            if self.screened is None or visit not in ("screening", "v1"):
                return None
            offsets = (0, 0, 20) if visit == "screening" else (1, 14, 21)
            earliest, target, latest = (self.screened + n for n in offsets)
        for away in range(latest - earliest + 1):
            for proposed in (target - away, target + away):
                if earliest <= proposed <= latest and self.works(proposed):
                    return earliest, proposed, latest
        return earliest, target, latest

    def standing(self, visit, today):
        window = self.window(visit)
        if window is None:
            return None
        earliest, proposed, latest = window
        if visit in self.held:
            held = self.held[visit]
            if held > today:
                return None
            if not earliest <= held <= latest:
                return "out-of-window"
            return "done-incomplete" if self.missing.get(visit) and today >= held + RESULTS else None
        later = [w[0] for v in VISITS if v != visit and (w := self.window(v)) and w[0] > latest]
        closing = min(max(proposed + 1, latest - CLOSING + 1), latest + 1)
        steps = [(min(earliest - UPCOMING, proposed), "upcoming"), (proposed, "due"), (closing, "closing"), (latest + 1, "overdue"),
                 (min([latest + GRACE + 1] + later), "missed")]
        return ([None] + [kind for begin, kind in steps if begin <= today])[-1]

    def expected(self, today):
        """{(visit, kind)} of the alerts that stand on that day."""
        if self.screened is None:
            return set()
        found = {(visit, self.standing(visit, today)) for visit in VISITS}
        lasting = {"missed", "done-incomplete", "out-of-window"}
        return {(v, k) for v, k in found if k and (not self.over or k in lasting)}


def kind_of(resource):
    if resource["resourceType"] == "Appointment":
        return "upcoming"
    concept = resource["category"][0] if resource["resourceType"] == "CommunicationRequest" else resource["code"]
    return next(c["code"] for c in concept["coding"] if c["system"] == "urn:trialgate:alert-kind")


def title_of(resource):
    if resource["resourceType"] == "Appointment":
        return resource["description"]
    concept = resource["category"][0] if resource["resourceType"] == "CommunicationRequest" else resource["code"]
    return concept["text"]


def visit_of(title):
    """"Visit 5 (day 14) is due" -> ("v5", "due"); ("", title) when it is about no visit."""
    for words, kind in WORDS.items():
        if title.endswith(words) and title[:-len(words)] in NAMES:
            return NAMES[title[:-len(words)]], kind
    return "", title


class Receiver:
    """Takes the messages of a webhook, as somebody who remembers every webhook-id."""

    def __init__(self):
        self.messages, receiver = {}, self

        class Request(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.messages.setdefault(self.headers["webhook-id"], json.loads(body))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Request)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hook"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def alerts(self):
        return [m for m in self.messages.values() if m["type"] == "alert"]

    def news(self):
        """{(visit, kind): [raised, withdrawn, ...]} in the order of their arrival."""
        out = {}
        for m in self.alerts():
            out.setdefault(visit_of(m["alert"]["title"]), []).append(m["alert"]["news"])
        return out


class Relay:
    """A mail relay: `mails` are [(address, time of the gateway, subject, text)]; what comes again under its Message-ID is one mail."""

    def __init__(self):
        self.mails, self.ids, relay = [], set(), self

        class Session(socketserver.StreamRequestHandler):
            def say(self, answer):
                self.wfile.write(answer.encode() + b"\r\n")

            def handle(self):
                self.say("220 relay.example.org")
                to = ""
                for line in self.rfile:
                    verb = line.split()[0].upper() if line.split() else b""
                    if verb == b"RCPT":
                        to = re.search(r"<(.*?)>", line.decode())[1]
                    if verb == b"DATA":
                        self.say("354 go on")
                        relay.take(to, b"".join(iter(self.rfile.readline, b".\r\n")))
                    self.say("221 bye" if verb == b"QUIT" else "250 relay.example.org")
                    if verb == b"QUIT":
                        return

        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Session)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def take(self, to, data):
        mail = email.message_from_bytes(data, policy=email.policy.default)
        if mail["Message-ID"] in self.ids:
            return
        self.ids.add(mail["Message-ID"])
        self.mails.append((to, round(mail["Date"].datetime.timestamp() * 1000), mail["Subject"], mail.get_content().replace("\r\n", "\n")))

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class FollowUp(Scenario):
    begins = -21  # day on which the clocks start

    def site(self, source=None, **more):
        """A gateway that knows the site's codes and days, before it starts."""
        self.hospital.now = day(self.begins, 7)
        self.study.now = day(self.begins, 8)
        # Messages that arrive make asking superfluous: to ask again every day would cost more than all else.
        rarely = {"pollEvery": "7d", "silence": "90d", "sweepEvery": "30d"}
        gateway = self.make_gateway(start=False, source={**rarely, **(source or {})}, **more)
        gateway.now = day(self.begins, 8)
        gateway.write("site-map.json", json.dumps(people.SITE_MAP))
        gateway.config.update(maps=["site-map.json"], calendar={"holidays": {HOLIDAY.isoformat(): "Betriebsruhe"}},
                              settings={"visitTypes": [f"{people.SITE}|RESEARCH"]})
        return gateway

    def begin(self):
        self.gateway.start()
        self.subscribed()
        self.settled()

    def ready(self, **more):
        self.site(**more)
        self.begin()

    def settled(self, patience=PATIENCE):
        self.hospital.deliveries.join()
        try:
            wait_until(lambda: self.gateway.operation("/test/idle") == "idle" and self.gateway.quiet("reconcile"), "", patience)
        except AssertionError:
            figures = "\n".join(self.gateway.metrics())
            left = re.findall(r"^trialgate_(?:source_jobs|journal_rows|outbox_waiting)\S* [1-9].*", figures, re.M)
            raise AssertionError(f"after {patience} s there is still to do: {left}") from None

    # ---- time

    def clocks(self, now):
        """Everybody's, without the gateway noticing."""
        self.hospital.now, self.study.now = max(self.hospital.now, now - 5_000), max(self.study.now, now - 5_000)

    def to(self, now):
        """It is that time; whoever calls waits for what follows."""
        self.clocks(now)
        self.gateway.advance(now - self.gateway.now)

    def go(self, n, hour=12, minute=0, of=DAY_0):
        self.to(day(n, hour, minute, of))
        self.settled()

    def while_down(self, n, hour=12, minute=0):
        """It is that time when the gateway, which does not run, starts."""
        now = day(n, hour, minute)
        self.clocks(now)
        self.gateway.now = now

    def nudge(self):
        """What another process wrote is looked at now: both loops look every few seconds, of which the clock makes none."""
        self.gateway.advance(11_000)
        self.clocks(self.gateway.now)
        self.settled()

    # ---- the command line, at the scenario's time

    def cli(self, *arguments, expect=0):
        return self.gateway.run(*arguments, expect=expect).stdout

    def lines(self, *arguments):
        return [json.loads(line) for line in self.cli(*arguments).splitlines()]

    def add(self, number, key, n, of=DAY_0):
        self.cli("subject", "add", number, "--trial", "sle-uc-msc", "--patient", f"Patient/{key}", "--on", (of + timedelta(n)).isoformat())
        self.nudge()

    def dose(self, number, at=None, on=None):
        self.cli("subject", "dose", number, *(["--at", at] if at else []), *(["--on", on.isoformat()] if on else []))
        self.nudge()

    def end(self, number, on, how="withdrawn", reason="decided together"):
        self.cli("subject", "withdraw", number, "--on", on.isoformat(), "--as", how, "--reason", reason)
        self.nudge()

    def shown(self, *arguments):
        """What names the patient and the dose as the hospital does, for the operator who asks; nothing else of anybody may stand in it."""
        done = subprocess.run([PROGRAM, "subject", *arguments, "--config", self.gateway.file()], capture_output=True, text=True, timeout=60,
                              env=dict(os.environ, TRIALGATE_TEST_CLOCK=str(self.gateway.now)))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.gateway.output.append(re.sub(r"\b(Patient|Procedure|Encounter)/[\w-]+", r"\1/-", done.stdout))
        return done.stdout

    def participants(self):
        return {p["number"]: p for p in map(json.loads, self.shown("list", "--json").splitlines())}

    # ---- the study system

    def study_says(self, key, status, since, number=None, then=None):
        """A coordinator moves the candidate on in the study system; waits until `then` holds."""
        who = pseudonym("ehr", f"Patient/{key}")
        subject = next(s for s in self.study.current("ResearchSubject") if any(who in i["value"] for i in s["identifier"]))
        changed = dict(subject, status=status, period={"start": since.isoformat()})
        if number:
            ours = [i for i in subject["identifier"] if i["system"] == "urn:trialgate:research-subject"]
            changed["identifier"] = ours + [{"system": "https://sponsor.example/screening", "value": number}]
        self.study.put(changed)
        self.gateway.advance(301_000)
        if then:
            wait_until(then, f"the study's '{status}' is read back")
        self.settled()

    def alert_resources(self, key=None):
        """[(id, [versions])] of every alert about participants that the study system ever got."""
        out = []
        who = key and pseudonym("ehr", f"Patient/{key}")
        with self.study.lock:
            for kind in ("Appointment", "Task", "CommunicationRequest", "DetectedIssue"):
                for one in self.study.data.get(kind, {}).values():
                    resources = [r for _, _, r in one if r]
                    if any(i["system"] == "urn:trialgate:participant-alert" for i in resources[0].get("identifier", [])):
                        if not who or who in json.dumps(resources[0]):
                            out.append(resources)
        return out

    def trails(self, key=None):
        """{(visit, kind): [status, status, ...]}; about safety ("", title). Two resources about one matter are an error."""
        out = {}
        for versions in self.alert_resources(key):
            name = visit_of(title_of(versions[-1]))
            self.assertNotIn(name, out, "one matter, two resources")
            if name[0]:
                kind, stands, ended = SHAPES[name[1]]
                self.assertEqual(versions[0]["resourceType"], kind)
                self.assertEqual(kind_of(versions[0]), name[1])
            out[name] = [v["status"] for v in versions]
        return out

    def standing(self, key=None):
        return {name for name, trail in self.trails(key).items() if trail[-1] in STANDS}

    def current(self, key, *name):
        found = [v[-1] for v in self.alert_resources(key) if visit_of(title_of(v[-1])) == name]
        self.assertEqual(len(found), 1, name)
        return found[0]

    def assert_standing(self, expected, key=None):
        """Waits for it, and looks once more when nothing is left to do."""
        try:
            wait_until(lambda: self.standing(key) == expected, "")
            self.settled()
        except AssertionError:
            pass
        self.assertEqual(self.standing(key), expected)

    # ---- the hospital

    def candidate(self, key, n=-25, of=DAY_0, **more):
        """Somebody whom the trial considers; results are of day n. Baselines are normal."""
        at = when(n, of=of)
        self.put(people.patient(key, **more), people.statement(key), people.dsdna(key, 55, at), people.egfr(key, 74, at))
        self.put(people.diagnosis(key))
        self.settled()

    def put(self, *resources):
        for r in resources:
            self.hospital.put(r)

    def tell_again(self):
        """Every message about what the hospital has comes once more."""
        with self.hospital.lock:
            for r in self.hospital.everything():
                self.hospital._notify("update", r)


class Enrolled(FollowUp):
    begins = -14

    def enrolled(self, key, number, dosed=True):
        """A candidate who is screened; dosed on Day 0 after normal results, and seen on day 1."""
        self.candidate(key)
        self.add(number, key, -14)
        if not dosed:
            return
        self.go(0)
        self.put(*people.visit_results(key, when(0, 8), wide=True))
        self.dose(number, at=when(0, 11))
        self.go(1)
        self.put(people.encounter(key, when(1), "v2"), *people.visit_results(key, when(1)))
        self.settled()

    def about_safety(self, key=None):
        return {title: trail for (visit, title), trail in self.trails(key).items() if not visit}
