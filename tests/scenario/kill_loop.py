"""kill -9 at random moments and at random commit points, under load, with a hospital that also drops, repeats and reorders.

At the end the study system holds exactly the flags that a full evaluation of the hospital's data gives.

  kill_loop.py [--kills N] [--seed N]
"""
import argparse
import random
import sys
import threading
import time

import people
from base import Scenario
from fhir_peer import Peer
from harness import START, flags, wait_until


class KillLoop(Scenario):
    kills, seed = 25, None

    def runTest(self):
        seed = self.seed if self.seed is not None else random.SystemRandom().randrange(1 << 30)
        print(f"kill loop: seed {seed}, {self.kills} kills", flush=True)
        rng = random.Random(seed)
        self.hospital.random = random.Random(seed + 1)
        self.hospital.faults = {"drop": 0.1, "repeat": 0.2, "reorder": 0.3, "error": 0.02}
        self.study.random = random.Random(seed + 2)
        self.study.faults = {"error": 0.05}
        self.make_gateway(source={"pollEvery": "1m"})
        stop = threading.Event()
        keys = [f"pat{n}" for n in range(12)]

        def one_event():
            key = rng.choice(keys)
            what = rng.random()
            if not self.hospital.get("Patient", key):
                return self.candidate(key, rng.choice([20, 74]))
            if what < 0.5:
                self.hospital.put(people.egfr(key, rng.choice([15, 25, 31, 60, 90])))
            elif what < 0.6:
                self.hospital.put(people.dsdna(key, rng.choice([3, 55])))
            elif what < 0.65 and self.hospital.get("Observation", f"{key}-egfr"):
                self.hospital.delete("Observation", f"{key}-egfr")
            elif what < 0.7:
                self.hospital.put(people.diagnosis(key, rng.choice(["confirmed", "refuted"])))
            else:
                self.hospital.put(people.bystander_result(rng.randrange(30)))

        def load():
            while not stop.is_set():
                if self.hospital.deliveries.qsize() < 200:
                    one_event()
                stop.wait(0.004)

        loader = threading.Thread(target=load, daemon=True)
        loader.start()
        by_point = 0
        for n in range(self.kills):
            # Half of them at a commit point, half at a moment.
            if rng.random() < 0.5:
                self.gateway.kill()
                point = rng.choice(["TRIALGATE_CRASH_AT", "TRIALGATE_CRASH_AFTER"])
                self.gateway.start(ready=False, **{point: str(rng.randrange(1, 60))})
                end = time.monotonic() + 20
                while self.gateway.alive() and time.monotonic() < end:
                    self.gateway.now += 500
                    self.gateway.advance(500)
                    threading.Event().wait(0.02)
                by_point += not self.gateway.alive()
            else:
                threading.Event().wait(rng.uniform(0, 0.4))
            if self.gateway.alive():
                self.gateway.kill()
            self.gateway.start()
        stop.set()
        loader.join()
        print(f"kill loop: {by_point} of them at a commit point, {len(self.hospital.delivered)} deliveries accepted", flush=True)
        self.hospital.faults, self.study.faults = {}, {}
        self.hospital.deliveries.join()

        def agree():
            self.hospital.now += 61_000
            self.gateway.advance(61_000)
            if not self.gateway.quiet():
                return False
            try:
                self.assert_now()
                return True
            except AssertionError:
                return False
        try:
            wait_until(agree, "agreement", 120)
        except AssertionError:
            self.assert_now()
            raise
        flagged = len(flags(self.study))
        print(f"kill loop: {len(keys)} considered people, {flagged} flags, equal to a full evaluation", flush=True)
        for key, versions in self.study.data.get("Flag", {}).items():
            self.assertTrue(versions[-1][2], key)

    def assert_now(self):
        from harness import expected_flags, screen
        truth = expected_flags(screen(self.hospital.everything(), self.gateway.folder), "ehr")
        self.assertEqual(flags(self.study), truth)


if __name__ == "__main__":
    given = argparse.ArgumentParser()
    given.add_argument("--kills", type=int, default=25)
    given.add_argument("--seed", type=int)
    options = given.parse_args()
    KillLoop.kills, KillLoop.seed = options.kills, options.seed
    import unittest
    result = unittest.TextTestRunner(verbosity=1).run(KillLoop())
    sys.exit(not result.wasSuccessful())
