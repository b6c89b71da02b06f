"""After enrolment on the real program: laboratory safety, every way in which a participation ends, and where days begin."""
import json
import unittest
from datetime import date, datetime, timedelta

import people
from followup import BERLIN, Enrolled, FollowUp, Schedule, on, title_of, visit_of, when
from harness import wait_until

ALT_3, ALT_4, ALT_2 = (f"ALT increased, grade {n} (CTCAE v5.0)" for n in (3, 4, 2))
BILIRUBIN_2, HYS_LAW = "Blood bilirubin increased, grade 2 (CTCAE v5.0)", "Potential Hy's law"
NO_DAY_0 = ("", "Day 0 is not recorded")


class Safety(Enrolled):
    def test_a_dangerous_result_is_told_corrected_and_withdrawn(self):
        self.ready()
        key = "livia"
        self.candidate(key)
        self.add("S-1", key, -14)
        self.go(-5)
        self.put(people.result(key, "alt", when(-5), 900), people.result(key, "bili", when(-5), 4))
        self.go(-1)
        self.put(*people.visit_results(key, when(-1)))
        self.go(0)
        self.dose("S-1", at=when(0, 11))
        self.assertEqual(self.about_safety(), {}, "what was there before the dose raises nothing")
        self.go(3)
        # In this order: an alkaline phosphatase that comes late would correct what was said without it.
        for name, value in (("alp", 70), ("alt", 250), ("bili", 2.6)):
            self.put(people.result(key, name, when(3), value))
            self.settled()
        expected = {ALT_3: ["final"], BILIRUBIN_2: ["final"], HYS_LAW: ["final"]}
        self.assertEqual(self.about_safety(), expected)
        issues = {title: self.current(key, "", title) for title in expected}
        severity = {title: i["severity"] for title, i in issues.items()}
        self.assertEqual(severity, {ALT_3: "moderate", BILIRUBIN_2: "moderate", HYS_LAW: "high"})
        self.assertIn("grade 3 by CTCAE v5.0", issues[ALT_3]["detail"])
        self.assertIn("Baseline", issues[ALT_3]["detail"])
        self.assertTrue(all(i["resourceType"] == "DetectedIssue" for i in issues.values()))
        self.assertNotIn(f"{key}-alt", json.dumps(issues), "the study system gets no id of the hospital")

        self.go(3, 13)
        self.put(people.result(key, "alt", when(3), 800, "corrected"))
        corrected = ["final", "corrected"]
        expected = {ALT_4: corrected, BILIRUBIN_2: ["final"], HYS_LAW: corrected}
        wait_until(lambda: self.about_safety() == expected, "grade 4 after a correction")
        self.assertEqual(self.current(key, "", ALT_4)["severity"], "high")
        self.go(3, 14)
        self.put(people.result(key, "alt", when(3), 120, "corrected"))
        wait_until(lambda: ALT_2 in self.about_safety(), "grade 2 after another")
        self.settled()
        self.assertEqual(self.current(key, "", ALT_2)["severity"], "moderate")
        self.put(people.result(key, "alt", when(3), 120, "entered-in-error"))
        error = ["final", "corrected", "corrected", "entered-in-error"]
        wait_until(lambda: self.about_safety() == {ALT_2: error, BILIRUBIN_2: ["final"], HYS_LAW: error}, "entered in error")
        self.put(people.result(key, "bili", when(3), 0.7, "corrected"))
        wait_until(lambda: self.about_safety()[BILIRUBIN_2] == ["final", "entered-in-error"], "a normal value after a correction")
        self.settled()
        self.assertEqual({v for trail in self.about_safety().values() for v in trail[-1:]}, {"entered-in-error"})

    def test_withdrawal_closes_everything_and_nothing_comes_after(self):
        self.ready()
        key = "oriana"
        self.enrolled(key, "W-1")
        self.go(7)
        self.put(people.result(key, "k", when(7), 7.4))
        wait_until(lambda: len(self.about_safety()) == 1, "a critical potassium")
        before = self.trails()
        potassium = ("", "Hyperkalemia, grade 4 (CTCAE v5.0)")
        self.assertEqual(self.standing(), {("screening", "done-incomplete"), ("v3", "missed"), ("v4", "due"), potassium})
        self.assertTrue(self.cli("alerts", "list").rstrip().endswith("4 alerts"))
        self.end("W-1", on(7))
        self.assert_standing({("v3", "missed"), potassium})  # they happened
        self.put(people.result(key, "k", when(8), 7.9), people.encounter(key, when(20), "v5"))
        for n in (9, 14, 40, 168, 200):
            self.go(n)
        self.assertEqual(set(self.trails()), set(before), "nothing after withdrawal")
        self.assert_standing({("v3", "missed"), potassium})
        self.assertTrue(self.cli("alerts", "list").rstrip().endswith("2 alerts"))
        self.put(people.result(key, "k", when(7), 7.4, "entered-in-error"))
        self.assert_standing({("v3", "missed")})  # what never was, was not
        self.assertEqual(self.lines("calendar", "--days", "400", "--format", "json"), [])
        refused = self.gateway.run("subject", "dose", "W-1", "--on", on(8).isoformat(), expect=1)
        self.assertIn("withdrawn", refused.stderr)

    def test_a_person_who_moved_an_alert_on_is_not_overruled(self):
        self.ready()
        key = "noemi"
        self.enrolled(key, "B-1")
        self.go(11)
        proposal = self.current(key, "v5", "upcoming")
        self.assertEqual(proposal["requestedPeriod"], [{"start": "2027-11-15", "end": "2027-11-19"}])
        self.study.put(dict(proposal, status="booked", start=when(15), end=when(15, 10)))
        self.put(people.appointment(key, when(15), "v5"))
        self.settled()
        self.go(14)
        self.assertEqual(self.trails()["v5", "upcoming"], ["proposed", "booked"])
        self.assertIn("Booked for 2027-11-18", self.current(key, "v5", "due")["description"])
        self.put(people.appointment(key, when(15), "v5", "cancelled"))
        wait_until(lambda: "Booked" not in self.current(key, "v5", "due")["description"], "it is not booked any more")
        self.assertEqual(self.trails()["v5", "due"], ["requested", "requested"])


class Doses(Enrolled):
    def test_day_0_is_the_dose_that_the_hospital_documents_until_it_is_taken_back(self):
        self.ready()
        key = "kunigunde"
        self.enrolled(key, "P-1", dosed=False)
        self.candidate("bystander")
        day_0 = lambda: self.participants()["P-1"]["anchors"].get("dosing", {}).get("on")
        self.go(0)
        self.put(people.dose(key, when(0, 11), "in-progress"))
        self.settled()
        self.assertIsNone(day_0())
        self.assert_standing({("screening", "done-incomplete"), ("v1", "due")})  # still in screening
        self.put(people.dose(key, when(0, 11)), people.dose("bystander", when(0, 11)))
        wait_until(lambda: day_0() == on(0).isoformat(), "Day 0")
        self.assert_standing({("screening", "done-incomplete"), ("v2", "upcoming"), ("v3", "upcoming")})
        self.assertEqual({number: p["state"] for number, p in self.participants().items()}, {"P-1": "on-study"})
        self.put(people.dose(key, when(-1, 11)))
        wait_until(lambda: day_0() == on(-1).isoformat(), "Day 0 is corrected")
        # Visit 3 has its day 3 on a Friday now.
        self.assert_standing({("screening", "done-incomplete"), ("v2", "due"), ("v3", "upcoming")})
        self.put(people.dose(key, when(-1, 11), "entered-in-error"))
        wait_until(lambda: day_0() is None, "it was never given")
        self.assert_standing({("screening", "done-incomplete"), ("v1", "due"), NO_DAY_0})
        self.dose("P-1", at=when(0, 11))
        self.put(people.dose(key, when(-1, 11)))
        self.settled()
        self.assertEqual(day_0(), on(0).isoformat(), "what somebody said stands")


    def test_on_study_is_no_dose_but_the_visit_of_the_dose_is_until_the_study_withdraws(self):
        self.ready()
        key = "rosamund"
        one = lambda: self.participants()["Q-1"]
        self.candidate(key)
        self.study_says(key, "screening", on(-14), "Q-1", lambda: "Q-1" in self.participants())
        self.go(0)
        self.study_says(key, "on-study", on(0), "Q-1", lambda: one()["state"] == "on-study")
        self.assertNotIn("dosing", one()["anchors"])
        before_dose = {("screening", "done-incomplete"), ("v1", "due"), NO_DAY_0}
        self.assert_standing(before_dose)
        # Nobody said that there was no dose.
        potassium = ("", "Hyperkalemia, grade 4 (CTCAE v5.0)")
        self.put(people.encounter(key, when(0, 8), "v1", "in-progress"), people.result(key, "k", when(0, 15), 7.4))
        self.assert_standing(before_dose | {potassium})
        self.put(people.encounter(key, when(0, 8), "v1"))
        wait_until(lambda: "dosing" in one()["anchors"], "the visit of the dose was held")
        self.assertEqual(one()["anchors"]["dosing"]["on"], on(0).isoformat())
        self.assert_standing({("screening", "done-incomplete"), ("v2", "upcoming"), ("v3", "upcoming"), potassium})
        self.gateway.kill()
        self.while_down(3)
        self.gateway.start()
        self.put(people.encounter(key, when(3), "v3"))
        self.assert_standing({("screening", "done-incomplete"), ("v1", "done-incomplete"), ("v2", "missed"), ("v4", "upcoming"), potassium})
        self.study_says(key, "withdrawn", on(3), "Q-1", lambda: one()["state"] == "withdrawn")
        self.assert_standing({("v2", "missed"), potassium})
        # Neither the record nor an older word of the study brings anybody back.
        self.put(people.encounter(key, when(0, 8), "v1", "entered-in-error"))
        self.study_says(key, "on-study", on(3), "Q-1")
        self.gateway.kill()
        self.gateway.start()
        self.go(40)
        self.assertEqual((one()["state"], one()["anchors"]["dosing"]["on"]), ("withdrawn", on(0).isoformat()))
        self.assert_standing({("v2", "missed"), potassium})


class Jumps(Enrolled):
    def test_what_was_jumped_over_is_never_told(self):
        """The gateway was down for half a year: what is to say now is said once, and nothing of the days between."""
        self.ready()
        self.enrolled("isaura", "J-1")
        plan = Schedule()
        plan.screened, plan.dosed, plan.held, plan.missing = -14, True, {"screening": -14, "v1": 0, "v2": 1}, {"screening": ["everything"]}
        self.assert_standing(plan.expected(1))
        before = self.trails()
        self.gateway.stop()
        self.while_down(200)
        self.gateway.start()
        self.assert_standing(plan.expected(200))
        self.assertEqual({v for v, kind in self.standing() if kind == "missed"}, {f"v{n}" for n in range(3, 12)})
        after = self.trails()
        self.assertEqual(set(after), set(before) | self.standing())
        self.assertEqual({len(trail) for name, trail in after.items() if name not in before}, {1})
        # Set back by an hour and by a week, told everything again, and killed in between.
        for back in (3_600_000, 7 * 86_400_000):
            self.gateway.advance(-back)
            self.tell_again()
            self.settled()
            self.gateway.kill()
            self.gateway.start()
            self.settled()
            self.gateway.advance(back)
            self.settled()
            self.assertEqual(self.standing(), plan.expected(200))


class Ends(Enrolled):
    def proposals(self, key):
        """How the proposals of visit 1 stand, one of each participation."""
        return sorted(v[-1]["status"] for v in self.alert_resources(key) if visit_of(title_of(v[-1])) == ("v1", "upcoming"))

    def test_a_screening_failure_ends_it_and_another_number_begins_anew(self):
        self.ready()
        key = "ulrika"
        self.enrolled(key, "F-1", dosed=False)
        self.go(-12)
        self.assert_standing({("v1", "upcoming")})
        again = ("--trial", "sle-uc-msc", "--patient", f"Patient/{key}")
        self.assertIn("F-1", self.gateway.run("subject", "add", "F-2", *again, expect=1).stderr)
        self.end("F-1", on(-12), "screen-failure", "eGFR")
        self.assert_standing(set())
        self.gateway.run("subject", "dose", "F-1", expect=1)
        self.gateway.run("subject", "add", "F-1", *again, expect=1)
        self.go(0)
        self.assert_standing(set())
        self.add("F-2", key, 0)
        wait_until(lambda: len(self.alert_resources(key)) > 1, "the second participation has its own alert")
        self.assertEqual(self.proposals(key), ["cancelled", "proposed"])
        self.assertEqual({number: p["state"] for number, p in self.participants().items()}, {"F-1": "screen-failure", "F-2": "screening"})

    def test_the_study_system_tells_failure_and_screening_again(self):
        self.ready()
        key = "ginevra"
        self.candidate(key)
        self.study_says(key, "screening", on(-14), "G-1", lambda: "G-1" in self.participants())
        self.assert_standing({("v1", "upcoming")})
        self.go(-10)
        self.study_says(key, "ineligible", on(-10), "G-1", lambda: self.participants()["G-1"]["state"] == "screen-failure")
        self.assert_standing(set())
        self.go(5)
        self.study_says(key, "screening", on(5), "G-2", lambda: "G-2" in self.participants())
        states = {number: (p["state"], p["since"]) for number, p in self.participants().items()}
        self.assertEqual(states, {"G-1": ("screen-failure", on(-10).isoformat()), "G-2": ("screening", on(5).isoformat())})
        self.assertEqual(self.proposals(key), ["cancelled", "proposed"])
        self.gateway.kill()
        self.gateway.start()
        self.settled()
        self.assertEqual({number: (p["state"], p["since"]) for number, p in self.participants().items()}, states)

    def test_a_death_in_the_record_ends_it(self):
        self.ready()
        key = "tamsin"
        self.enrolled(key, "D-1")
        self.go(14)
        self.assertIn(("v5", "due"), self.standing())
        before, deviations = set(self.trails()), {name for name in self.standing() if name[1] == "missed"}
        self.assertTrue(deviations)
        self.put(people.patient(key, deceasedDateTime=on(14).isoformat()))
        wait_until(lambda: self.participants()["D-1"]["state"] == "died", "the record says that she died")
        self.assert_standing(deviations)
        self.put(people.result(key, "k", when(15), 7.9))
        self.go(30)
        self.assertEqual(set(self.trails()), before)
        self.assertEqual(self.lines("calendar", "--days", "60", "--format", "json"), [])

    def test_an_early_end_asks_for_the_early_termination_visit_alone(self):
        self.ready()
        key = "petronella"
        self.enrolled(key, "E-1")
        self.go(28)
        self.assertIn(("v6", "due"), self.standing())
        deviations = {name for name in self.standing() if name[1] == "missed"}
        self.assertTrue(deviations)
        self.end("E-1", on(28), "ended-early", "moves away")
        self.assert_standing({("early-termination", "due")} | deviations)
        due = self.current(key, "early-termination", "due")
        self.assertEqual(due["restriction"]["period"], {"start": "2027-12-01", "end": "2027-12-08"})
        self.go(34)
        self.assert_standing({("early-termination", "closing")} | deviations)
        self.put(people.encounter(key, when(34), "early-termination"), *people.visit_results(key, when(34), wide=True))
        self.assert_standing(deviations)
        self.put(people.result(key, "k", when(34), 7.4, tag="-late"))
        wait_until(lambda: len(self.about_safety()) == 1, "the watch goes on after an early end")
        for n in (40, 60, 170):
            self.go(n)
        self.assertEqual({name for name, _ in self.standing() - deviations}, {""})

    def test_the_study_system_takes_somebody_off_study_early(self):
        self.ready()
        key = "philippa"
        self.candidate(key)
        self.study_says(key, "screening", on(-14), "O-1", lambda: "O-1" in self.participants())
        self.go(0)
        self.dose("O-1", at=when(0, 11))
        self.go(16)
        deviations = {name for name in self.standing() if name[1] == "missed"}
        self.assertTrue(deviations)
        self.study_says(key, "off-study", on(16), "O-1", lambda: self.participants()["O-1"]["state"] == "ended-early")
        self.assert_standing({("early-termination", "due")} | deviations)
        self.go(30)  # the window of visit 6, which nobody asks for any more, has begun on day 25
        self.assert_standing({("early-termination", "overdue")} | deviations)
        self.go(31)
        self.assert_standing({("early-termination", "missed")} | deviations)


class WhereDaysBegin(FollowUp):
    """Visit 5 comes due with the first moment of its day at the site, in summer time, in winter time, and on the leap day."""

    begins = -30

    def test_a_visit_comes_due_with_the_first_moment_of_the_day(self):
        self.ready()
        # The day after summer time ended; the leap day and the day after it; the day after summer time began.
        for number, (due, midnight) in enumerate([(date(2027, 11, 1), "2027-10-31T23:00:00Z"), (date(2028, 2, 29), "2028-02-28T23:00:00Z"),
                                                  (date(2028, 3, 1), "2028-02-29T23:00:00Z"), (date(2028, 3, 27), "2028-03-26T22:00:00Z")]):
            key, name = f"midnight{number}", f"M-{number}"
            dose = due - timedelta(14)
            self.move(datetime(dose.year, dose.month, dose.day, 12, tzinfo=BERLIN))
            self.candidate(key, 0, dose)
            self.add(name, key, 0, dose)
            self.dose(name, on=dose)
            begins = datetime.fromisoformat(midnight.replace("Z", "+00:00"))
            self.move(begins - timedelta(seconds=1))
            self.assertEqual(self.about_visit_5(key), {"upcoming"})
            self.move(begins)
            self.assertEqual(self.about_visit_5(key), {"due"})
            # Set back into the day before, and told again: what was raised is there once.
            self.move(begins - timedelta(hours=1))
            self.put(people.egfr(key, 70, when(0, of=dose)))
            self.settled()
            self.move(begins + timedelta(hours=1))
            self.assertEqual(self.about_visit_5(key), {"due"})
            self.end(name, due)

    def move(self, at):
        self.to(round(at.timestamp() * 1000))
        self.settled()

    def about_visit_5(self, key):
        return {kind for visit, kind in self.standing(key) if visit == "v5"}


if __name__ == "__main__":
    unittest.main()
