"""Who takes part, told by a program of the study: only with a token, kept before it is answered, worked in at once, with the rules of `subject`."""
import json
import unittest
import urllib.error
import urllib.parse
import urllib.request

from base import Scenario
from harness import wait_until

TOKEN = "a-token-of-the-trial-management-system"


class ParticipantsApi(Scenario):
    def ready(self, api=True):
        self.make_gateway(start=False)
        self.gateway.write("ctms.token", TOKEN)
        if api:
            self.gateway.config["api"] = [{"name": "other", "token": {"file": "pseudonym.key"}}, {"name": "ctms", "token": {"file": "ctms.token"}}]
        self.gateway.write("pseudonym.key", "a-pseudonym-key-of-some-length-0123456789")
        self.gateway.start()
        self.subscribed()

    def ask(self, method, path="", body=None, token=TOKEN):
        r = urllib.request.Request(f"http://127.0.0.1:{self.gateway.port}/api/v1/participants{path}", method=method,
                                   data=None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode(),
                                   headers={"Authorization": f"Bearer {token}"} if token else {})
        try:
            with urllib.request.urlopen(r, timeout=20) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as e:
            with e:
                return e.code, json.loads(e.read() or b"{}")

    def enrol(self, number="S-1", patient="Patient/one", **more):
        return self.ask("POST", "", {"trial": "sle-uc-msc", "number": number, "patient": patient, "on": "2026-03-01", **more})

    def test_a_participation_from_enrolment_to_its_end(self):
        self.candidate("one")
        self.ready()
        code, made = self.enrol(reason="signed today")
        self.assertEqual((code, made["state"], made["since"], made["setBy"]), (201, "screening", "2026-03-01", "api ctms"))
        self.assertEqual(self.enrol()[0], 409)
        self.assertEqual(self.enrol("S-2")[0], 409, "one person takes part once")
        dose = "/sle-uc-msc/S-1/dose"
        code, dosed = self.ask("POST", dose, {"at": "2026-03-05T09:30:00+01:00"})
        self.assertEqual((code, dosed["state"], dosed["anchors"]["dosing"]["on"]), (200, "on-study", "2026-03-05"))
        self.assertEqual(self.ask("POST", dose, {"on": "2026-03-06"})[0], 409, "moving Day 0 needs a reason")
        self.assertEqual(self.ask("POST", dose, {"on": "2026-03-06", "reason": "typing error"})[0], 200)
        self.gateway.kill()
        self.gateway.start()  # what was answered is kept
        one = self.ask("GET", "/sle-uc-msc/S-1")[1]
        self.assertEqual(one["anchors"]["dosing"]["on"], "2026-03-06")
        self.assertEqual([n["what"] for n in one["trail"]], ["screening since 2026-03-01: signed today", "dosed on 2026-03-05",
                                                            "dosed on 2026-03-06: typing error"])
        wait_until(lambda: "S-1" in self.gateway.run("calendar", "--as-of", "2026-03-15", "--days", "10", expect=0).stdout, "visits are due")
        code, ended = self.ask("POST", "/sle-uc-msc/S-1/end", {"as": "withdrawn", "on": "2026-03-15"})
        self.assertEqual((code, ended["state"]), (200, "withdrawn"))
        self.assertEqual(self.ask("POST", dose, {})[0], 409)
        self.assertEqual(self.ask("GET", "?trial=sle-uc-msc")[1]["participants"], self.ask("GET")[1]["participants"])
        self.assertEqual([p["number"] for p in self.ask("GET")[1]["participants"]], ["S-1"])
        self.assertEqual(self.ask("GET", "?trial=dapa-hf")[1]["participants"], [])

    def test_what_cannot_be_is_refused_and_keeps_nothing(self):
        self.ready()
        for body, why in (({}, "missing"), ({"patient": "one"}, "Patient/ID"), ({"patient": "Patient/one", "source": "nowhere"}, "source"),
                          ({"patient": "Patient/one", "on": "2026-02-30"}, "day"), ({"patient": "Patient/one", "on": "2999-01-01"}, "day"),
                          ({"patient": "Patient/one", "nmber": "1"}, "nmber"), ({"patient": 7}, "string")):
            whole = {"trial": "sle-uc-msc", "number": "S-9", **body} if body else {}
            code, said = self.ask("POST", "", whole)
            self.assertEqual(code, 400, body)
            self.assertIn(why, said["error"])
        self.assertEqual(self.ask("POST", "", b"{")[0], 400)
        self.assertEqual(self.ask("POST", "", b"[]")[0], 400)
        self.assertEqual(self.ask("POST", "", b"x" * 20_000)[0], 413)
        self.assertEqual(self.ask("GET", "/sle-uc-msc/S-9")[0], 404)
        self.assertEqual(self.ask("POST", "/sle-uc-msc/S-9/dose", {})[0], 404)
        self.assertEqual(self.ask("DELETE")[0], 405)
        self.assertEqual(self.ask("GET")[1], {"participants": []})
        self.assertEqual(self.enrol("S/1 ü")[0], 201)
        number = urllib.parse.quote("S/1 ü", safe="")
        self.assertEqual(self.ask("GET", f"/sle-uc-msc/{number}")[1]["number"], "S/1 ü")
        self.assertEqual(self.ask("GET", f"/sle-uc-msc/{number}/dose")[0], 405)
        self.assertEqual(self.ask("POST", f"/sle-uc-msc/{number}", {})[0], 405)
        self.assertEqual(self.ask("POST", f"/sle-uc-msc/{number}/end", {"as": "asleep"})[0], 400)
        self.assertEqual(self.ask("POST", f"/sle-uc-msc/{number}/end", {"as": "on-study"})[0], 400)

    def test_without_its_token_nobody_learns_anything(self):
        self.ready()
        self.enrol()
        for token in (None, "wrong", TOKEN[:-1], TOKEN + "x"):
            for method, path in (("GET", ""), ("GET", "/sle-uc-msc/S-1"), ("POST", ""), ("DELETE", "/guess")):
                self.assertEqual(self.ask(method, path, {} if method == "POST" else None, token=token)[0], 401, (token, method, path))

    def test_without_configuration_there_is_no_such_api(self):
        self.ready(api=False)
        self.assertEqual(self.ask("GET")[0], 404)
        self.assertEqual(self.enrol()[0], 404)


if __name__ == "__main__":
    unittest.main()
