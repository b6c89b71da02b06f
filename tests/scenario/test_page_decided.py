"""What people decide on the page: durable when it is answered, stronger than the machine, told to the study system once, taken back. The real program."""
import json
import unittest

import people
from base import Scenario
from harness import flags, pseudonym, wait_until
from page_client import Page

TRIAL = "sle-uc-msc"


class Decided(Scenario):
    def ready(self, key="one", value=74):
        self.candidate(key, value)
        self.make_gateway(start=False, sink={"readBackEvery": "1m"})
        self.gateway.start()
        self.subscribed()
        self.settled()
        self.subject = pseudonym("ehr", f"Patient/{key}")
        self.page = Page(self.gateway)
        return self.page

    def path(self, more=""):
        return f"/api/v1/trials/{TRIAL}/people/{self.subject}{more}"

    def judge(self, expect=201, **body):
        answer = self.page.post(self.path("/judgements"), body)
        self.assertEqual(answer.status, expect, answer)
        return answer.json["judgement"] if expect == 201 else answer.json["error"]

    def undo(self, judgement, expect=200):
        answer = self.page.post(self.path(f"/judgements/{judgement['id']}/undo"))
        self.assertEqual(answer.status, expect, answer)

    def person(self):
        answer = self.page.get(self.path())
        self.assertEqual(answer.status, 200, answer)
        return answer.json

    def row(self):
        """[subject, status, strip, changesOn, changed, was, mark, human, comments, stamp, label, contradiction]"""
        rows = self.page.get(f"/api/v1/trials/{TRIAL}/worklist?since=0").json["rows"]
        return next(r for r in rows if r[0] == self.subject)

    def told(self, kind="ResearchSubject"):
        return self.study.current(kind)

    def subject_status(self):
        all_of = self.told()
        self.assertLessEqual(len(all_of), 1)
        return all_of[0]["status"] if all_of else None

    def tasks(self, text):
        return [t for t in self.told("Task") if text in json.dumps(t.get("code", {}))]

    def killed(self):
        """The program dies without a word and comes back."""
        self.gateway.kill()
        self.gateway.output[:] = [line for line in self.gateway.output if not line.startswith("page: ")]  # its link opens nothing any more
        self.gateway.start()
        self.page = Page(self.gateway)

    def test_every_kind_of_judgement_outlives_a_kill_right_after_the_answer(self):
        self.ready()
        mapping = {"system": "urn:example:lab", "code": "DNSI", "display": "Anti-dsDNS", "concept": "dsdna"}
        said = []
        for body in ({"kind": "criterion", "what": "consent", "value": "met", "reason": "signed today"},
                     {"kind": "mark", "value": "screened", "reason": "first visit", "number": "S-001", "on": "2026-03-15"},
                     {"kind": "comment", "reason": "asks for a call in the morning"},
                     {"kind": "mapping", "value": mapping, "reason": "our laboratory's name"}):
            said.append(self.judge(**body))
            self.killed()
            there = {j["id"]: j for j in self.person()["judgements"]}
            self.assertEqual(there[said[-1]["id"]]["kind"], body["kind"])
            self.assertEqual(there[said[-1]["id"]]["reason"], body["reason"])
        self.settled()
        wait_until(lambda: self.row()[6] == "screened", "the worklist shows the mark")
        self.assertEqual(self.row()[8], 1)
        self.assertIn("M", self.row()[2])
        self.assertEqual([p["number"] for p in self.person()["participations"]], ["S-001"])
        self.assertEqual(self.judge(409, kind="mark", value="enrolled", reason="again", number="S-002"),
                         "This person takes part as S-001 and has not ended.")
        proposed = self.page.get("/api/v1/mappings/proposals").json
        self.assertEqual(proposed["group"][0]["element"][0]["target"][0]["code"], "dsdna")
        for j in said:
            self.undo(j)
            self.killed()
        self.undo(said[0], expect=409)
        self.settled()
        wait_until(lambda: self.row()[6] == "", "the mark is taken back")
        self.assertNotIn("M", self.row()[2])
        self.assertTrue(all(j["undone"] for j in self.person()["judgements"]))
        wait_until(lambda: self.subject_status() == "candidate", "the study system shows what the record says again")
        self.assertNotIn("group", self.page.get("/api/v1/mappings/proposals").json)

    def test_confirmed_criteria_make_somebody_eligible_and_evidence_against_one_is_told_once(self):
        self.ready()
        before = self.person()
        self.assertEqual(before["status"], "likely")
        for c in before["criteria"]:
            if c["verdict"] == "unknown":
                self.judge(kind="criterion", what=c["id"], value="met", reason="asked")
        confirmed = self.judge(kind="criterion", what="renal-function", value="met", reason="seen on paper")
        wait_until(lambda: self.row()[1] == "eligible", "everything is confirmed")
        self.settled()
        wait_until(lambda: flags(self.study) == {self.subject: "eligible"}, "the study system has the flag")
        self.assertEqual(self.person()["history"][0]["cause"]["by"], "person")
        self.hospital.put(people.egfr("one", 20))
        self.settled()
        wait_until(lambda: self.row()[11] == "criterion:renal-function", "the record says the opposite")
        self.hospital.put(people.egfr("one", 19))
        self.settled()
        self.assertEqual(self.row()[1], "eligible", "what a person confirmed stands")
        self.assertEqual(flags(self.study), {self.subject: "eligible"})
        wait_until(lambda: len(self.tasks("contradicts")) == 1, "told once")
        self.undo(confirmed)
        wait_until(lambda: self.row()[1] == "not-now", "the record counts again")
        self.settled()
        wait_until(lambda: flags(self.study) == {}, "the flag is gone")
        self.assertEqual(len(self.tasks("contradicts")), 1)

    def test_a_mark_is_shown_in_the_study_system_and_taken_back(self):
        self.ready()
        for value, status in (("not-interested", "withdrawn"), ("excluded", "ineligible"), ("screened", "screening"), ("enrolled", "on-study")):
            mark = self.judge(kind="mark", value=value, reason="decided in the round")
            wait_until(lambda: self.subject_status() == status, f"{value} is {status} there")
            self.settled()
            self.assertEqual(flags(self.study), {})
            self.gateway.advance(61_000)  # our own words are read back, and are nobody's decision
            self.gateway.advance(61_000)
            self.settled()
            self.assertEqual(self.row()[1:2] + self.row()[6:8], ["likely", value, ""])
            self.undo(mark)
            wait_until(lambda: self.subject_status() == "candidate", "what the record says is shown again")
            self.settled()
            wait_until(lambda: flags(self.study) == {self.subject: "likely"}, "with its flag")
        self.assertNotIn("decided in the round", json.dumps(self.study.everything()), "reasons stay here")

    def test_what_the_study_system_decided_is_not_overwritten_and_its_people_are_told(self):
        self.ready()
        there = dict(self.told()[0], status="screening")
        self.study.put(there)
        self.gateway.advance(61_000)
        wait_until(lambda: self.row()[7] == "screening", "the study's decision is read back")
        mark = self.judge(kind="mark", value="excluded", reason="lives too far away")
        self.settled()
        wait_until(lambda: len(self.tasks("decided otherwise")) == 1, "those who look there are told")
        self.assertEqual(self.subject_status(), "screening")
        self.hospital.put(people.egfr("one", 20))
        self.settled()
        self.assertEqual(self.tasks("contradicts"), [], "whom nobody wants is no contradiction")
        self.undo(mark)
        self.settled()
        wait_until(lambda: len(self.tasks("contradicts")) == 1, "the study still wants this person")
        self.assertEqual(self.subject_status(), "screening")

    def test_a_diagnosis_entered_in_error_takes_the_row_away_and_back(self):
        self.ready()
        self.judge(kind="criterion", what="consent", value="met", reason="signed")
        self.settled()
        self.hospital.put(people.diagnosis("one", verification="entered-in-error"))
        self.settled()
        wait_until(lambda: self.row()[1] == "", "nobody considers this person")
        self.judge(409, kind="mark", value="screened", reason="too late")
        self.hospital.put(people.diagnosis("one"))
        self.settled()
        wait_until(lambda: self.row()[1] == "likely", "it was right after all")
        self.assertIn("M", self.row()[2])
        history = self.person()["history"]
        self.assertEqual([h["status"] for h in history][:3], ["likely", "", "likely"])
        self.assertEqual([h["cause"]["by"] for h in history][:2], ["record", "record"])

    def test_who_has_the_list_open_hears_of_it(self):
        page = self.ready()
        events = page.events()
        try:
            stamp = events.next()["worklist"][TRIAL]
            self.judge(kind="comment", reason="a word")
            later = events.wait_for(lambda e: e["worklist"][TRIAL] > stamp)["worklist"][TRIAL]
            rows = page.get(f"/api/v1/trials/{TRIAL}/worklist?since={stamp}").json["rows"]
            self.assertEqual([r[8] for r in rows], [1])
            self.judge(kind="mark", value="excluded", reason="a reason")
            events.wait_for(lambda e: e["worklist"][TRIAL] > later)
            wait_until(lambda: page.get(f"/api/v1/trials/{TRIAL}/worklist?since={later}").json["rows"][0][6] == "excluded", "the mark is in the list")
        finally:
            events.close()


if __name__ == "__main__":
    unittest.main()
