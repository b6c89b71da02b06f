"""What people are told after enrolment, by schedule, calendar, alerts, subject and by mail, against the study system beside it."""
import re
import subprocess
import unittest
from datetime import datetime

import people
from followup import DAY_0, NAMES, UTC, VISITS, Enrolled, Relay, Schedule, day, on, visit_of, when
from harness import PROGRAM, wait_until


def calendar_lines(test, data):
    """The unfolded lines of an iCalendar stream, after RFC 5545, 3.1: CRLF, 75 octets, no line that is empty, UTF-8."""
    test.assertTrue(data.endswith(b"\r\n"))
    raw = data[:-2].split(b"\r\n")
    out = []
    for line in raw:
        test.assertNotIn(b"\n", line)
        test.assertNotIn(b"\r", line)
        test.assertLessEqual(len(line), 75)
        test.assertNotEqual(line, b"")
        if line[:1] in (b" ", b"\t"):
            out[-1] += line[1:]
        else:
            out.append(line)
    return [line.decode("utf-8") for line in out]


def calendar_events(test, data):
    """[{name: value}] of the events; asserts what RFC 5545 requires of a VCALENDAR (3.6) and a VEVENT (3.6.1) of days."""
    lines = calendar_lines(test, data)
    test.assertEqual((lines[0], lines[-1]), ("BEGIN:VCALENDAR", "END:VCALENDAR"))
    around, events, inside = [], [], None
    for line in lines[1:-1]:
        matched = re.fullmatch(r"([A-Z0-9-]+)((?:;[A-Z-]+=[^;:,\"]+)*):(.*)", line)
        test.assertIsNotNone(matched, line)
        name, parameters, value = matched.groups()
        test.assertNotRegex(value, r"[\x00-\x1f\x7f]")
        if (name, value) == ("BEGIN", "VEVENT"):
            test.assertIsNone(inside)
            inside = {}
        elif (name, value) == ("END", "VEVENT"):
            events.append(inside)
            inside = None
        elif inside is None:
            around.append((name, value))
        else:
            test.assertNotIn(name, inside, "each at most once")
            inside[name] = value
            if name in ("DTSTART", "DTEND"):
                test.assertEqual(parameters, ";VALUE=DATE")
            if name in ("SUMMARY", "DESCRIPTION"):
                test.assertRegex(value, r"^(?:[^\\;,]|\\[\\;,nN])*$")
    test.assertIsNone(inside)
    test.assertEqual([v for n, v in around if n == "VERSION"], ["2.0"])
    test.assertEqual(sum(n == "PRODID" for n, _ in around), 1)
    for e in events:
        test.assertLessEqual({"UID", "DTSTAMP", "DTSTART", "SUMMARY"}, set(e))
        test.assertRegex(e["DTSTAMP"], r"^\d{8}T\d{6}Z$")
        test.assertGreater(datetime.strptime(e["DTEND"], "%Y%m%d"), datetime.strptime(e["DTSTART"], "%Y%m%d"))
        test.assertIn(e["STATUS"], ("TENTATIVE", "CONFIRMED", "CANCELLED"))
    test.assertEqual(len({e["UID"] for e in events}), len(events))
    return events


class Outlook(Enrolled):
    """Two participants: one between visit 5 and visit 6, one in screening. What the verbs say agrees with the study system."""

    def setUp(self):
        super().setUp()
        self.ready()
        self.enrolled("ottilie", "V-1")
        self.go(14)
        self.put(people.encounter("ottilie", when(14), "v5"), *people.visit_results("ottilie", when(14), without=("c4",)))
        self.settled()
        self.candidate("wendela", 12)
        self.add("V-2", "wendela", 14)
        self.go(17)
        self.plan = Schedule()
        self.plan.screened, self.plan.dosed = -14, True
        self.plan.held, self.plan.missing = {"screening": -14, "v1": 0, "v2": 1, "v5": 14}, {"screening": ["everything"], "v5": ["C4"]}
        self.today = 17

    def visits(self, *arguments):
        return {v["visit"]: v for v in self.lines("schedule", "V-1", "--json", *arguments)}

    def test_what_the_verbs_say(self):
        """They only look: one gateway for all of them."""
        for look in (self.a_participation_with_its_trail, self.the_schedule_says_what_the_study_system_was_told,
                     self.criteria_that_expire_before_a_planned_screening, self.the_calendar_in_all_its_forms,
                     self.criteria_of_somebody_who_takes_part_in_nothing):
            with self.subTest(look.__name__):
                look()

    def the_schedule_says_what_the_study_system_was_told(self):
        told = self.standing("ottilie")
        self.assertEqual(told, self.plan.expected(self.today))
        said = self.visits()
        quiet = {"not-planned", "ahead", "passed", "done"}
        self.assertEqual({(v, s["state"]) for v, s in said.items() if s["state"] not in quiet}, told)
        for visit in VISITS:
            earliest, proposed, latest = self.plan.window(visit)
            window = [said[visit][w] for w in ("earliest", "proposed", "latest")]
            self.assertEqual(window, [on(n).isoformat() for n in (earliest, proposed, latest)])
        self.assertEqual(said["v5"]["missing"], ["C4 not resulted"])
        self.assertEqual((said["v2"]["held"], said["v5"]["held"]), (on(1).isoformat(), on(14).isoformat()))
        text = self.cli("schedule", "V-1")
        for visit, s in said.items():
            if s["earliest"] or s["held"]:
                self.assertRegex(text, re.escape(s["title"]) + r" .*\b" + s["state"])
        for n in (28, 40):
            later = {v: s["state"] for v, s in self.visits("--as-of", on(n).isoformat()).items()}
            expected = dict(self.plan.expected(n))
            self.assertEqual({v: later[v] for v in expected}, expected, f"as of day {n}")

    def criteria_that_expire_before_a_planned_screening(self):
        def ask(n):
            said = self.lines("schedule", "V-2", "--screening", on(n).isoformat(), "--json")
            return {e["criterion"]: e for e in said if "criterion" in e}
        self.assertEqual(ask(18), {})
        # The eGFR is of day 12 and counts for 90 days.
        self.assertNotIn("renal-function", ask(12 + 90))
        egfr = ask(12 + 91)["renal-function"]
        self.assertEqual((egfr["now"], egfr["then"], egfr["changesOn"]), ("met", "unknown", on(12 + 91).isoformat()))
        self.assertIn("renal-function", self.cli("schedule", "V-2", "--screening", on(12 + 91).isoformat()))

    def criteria_of_somebody_who_takes_part_in_nothing(self):
        self.candidate("quirina", 16)
        somebody = ("schedule", "Patient/quirina", "--json")
        self.assertIn("--screening", self.gateway.run(*somebody, expect=1).stderr)
        expiring = {e["criterion"] for e in self.lines(*somebody, "--screening", on(16 + 91).isoformat())}
        self.assertIn("renal-function", expiring)
        self.gateway.run("schedule", "Patient/nobody", "--screening", on(30).isoformat(), expect=1)
        self.gateway.run("schedule", "V-1", "--screening", "2027-02-30", expect=2)

    def the_calendar_in_all_its_forms(self):
        folded = 0
        for n, days in ((17, 60), (26, 8), (75, 120)):
            as_of = ["--as-of", on(n).isoformat(), "--days", str(days)]
            found = [v for v in self.lines("calendar", "--format", "json", *as_of) if v["participant"] == "V-1"]
            expected = set()
            for visit in VISITS:
                earliest, _, latest = self.plan.window(visit)
                standing = self.plan.standing(visit, n)
                here = earliest < n + days and n <= latest
                if visit not in self.plan.held and standing != "missed" and (here or standing == "overdue"):
                    expected.add(visit)
            self.assertEqual({v["visit"] for v in found}, expected, as_of)
            self.assertEqual([v["proposed"] for v in found], sorted(v["proposed"] for v in found))
            text = self.cli("calendar", *as_of)
            self.assertTrue(text.startswith(f"{on(n)} to {on(n + days - 1)}: "))
            self.assertEqual(text.count("sle-uc-msc V-1"), len(found))
            events = [e for e in self.ical(*as_of) if e["SUMMARY"].startswith("V-1: ")]
            inside = [v for v in found if on(n).isoformat() <= v["proposed"] <= on(n + days - 1).isoformat()]
            self.assertEqual({(NAMES[e["SUMMARY"].removeprefix("V-1: ").replace("\\,", ",")], e["DTSTART"]) for e in events},
                             {(v["visit"], v["proposed"].replace("-", "")) for v in inside})
            folded += sum(len(e.get("DESCRIPTION", "")) > 75 for e in events)
        self.assertGreater(folded, 0, "something was long enough to be folded")

    def ical(self, *arguments):
        done = subprocess.run([PROGRAM, "calendar", "--format", "ics", *arguments, "--config", self.gateway.file()], capture_output=True,
                              timeout=60)  # as bytes: line ends count
        self.gateway.output.append((done.stdout + done.stderr).decode())
        self.assertEqual(done.returncode, 0)
        return calendar_events(self, done.stdout)

    def test_alerts_are_listed_acknowledged_and_snoozed(self):
        alerts = {(a["participant"], *visit_of(a["title"])): a for a in self.lines("alerts", "list", "--json")}
        self.assertEqual({(v, k) for n, v, k in alerts if n == "V-1"}, self.standing("ottilie"))
        self.assertEqual({(v, k) for n, v, k in alerts if n == "V-2"}, self.standing("wendela"))
        self.assertEqual({a["trial"] for a in alerts.values()}, {"sle-uc-msc"})
        shown = self.shown("show", "V-1")
        for (number, *_), a in alerts.items():
            self.assertEqual(f"alert {a['id']} " in shown, number == "V-1")
        missed, incomplete = alerts["V-1", "v4", "missed"], alerts["V-1", "v5", "done-incomplete"]
        proposed = alerts["V-2", "v1", "upcoming"]
        self.assertEqual(self.cli("alerts", "list", "--tier", "2", "--participant", "V-1").count(" missed "), 2)
        self.cli("alerts", "ack", *(str(a["id"]) for a in (missed, incomplete, proposed)))
        self.nudge()
        issue = self.current("ottilie", "v4", "missed")
        self.assertEqual(issue["mitigation"][0]["action"], {"text": "acknowledged"})
        self.assertTrue(issue["mitigation"][0]["author"]["display"])
        self.assertEqual(self.current("ottilie", "v5", "done-incomplete")["note"][0]["text"], "acknowledged")
        self.assertIn("acknowledged by ", self.current("wendela", "v1", "upcoming")["comment"])
        self.assertNotIn("mitigation", self.current("ottilie", "v3", "missed"))
        self.gateway.run("alerts", "ack", str(missed["id"]), expect=1)
        self.cli("alerts", "snooze", str(alerts["V-1", "v3", "missed"]["id"]), "--for", "8h")
        listed = {a["id"]: a for a in self.lines("alerts", "list", "--json")}
        self.assertEqual({i for i, a in listed.items() if a["acknowledged"]}, {missed["id"], incomplete["id"], proposed["id"]})
        until = datetime.fromtimestamp(self.gateway.now / 1000 + 8 * 3600, UTC).strftime("%Y-%m-%dT%H:%M")
        self.assertTrue(listed[alerts["V-1", "v3", "missed"]["id"]]["snoozedUntil"].startswith(until))
        # Nothing new for the study system, not after a restart either; the next stage is another alert, which nobody has acknowledged.
        before = self.trails("ottilie")
        self.gateway.kill()
        self.gateway.start()
        self.go(18)
        self.assertEqual(self.trails("ottilie"), before)
        self.go(28)
        self.assertEqual(self.current("wendela", "v1", "upcoming")["status"], "cancelled")
        due = next(a for a in self.lines("alerts", "list", "--json") if visit_of(a["title"]) == ("v1", "due"))
        self.cli("alerts", "ack", str(due["id"]))
        self.nudge()
        task = self.current("wendela", "v1", "due")
        self.assertEqual((task["status"], task["note"][0]["text"]), ("received", "acknowledged"))
        self.put(people.result("ottilie", "c4", when(14)))
        status = lambda: self.current("ottilie", "v5", "done-incomplete")["status"]
        wait_until(lambda: status() == "revoked", "an acknowledged alert is withdrawn, too")

    def a_participation_with_its_trail(self):
        shown = self.shown("show", "V-1")
        self.assertTrue(shown.startswith(f"sle-uc-msc V-1: on-study since {DAY_0}"))
        self.assertRegex(shown, r"dosing +2027-11-03, 2027-11-03T10:00:00")
        trail = [line for line in shown.splitlines() if "(user " in line]
        self.assertEqual([re.search(r"Z +(.*) \(user", line)[1] for line in trail], [f"screening since {on(-14)}", f"dosed on {DAY_0}"])
        self.assertEqual(set(self.participants()), {"V-1", "V-2"})


MINUTE = 60_000
POTASSIUM, SODIUM, CALCIUM, PLATELETS = (
    f"{what}, grade 4 (CTCAE v5.0)" for what in ("Hyperkalemia", "Hyponatremia", "Hypocalcemia", "Platelet count decreased"))
ALT = "ALT increased, grade 3 (CTCAE v5.0)"


class Mails(Enrolled):
    """A coordinator hears of T1 at once, of T2 in the morning; a physician of the T1 that the coordinator leaves alone for half an hour."""

    def setUp(self):
        super().setUp()
        self.relay = Relay()
        self.addCleanup(self.relay.close)
        self.site(people={
            "relay": {"host": "localhost", "port": self.relay.port, "security": "none", "from": "trialgate@example.org"},
            "link": "https://study.example.org/{participant}", "gather": "30s", "spacing": "1m",
            "subscribers": [
                {"name": "coordinator", "address": "coordinator@example.org", "tiers": {"T1": "immediate", "T2": "07:30", "T3": "never"},
                 "escalate": {"after": "30m", "to": "physician"}},
                {"name": "physician", "address": "physician@example.org", "tiers": {"T1": "never", "T2": "never", "T3": "never"}}]})
        self.begin()

    def found(self, name, value, status="final"):
        """A second result of day 1."""
        self.put(people.result("idalia", name, when(1, 11), value, status, tag="-late"))
        self.settled()
        return self.gateway.now

    def mailed(self, count):
        """The last mail once there are that many: person, time, titles of its alerts, those that are said to wait too long."""
        wait_until(lambda: len(self.relay.mails) >= count, f"{count} mails")
        self.assertEqual(len(self.relay.mails), count)
        address, at, _, text = self.relay.mails[-1]
        said = re.findall(r"^T(\d)  sle-uc-msc, participant T-1: (.*)\n((?:    .*\n)*)", text, re.MULTILINE)
        for _, _, below in said:
            self.assertIn("    https://study.example.org/T-1\n", below)
        late = [title for _, title, below in said if "nobody has acknowledged it in its time" in below]
        return address.split("@")[0], at, {(f"T{tier}", title) for tier, title, _ in said}, late

    def alerts(self):
        return {a["title"]: a for a in self.lines("alerts", "list", "--all", "--json")}

    def test_a_t1_that_nobody_acknowledges_goes_to_the_next_person_once(self):
        self.enrolled("idalia", "T-1")
        self.found("alt", 250)
        begin = self.found("k", 7.4)
        self.to(begin + 30_000)
        self.assertEqual(self.mailed(1), ("coordinator", begin + 30_000, {("T1", POTASSIUM)}, []))
        self.gateway.kill()
        self.gateway.start()
        # A second before its time everybody is looked at, for another alert.
        self.to(begin + 30 * MINUTE - 31_000)
        second = self.found("na", 118)
        self.to(second + 30_000)
        self.assertEqual(self.mailed(2), ("coordinator", begin + 30 * MINUTE - 1_000, {("T1", SODIUM)}, []))
        self.to(begin + 30 * MINUTE)
        self.assertEqual(self.mailed(3), ("physician", begin + 30 * MINUTE, {("T1", POTASSIUM)}, [POTASSIUM]))
        # Of three others one is acknowledged, one was an error; only the third is left alone.
        self.cli("alerts", "ack", str(self.alerts()[SODIUM]["id"]))
        third = self.found("ca", 5.2)
        self.found("plt", 15)
        self.to(third + MINUTE)
        self.assertEqual(self.mailed(4), ("coordinator", third + MINUTE, {("T1", CALCIUM), ("T1", PLATELETS)}, []))
        self.found("ca", 5.2, "entered-in-error")
        self.gateway.kill()
        self.gateway.start()
        self.to(third + 30 * MINUTE)
        self.assertEqual(self.mailed(5), ("physician", third + 30 * MINUTE, {("T1", PLATELETS)}, [PLATELETS]))
        alerts = self.alerts()
        self.assertEqual({title for title, a in alerts.items() if a["escalated"]}, {POTASSIUM, PLATELETS})
        self.assertEqual((alerts[CALCIUM]["open"], bool(alerts[SODIUM]["acknowledged"])), (False, True))
        # What is told is not told again: the next mornings bring what is new of T2, and the physician nothing.
        self.go(2, 7, 29)
        self.go(2, 7, 30)
        self.assertEqual(self.mailed(6), ("coordinator", day(2, 7, 30), {("T2", ALT)}, []))
        self.go(3, 7, 30)
        self.assertEqual(self.mailed(7), ("coordinator", day(3, 7, 30), {("T2", "Visit 3 (day 3) is due, its window is closing")}, []))
        self.gateway.stop()
        self.mailed(7)
        self.assert_private("".join(subject + text for _, _, subject, text in self.relay.mails))


if __name__ == "__main__":
    unittest.main()
