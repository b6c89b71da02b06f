"""The promises of design.md, section 4, one by one, on the real program."""
import json
import os
import signal
import threading
import sqlite3
import unittest
import urllib.error
import urllib.request

import people
from base import Scenario
from harness import START, flags, pseudonym, wait_until


class Promises(Scenario):
    def hooks(self):
        return {s["criteria"].split("?")[0]: s["channel"] for s in self.hospital.current("Subscription")}

    def send(self, method, url, body=b"", headers=None):
        return self.hospital.send_now((method, url, headers or {}, body))

    def secret_headers(self, channel):
        return {k: v.strip() for k, v in (h.split(":", 1) for h in channel["header"])}

    def told(self, event, what):
        return sum(f" {event} " in line and what in line for line in self.gateway.output)

    def ready(self, **more):
        self.make_gateway(**more)
        self.subscribed()
        self.settled()
        return self.gateway

    def test_p1_what_was_acknowledged_survives_a_kill(self):
        self.ready()
        self.candidate("kept")
        self.hospital.deliveries.join()
        self.gateway.kill()
        # Nobody tells it again: no message, and nothing is found by asking.
        self.hospital.quiet = True
        acknowledged = {url.rsplit("/", 1)[1] for method, url in self.hospital.delivered if method == "PUT"}
        self.assertLessEqual({"kept", "kept-sle", "kept-egfr", "kept-dsdna", "kept-hcq"}, acknowledged)
        self.gateway.start()
        self.settled()
        self.assertEqual(len(self.assert_study_agrees()), 1)

    def test_p1_nothing_is_acknowledged_before_it_is_durable(self):
        """The process dies right before its first commits, one after the other. The hospital cannot be asked: what was acknowledged must be there."""
        self.candidate("point")
        self.ready()
        channel = self.hooks()["Observation"]
        self.hospital.quiet = self.hospital.down = True
        values = [20 if n % 2 == 0 else 74 for n in range(5)]
        possible, answers = ["likely"], []
        for n, value in enumerate(values):
            self.gateway.kill()
            self.gateway.start(ready=False, TRIALGATE_CRASH_AT=str(n + 1))
            wait_until(lambda: self.gateway.operations or not self.gateway.alive(), "it is ready, or died at once")
            body = json.dumps(self.hospital.put(people.egfr("point", value), notify=False)).encode()
            answers.append(self.send("PUT", channel["endpoint"] + "/Observation/point-egfr", body, self.secret_headers(channel)))
            now = "likely" if value == 74 else None
            possible = [now] if answers[-1] == 200 else possible + [now]
        self.assertIn(None, answers)
        self.assertIn(200, answers)
        self.gateway.kill()
        self.gateway.start()
        self.settled()
        self.assertIn(flags(self.study).get(pseudonym("ehr", "Patient/point")), possible, (answers, values))

    def test_p2_an_older_version_never_overwrites_a_newer(self):
        self.candidate("order")
        self.ready()
        old = self.hospital.get("Observation", "order-egfr")
        self.hospital.put(people.egfr("order", 20))
        self.settled()
        channel = self.hooks()["Observation"]
        for _ in range(3):
            status = self.send("PUT", channel["endpoint"] + "/Observation/order-egfr", json.dumps(old).encode(), self.secret_headers(channel))
            self.assertEqual(status, 200)
        self.settled()
        self.assertEqual(self.assert_study_agrees(), {})
        self.assertGreaterEqual(self.gateway.metric("trialgate_events_total", outcome="older"), 3)

    def test_p3_a_repeated_event_has_one_effect(self):
        self.candidate("twice")
        self.ready()
        versions = {kind: len(self.study.data[kind][key]) for kind in ("Flag", "ResearchSubject") for key in self.study.data[kind]}
        same = self.hospital.get("Observation", "twice-egfr")
        channel = self.hooks()["Observation"]
        for _ in range(5):
            self.send("PUT", channel["endpoint"] + "/Observation/twice-egfr", json.dumps(same).encode(), self.secret_headers(channel))
        self.settled()
        self.assertEqual({kind: len(self.study.data[kind][key]) for kind in ("Flag", "ResearchSubject") for key in self.study.data[kind]}, versions)
        self.assertGreaterEqual(self.gateway.metric("trialgate_events_total", outcome="duplicate"), 5)

    def test_p4_lost_notifications_are_made_good_without_an_operator(self):
        self.ready()
        self.hospital.quiet = True
        self.candidate("lost")
        self.hospital.now += 300_000
        self.gateway.advance(301_000)
        wait_until(lambda: len(flags(self.study)) == 1, "reconcile has found what was never told")
        self.settled()
        self.hospital.delete("Observation", "lost-egfr")
        self.hospital.now += 300_000
        self.gateway.advance(301_000)
        wait_until(lambda: set(flags(self.study).values()) == {"possible"}, "reconcile has noticed the deletion")
        self.assert_study_agrees()

    def test_p4_what_happened_while_the_gateway_was_down_is_made_good(self):
        self.ready()
        self.gateway.stop()
        self.candidate("absent")
        self.hospital.deliveries.join()
        self.hospital.now += 60_000
        self.gateway.now += 60_000
        self.gateway.start()
        wait_until(lambda: len(flags(self.study)) == 1, "the restart has caught up")
        self.settled()
        self.assert_study_agrees()

    def test_p5_the_unreadable_is_quarantined_and_the_others_go_on(self):
        self.ready()
        channel = self.hooks()["Observation"]
        headers = self.secret_headers(channel)
        self.assertEqual(self.send("PUT", channel["endpoint"] + "/Observation/broken", b'{"resourceType":"Observation","id":"broken"', headers), 200)
        self.assertEqual(self.send("POST", channel["endpoint"], b"\xff\xfe no json at all", headers), 200)
        self.candidate("fine")
        self.settled()
        self.assertEqual(len(self.assert_study_agrees()), 1)
        self.assertEqual(self.gateway.metric("trialgate_quarantine_rows"), 2)
        ids = self.quarantined()
        self.assertEqual(len(ids), 2)
        self.gateway.run("quarantine", "replay", "--all", expect=0)
        wait_until(lambda: len(self.quarantined() - ids) == 2, "what is still unreadable is quarantined again")
        self.assertEqual(self.gateway.metric("trialgate_quarantine_rows"), 2)

    def test_p5_a_replayed_message_that_can_be_read_now_is_worked_in(self):
        """A disk with a bad day, a program that learned to read it: the store's copy is mended as such a thing would, then replayed."""
        self.candidate("again")
        self.ready()
        self.assertEqual(set(flags(self.study).values()), {"likely"})
        channel = self.hooks()["Observation"]
        changed = dict(people.egfr("again", 20), meta={"versionId": "2", "lastUpdated": "2026-03-15T08:00:00Z"})
        body = json.dumps(changed)
        self.assertEqual(self.send("PUT", channel["endpoint"] + "/Observation/again-egfr", body[:-1].encode(), self.secret_headers(channel)), 200)
        wait_until(lambda: self.gateway.metric("trialgate_quarantine_rows") == 1, "it is quarantined")
        self.settled()
        self.assertEqual(set(flags(self.study).values()), {"likely"})
        self.gateway.stop()
        with sqlite3.connect(os.path.join(self.gateway.folder, "data", "trialgate.db")) as store:
            store.execute("UPDATE quarantine SET body = ?", (body.encode(),))
        store.close()
        self.hospital.put(people.egfr("again", 20), notify=False)
        self.gateway.run("quarantine", "replay", "--all", expect=0)
        self.hospital.quiet = self.hospital.down = True  # it is the message that tells
        self.gateway.start()
        wait_until(lambda: flags(self.study) == {}, "the replayed message has had its effect")
        self.assertEqual(self.gateway.metric("trialgate_quarantine_rows"), 0)

    def tried(self, more, or_else=lambda: False):
        """The clock goes on until deliveries were tried so many times more: attempts take as long as they take."""
        before = self.gateway.metric("trialgate_deliveries_total")

        def enough():
            self.gateway.advance(60_000)
            return self.gateway.metric("trialgate_deliveries_total") >= before + more or or_else()
        wait_until(enough, f"{more} more attempts")

    def quarantined(self):
        return {json.loads(line)["id"] for line in self.gateway.run("quarantine", "list", "--json", expect=0).stdout.splitlines()}

    def test_p6_a_dead_sink_for_an_hour_delays_nobody_and_loses_nothing(self):
        self.ready()
        self.study.down = True
        self.candidate("one")
        self.candidate("two")
        self.hospital.deliveries.join()
        wait_until(lambda: self.gateway.metric("trialgate_outbox_waiting") >= 2, "both are decided")
        began = self.gateway.now
        while self.gateway.now < began + 3_600_000:
            self.tried(1)
        wait_until(lambda: "sink.study.unreachable" in self.faults(), "the fault is told")
        self.hospital.put(people.egfr("two", 20))
        self.hospital.deliveries.join()
        wait_until(lambda: self.gateway.metric("trialgate_outbox_waiting") >= 3, "decisions go on")
        self.study.down = False

        def delivered():
            self.gateway.advance(60_000)
            return self.gateway.metric("trialgate_outbox_waiting") == 0
        wait_until(delivered, "everything is delivered in the end")
        self.assert_study_agrees()
        wait_until(lambda: "sink.study.unreachable" not in self.faults(), "the fault is over")
        self.assertEqual(self.told("fault.began", "sink.study.unreachable"), 1)
        self.assertEqual(self.told("fault.over", "sink.study.unreachable"), 1)

    def test_p7_retries_end_and_a_person_can_start_them_again(self):
        self.ready(sink={"giveUpAfter": "1h"})
        self.study.down = True
        self.candidate("late")
        self.hospital.deliveries.join()
        wait_until(lambda: self.gateway.metric("trialgate_outbox_waiting") == 1, "it is decided")
        began = self.gateway.now

        def dead():
            seen = self.gateway.metrics()
            waiting, given_up = (self.gateway.metric(name, seen) for name in ("trialgate_outbox_waiting", "trialgate_outbox_dead"))
            self.assertEqual(waiting + given_up, 1, "the message is there at every moment, and once")
            return given_up == 1
        for _ in range(100):
            if dead():
                break
            self.tried(1, or_else=dead)
        self.assertTrue(dead())
        self.assertGreater(self.gateway.now - began, 3_600_000)
        self.assertGreaterEqual(self.gateway.metric("trialgate_deliveries_total", outcome="later"), 5)
        wait_until(lambda: "sink.study.dead-letters" in self.faults(), "it is told that a message was given up")
        self.study.down = False
        self.gateway.run("outbox", "retry", "--all-dead", expect=0)

        def delivered():
            self.gateway.advance(60_000)
            return self.gateway.metric("trialgate_outbox_dead") == 0 and self.gateway.metric("trialgate_outbox_waiting") == 0
        wait_until(delivered, "the retried message is delivered")
        self.assert_study_agrees()
        wait_until(lambda: self.gateway.advance(60_000) or not self.faults(), "all faults are over")

    def test_a_humans_decision_is_never_overwritten(self):
        self.candidate("chosen")
        self.ready()
        subject = self.study.current("ResearchSubject")[0]
        self.study.put(dict(subject, status="on-study"))
        self.gateway.advance(301_000)
        wait_until(lambda: self.gateway.status()["humanDecisions"] == {"sle-uc-msc": {"on-study": 1}}, "the decision is read back")
        self.hospital.put(people.egfr("chosen", 20))
        self.settled()
        self.assertEqual(self.study.get("ResearchSubject", subject["id"])["status"], "on-study")
        wait_until(lambda: any("contradict" in json.dumps(t) for t in self.study.current("Task")), "the contradiction is told")
        tasks = len(self.study.current("Task"))
        self.hospital.put(people.egfr("chosen", 19))
        self.settled()
        self.assertEqual(len(self.study.current("Task")), tasks)

    def test_p9_a_stop_finishes_and_a_restart_goes_on(self):
        self.ready()
        subscriptions = lambda: sorted((s["id"], s["criteria"], s["channel"]["endpoint"]) for s in self.hospital.current("Subscription"))
        ours = lambda: self.gateway.status()["sources"][0]["subscriptions"]
        wait_until(lambda: all(s["status"] for s in ours()) and len(ours()) == len(subscriptions()), "all are created")
        before = subscriptions()
        self.assertEqual(len({criteria for _, criteria, _ in before}), len(before))
        self.gateway.stop()
        self.gateway.start()
        self.candidate("after")
        self.settled()
        self.assert_study_agrees()
        self.assertEqual(subscriptions(), before)

    def test_p9_a_second_signal_ends_it_though_a_study_system_never_answers(self):
        self.ready(sink={"deadline": "10m"})
        self.study.hang = threading.Event()
        self.candidate("stuck")
        wait_until(lambda: self.study.hung, "a delivery is under way")
        self.gateway.process.send_signal(signal.SIGTERM)
        wait_until(lambda: any(" stopping" in line for line in self.gateway.output), "it is stopping")
        self.gateway.stop()
        self.study.hang.set()
        self.study.hang = None
        self.gateway.start()
        self.settled()
        self.assertEqual(len(self.assert_study_agrees()), 1)

    def test_p9_a_bad_configuration_keeps_the_old_one(self):
        self.ready()
        self.gateway.write("trialgate.json", '{"data": "data", "sauces": []}')
        self.gateway.process.send_signal(signal.SIGHUP)
        wait_until(lambda: any("reload.refused" in line for line in self.gateway.output), "the reload is refused")
        self.candidate("still")
        self.settled()
        self.assertEqual(len(self.assert_study_agrees()), 1)
        self.gateway.write("trialgate.json", json.dumps(self.gateway.config))
        self.gateway.process.send_signal(signal.SIGHUP)
        wait_until(lambda: any(" reloaded" in line for line in self.gateway.output), "a good one is taken")
        self.candidate("more")
        self.settled()
        self.assertEqual(len(self.assert_study_agrees()), 2)

    def test_p9_a_signal_during_the_start_is_neither_fatal_nor_lost(self):
        self.ready()
        self.gateway.stop()
        # A configuration that takes its time: the signal comes while it is being read.
        long = self.gateway.write("long.json", json.dumps(self.gateway.config) + " " * (64 << 20))
        self.gateway.start(ready=False, config=long)
        fds = f"/proc/{self.gateway.process.pid}/fd"

        def is_open(fd):
            try:
                return os.readlink(os.path.join(fds, fd)) == long
            except OSError:  # closed in between
                return False

        wait_until(lambda: any(is_open(fd) for fd in os.listdir(fds)), "the program reads its configuration")
        self.gateway.process.send_signal(signal.SIGHUP)
        wait_until(lambda: any(" reloaded" in line for line in self.gateway.output), "the configuration is read again")

    def test_p10_nothing_is_reachable_without_authentication(self):
        self.ready()
        channel = self.hooks()["Observation"]
        body = json.dumps(people.egfr("x", 1)).encode()
        at = channel["endpoint"]
        self.assertEqual(self.send("PUT", at + "/Observation/x-egfr", body), 401)
        self.assertEqual(self.send("PUT", at + "/Observation/x-egfr", body, {"Authorization": "Bearer wrong"}), 401)
        base = f"http://127.0.0.1:{self.gateway.port}"
        for path in ("/", "/in", "/in/guess/observation", "/metrics", "/fhir/metadata", "/test/clock", "/in/../livez"):
            self.assertEqual(self.send("GET", base + path), 404, path)
            self.assertIn(self.send("POST", base + path, body), (404, 405), path)
        self.assertEqual(self.send("GET", base + "/livez"), 200)
        self.assertEqual(self.send("GET", base + "/.well-known/jwks.json"), 200)
        self.assertEqual(self.gateway.metric("trialgate_journal_rows"), 0)

    def test_a_verdict_that_expires_does_so_on_time_though_nothing_arrives(self):
        self.candidate("expiring")
        self.ready()
        self.assertEqual(len(flags(self.study)), 1)
        # The eGFR of 2026-03-01 counts for 90 days: on 2026-05-31 it is too old, and the status is "possible".
        self.gateway.advance(77 * 86_400_000)
        wait_until(lambda: set(flags(self.study).values()) == {"possible"}, "the flag has changed by time alone")

    def test_a_clock_set_back_harms_nothing(self):
        self.ready()
        self.gateway.advance(-3_600_000)
        self.candidate("before")
        self.settled()
        self.assertEqual(len(self.assert_study_agrees()), 1)


if __name__ == "__main__":
    unittest.main()
