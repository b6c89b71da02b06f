"""The API behind the page and its OpenAPI file: every operation of the file is called on the real program, and every answer is as the file says."""
import json
import re
import unittest
import urllib.parse
import urllib.request

import people
from followup import Enrolled, when
from harness import pseudonym, wait_until
from openapi import OpenApi
from page_client import Page, another_link

TRIAL = "sle-uc-msc"


class PageApi(Enrolled):
    def open(self):
        self.page = Page(self.gateway, url=another_link(self.gateway))
        answer = self.page.get("/api/v1/openapi.json")
        self.api = OpenApi(answer.json)
        self.checked("GET", "/api/v1/openapi.json", answer)

    def checked(self, method, pattern, answer):
        faults = self.api.check(method, pattern, answer.status, answer.headers.get("Content-Type"), answer.body)
        self.assertEqual(faults, [])
        return answer

    def call(self, method, pattern, body=None, query=None, status=None, **path):
        """Calls an operation of the file; the answer is what the file says."""
        target = re.sub(r"\{(\w+)\}", lambda m: urllib.parse.quote(str(path[m[1]]), safe=""), pattern)
        target += "?" + urllib.parse.urlencode(query) if query else ""
        answer = self.checked(method, pattern, self.page.call(method, target, body))
        if status is not None:
            self.assertEqual(answer.status, status, answer)
        elif answer.status >= 400:
            raise AssertionError(f"{method} {target}: {answer}")
        return answer.json if answer.body and answer.status < 300 and pattern != "/api/v1/audit/fhir" else None

    def get(self, pattern, **more):
        return self.call("GET", pattern, **more)

    def post(self, pattern, body=None, **more):
        return self.call("POST", pattern, {} if body is None else body, **more)

    def about(self, key):
        return {"trial": TRIAL, "subject": pseudonym("ehr", f"Patient/{key}")}

    def unreadable(self, n):
        """A message that cannot be read comes to a hook of ours."""
        for at in range(n):
            subscription = next(s for s in self.hospital.current("Subscription") if s["criteria"].startswith("Observation"))
            channel = subscription["channel"]
            headers = {k: v.strip() for k, v in (h.split(":", 1) for h in channel.get("header", []))}
            r = urllib.request.Request(f"{channel['endpoint']}/Observation/broken{at}", method="PUT", data=b'{"resourceType":"Observation","id":"broken"',
                                       headers={"Content-Type": "application/fhir+json", **headers})
            urllib.request.urlopen(r, timeout=10).close()
        wait_until(lambda: self.gateway.metric("trialgate_quarantine_rows") == n, "it is quarantined")

    def assert_nobody(self, answers):
        """No answer names anybody or anything of theirs."""
        text = json.dumps(answers)
        for r in self.hospital.everything():
            if r["resourceType"] in ("Subscription", "Encounter"):
                continue
            self.assertNotIn(f"{r['resourceType']}/{r['id']}", text)
        for word in ("Erfunden", "Zita", "MRN-", "1990-05-04"):
            self.assertNotIn(word, text)

    # ---- the parts, in the order of the page

    def session(self):
        told = self.get("/api/v1/session")
        self.assertEqual(told["identity"], "pseudonym")
        stranger = Page(self.gateway, login=False, url=self.page.origin)
        for method, path in sorted(self.api.operations()):
            if path in ("/api/v1/openapi.json", "/api/v1/session/local") or path.startswith("/login/"):
                continue
            target = re.sub(r"\{(\w+)\}", "1", path)
            self.assertEqual(self.checked(method.upper(), path, stranger.call(method.upper(), target, {} if method == "post" else None)).status, 401)
        self.checked("POST", "/api/v1/session/local", stranger.call("POST", "/api/v1/session/local", {"token": "guessed"}))
        self.api.called.add(("post", "/api/v1/session/local"))  # by the client, at the beginning
        events = self.page.events()
        self.assertEqual(events.status, 200)
        first = events.next()
        self.assertEqual(set(first), {"worklist", "alerts", "operations"})
        events.close()
        self.api.called.add(("get", "/api/v1/events"))

    def worklist(self):
        trials = self.get("/api/v1/trials")["trials"]
        self.assertEqual([t["id"] for t in trials], [TRIAL])
        whole = self.get("/api/v1/trials/{trial}/worklist", trial=TRIAL)
        self.assertEqual({r[0] for r in whole["rows"]}, {pseudonym("ehr", f"Patient/{k}") for k in ("anna", "bert")})
        self.assertEqual({len(r[2]) for r in whole["rows"]}, {len(trials[0]["criteria"])})
        self.assertEqual(self.get("/api/v1/trials/{trial}/worklist", trial=TRIAL, query={"since": whole["stamp"]})["rows"], [])
        self.get("/api/v1/trials/{trial}/worklist", trial="none", status=404)
        self.get("/api/v1/trials/{trial}/worklist", trial=TRIAL, query={"since": "x"}, status=400)
        self.post("/api/v1/trials/{trial}/seen", {"stamp": whole["stamp"]}, trial=TRIAL)
        self.assertEqual(self.get("/api/v1/trials/{trial}/worklist", trial=TRIAL)["seen"], whole["stamp"])
        self.assertEqual({r[0]: tuple(r[13:15]) for r in whole["rows"]}, {
            self.about("anna")["subject"]: ("", ""), self.about("bert")["subject"]: ("S-001", "on-study")})
        self.assertTrue(whole["madeWith"])
        self.assert_nobody(whole)

    def person(self):
        told = self.get("/api/v1/trials/{trial}/people/{subject}", **self.about("bert"))
        course = self.get("/api/v1/trials/{trial}/people/{subject}/timeline", **self.about("bert"))
        self.assertTrue(course["labs"] and course["medications"] and course["conditions"])
        for lab in course["labs"]:
            self.assertEqual((lab["limit"], lab["window"]), (lab["asked"][0]["limit"], lab["asked"][0]["window"]))
        self.assertTrue(told["history"][0]["sameCriteria"])
        self.assertEqual([p["number"] for p in told["participations"]], ["S-001"])
        self.assert_nobody([told, course])
        self.assertGreater(len(self.get("/api/v1/concepts")["concepts"]), 50)
        nobody = {"trial": TRIAL, "subject": "0" * 32}
        for pattern in ("", "/timeline"):
            self.get("/api/v1/trials/{trial}/people/{subject}" + pattern, status=404, **nobody)
        reveal = "/api/v1/trials/{trial}/people/{subject}/reveal"
        self.post(reveal, {}, status=400, **self.about("bert"))
        self.assertEqual(self.post(reveal, {"reason": "to call her"}, **self.about("bert"))["reference"], "Patient/bert")
        shown = self.get("/api/v1/trials/{trial}/people/{subject}", **self.about("bert"))
        self.assertEqual(shown["identity"]["reference"], "Patient/bert")
        self.assert_nobody(self.get("/api/v1/trials/{trial}/people/{subject}", **self.about("anna")))

    def judgements(self):
        say = "/api/v1/trials/{trial}/people/{subject}/judgements"
        person = "/api/v1/trials/{trial}/people/{subject}"
        about = self.about("bert")
        before = self.get(person, **about)
        criterion = next(c["id"] for c in before["criteria"] if c["decidedBy"] != "record")
        said = self.post(say, {"kind": "criterion", "what": criterion, "value": "met", "reason": "<script>alert(1)</script>"}, **about)["judgement"]
        self.post(say, {"kind": "mark", "value": "screened", "reason": "came in"}, **about)
        self.post(say, {"kind": "comment", "reason": "knows the study nurse"}, **about)
        self.post(say, {"kind": "mapping", "value": {"system": "urn:lab", "code": "X1", "display": "<img src=x>", "concept": "anti-dsdna"}, "reason": "same"},
                  status=None if self.has_concept("anti-dsdna") else 400, **about)
        self.post(say, {"kind": "guess"}, status=400, **about)

        def shown():
            now = self.get(person, **about)
            confirmed = next(c for c in now["criteria"] if c["id"] == criterion)
            return now if confirmed["verdict"] == "met" and now["mark"] == "screened" else None
        now = wait_until(shown, "what was decided is shown")
        self.assertIn("<script>alert(1)</script>", [j["reason"] for j in now["judgements"]])
        undone = self.post(say + "/{id}/undo", {}, id=said["id"], **about)["judgement"]
        self.assertIsNotNone(undone["undone"])
        self.post(say + "/{id}/undo", {}, id=said["id"], status=409, **about)
        self.get("/api/v1/mappings/proposals")

    def has_concept(self, name):
        return name in {c["id"] for c in self.get("/api/v1/concepts")["concepts"]}

    def follow_up(self):
        visits = self.get("/api/v1/visits", query={"days": 60})["visits"]
        self.assertEqual({v["participant"] for v in visits}, {"S-001"})
        self.get("/api/v1/visits", query={"days": 0}, status=400)
        self.get("/api/v1/trials/{trial}/participants/{number}/visits", trial=TRIAL, number="S-001")
        self.get("/api/v1/trials/{trial}/participants/{number}/visits", trial=TRIAL, number="S-9", status=404)
        alerts = self.get("/api/v1/alerts")["alerts"]
        graded = [a for a in alerts if a["kind"] == "lab-grade"]
        self.assertTrue(graded and graded[0]["trend"], [a["kind"] for a in alerts])
        self.assert_nobody([visits, alerts])
        self.assertTrue(all(one["page"] for one in visits + alerts))
        self.assertIsNone(self.get("/api/v1/alerts", query={"closed": 1})["older"])
        waiting = self.get("/api/v1/alerts/count")["waiting"]
        self.assertEqual(waiting, len(alerts))
        one = graded[0]["id"]
        self.post("/api/v1/alerts/{id}/snooze", {"hours": 0}, id=one, status=400)
        self.post("/api/v1/alerts/{id}/snooze", {"hours": 8}, id=one)
        self.post("/api/v1/alerts/{id}/acknowledge", id=one)
        self.assertEqual(self.get("/api/v1/alerts/count")["waiting"], waiting - 1)
        self.post("/api/v1/alerts/{id}/acknowledge", id=one, status=409)
        self.post("/api/v1/alerts/{id}/acknowledge", id=99999, status=404)

    def operations(self):
        heard = self.get("/api/v1/sources")["sources"]
        self.assertEqual([(s["name"], s["trouble"], s["lastHeard"] is None) for s in heard], [("ehr", False, False)])
        self.unreadable(2)
        told = self.get("/api/v1/operations")
        self.assertEqual(told["quarantine"], 2)
        self.assertTrue(told["sources"][0]["subscriptions"])
        first, second = (i["id"] for i in self.get("/api/v1/operations/quarantine")["items"])
        self.post("/api/v1/operations/quarantine/{id}/drop", id=first)
        self.post("/api/v1/operations/quarantine/{id}/drop", id=first, status=404)
        self.post("/api/v1/operations/quarantine/{id}/replay", id=second)
        wait_until(lambda: [i["id"] for i in self.get("/api/v1/operations/quarantine")["items"]] not in ([second], []), "it was read again, in vain")
        self.study.down = True
        self.put(people.egfr("anna", 20, when(1)))  # changes what the study has to know

        def waiting():
            return self.get("/api/v1/operations/outbox", query={"state": "waiting"})["messages"]
        messages = wait_until(waiting, "a message waits for the study system")
        self.post("/api/v1/operations/outbox/{id}/retry", id=messages[0]["id"])
        self.post("/api/v1/operations/outbox/{id}/drop", id=messages[0]["id"])
        self.post("/api/v1/operations/outbox/{id}/drop", id=messages[0]["id"], status=404)
        self.get("/api/v1/operations/outbox", query={"state": "lost"}, status=400)
        self.study.down = False

    def audit(self):
        told = self.get("/api/v1/audit", query={"limit": 500})
        self.assertTrue(told["seals"]["intact"])
        actions = {r["action"] for r in told["entries"]}
        self.assertLessEqual({"view-list", "view-patient", "reveal", "judge", "undo", "acknowledge", "snooze", "replay", "drop", "retry"}, actions)
        self.get("/api/v1/audit/fhir")

    def test_every_operation_answers_as_the_file_says(self):
        self.ready()
        self.candidate("anna")
        self.enrolled("bert", "S-001")
        self.put(people.result("bert", "alt", when(1, 15), 400))
        self.settled()
        self.open()
        # Alerts before a reveal: after it this session sees references.
        for part in (self.session, self.worklist, self.follow_up, self.person, self.judgements, self.operations, self.audit):
            with self.subTest(part.__name__):
                part()
        self.call("DELETE", "/api/v1/session")
        # A browser's own: tests/interop/test_oidc.py.
        never = {(method, path) for method, path in self.api.operations() - self.api.called if not path.startswith("/login/")}
        self.assertEqual(never, set(), "operations that were never called")


if __name__ == "__main__":
    unittest.main()
