"""Real input, streamed: the Synthea Bundles of ../shared and an invented cohort, half of it there before the gateway starts (first load by search), half
told by notifications. What the gateway's store then says equals `screen` on the same data: patient by patient, trial by trial, criterion by criterion.
"""
import concurrent.futures
import glob
import json
import os
import sqlite3
import subprocess
import unittest

import people
from base import Scenario
from harness import PROGRAM, wait_until

HERE = os.path.dirname(os.path.abspath(__file__))
SHARED = os.environ.get("TRIALGATE_SHARED", os.path.join(HERE, "..", "..", "..", "shared"))
COHORT = os.path.join(HERE, "..", "..", "gateway", "demo", "cohort")
TRIALS = ["sle-uc-msc", "dapa-hf"]
AS_OF = "2026-03-15"


def with_references(node, names):
    """As a server stores what a transaction names by urn:uuid."""
    if isinstance(node, dict):
        return {k: names.get(v, v) if k == "reference" and isinstance(v, str) else with_references(v, names) for k, v in node.items()}
    return [with_references(v, names) for v in node] if isinstance(node, list) else node


def resources_of(path):
    with open(path, encoding="utf-8") as f:
        documents = [json.loads(line) for line in f if line.strip()] if path.endswith(".ndjson") else [json.load(f)]
    out = []
    for document in documents:
        entries = document.get("entry", []) if document["resourceType"] == "Bundle" else [{"resource": document}]
        entries = [e for e in entries if "resource" in e]
        for number, e in enumerate(entries):  # a server gives an id to what has none
            e["resource"].setdefault("id", f"{os.path.basename(path).split('.')[0]}-{number}")
        names = {e["fullUrl"]: f"{e['resource']['resourceType']}/{e['resource']['id']}" for e in entries if e.get("fullUrl", "").startswith("urn:")}
        out += [with_references(e["resource"], names) for e in entries]
    return out


def lupus(n):
    """An invented candidate; what is missing or against it depends on n."""
    key = f"zebra{n}"
    out = [people.patient(key, birth="2012-02-01" if n % 11 == 10 else "1990-05-04"), people.diagnosis(key, "refuted" if n % 13 == 12 else "confirmed")]
    out += [people.statement(key)] * (n % 5 != 4)
    out += [people.dsdna(key, 55 if n % 7 else 3)] * (n % 3 != 2)
    out += [people.egfr(key, 15 + 9 * (n % 8), when="2025-11-02T08:00:00Z" if n % 9 == 8 else "2026-03-01T08:00:00Z")] * (n % 4 != 3)
    return out


def heart(n):
    key = f"kiwi{n}"
    failure = people.diagnosis(key, suffix="hf")
    failure["code"] = people.coded(people.SNOMED, "84114007", "Heart failure")
    failure.pop("category")
    out = [people.patient(key, birth="1950-05-04"), failure, people.egfr(key, 20 + 15 * n)]
    out += [people.observation(key, "bnp", "33762-6", "NT-proBNP", 300 + 400 * n, "pg/mL")] * (n != 2)
    out += [people.observation(key, "lvef", "10230-1", "LVEF", 30 + 6 * n, "%")] * (n != 1)
    return out


def persons():
    """[[resource]]: one list a person or file, in an order that does not change."""
    synthea = sorted(glob.glob(os.path.join(SHARED, "data", "patients", "*.json")))
    cohort = [p for name in ("*.json", "export/*.ndjson", "jana/*.json") for p in sorted(glob.glob(os.path.join(COHORT, name)))
              if not os.path.basename(p).startswith(("dora-history", "helga"))]
    return len(synthea), [resources_of(p) for p in synthea + cohort] + [lupus(n) for n in range(24)] + [heart(n) for n in range(4)]


class Synthea(Scenario):
    def assert_private(self, output):
        for family in ("Erfunden", "Beispiel"):
            self.assertNotIn(family, output)
        for r in self.hospital.current("Patient"):
            self.assertNotIn(r["id"], output)

    def screened(self):
        path = os.path.join(self.gateway.folder, "hospital.ndjson")
        with open(path, "w", encoding="utf-8") as f:
            for r in self.hospital.everything():
                f.write(json.dumps(r) + "\n")
        trials = [a for t in TRIALS for a in ("--trial", t)]
        done = subprocess.run([PROGRAM, "screen", path, "--all", "--as-of", AS_OF, "--time-zone", "Europe/Berlin", *trials, "--format", "json", "--quiet"],
                              capture_output=True, text=True, timeout=300)
        self.assertIn(done.returncode, (0, 3), done.stderr)
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        return {(r["patient"], r["trial"]): r for r in lines}

    def stored(self):
        db = sqlite3.connect(f"file:{self.gateway.folder}/data/trialgate.db?mode=ro", uri=True)
        try:
            return {(p, t): s or None for p, t, s in db.execute("SELECT patient, trial, status FROM decision")}
        finally:
            db.close()

    def explained(self, patient):
        """What the program says of a person who is in the gateway's store, beside the gateway."""
        done = subprocess.run([PROGRAM, "explain", patient, "--config", self.gateway.file(), "--as-of", AS_OF, "--json"],
                              capture_output=True, text=True, timeout=60)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return {(r["patient"], r["trial"]): r for r in map(json.loads, done.stdout.splitlines())}

    def test_the_whole_set_streamed_equals_screen(self):
        synthea, everybody = persons()
        if not synthea:
            print(f"skipped: no Synthea Bundles in {SHARED}/data/patients", flush=True)
            self.skipTest("no ../shared")
        for n, resources in enumerate(everybody):
            if n % 2 == 0:
                for r in resources:
                    self.hospital.put(r, notify=False)
        self.make_gateway(trials=TRIALS)
        self.subscribed()
        self.settled()
        for n, resources in enumerate(everybody):
            if n % 2 == 1:
                for r in resources:
                    self.hospital.put(r)
        self.hospital.deliveries.join()
        wait_until(lambda: self.gateway.quiet() and self.gateway.quiet(), "the gateway has worked in everything", 300)

        truth, have = self.screened(), self.stored()
        listed = {key: r for key, r in truth.items() if r["status"] is not None}
        print(f"synthea: {synthea} Bundles, {len(self.hospital.current('Patient'))} people, {len(self.hospital.everything())} resources, "
              f"{len(self.hospital.delivered)} notifications; {len(truth)} answers, {len(listed)} with a status", flush=True)
        self.assertEqual({t for _, t in listed}, set(TRIALS))
        self.assertGreater(len({r["status"] for r in listed.values()}), 3)
        self.assertEqual({key: s for key, s in have.items() if s}, {key: r["status"] for key, r in listed.items()})
        with concurrent.futures.ThreadPoolExecutor(2) as some:
            for reports in some.map(self.explained, sorted({patient for patient, _ in listed})):
                for key in reports.keys() & listed.keys():
                    with self.subTest(answer=key):
                        self.assertEqual(reports[key], listed.pop(key))
        self.assertEqual(listed, {}, "nobody is left out")


if __name__ == "__main__":
    unittest.main()
