"""What every scenario has: a hospital, a study system, a gateway; and at its end no violation and no patient data in any output."""
import json
import re
import unittest

import people
from fhir_peer import Peer
from harness import Gateway, START, expected_flags, flags, screen, wait_until


class Scenario(unittest.TestCase):
    dialect = "hapi"
    delivery = "auto"

    def setUp(self):
        self.hospital = Peer(START - 3_600_000, dialect=self.dialect)
        self.study = Peer(START, dialect="hapi")
        self.gateway = None

    def tearDown(self):
        output = "".join(self.gateway.output) if self.gateway else ""
        if self.gateway:
            self.gateway.close()
        self.hospital.close()
        self.study.close()
        self.assertEqual(self.hospital.violations + self.study.violations, [])
        self.assert_private(output)

    def assert_private(self, output):
        """P8: no name, birth date, identifier or resource id of any patient in any line."""
        for r in self.hospital.everything():
            words = {r["id"]}
            if r["resourceType"] == "Patient":
                words |= {r.get("birthDate", "-")} | {n["family"] for n in r.get("name", [])} | {i["value"] for i in r.get("identifier", [])}
            for word in words:
                if len(word) > 3:
                    self.assertNotRegex(output, r"\b" + re.escape(word) + r"\b")

    def make_gateway(self, start=True, source=None, sink=None, **more):
        name = "ehr"
        self.gateway = Gateway([], [], **more)
        self.gateway.write("ehr.token", self.hospital.token)
        self.gateway.write("study.token", self.study.token)
        auth = lambda file: {"method": "token", "secret": {"file": file}}
        self.gateway.config["sources"] = [{"name": name, "url": self.hospital.base, "auth": auth("ehr.token"), "delivery": self.delivery,
                                           "firstLoad": "search", **(source or {})}]
        self.gateway.config["sinks"] = [{"name": "study", "type": "fhir", "url": self.study.base, "auth": auth("study.token"), **(sink or {})}]
        return self.gateway.start() if start else self.gateway

    def subscribed(self):
        """Everything that the scenarios send is subscribed to."""
        def active():
            criteria = {s.get("criteria", "").split("?")[0] for s in self.hospital.current("Subscription") if s["status"] == "active"}
            topics = self.dialect in ("topic-r4", "topic-r4b", "r5")
            return len(criteria) >= 1 if topics else {"Patient", "Observation", "Condition", "MedicationStatement"} <= criteria
        wait_until(active, "the Subscriptions are active")

    def settled(self):
        """The hospital's messages are delivered and the gateway has nothing left to do."""
        self.hospital.deliveries.join()
        # In the dialect that only nudges, what was hinted at has to be asked for.
        kinds = ("reconcile",) if self.dialect == "empty" else ()
        wait_until(lambda: self.gateway.quiet(*kinds), "the gateway has worked in everything")

    def candidate(self, key, value=74, notify=True):
        for r in (people.patient(key), people.statement(key), people.dsdna(key, 55), people.egfr(key, value)):
            self.hospital.put(r, notify=notify)
        self.hospital.put(people.diagnosis(key), notify=notify)

    def assert_study_agrees(self):
        """The study system holds exactly the flags that a full evaluation of the hospital's data gives."""
        truth = expected_flags(screen(self.hospital.everything(), self.gateway.folder), "ehr")
        wait_until(lambda: flags(self.study) == truth, f"the study has {truth}, it has {flags(self.study)}")
        return truth

    def faults(self):
        return {f["key"] for f in self.gateway.status()["faults"]}

    def dump(self):
        return json.dumps(self.hospital.requests[-20:], indent=1)
