"""A result that makes a patient a candidate reaches the study system as a flag, in every dialect of fhir-protocol.md, section 0."""
import json
import subprocess
import unittest

import people
from base import Scenario
from harness import PROGRAM, flags, pseudonym, screen, wait_until


class Hapi(Scenario):
    def test_people_already_there_are_found_and_new_ones_arrive(self):
        self.candidate("early")
        self.make_gateway()
        self.subscribed()
        self.settled()
        self.assertEqual(self.assert_study_agrees(), {pseudonym("ehr", "Patient/early"): "likely"})
        self.candidate("later")
        self.settled()
        self.assertEqual(len(self.assert_study_agrees()), 2)

    def test_a_changed_result_takes_the_flag_away_and_back(self):
        self.candidate("turn")
        self.make_gateway()
        self.subscribed()
        self.settled()
        self.assert_study_agrees()
        self.hospital.put(people.egfr("turn", 20))
        self.settled()
        self.assertEqual(self.assert_study_agrees(), {})
        self.hospital.put(people.egfr("turn", 50))
        self.settled()
        self.assertEqual(len(self.assert_study_agrees()), 1)

    def test_a_deleted_result_is_forgotten(self):
        self.candidate("gone")
        self.make_gateway()
        self.subscribed()
        self.settled()
        self.hospital.delete("Observation", "gone-egfr")
        self.settled()
        self.assertEqual(set(self.assert_study_agrees().values()), {"possible"})

    def test_explain_tells_what_the_gateway_knows_of_a_person(self):
        self.candidate("known")
        self.make_gateway()
        self.subscribed()
        self.settled()

        def explain(*arguments):  # not by gateway.run: what it prints is a person's record
            return subprocess.run([PROGRAM, "explain", *arguments, "--config", self.gateway.file(), "--as-of", "2026-03-15"],
                                  capture_output=True, text=True, timeout=60)

        done = explain("known", "--json")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        reports = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual({(r["patient"], r["trial"]): r["status"] for r in reports}, screen(self.hospital.everything(), self.gateway.folder))
        self.assertIn("likely", explain("Patient/known").stdout)
        unknown = explain("nobody")
        self.assertEqual((unknown.returncode, unknown.stdout), (1, ""))
        self.assertIn("keeps nothing", unknown.stderr)
        self.assertEqual(explain("known", "--trial", "dapa-hf").returncode, 2)
        self.assertEqual(explain("known", "--unverified-codes").returncode, 2)
        self.gateway.stop()
        self.gateway.write("trialgate.json", json.dumps(dict(self.gateway.config, trials=["nosuch"])))
        without = explain("known")
        self.assertEqual((without.returncode, without.stdout), (1, ""))
        self.assertRegex(without.stderr, r"nosuch.trial\.json: error: ")

    def test_of_people_whom_no_trial_considers_nothing_is_kept(self):
        self.make_gateway()
        self.subscribed()
        for n in range(20):
            self.hospital.put(people.bystander_result(n))
        self.settled()
        self.assertEqual(self.gateway.metric("trialgate_patients"), 0)
        self.assertGreaterEqual(self.gateway.metric("trialgate_events_total", outcome="irrelevant"), 20)


class Medplum(Hapi):
    dialect = "medplum"


class EmptyNotifications(Hapi):
    dialect = "empty"

    def test_a_deleted_result_is_forgotten(self):
        self.skipTest("skipped: this dialect tells no deletion; reconcile by history does (test_gaps)")


class BackportR4(Hapi):
    dialect = "topic-r4"


class BackportR4B(BackportR4):
    dialect = "topic-r4b"


class TopicR5(BackportR4):
    dialect = "r5"


class Polling(Scenario):
    delivery = "poll"

    def test_polling_alone_finds_everybody(self):
        self.candidate("early")
        self.make_gateway(source={"pollEvery": "5m"})
        wait_until(lambda: len(flags(self.study)) == 1, "the first load has found the patient")
        self.assertEqual(self.hospital.current("Subscription"), [])
        self.candidate("later")
        self.hospital.now += 300_000
        self.gateway.advance(301_000)
        wait_until(lambda: len(flags(self.study)) == 2, "the next poll has found the other one")
        self.settled()
        self.assert_study_agrees()


if __name__ == "__main__":
    unittest.main()
