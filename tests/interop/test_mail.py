"""The gateway's mails at a real relay. Run by mail.sh, which sets MAIL_SERVER (folder of server.mjs, with certificates in ours/ and strangers/). Alerts
are put into the store beside the running gateway, as another process of it would."""
import contextlib
import json
import os
import quopri
import re
import sqlite3
import subprocess
import sys
import threading
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "scenario"))

from base import Scenario
from harness import START, pseudonym, wait_until

SERVER = os.environ["MAIL_SERVER"]
MINUTE = 60_000
SECRETS = ("Patient/", "Musterfrau", "210 U/L", "1990-05-04", "aa11bb22")


class Relay:
    def __init__(self, port=0, **options):
        self.options, self.mails, self.process, self.port = options, [], None, port
        self.start()

    def start(self):
        self.process = subprocess.Popen(["node", "server.mjs", json.dumps(dict(self.options, port=self.port))], cwd=SERVER, stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline().split()[1])
        self.reader = threading.Thread(target=self.read, args=(self.process,), daemon=True)
        self.reader.start()

    def read(self, process):
        for line in process.stdout:
            self.mails.append(json.loads(line))

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.reader.join()
        self.process.stdout.close()

    def text(self, n):
        return quopri.decodestring(self.mails[n]["data"]).decode()


class Mail(Scenario):
    def relay(self, **options):
        self.server = Relay(**options)
        self.addCleanup(lambda: self.server.stop())
        return self.server

    def begin(self, relay=None, subscribers=None, **people):
        alice = {"name": "alice", "address": "alice@example.org", "tiers": {"T1": "immediate", "T2": "immediate", "T3": "never"}}
        self.make_gateway(start=False, people={
            "relay": {"host": "localhost", "port": self.server.port, "security": "none", "from": "trialgate@example.org", "firstRetry": "10s",
                      "longestRetry": "1m", "deadline": "5s", **(relay or {})},
            "link": "https://study.example.org/{participant}", "subscribers": subscribers or [alice], **people})
        self.gateway.write("mail.password", "correct horse")
        self.gateway.start()

    def put(self, *numbers, tier=1, news=None):
        store = sqlite3.connect(os.path.join(self.gateway.folder, "data", "trialgate.db"), timeout=30)
        now = news or self.gateway.now
        with store:
            for n in numbers:
                store.execute("INSERT INTO alert(trial, number, key, kind, source, patient, subject, public_id, tier, open, version, raised, changed, withdrawn, "
                              "news, acknowledged_by, acknowledged, snoozed_until, escalated, title, content, body, body_with_references) VALUES "
                              "('sle-uc-msc', ?, ?, 'lab-grade', 'ehr', 'Patient/p', ?, ?, ?, 1, 1, ?, ?, 0, ?, '', 0, 0, 0, ?, 'c', ?, ?)",
                              (f"S-{n}", f"lab/alt/Observation/o{n}", pseudonym("ehr", "Patient/p"), f"aa11bb22{n:024x}", tier, now, now, now,
                               f"ALT increased, grade 3 (CTCAE v5.0) {n}", '{"kind":"lab-grade","tier":"T1","title":"t","text":"Musterfrau 210 U/L"}',
                               '{"kind":"lab-grade","tier":"T1","title":"t","text":"Musterfrau 210 U/L","evidence":[{"reference":"Patient/p"}]}'))
            store.execute("UPDATE alert_stamp SET stamp = stamp + 1")
        store.close()

    def arrived(self, count):
        wait_until(lambda: len(self.server.mails) >= count, f"{count} mails arrived")
        self.assertEqual(len(self.server.mails), count)

    def kept(self):
        """The gateway knows that what has arrived was taken: no mail waits or is being sent."""
        with contextlib.closing(sqlite3.connect(os.path.join(self.gateway.folder, "data", "trialgate.db"), timeout=30)) as store:
            wait_until(lambda: store.execute("SELECT count(*) FROM mail").fetchone() == (0,), "no mail is under way")

    def ids(self):
        return [re.search(r"Message-ID: <(.*?)>", m["data"])[1] for m in self.server.mails]

    def tearDown(self):
        server = getattr(self, "server", None)
        for n, mail in enumerate(server.mails if server else []):
            for secret in SECRETS:
                self.assertNotIn(secret, self.server.text(n))
            self.assertNotIn("\nBcc", mail["data"])
        super().tearDown()

    def fault(self, key):
        wait_until(lambda: key in self.faults(), f"the fault {key}")

    def no_fault(self, key):
        wait_until(lambda: key not in self.faults(), f"no fault {key}")

    def test_plain_one_mail_for_what_comes_together_and_none_after_restarts(self):
        self.relay()
        self.begin()
        self.put(1, 2, 3)
        self.gateway.advance(MINUTE)
        self.arrived(1)
        text = self.server.text(0)
        for n in (1, 2, 3):
            self.assertIn(f"T1  sle-uc-msc, participant S-{n}: ALT increased, grade 3 (CTCAE v5.0) {n}\r\n    https://study.example.org/S-{n}\r\n", text)
        self.assertEqual((self.server.mails[0]["from"], self.server.mails[0]["to"]), ("trialgate@example.org", ["alice@example.org"]))
        for _ in range(2):
            self.kept()  # killed before that, it would send again what has arrived (test below)
            self.gateway.kill()
            self.gateway.start()
            self.gateway.advance(60 * MINUTE)
            self.put(100 + self.gateway.now, news=self.gateway.now)
            self.gateway.advance(MINUTE)
            wait_until(lambda: str(self.gateway.now - MINUTE + 100) in "".join(self.server.text(n) for n in range(len(self.server.mails))), "the next mail")
        self.arrived(3)
        self.assertEqual(len(set(self.ids())), 3)
        self.gateway.stop()

    def test_starttls_with_our_ca_and_a_login(self):
        self.relay(starttls=True, cert=f"{SERVER}/ours/localhost.pem", key=f"{SERVER}/ours/localhost.key", user="gate", password="correct horse")
        self.begin({"security": "starttls", "ca": f"{SERVER}/ours/ca.pem", "user": "gate", "secret": {"file": "mail.password"}})
        self.put(1)
        self.gateway.advance(MINUTE)
        self.arrived(1)
        self.assertTrue(self.server.mails[0]["tls"])
        self.assertEqual(self.server.mails[0]["user"], "gate")

    def test_tls_from_the_first_byte(self):
        self.relay(secure=True, cert=f"{SERVER}/ours/localhost.pem", key=f"{SERVER}/ours/localhost.key")
        self.begin({"security": "tls", "ca": f"{SERVER}/ours/ca.pem"})
        self.put(1)
        self.gateway.advance(MINUTE)
        self.arrived(1)
        self.assertTrue(self.server.mails[0]["tls"])

    def test_a_certificate_of_strangers_is_not_believed(self):
        self.relay(starttls=True, cert=f"{SERVER}/strangers/localhost.pem", key=f"{SERVER}/strangers/localhost.key")
        self.begin({"security": "starttls", "ca": f"{SERVER}/ours/ca.pem"})
        self.put(1)
        self.gateway.advance(MINUTE)
        self.fault("people.relay")
        self.assertEqual(self.server.mails, [])

    def test_a_relay_that_offers_no_starttls_gets_nothing(self):
        self.relay()
        self.begin({"security": "starttls", "ca": f"{SERVER}/ours/ca.pem"})
        self.put(1)
        self.gateway.advance(MINUTE)
        self.fault("people.relay")
        self.assertEqual(self.server.mails, [])

    def test_a_refused_login_is_the_relays_fault_and_nothing_is_lost(self):
        tls = {"starttls": True, "cert": f"{SERVER}/ours/localhost.pem", "key": f"{SERVER}/ours/localhost.key", "user": "gate"}
        self.relay(password="another", **tls)
        self.begin({"security": "starttls", "ca": f"{SERVER}/ours/ca.pem", "user": "gate", "secret": {"file": "mail.password"}})
        self.put(1)
        self.gateway.advance(MINUTE)
        self.fault("people.relay")
        self.server.stop()
        self.server.options["password"] = "correct horse"
        self.server.start()
        self.gateway.advance(5 * MINUTE)
        self.arrived(1)
        self.no_fault("people.relay")

    def test_a_bounce_is_given_up_and_others_are_told(self):
        self.relay(refuse=["alice@example.org"], later=["carol@example.org"])
        people = [{"name": n, "address": f"{n}@example.org", "tiers": {"T1": "immediate"}} for n in ("alice", "bob", "carol")]
        self.begin(subscribers=people)
        self.put(1)
        self.gateway.advance(MINUTE)
        self.arrived(1)
        self.assertEqual(self.server.mails[0]["to"], ["bob@example.org"])
        self.fault("people.undelivered")
        self.assertNotIn("people.relay", self.faults())
        listed = self.gateway.run("alerts", "undelivered").stdout
        self.assertIn("550", listed)
        self.assertIn("1 mail given up", listed)
        self.server.stop()
        self.server.options = {}
        self.server.start()
        self.gateway.run("alerts", "undelivered", "--retry")
        self.gateway.advance(5 * MINUTE)
        self.arrived(3)
        self.assertEqual({m["to"][0] for m in self.server.mails}, {"alice@example.org", "bob@example.org", "carol@example.org"})
        self.no_fault("people.undelivered")

    def test_a_relay_that_is_away_for_a_while(self):
        self.relay()
        self.begin()
        self.server.stop()
        self.put(1)
        self.gateway.advance(MINUTE)
        self.fault("people.relay")
        told = sum("fault.began" in line and "people.relay" in line for line in self.gateway.output)
        self.put(2)
        for _ in range(5):
            self.gateway.advance(5 * MINUTE)
        self.gateway.kill()
        self.gateway.start()
        self.server.start()
        self.gateway.advance(5 * MINUTE)
        wait_until(lambda: len(self.server.mails) == 2, "both mails arrived")
        self.no_fault("people.relay")
        self.gateway.advance(60 * MINUTE)
        self.gateway.stop()
        self.arrived(2)
        self.assertEqual(told, 1)
        self.assertEqual(len(set(self.ids())), 2)

    def test_a_thousand_at_once_are_one_mail(self):
        self.relay()
        self.begin()
        self.put(*range(1000))
        self.gateway.advance(MINUTE)
        self.arrived(1)
        self.assertIn("and 950 more", self.server.text(0))
        self.gateway.advance(24 * 60 * MINUTE)
        self.gateway.stop()
        self.arrived(1)

    def test_acknowledging_ends_it_and_the_study_system_hears_who(self):
        self.relay()
        bob = {"name": "bob", "address": "bob@example.org", "tiers": {"T1": "never"}}
        alice = {"name": "alice", "address": "alice@example.org", "escalate": {"after": "30m", "to": "bob"}}
        self.begin(subscribers=[alice, bob])
        self.put(1, 2)
        self.gateway.advance(MINUTE)
        self.arrived(1)
        listed = [json.loads(line) for line in self.gateway.run("alerts", "list", "--json").stdout.splitlines()]
        self.assertEqual([a["participant"] for a in listed], ["S-1", "S-2"])
        done = self.gateway.run("alerts", "ack", str(listed[0]["id"]))
        self.assertEqual((done.returncode, done.stdout), (0, "1 alert acknowledged\n"))
        self.assertEqual(self.gateway.run("alerts", "ack", str(listed[0]["id"])).returncode, 1)
        self.gateway.advance(40 * MINUTE)
        self.arrived(2)
        self.assertEqual(self.server.mails[1]["to"], ["bob@example.org"])
        self.assertNotIn("S-1", self.server.text(1))
        self.assertIn("S-2", self.server.text(1))
        issue = wait_until(lambda: self.study.current("DetectedIssue"), "the study system hears of it")[0]
        user = subprocess.run(["id", "-un"], capture_output=True, text=True).stdout.strip()
        self.assertEqual(issue["mitigation"][0]["author"]["display"], user)
        self.assertEqual(issue["identifier"][0]["system"], "urn:trialgate:participant-alert")


if __name__ == "__main__":
    unittest.main()
