"""What goes wrong around the gateway: networks, servers that forget, disks, poison. Each ends with the study system as a full evaluation has it."""
import json
import resource
import unittest

import people
from base import Scenario
from harness import flags, wait_until


class Faults(Scenario):
    def ready(self, **more):
        self.make_gateway(**more)
        self.subscribed()
        self.settled()

    def told(self, event, what):
        return sum(f" {event} " in line and what in line for line in self.gateway.output)

    def pass_time(self, milliseconds):
        """On both sides."""
        self.hospital.now += milliseconds
        self.gateway.advance(milliseconds)

    def known_to_be_active(self):
        """A handshake can come before the server's answer that names the Subscription: then it is looked at, and what came until then is asked for."""
        def active():
            if not self.told("subscription.status", "status=active"):
                self.pass_time(2_000)
            return self.told("subscription.status", "status=active")
        wait_until(active, "the gateway knows that it is active")
        wait_until(lambda: self.gateway.quiet("reconcile"), "what was before that has been asked for")
        self.settled()

    def asked(self, since, kind="Observation"):
        """How often the hospital was asked for what changed."""
        return sum(method == "GET" and path == kind and any(name == "_lastUpdated" for name, _ in parameters)
                   for method, path, parameters in self.hospital.requests[since:])

    def test_the_network_to_the_hospital_is_cut_for_an_hour(self):
        self.ready()
        self.hospital.down = True
        for n in range(3):
            self.candidate(f"cut{n}")
        began = self.hospital.now
        while self.hospital.now < began + 3_600_000:
            before = len(self.hospital.requests)
            wait_until(lambda: self.pass_time(60_000) or len(self.hospital.requests) > before, "it goes on trying")
        wait_until(lambda: "source.ehr.unreachable" in self.faults(), "the fault is told")
        self.assertLess(len(self.hospital.requests), 5_000)
        self.hospital.down = False
        wait_until(lambda: self.pass_time(60_000) or len(flags(self.study)) == 3, "it has caught up")
        self.settled()
        self.assert_study_agrees()
        wait_until(lambda: "source.ehr.unreachable" not in self.faults(), "the fault is over")
        self.assertEqual(self.told("fault.began", "source.ehr.unreachable"), 1)
        self.assertEqual(self.told("fault.over", "source.ehr.unreachable"), 1)

    def subscription(self, kind="Observation"):
        return next(s for s in self.hospital.current("Subscription") if s["criteria"].split("?")[0] == kind)

    def loses_its_subscription(self, lose):
        self.candidate("watched")
        self.ready()
        old = self.subscription()
        lose(old)
        self.hospital.put(people.egfr("watched", 20))  # nobody is told

        def again():
            self.pass_time(60_000)
            return any(s["criteria"].split("?")[0] == "Observation" and s["status"] == "active" for s in self.hospital.current("Subscription"))
        wait_until(again, "the Subscription is there again")
        wait_until(lambda: self.pass_time(60_000) or flags(self.study) == {}, "what was missed meanwhile is there")
        told = len(self.hospital.delivered)
        self.hospital.put(people.egfr("watched", 50))
        self.settled()
        self.assertGreater(len(self.hospital.delivered), told)
        self.assertEqual(len(self.assert_study_agrees()), 1)
        criteria = [s["criteria"] for s in self.hospital.current("Subscription") if s["status"] == "active"]
        self.assertEqual(len(criteria), len(set(criteria)), "one of each")

    def test_a_subscription_in_error_is_established_again(self):
        self.loses_its_subscription(lambda s: self.hospital.put(dict(s, status="error", error="gone"), notify=False))

    def test_a_subscription_that_was_switched_off_is_established_again(self):
        self.loses_its_subscription(lambda s: self.hospital.put(dict(s, status="off"), notify=False))

    def test_a_deleted_subscription_is_established_again(self):
        self.loses_its_subscription(lambda s: self.hospital.delete("Subscription", s["id"]))

    def test_poison_among_good_ones_in_a_page(self):
        """Found by asking: one page carries them all."""
        self.hospital.quiet = True
        self.candidate("good1")
        self.hospital.put({"resourceType": "Condition", "id": "poison-a", "subject": "a string instead of a Reference", "code": 7,
                           "clinicalStatus": ["x"], "onsetDateTime": {"no": "date"}})
        self.hospital.put({"resourceType": "Observation", "id": "poison-b", "status": ["final"], "code": {"coding": "none"},
                           "subject": {"reference": ["Patient/good1"]}, "valueQuantity": {"value": "many"}})
        self.candidate("good2")
        self.make_gateway()
        wait_until(lambda: len(flags(self.study)) == 2, "the good ones are found")
        self.settled()
        self.assertEqual({p: "likely" for p in flags(self.study)}, flags(self.study))

    def test_a_full_disk_refuses_and_recovers(self):
        """A limit on the size of files stands in for a disk without space: SIGXFSZ is ignored by the program, writing fails."""
        limit = 1 << 20
        self.make_gateway(start=False)
        self.gateway.start(before=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY)))
        self.subscribed()
        self.settled()
        channel = self.subscription()["channel"]
        headers = {k: v.strip() for k, v in (h.split(":", 1) for h in channel["header"])}
        big = people.egfr("big", 74)
        big["note"] = [{"text": "x" * 400_000}]
        answers = []
        for n in range(6):
            body = json.dumps(dict(big, id=f"big{n}-egfr", subject={"reference": f"Patient/big{n}"})).encode()
            answers.append(self.hospital.send_now(("PUT", f"{channel['endpoint']}/Observation/big{n}-egfr", headers, body)))
        self.assertIn(503, answers)
        self.assertTrue(set(answers) <= {200, 503}, answers)
        self.assertTrue(self.gateway.alive())
        self.assertEqual(self.gateway.operation("/livez"), "ok\n")
        resource.prlimit(self.gateway.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        self.candidate("after")
        wait_until(lambda: self.pass_time(60_000) or len(flags(self.study)) == 1, "it goes on without a restart")
        self.settled()
        self.assert_study_agrees()
        wait_until(lambda: self.pass_time(60_000) or not [f for f in self.faults() if f.startswith("store.")], "the fault is over")


class TopicFaults(Scenario):
    dialect = "topic-r4b"
    pass_time, asked, ready = Faults.pass_time, Faults.asked, Faults.ready
    told, known_to_be_active = Faults.told, Faults.known_to_be_active

    def test_a_lost_event_is_noticed_by_the_next_ones_number(self):
        self.candidate("hole")
        self.ready(source={"gapPatience": "30s", "pollEvery": "1h"})
        self.hospital.put(people.bystander_result(0))
        self.settled()
        self.known_to_be_active()
        self.hospital.quiet = True
        self.hospital.put(people.egfr("hole", 20))  # number lost
        self.hospital.quiet = False
        self.hospital.put(people.bystander_result(1))
        self.settled()
        since = len(self.hospital.requests)
        self.assertEqual(len(flags(self.study)), 1)
        self.pass_time(20_000)
        self.settled()
        self.assertEqual(self.asked(since), 0, "it may only be late")
        self.assertEqual(len(flags(self.study)), 1)
        self.pass_time(11_000)
        wait_until(lambda: flags(self.study) == {}, "the hole is closed by asking")
        self.settled()
        self.assert_study_agrees()

    def test_a_server_that_counts_anew_causes_no_storm(self):
        self.candidate("anew")
        self.ready(source={"pollEvery": "2h"})
        for n in range(20):
            self.hospital.put(people.bystander_result(n))
        self.settled()
        self.pass_time(3_700_000)  # what was counted before is long known
        self.hospital.put(people.bystander_result(20))
        self.settled()
        since = len(self.hospital.requests)
        self.hospital.numbers.clear()
        for n in range(30):
            self.hospital.put(people.bystander_result(n, "-anew"))
        self.hospital.put(people.egfr("anew", 20))
        self.settled()
        wait_until(lambda: self.asked(since) >= 1, "it asks what it may have missed")
        wait_until(lambda: self.gateway.quiet("reconcile"), "it has asked")
        self.assertLessEqual(self.asked(since), 2)
        self.assertEqual(self.assert_study_agrees(), {})


class OwnWrites(Scenario):
    """Source and sink are one server: it tells us what we wrote."""

    def test_own_writes_come_back_and_change_nothing(self):
        self.study.close()
        self.study = self.hospital
        self.candidate("loop")
        self.make_gateway()
        self.subscribed()
        wait_until(lambda: len(flags(self.hospital)) == 1, "the flag is written")
        self.settled()
        written = sum(len(v) for kind in ("Flag", "ResearchSubject", "Task", "Provenance", "ResearchStudy")
                      for v in self.hospital.data.get(kind, {}).values())
        self.assertGreaterEqual(written, 3)
        for _ in range(3):
            self.hospital.now += 300_000
            since = len(self.hospital.requests)
            self.gateway.advance(301_000)
            wait_until(lambda: len(self.hospital.requests) > since, "it has asked")
            self.settled()
        self.assertEqual(written, sum(len(v) for kind in ("Flag", "ResearchSubject", "Task", "Provenance", "ResearchStudy")
                                      for v in self.hospital.data.get(kind, {}).values()))
        self.assertEqual(set(flags(self.hospital).values()), {"likely"})
        self.assertEqual(self.gateway.metric("trialgate_patients"), 1)


if __name__ == "__main__":
    unittest.main()
