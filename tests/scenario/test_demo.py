"""The demo as a newcomer runs it: it ends by itself, and the study system's flags are those of `screen` on the same people."""
import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest

from harness import FLAGGED, PROGRAM, probe, working
from test_synthea import COHORT

DAY = "2026-03-15"


class Demo(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="trialgate-demo-")
        self.addCleanup(shutil.rmtree, self.folder)

    def run_demo(self):
        done = subprocess.run([PROGRAM, "demo", "--folder", self.folder, "--people", "20", "--days", "0", "--pace", "1", "--end"],
                              capture_output=True, text=True, timeout=300)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return int(re.search(r"(\d+) active flags", done.stdout)[1])

    def test_its_flags_are_those_of_screen(self):
        people = os.path.join(self.folder, "people.ndjson")
        made = subprocess.run([PROGRAM, "synth", "--patients", "20", "--seed", "1", "--dialect", "us-core", "--as-of", DAY],
                              capture_output=True, timeout=60)
        with open(people, "wb") as f:
            f.write(made.stdout)
        screened = subprocess.run([PROGRAM, "screen", COHORT, people, "--as-of", DAY, "--time-zone", "Europe/Berlin", "--format", "json",
                                   "--quiet"], capture_output=True, text=True, timeout=60)
        truth = [r for r in map(json.loads, screened.stdout.splitlines()) if r["status"] in FLAGGED]
        self.assertGreater(len(truth), 9)
        self.assertEqual(self.run_demo(), len(truth))
        self.assertEqual(self.run_demo(), len(truth), "a second run begins anew")

    def test_the_visits_of_a_participant_come_due_and_an_alarming_result_is_told(self):
        done = subprocess.run([PROGRAM, "demo", "--folder", self.folder, "--people", "0", "--days", "40", "--pace", "300", "--end"],
                              capture_output=True, text=True, timeout=300)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        study = re.findall(r"^ *[\d.]+ s  study +(.*)$", done.stdout, re.MULTILINE)
        for wanted in ("Appointment proposed: Visit 2", "DetectedIssue final: ALT increased, grade 3 (CTCAE v5.0)", "DetectedIssue entered-in-error",
                       "CommunicationRequest active: Visit 5", "Task requested: Visit 6", "DetectedIssue final: Visit 6"):
            self.assertTrue(any(what.startswith(wanted) for what in study), f"{wanted}\n{done.stdout}")
        raised = [what for what in study if " proposed: " in what or " requested: " in what]
        self.assertEqual(len(raised), len(set(raised)), "each thing is said once")
        # As of a day of the story: the machine's own date is another one.
        calendar = subprocess.run([PROGRAM, "calendar", "--config", os.path.join(self.folder, "trialgate.json"), "--as-of", "2026-04-25"],
                                  capture_output=True, text=True, timeout=60)
        self.assertEqual(calendar.returncode, 0, calendar.stderr)
        self.assertIn("S-001", calendar.stdout)

    def test_probe_says_of_its_hospital_what_the_demo_shows_to_work(self):
        process = subprocess.Popen([PROGRAM, "demo", "--folder", self.folder, "--people", "5", "--pace", "1"],
                                   stdout=subprocess.PIPE, text=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        hospital = None
        for line in process.stdout:
            if found := re.search(r"hospital +(http://\S+) holds", line):
                hospital = found[1]
            if "all results have arrived" in line:
                break
        said = probe(hospital, "--token-file", os.path.join(self.folder, "hospital.token"), "--rate", "50")
        works = {"access", "search", "patient-history", "read", "incremental", "paging", "write", "client-ids", "delete", "rest-hook"}
        self.assertEqual(working(said) & (works | {"bulk", "smart", "topic", "websocket"}), works)


if __name__ == "__main__":
    unittest.main()
