"""The promises of design.md, section 4, one by one, on the real program."""
import json
import os
import signal
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

    def ready(self, **more):
        self.make_gateway(**more)
        self.subscribed()
        self.settled()
        return self.gateway

    def test_p1_what_was_acknowledged_survives_a_kill(self):
        self.ready()
        self.gateway.kill()
        # The commit is done, the answer not yet given: the process dies exactly there.
        self.gateway.start()
        self.candidate("kept")
        self.hospital.deliveries.join()
        self.gateway.kill()
        self.hospital.quiet = True
        self.gateway.start()
        self.settled()
        self.assertEqual(len(self.assert_study_agrees()), 1)

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
        self.assertEqual(self.gateway.run("quarantine", "list").returncode in (0, 3), True)
        self.gateway.run("quarantine", "replay", "--all", expect=0)
        wait_until(lambda: self.gateway.metric("trialgate_quarantine_rows") == 2, "what is still unreadable is quarantined again")

    def test_p6_a_dead_sink_for_an_hour_delays_nobody_and_loses_nothing(self):
        self.ready()
        self.study.down = True
        self.candidate("one")
        self.candidate("two")
        self.hospital.deliveries.join()
        wait_until(lambda: self.gateway.metric("trialgate_outbox_waiting") >= 2, "both are decided")
        for _ in range(12):
            self.gateway.advance(300_000)
        wait_until(lambda: "sink.study.unreachable" in self.faults(), "the fault is told")
        self.hospital.put(people.egfr("two", 20))
        self.hospital.deliveries.join()
        wait_until(lambda: self.gateway.metric("trialgate_journal_rows") == 0, "decisions go on")
        self.study.down = False

        def delivered():
            self.gateway.advance(300_000)
            return self.gateway.metric("trialgate_outbox_waiting") == 0
        wait_until(delivered, "everything is delivered in the end")
        self.assert_study_agrees()
        wait_until(lambda: "sink.study.unreachable" not in self.faults(), "the fault is over")
        begun = sum("fault.began" in line and "sink.study.unreachable" in line for line in self.gateway.output)
        self.assertEqual(begun, 1)

    def test_p7_retries_end_and_a_person_can_start_them_again(self):
        self.ready(sink={"giveUpAfter": "1h"})
        self.study.down = True
        self.candidate("late")
        self.hospital.deliveries.join()
        wait_until(lambda: self.gateway.metric("trialgate_outbox_waiting") == 1, "it is decided")

        def dead():
            self.gateway.advance(600_000)
            return self.gateway.metric("trialgate_outbox_dead") == 1
        wait_until(dead, "retries end")
        self.study.down = False
        self.gateway.run("outbox", "retry", "--all-dead", expect=0)

        def delivered():
            self.gateway.advance(60_000)
            return self.gateway.metric("trialgate_outbox_dead") == 0 and self.gateway.metric("trialgate_outbox_waiting") == 0
        wait_until(delivered, "the retried message is delivered")
        self.assert_study_agrees()

    def test_a_humans_decision_is_never_overwritten(self):
        self.candidate("chosen")
        self.ready()
        subject = self.study.current("ResearchSubject")[0]
        self.study.put(dict(subject, status="on-study"))
        self.gateway.advance(301_000)
        wait_until(lambda: any(d.get("human") == "on-study" for d in self.decisions()), "the decision is read back")
        self.hospital.put(people.egfr("chosen", 20))
        self.settled()
        self.assertEqual(self.study.get("ResearchSubject", subject["id"])["status"], "on-study")
        wait_until(lambda: any("contradict" in json.dumps(t) for t in self.study.current("Task")), "the contradiction is told")

    def decisions(self):
        return self.gateway.status().get("humanDecisions", [])

    def test_p9_a_stop_finishes_and_a_restart_goes_on(self):
        self.ready()
        self.gateway.stop()
        self.gateway.start()
        self.candidate("after")
        self.settled()
        self.assert_study_agrees()
        self.assertLessEqual(len(self.hospital.current("Subscription")), 12)

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
