"""kill -9 at random moments and at random commit points, under load, with a hospital that also drops, repeats and reorders.

At the end the study system holds exactly the flags that a full evaluation of the hospital's data gives.

  kill_loop.py [--kills N] [--seed N]

The seed fixes what happens at the hospital and where the program is killed; how far it comes in between is the machine's.
"""
import argparse
import json
import random
import sys
import threading
import time
import unittest
from datetime import datetime
from zoneinfo import ZoneInfo

import people
from base import Scenario
from harness import expected_flags, flags, screen, wait_until

MINUTE = 60_000
# What the gateway may need once nothing disturbs it any more: pauses of up to five minutes after failures on each side, a poll a minute with an
# overlap of two, a second look at what a server does not know, a minute later. Half an hour is ample.
TRIES = 30


class KillLoop(Scenario):
    kills, seed, keys = 25, None, [f"pat{n}" for n in range(12)]

    def runTest(self):
        seed = self.seed if self.seed is not None else random.SystemRandom().randrange(1 << 30)
        print(f"kill loop: seed {seed}, {self.kills} kills", flush=True)
        self.rng = random.Random(seed)
        points = random.Random(seed + 3)
        self.hospital.random = random.Random(seed + 1)
        self.hospital.faults = {"drop": 0.1, "repeat": 0.2, "reorder": 0.3, "error": 0.02}
        self.study.random = random.Random(seed + 2)
        self.study.faults = {"error": 0.05, "silence": 0.05}
        self.make_gateway(source={"pollEvery": "1m"})
        stop = threading.Event()
        loader = threading.Thread(target=self.load, args=(stop,), daemon=True)
        loader.start()
        by_point = 0
        for _ in range(self.kills):
            # Half of them at a commit point, half at a moment, which may be before it is ready.
            if points.random() < 0.5:
                point = points.choice(["TRIALGATE_CRASH_AT", "TRIALGATE_CRASH_AFTER"])
                by_point += self.until_it_crashes(**{point: str(points.randrange(1, 60))})
            else:
                self.restart()
                self.goes_on(points.uniform(0, 3))
        self.restart()
        stop.set()
        loader.join()
        print(f"kill loop: {by_point} of them at a commit point, {len(self.hospital.delivered)} deliveries accepted", flush=True)
        self.hospital.faults, self.study.faults = {}, {}
        self.hospital.deliveries.join()
        self.agreement()
        print(f"kill loop: {len(self.keys)} considered people, {len(flags(self.study))} flags, equal to a full evaluation", flush=True)
        for kind in ("Flag", "ResearchSubject", "Task"):
            for key, versions in self.study.data.get(kind, {}).items():
                bodies = [json.dumps({k: v for k, v in r.items() if k != "meta"}, sort_keys=True) for _, _, r in versions]
                self.assertTrue(all(a != b for a, b in zip(bodies, bodies[1:])), f"{kind}/{key} was written twice")

    def restart(self, **environment):
        if self.gateway.alive():
            self.gateway.kill()
        self.gateway.start(ready=False, **environment)

    def goes_on(self, seconds):
        """For so long at most, while the clocks go on."""
        end = time.monotonic() + seconds
        while self.gateway.alive() and time.monotonic() < end:
            self.pass_time(500)
            threading.Event().wait(0.02)

    def until_it_crashes(self, **environment):
        self.restart(**environment)
        self.goes_on(10)
        return not self.gateway.alive()

    def pass_time(self, milliseconds):
        with self.hospital.lock:
            self.hospital.now += milliseconds
        self.gateway.advance(milliseconds)

    def load(self, stop):
        while not stop.is_set():
            if self.hospital.deliveries.qsize() < 100:
                self.one_event()
            stop.wait(0.005)

    def one_event(self):
        rng, hospital = self.rng, self.hospital
        key, what = rng.choice(self.keys), rng.random()
        if not hospital.get("Patient", key):
            self.candidate(key, rng.choice([20, 74]))
        elif what < 0.5:
            hospital.put(people.egfr(key, rng.choice([15, 25, 31, 60, 90])))
        elif what < 0.6:
            hospital.put(people.dsdna(key, rng.choice([3, 55])))
        elif what < 0.65 and hospital.get("Observation", f"{key}-egfr"):
            hospital.delete("Observation", f"{key}-egfr")
        elif what < 0.7:
            hospital.put(people.diagnosis(key, rng.choice(["confirmed", "refuted"])))
        else:
            hospital.put(people.bystander_result(rng.randrange(30)))

    def today(self):
        return datetime.fromtimestamp(self.gateway.now / 1000, ZoneInfo("Europe/Berlin")).date().isoformat()

    def agreement(self):
        wait_until(lambda: self.gateway.operations or not self.gateway.alive(), "it is ready")
        def delivered():
            self.pass_time(5_000)
            return self.gateway.metric("trialgate_outbox_waiting") == 0
        # Hundreds of changes were decided while nobody could deliver; each goes out, in order.
        wait_until(delivered, "what was decided is delivered", 300)
        for _ in range(TRIES):
            asked = len(self.hospital.requests)
            self.pass_time(61_000)
            wait_until(lambda: len(self.hospital.requests) > asked, "the hospital is asked", 10)
            try:
                wait_until(self.gateway.quiet, "nothing left to do", 2)
            except AssertionError:
                continue  # it waits for a time to come
            truth = expected_flags(screen(self.hospital.everything(), self.gateway.folder, self.today()), "ehr")
            if flags(self.study) == truth:
                return
        self.explain(truth if "truth" in locals() else {})

    def explain(self, truth):
        """What a person needs to find out why."""
        from harness import pseudonym
        have = flags(self.study)
        for key in self.keys:
            name = pseudonym("ehr", f"Patient/{key}")
            if truth.get(name) != have.get(name):
                print(f"{key} ({name[:8]}): should be {truth.get(name)}, is {have.get(name)}")
                for kind in ("Observation", "Condition", "Patient", "MedicationStatement"):
                    for i, versions in self.hospital.data.get(kind, {}).items():
                        if i == key or i.startswith(key + "-"):
                            print("  ", kind, i, versions[-1][0], versions[-1][1], (versions[-1][2] or {}).get("valueQuantity", {}).get("value"),
                                  "deleted" if versions[-1][2] is None else "")
        print(self.gateway.run("status").stdout)
        print("".join(self.gateway.output[-60:]))
        self.assertEqual(have, truth)


if __name__ == "__main__":
    given = argparse.ArgumentParser()
    given.add_argument("--kills", type=int, default=25)
    given.add_argument("--seed", type=int)
    options = given.parse_args()
    KillLoop.kills, KillLoop.seed = options.kills, options.seed
    result = unittest.TextTestRunner(verbosity=1).run(KillLoop())
    sys.exit(not result.wasSuccessful())
