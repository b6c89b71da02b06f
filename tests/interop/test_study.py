"""What the gateway writes, against a study system by another hand (study/server.mjs). Run by study.sh, which sets STUDY_SERVER."""
import json
import os
import subprocess
import sys
import tempfile
import unittest
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "scenario"))

import people
from base import Scenario
from harness import probe, wait_until, working

WRITTEN = {"ResearchStudy", "ResearchSubject", "Flag", "Task", "Provenance"}


class Study(Scenario):
    client_ids = True

    def setUp(self):
        super().setUp()
        self.server = subprocess.Popen(["node", "server.mjs", self.study.token], cwd=os.environ["STUDY_SERVER"], stdout=subprocess.PIPE, text=True)
        self.addCleanup(self.end_server)
        self.base = self.server.stdout.readline().strip()
        if not self.base:
            self.fail("the study system does not start")

    def end_server(self):
        self.server.kill()
        self.server.wait()
        self.server.stdout.close()

    def log(self):
        with urllib.request.urlopen(self.base.removesuffix("/fhir") + "/log", timeout=10) as answer:
            return json.loads(answer.read())

    def all(self, kind):
        r = urllib.request.Request(f"{self.base}/{kind}?_count=100", headers={"Authorization": f"Bearer {self.study.token}"})
        with urllib.request.urlopen(r, timeout=10) as answer:
            return [e["resource"] for e in json.loads(answer.read()).get("entry", [])]

    def run_gateway(self):
        self.make_gateway(sink={"url": self.base, "clientIds": self.client_ids})
        self.subscribed()
        self.settled()

    def active(self):
        return {f["code"]["coding"][0]["code"] for f in self.all("Flag") if f["status"] == "active"}

    def assert_nothing_refused(self):
        self.assertEqual([line for line in self.log() if line[2] >= 400 and not (line[0] == "GET" and line[2] == 404)], [])
        self.assertEqual(self.gateway.metric("trialgate_outbox_dead"), 0)

    def test_probe_says_what_works_here(self):
        """Known of this server: CRUD, conditional writes and search work; it keeps no deletions in its history and delivers no Subscriptions."""
        with tempfile.NamedTemporaryFile("w", suffix=".token") as token:
            token.write(self.study.token)
            token.flush()
            said = probe(self.base, "--token-file", token.name, "--rate", "50", "--patience", "3")
        works = {"access", "search", "incremental", "write", "read-your-writes", "client-ids", "conditional-create", "conditional-update", "delete"}
        works_not = {"history-of-deletions", "rest-hook", "rest-hook-empty", "websocket", "topic", "bulk", "smart"}
        self.assertEqual(working(said) & (works | works_not), works)
        self.assertEqual(works_not - said.keys(), set(), "each of them was tried")

    def test_a_candidate_changes_and_is_told_each_time(self):
        self.run_gateway()
        self.candidate("other")
        self.settled()
        wait_until(lambda: self.active() == {"likely"}, "the flag is there")
        self.assertEqual({k: len(self.all(k)) for k in WRITTEN}, dict.fromkeys(WRITTEN, 1))
        self.assertEqual([s["status"] for s in self.all("ResearchSubject")], ["candidate"])

        self.hospital.put(people.egfr("other", 20))
        self.settled()
        wait_until(lambda: self.active() == set(), "the flag is taken away")
        self.hospital.put(people.egfr("other", 50))
        self.settled()
        wait_until(lambda: self.active() == {"likely"}, "the flag is back")
        counted = {k: len(self.all(k)) for k in WRITTEN}
        self.assertEqual({k: counted[k] for k in WRITTEN - {"Provenance"}}, dict.fromkeys(WRITTEN - {"Provenance"}, 1))
        self.assertEqual(counted["Provenance"], 3)
        self.assert_nothing_refused()
        self.gateway.stop()

    def test_a_person_decides_there_and_is_not_overruled(self):
        self.run_gateway()
        self.candidate("zoe9")
        self.settled()
        wait_until(lambda: self.all("ResearchSubject"), "the person is there")
        subject = dict(self.all("ResearchSubject")[0], status="on-study")
        r = urllib.request.Request(f"{self.base}/ResearchSubject/{subject['id']}", method="PUT", data=json.dumps(subject).encode(),
                                   headers={"Authorization": f"Bearer {self.study.token}", "Content-Type": "application/fhir+json"})
        urllib.request.urlopen(r, timeout=10).close()
        self.hospital.put(people.egfr("zoe9", 20))
        self.settled()
        self.assertEqual([s["status"] for s in self.all("ResearchSubject")], ["on-study"])
        self.assert_nothing_refused()


class ServerIds(Study):
    """Conditional create and update by identifier."""
    client_ids = False


if __name__ == "__main__":
    unittest.main()
