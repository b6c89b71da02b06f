"""A whole participation after enrolment on the real program: each alert once, whatever happens to the gateway in between."""
import json
import unittest

import people
from followup import DAY_0, HOLIDAY, SHAPES, FollowUp, Receiver, Schedule, day, title_of, visit_of, when
from harness import wait_until

KEY, NUMBER = "zehrami", "SCR-001"


def story(*, withdrawn, lasting):
    """{(visit, kind): [statuses]} of alerts that were overtaken, and of those that stay."""
    out = {}
    for visit, kinds in withdrawn.items():
        out.update({(visit, k): list(SHAPES[k][1:]) for k in kinds.split()})
    out.update({(visit, k): [SHAPES[k][1]] for visit, k in lasting.items()})
    return out


CALCIUM = ("", "calcium could not be graded (CTCAE v5.0)")
JUMP = (57, 90)  # nobody looks on the days between
# What the study system has seen at the end. Visit 8 was jumped over until its last days.
END = story(withdrawn={"screening": "done-incomplete", "v1": "upcoming due", "v2": "upcoming due", "v3": "upcoming due closing overdue",
                       "v4": "upcoming due closing", "v5": "upcoming due done-incomplete", "v6": "upcoming due closing overdue",
                       "v7": "upcoming due", "v8": "closing", "v9": "upcoming due closing", "v10": "upcoming due closing overdue",
                       "v11": "upcoming due"},
            lasting={"v3": "out-of-window", "v6": "missed", "v10": "out-of-window"})


class Participation(FollowUp):
    """Day -21 to day 190, through the end of summer time (day -3), the leap day (day 118) and the begin of summer time (day 144)."""

    maxDiff = None

    def setUp(self):
        super().setUp()
        self.plan, self.expected, self.turn, self.restarts, self.last = Schedule(), {}, 0, 0, self.begins

    # ---- what happens

    def held(self, visit, n, missing=()):
        self.plan.held[visit], self.plan.missing[visit] = n, list(missing)

    def screened(self):
        self.put(*people.visit_results(KEY, when(-14), wide=True, without=("c4",)))
        self.study_says(KEY, "screening", DAY_0.replace(month=10, day=20), NUMBER, lambda: NUMBER in self.participants())
        self.plan.screened = -14
        self.held("screening", -14, ["C4"])

    def c4_of_screening(self):
        self.put(people.result(KEY, "c4", when(-14)))
        self.plan.missing["screening"] = []

    def dosed(self):
        self.put(*people.visit_results(KEY, when(0), wide=True))
        self.settled()
        self.dose(NUMBER, at=when(0, 11))
        self.plan.dosed = True
        self.held("v1", 0)

    def seen(self, visit, n, hour=9, minute=0, named=True, **results):
        """Somebody came: an Encounter of that visit, or of any visit of the study, and results."""
        def come():
            self.put(people.encounter(KEY, when(n, hour, minute), visit if named else ""), *people.visit_results(KEY, when(n), **results))
            self.held(visit, n)
        return come

    def drawn(self):
        """Nothing but results tells of visit 4."""
        self.put(*people.visit_results(KEY, when(8)))
        self.held("v4", 8)

    def came_by_appointment(self):
        self.put(people.appointment(KEY, when(14), "v5", "fulfilled"), *people.visit_results(KEY, when(14), without=("c4",)))
        self.held("v5", 14, ["C4"])

    def unscheduled(self):
        """More than a week from every window that is still open: it is no visit of the plan."""
        self.put(people.encounter(KEY, when(40)))

    def c4_of_visit_5(self):
        self.put(people.result(KEY, "c4", when(14)))
        self.plan.missing["v5"] = []

    def finished(self):
        self.study_says(KEY, "off-study", DAY_0.replace(year=2028, month=4, day=19), NUMBER,
                        lambda: self.participants()[NUMBER]["state"] == "completed")
        self.plan.over = "completed"

    def steps(self):
        """Day, hour, minute, what happens, whether the gateway may be down meanwhile."""
        def at(n, *what, hour=12, minute=0, offline=True):
            return n, hour, minute, what, offline
        return [
            at(-14, self.screened, offline=False), at(-11), at(-10, self.c4_of_screening), at(-3), at(-3, hour=23, minute=30),
            at(-2, hour=0, minute=5), at(0, hour=0, minute=5), at(0, self.dosed, offline=False), at(1, self.seen("v2", 1)), at(2), at(3),
            at(5, hour=0, minute=5), at(5, self.seen("v3", 5)), at(7), at(8, self.drawn), at(9), at(14, self.came_by_appointment), at(15),
            at(17), at(19, self.c4_of_visit_5), at(22), at(28), at(30), at(32), at(39), at(40, self.unscheduled), at(46), at(55),
            at(57, self.seen("v7", 57, named=False)), at(90),
            at(91, self.seen("v8", 91, 23, 30, named=False), hour=23, minute=50), at(102), at(112), at(118, hour=0, minute=5),
            at(118, self.seen("v9", 118, named=False)), at(119), at(130), at(140), at(144), at(144, hour=23, minute=30),
            at(146, hour=0, minute=5), at(148), at(150, self.seen("v10", 150, named=False)), at(153), at(158), at(168, hour=0, minute=5),
            at(168, self.seen("v11", 168, wide=True)), at(168, self.finished, hour=16, offline=False), at(171), at(190)]

    # ---- what has to be there

    def check(self, n):
        now = self.plan.expected(n)
        for name in now | set(self.expected):
            trail = self.expected.setdefault(name, [])
            _, stands, ended = SHAPES[name[1]]
            if (name in now) != (trail[-1:] == [stands]):
                trail.append(stands if name in now else ended)
        self.settled()
        if self.told() != self.expected:  # a gateway that has just started may not have asked yet
            try:
                wait_until(lambda: self.told() == self.expected, "", patience=20)
                self.settled()
            except AssertionError:
                pass
        self.assertEqual(self.told(), self.expected, f"day {n}")

    def told(self):
        """Messages that overtake each other can bring a calcium before its albumin: until then, and no longer, it has no grade."""
        trails = self.trails()
        if self.hospital.faults and trails.get(CALCIUM, [""])[-1] == "entered-in-error":
            del trails[CALCIUM]
        return trails

    # ---- what happens to the gateway

    def restart(self):
        self.restarts += 1
        self.gateway.start()

    def until_it_crashes(self, happens=()):
        """It dies right before one of its first commits, or is killed when it has nothing to write."""
        self.gateway.start(ready=False, TRIALGATE_CRASH_AT=str(1 + self.turn % 4))
        wait_until(lambda: self.gateway.operations or not self.gateway.alive(), "it is ready, or died at once")
        for what in happens:
            what()
        self.hospital.deliveries.join()
        if self.gateway.alive():
            self.gateway.kill()

    def set_back(self, hour):
        """The clock goes back within the day, everything is told once more, and the gateway is killed there."""
        self.gateway.advance(-3_600_000 if hour else -240_000)
        self.tell_again()
        self.hospital.deliveries.join()
        self.gateway.kill()

    def disturbed(self, n, hour, minute, what, offline):
        """What happens is disturbed; when nothing does, the day that begins."""
        self.turn += 1
        if what:
            self.to(day(n, hour, minute))
            self.check(n)
            self.disturb_what_happens(hour, what, offline)
        else:
            self.disturb_the_day(n, hour, minute)
        self.restart()
        self.check(n)

    def disturb_the_day(self, n, hour, minute):
        how = self.turn % 5
        if how in (1, 4):
            self.to(day(n, hour, minute))
        if how == 1:  # while it works on what the new day brings
            return self.gateway.kill()
        if how == 4:
            self.check(n)
            return self.set_back(hour)
        self.gateway.stop() if how == 3 else self.gateway.kill()
        self.while_down(n, hour, minute)
        if how == 2:  # in the middle of its own writing
            self.until_it_crashes()

    def disturb_what_happens(self, hour, what, offline):
        how = self.turn % 5
        if offline and how in (0, 3):  # nobody tells it: it has to ask
            self.gateway.stop() if how == 3 else self.gateway.kill()
            self.hospital.quiet = True
            for act in what:
                act()
            self.hospital.quiet = False
        elif offline and how == 2:
            self.gateway.kill()
            self.until_it_crashes(what)
        else:
            for act in what:
                act()
            if how == 4:
                self.settled()  # a message made before the clock goes back would wait until it is that time again
                return self.set_back(hour)
            self.hospital.deliveries.join()
            self.gateway.kill()  # what it acknowledged is in its journal

    def calm(self, n, hour, minute, what, offline):
        """Every day is looked at, so that each alert is seen to begin and to end on its day."""
        for between in range(self.last + 1, n if (self.last, n) != JUMP else 0):
            self.to(day(between))
            self.check(between)
        self.last = n
        self.to(day(n, hour, minute))
        self.check(n)
        for act in what:
            act()
            self.check(n)

    def drive(self, step, **more):
        hook = Receiver()
        self.addCleanup(hook.close)
        self.site(**more).config["sinks"].append({"name": "hook", "type": "webhook", "url": hook.url})
        self.begin()
        self.candidate(KEY)
        self.check(-21)
        for n, hour, minute, what, offline in self.steps():
            step(n, hour, minute, what, offline)
        self.assertEqual(self.told(), END)
        news = {name: told for name, told in hook.news().items() if name != CALCIUM}
        self.assertEqual(news, {name: ["raised", "withdrawn"][:len(trail)] for name, trail in END.items()})
        self.assert_private(json.dumps([hook.alerts(), self.alert_resources()]))
        self.assertEqual(self.participants()[NUMBER]["state"], "completed")
        self.assertEqual(self.gateway.metric("trialgate_quarantine_rows"), 0)
        self.assertEqual(self.gateway.metric("trialgate_outbox_dead"), 0)

    # ---- the tests

    def test_each_alert_of_a_whole_participation_once(self):
        self.drive(self.calm)
        texts = {visit_of(title_of(v[0])): v for v in self.alert_resources()}
        incomplete = texts["v5", "done-incomplete"][0]
        self.assertIn("\n- C4 not resulted", incomplete["payload"][0]["contentString"])
        self.assertEqual(incomplete["payload"][0]["contentString"].count("not resulted"), 2)  # in the sentence, and in the list
        self.assertIn("1 day after its window", texts["v3", "out-of-window"][0]["detail"])
        self.assertIn(f"{HOLIDAY} is a holiday (Betriebsruhe)", texts["v7", "due"][0]["description"])
        leap = texts["v9", "closing"][0]["restriction"]["period"]
        self.assertEqual((leap["start"], leap["end"]), ("2028-02-16", "2028-03-01"))

    def test_restarts_kills_repetitions_and_a_clock_set_back_double_nothing(self):
        self.hospital.faults = {"repeat": 0.2, "reorder": 0.2}
        self.drive(self.disturbed, source={"pollEvery": "5m"})  # what it was not told it has to ask for
        self.assertEqual(self.restarts, len(self.steps()))


if __name__ == "__main__":
    unittest.main()
