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
        done = subprocess.run([PROGRAM, "demo", "--folder", self.folder, "--people", "20", "--pace", "1", "--end"],
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
