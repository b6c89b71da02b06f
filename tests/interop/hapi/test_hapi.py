"""The gateway between two real HAPI FHIR servers: one is the hospital, the other the study system. Run by hapi.sh.

After every step the study system holds exactly what `trialgate screen` says of the hospital's data, which are read out of HAPI by search;
and the gateway's own statuses are those of `screen`, patient by patient. A table of what was seen to work is printed at the end.
"""
import atexit
import datetime
import glob
import json
import os
import re
import sqlite3
import subprocess
import sys
import time
import unittest
import zoneinfo

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "scenario"))

import people
from hapi import Hapi, Listener
from harness import Gateway, PATIENCE, PROGRAM, expected_flags, probe, pseudonym, screen, wait_until, working
from test_synthea import COHORT, SHARED, lupus, resources_of

WRITTEN_ON = datetime.date(2026, 3, 15)  # the day as of which the invented people were written
TOPIC = "http://example.org/topics/records"
TOPIC_TYPES = ("Patient", "Condition", "Observation", "MedicationStatement", "MedicationRequest", "MedicationDispense",
               "MedicationAdministration")
TYPES = (*TOPIC_TYPES, "Medication", "Procedure", "Consent", "DiagnosticReport", "Specimen", "QuestionnaireResponse", "ResearchStudy",
         "ResearchSubject")
FAR = "7d"  # behind Subscriptions: no poll helps within a test
SLOW = max(PATIENCE, 90)
BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")

servers, table, tests = {}, [], 0


def tearDownModule():
    for server in servers.values():
        server.close()
    servers.clear()
    print(f"\n{'server':<16}{'capability':<64}{'result':<8}counts")
    for server, capability, result, counts in table:
        print(f"{server:<16}{capability:<64}{result:<8}{counts}")


def server(name, release):
    if name not in servers:
        servers[name] = Hapi(release)
        atexit.register(servers[name].close)
        servers[name].start()
    return servers[name]


def moved(resource, days):
    """The same course of events, so many days later."""
    later = lambda m: '"' + (datetime.date.fromisoformat(m[1]) + datetime.timedelta(days=days)).isoformat() + m[2]
    return json.loads(re.sub(r'"(\d{4}-\d{2}-\d{2})(T[^"]*)?(?=")', lambda m: later((m[0], m[1], m[2] or "")), json.dumps(resource)))


def renamed(resources, old, new):
    return json.loads(re.sub(rf'(?<=["/-]){old}', new, json.dumps(resources)))


def as_r5(resource):
    if resource["resourceType"] == "MedicationStatement":
        resource = dict(resource, status="recorded", medication={"concept": resource["medicationCodeableConcept"]})
        del resource["medicationCodeableConcept"]
    return resource


# HAPI wants the bare name of a type: with the URL of its definition a topic is accepted and never fires.
def topic_r4():
    five, four = (f"http://hl7.org/fhir/{v}/StructureDefinition/extension-SubscriptionTopic." for v in ("5.0", "4.3"))
    triggers = [{"url": four + "resourceTrigger", "extension": [
        {"url": "description", "valueMarkdown": "Any change"}, {"url": "resource", "valueUri": kind},
        *({"url": "supportedInteraction", "valueCode": how} for how in ("create", "update", "delete"))]} for kind in TOPIC_TYPES]
    return {"resourceType": "Basic", "id": "topic-records",
            "code": people.coded("http://hl7.org/fhir/fhir-types", "SubscriptionTopic", "topic"),
            "extension": [{"url": five + "url", "valueUri": TOPIC}, {"url": five + "version", "valueString": "1"},
                          {"url": five + "title", "valueString": "Every change of a record"}, *triggers],
            "modifierExtension": [{"url": five + "status", "valueCode": "active"}]}


def topic_r5():
    return {"resourceType": "SubscriptionTopic", "id": "topic-records", "url": TOPIC, "version": "1", "status": "active",
            "resourceTrigger": [{"description": "Any change", "resource": kind,
                                 "supportedInteraction": ["create", "update", "delete"]} for kind in TOPIC_TYPES]}


class Difference:
    """What is not as it should be, once somebody wants to read it."""

    def __init__(self, who, truth, have):
        self.who, self.truth, self.have = who, truth, have

    def __str__(self):
        have = self.have()
        wrong = {k: (self.truth.get(k), have.get(k)) for k in self.truth.keys() | have.keys() if self.truth.get(k) != have.get(k)}
        return f"{self.who} agrees with screen; of {len(self.truth)}, (screen, {self.who}): {wrong}"


class Interop(unittest.TestCase):
    release = "r4"
    delivery = "rest-hook"
    label = "criteria rest-hook"

    def setUp(self):
        global tests
        tests += 1
        self.source = f"ehr{tests}"
        self.hospital, self.study = server(f"hospital-{self.release}", self.release), server(f"study-{self.release}", self.release)
        self.gateway, self.people, self.writes, self.known = None, 0, 0, set()
        self.addCleanup(self.end)
        self.days = (datetime.datetime.now(BERLIN).date() - WRITTEN_ON).days

    def run(self, result=None):
        before = len(result.failures) + len(result.errors)
        super().run(result)
        if len(result.failures) + len(result.errors) > before:
            table.append((f"HAPI {self.release.upper()}", f"{self.label}: {self._testMethodName}", "FAILED", ""))
        return result

    def end(self):
        if self.gateway:
            self.gateway.close()
        for s in self.hospital.all("Subscription"):
            self.hospital.delete("Subscription", s["id"])

    # ---- the hospital

    def shaped(self, resource):
        return moved(as_r5(resource) if self.release == "r5" else resource, self.days)

    def put(self, *resources):
        for r in resources:
            self.hospital.put(self.shaped(r))
            self.writes += 1

    def delete(self, kind, key):
        self.hospital.delete(kind, key)
        self.writes += 1

    def cohort(self, numbers):
        """Invented candidates of this test alone."""
        for n in numbers:
            self.put(*renamed(lupus(n), "zebra", f"{self.source}-zebra"))

    def key(self, n):
        return f"{self.source}-zebra{n}"

    def candidate(self, key):
        self.put(people.patient(key), people.statement(key), people.dsdna(key, 55), people.egfr(key, 74), people.diagnosis(key))

    # ---- the gateway

    def start(self, poll_every=FAR, **source):
        self.gateway = Gateway([], [], start=round(time.time() * 1000))
        topics = {"topics": [TOPIC]} if self.delivery == "topic" else {}
        self.gateway.config["sources"] = [{"name": self.source, "url": self.hospital.base, "delivery": self.delivery, "firstLoad": "search",
                                           "pollEvery": poll_every, **topics, **source}]
        self.gateway.config["sinks"] = [{"name": "study", "type": "fhir", "url": self.study.base, "readBackEvery": "1d",
                                         "fhirVersion": {"r4": "4.0", "r5": "5.0"}[self.release]}]
        if self.delivery == "topic":
            self.hospital.put(topic_r5() if self.release == "r5" else topic_r4())
        self.gateway.start()
        if self.delivery != "poll":
            self.until(self.subscribed, "the Subscriptions are active")

    def subscribed(self):
        ours = f"http://127.0.0.1:{self.gateway.port}/"
        endpoint = lambda s: s["endpoint"] if self.release == "r5" else s["channel"].get("endpoint", ours)
        active = [s for s in self.hospital.all("Subscription") if s["status"] == "active" and endpoint(s).startswith(ours)]
        return len(active) >= (1 if self.delivery == "topic" else 13)

    def until(self, condition, what, patience=SLOW):
        """Waits while time passes for the gateway as it does for HAPI."""
        def look():
            self.gateway.advance(max(0, round(time.time() * 1000) - self.gateway.now))
            return condition()
        return wait_until(look, what, patience)

    def today(self):
        return datetime.datetime.fromtimestamp(self.gateway.now / 1000, BERLIN).date().isoformat()

    # ---- agreement

    def exported(self):
        return [r for kind in TYPES for r in self.hospital.all(kind)]

    def stored(self):
        db = sqlite3.connect(f"file:{self.gateway.folder}/data/trialgate.db?mode=ro", uri=True)
        try:
            return {(p, t): s for p, t, s in db.execute("SELECT patient, trial, status FROM decision") if s}
        finally:
            db.close()

    def flags(self):
        """Active flags about this hospital's people."""
        out = {}
        for f in self.study.all("Flag"):
            who = f["subject"]["identifier"]["value"]
            if f["status"] == "active" and who in self.known:
                self.assertNotIn(who, out, "two active flags for one person")
                out[who] = f["code"]["coding"][0]["code"]
        return out

    def assert_agrees(self):
        exported = self.exported()
        truth = screen(exported, self.gateway.folder, self.today())
        flags = expected_flags(truth, self.source)
        # Whose Patient was deleted is still somebody as long as diagnoses name them.
        self.known |= {pseudonym(self.source, f"Patient/{r['id']}") for r in exported if r["resourceType"] == "Patient"} | flags.keys()
        self.until(lambda: self.stored() == truth, Difference("the gateway", truth, self.stored))
        self.until(lambda: self.flags() == flags, Difference("the study system", flags, self.flags))
        self.assertEqual(self.gateway.metric("trialgate_outbox_dead"), 0)
        return truth

    def seen(self, capability, truth, **counts):
        counts = {"writes": self.writes, "screened": len(truth), "flags": len(expected_flags(truth, self.source)), "heard": self.heard(),
                  "pages": self.pages(), **counts}
        numbers = " ".join(f"{k}={v}" for k, v in counts.items())
        table.append((f"HAPI {self.release.upper()}", f"{self.label}: {capability}", "works", numbers))
        self.writes = 0

    def heard(self):
        return round(self.gateway.metric("trialgate_notifications_total", source=self.source))

    def pages(self):
        return round(self.gateway.metric("trialgate_pull_pages_total", source=self.source))


    # ---- what happens in a hospital; one step is one line of the table

    def step(self, capability, before, **counts):
        """The step changed what `screen` says, or it would show nothing."""
        truth = self.assert_agrees()
        self.assertNotEqual(truth, before)
        self.seen(capability, truth, **counts)
        return truth

    def journey(self, **options):
        self.cohort(range(0, 12))
        self.start(**options)
        truth = self.step("people already there", {})
        self.cohort(range(12, 24))
        truth = self.step("created", truth)
        self.put(people.egfr(self.key(1), 12), people.egfr(self.key(9), 71), people.dsdna(self.key(7), 90))
        truth = self.step("updated", truth)
        self.put(dict(people.egfr(self.key(2), 33), status="entered-in-error"), self.withdrawn(self.key(4)))
        truth = self.step("corrected (entered-in-error)", truth)
        self.delete("Observation", self.key(5) + "-egfr")
        self.delete("Condition", self.key(6) + "-sle")
        self.delete("Patient", self.key(10))
        truth = self.step("deleted", truth)
        self.put(people.egfr(self.key(5), 64), people.diagnosis(self.key(6)))
        self.step("made again", truth)
        if self.delivery != "poll":
            self.assertGreater(self.heard(), 40)
        self.gateway.stop()

    def withdrawn(self, key):
        out = people.diagnosis(key, "entered-in-error")
        del out["clinicalStatus"]
        return out if self.release == "r4" else dict(out, clinicalStatus={"coding": [{"code": "unknown"}]})


class Probe(Interop):
    """`probe` says of HAPI what the journeys here have seen to work, no more and no less."""
    label = "probe"
    works = {"search", "patient-history", "search-by-code", "read", "incremental", "paging", "history", "history-of-deletions", "write",
             "read-your-writes", "client-ids", "conditional-create", "conditional-update", "delete", "bulk", "rest-hook", "rest-hook-empty"}
    # HAPI R4 declares no topics and no WebSocket address: there is nothing that a stranger could try.
    works_not = {"topic", "websocket", "smart"}

    def test_verdicts(self):
        self.cohort(range(6))
        if self.release == "r5":
            self.hospital.put(topic_r5())
        before = {kind: len(self.hospital.all(kind)) for kind in ("Observation", "Subscription")}
        verdicts = probe(self.hospital.base, "--rate", "20", "--patience", "60", "--time", "600", timeout=900)
        said = working(verdicts)
        self.assertEqual((said & (self.works | self.works_not), self.works - said), (self.works, set()))
        self.assertEqual({kind: len(self.hospital.all(kind)) for kind in before}, before, "nothing stays behind")
        counts = list(verdicts.values())
        table.append((f"HAPI {self.release.upper()}", "probe: agrees with what is seen here", "works",
                      " ".join(f"{v}={counts.count(v)}" for v in sorted(set(counts)))))


class ProbeR5(Probe):
    release = "r5"
    works = Probe.works - {"rest-hook", "rest-hook-empty"} | {"topic"}
    works_not = {"websocket", "smart", "rest-hook", "rest-hook-empty"}


class Polling(Interop):
    delivery, label = "poll", "polling"

    def test_journey(self):
        self.journey(poll_every="2s")


class PollingR5(Polling):
    release = "r5"


class Bulk(Interop):
    delivery, label = "poll", "bulk export"

    def test_people_already_there(self):
        self.cohort(range(8))
        self.start(poll_every="2s", firstLoad="bulk")
        truth = self.assert_agrees()
        self.assertGreater(len(set(truth.values())), 2)
        self.seen("people already there", truth)


class BulkR5(Bulk):
    release = "r5"


class RestHook(Interop):
    def test_journey(self):
        self.journey()

    def test_the_gateway_is_killed_in_the_middle(self):
        self.cohort(range(4))
        self.start()
        truth = self.assert_agrees()
        self.cohort(range(4, 8))
        self.gateway.kill()
        self.cohort(range(8, 12))
        self.put(people.egfr(self.key(0), 71))
        self.delete("Observation", self.key(1) + "-egfr")
        self.gateway.start()
        self.cohort(range(12, 16))
        self.step("gateway killed and started again", truth)

    def test_the_gateway_is_down_until_hapi_gives_up(self):
        self.cohort(range(4))
        self.start()
        truth = self.assert_agrees()
        self.gateway.kill()
        listener = Listener(self.gateway.port)
        self.addCleanup(listener.close)
        self.cohort(range(4, 6))  # each message of a type waits until HAPI has given up the one before
        self.delete("Observation", self.key(0) + "-egfr")
        seen = [0, time.monotonic()]

        def given_up():
            if listener.refused != seen[0]:
                seen[:] = [listener.refused, time.monotonic()]
            return seen[0] and time.monotonic() - seen[1] > 15
        wait_until(given_up, "HAPI gives up", 600)
        listener.close()
        self.gateway.start()
        self.step("gateway down until HAPI gave up", truth, refused=listener.refused)

    def test_the_hospital_is_killed_in_the_middle(self):
        self.cohort(range(4))
        self.start(poll_every="5s")
        truth = self.assert_agrees()
        self.cohort(range(4, 8))
        self.hospital.kill()
        self.until(lambda: self.gateway.metric("trialgate_faults") > 0, "the gateway sees that the hospital does not answer")
        self.hospital.start()
        self.cohort(range(8, 12))
        self.put(people.egfr(self.key(0), 71))
        self.delete("Observation", self.key(1) + "-egfr")
        self.step("HAPI killed and started again", truth)
        self.until(lambda: self.gateway.metric("trialgate_faults") == 0, "the fault is over")

    def test_the_study_system_is_killed_in_the_middle(self):
        self.cohort(range(4))
        self.start()
        truth = self.assert_agrees()
        self.cohort(range(4, 8))
        self.study.kill()
        self.cohort(range(8, 12))
        self.until(lambda: self.gateway.metric("trialgate_outbox_waiting") > 0, "deliveries wait")
        self.study.start()
        self.step("study system killed and started again", truth)


class TopicR4(RestHook):
    delivery, label = "topic", "topic (Backport)"


class TopicR5(TopicR4):
    release, label = "r5", "topic"


class WebSocketR4(Interop):
    """HAPI has WebSockets and its CapabilityStatement does not say where: the gateway says so and polls."""
    delivery, label = "websocket", "criteria websocket"

    def subscribed(self):
        return f"source.{self.source}.delivery" in {f["key"] for f in self.gateway.status()["faults"]}

    def test_polled_and_said(self):
        self.cohort(range(4))
        self.start(poll_every="2s")
        truth = self.assert_agrees()
        self.cohort(range(4, 8))
        self.step("not announced by HAPI: fault, and polled", truth)


class AllRecords(Interop):
    """Everything that we have: the demo's cohort, people of synth in three dialects, and Synthea's where they are."""

    def test_cohort_and_synthea(self):
        synthea = sorted(glob.glob(os.path.join(SHARED, "data", "patients", "*.json")))[:8]
        cohort = [p for name in ("*.json", "export/*.ndjson", "jana/*.json") for p in sorted(glob.glob(os.path.join(COHORT, name)))
                  if not os.path.basename(p).startswith(("dora-history", "helga"))]
        if not synthea:
            print(f"skipped: Synthea: no Bundles in {SHARED}/data/patients", flush=True)
        everything = [moved(r, self.days) for p in cohort for r in resources_of(p)] + [r for p in synthea for r in resources_of(p)]
        for dialect in ("us-core", "german", "local-lab"):
            made = subprocess.run([PROGRAM, "synth", "--patients", "6", "--seed", str(len(dialect)), "--dialect", dialect, "--release", "R4"],
                                  capture_output=True, text=True, timeout=60, check=True).stdout
            everything += [json.loads(line) for line in made.splitlines()]
        everything = list({(r["resourceType"], r["id"]): r for r in everything}.values())  # the last version of each
        self.hospital.put_all(everything)
        self.writes += len(everything)
        self.start(poll_every="5s")
        truth = self.assert_agrees()
        self.assertGreater(len(set(truth.values())), 2)
        self.seen(f"demo cohort, 18 people of synth, {len(synthea)} Synthea Bundles", truth)


if __name__ == "__main__":
    unittest.main(verbosity=2)
