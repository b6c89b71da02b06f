"""Logging in to the page by OpenID Connect when something goes on meanwhile: reloads, other keys, other users, other tabs. And what users of one trial may hear."""
import json
import re
import signal
import threading
import time
import unittest

from base import Scenario
from harness import wait_until
from login_peer import Key, LoginPeer
from page_client import Page, link_of

MINUTE = 60_000
ACCESS = [{"user": "eve", "roles": ["coordinator"], "trials": ["sle-uc-msc"]}, {"user": "ian", "roles": ["investigator"], "trials": ["dapa-hf"]},
          {"user": "ada", "roles": ["auditor"]}]


class Login(Scenario):
    delivery = "poll"

    def begin(self, **page):
        gateway = self.make_gateway(start=False)
        self.peer = LoginPeer(gateway.folder)
        self.addCleanup(self.peer.close)
        gateway.config["trials"] = ["sle-uc-msc", "dapa-hf"]
        gateway.config["page"] = {"oidc": {"issuer": self.peer.url, "clientId": "page"}, "localLogin": True, "access": ACCESS, **page}
        gateway.start()
        return gateway

    def trail(self, page):
        """Oldest first."""
        return [r for r in reversed(page.get("/api/v1/audit?limit=500").json["entries"]) if r["action"] != "view-audit"]

    def reload(self, gateway):
        before = sum(" reloaded " in line for line in gateway.output)
        gateway.write("trialgate.json", json.dumps(gateway.config))
        gateway.process.send_signal(signal.SIGHUP)
        wait_until(lambda: sum(" reloaded " in line for line in gateway.output) > before, "the reload")

    def visitor(self, gateway, user):
        page = Page(gateway, login=False)
        self.assertEqual(self.peer.log_in(page, user), "/")
        return page

    def test_a_login_that_ends_after_a_reload_counts_only_when_its_provider_still_vouches(self):
        gateway = self.begin()
        oidc = gateway.config["page"]["oidc"]
        for changed in ({"oidc": {**oidc, "issuer": "http://127.0.0.1:1"}}, {"oidc": None}, {"oidc": {**oidc, "userClaim": "email"}}):
            with self.subTest(changed):
                page = Page(gateway, login=False)
                target = self.peer.begin(page, "ada")
                self.peer.go.clear()
                self.peer.waits.clear()
                answers = []
                asking = threading.Thread(target=lambda: answers.append(page.get(target)))
                asking.start()
                self.assertTrue(self.peer.waits.wait(30))
                kept = gateway.config["page"]
                gateway.config["page"] = {k: v for k, v in {**kept, **changed}.items() if v is not None}
                if "oidc" not in gateway.config["page"]:
                    del gateway.config["page"]["access"]
                self.reload(gateway)
                self.peer.go.set()
                asking.join(60)
                self.assertEqual(answers[0].headers["Location"], "/#login=failed&why=state")
                self.assertEqual(page.get("/api/v1/session").status, 401)
                gateway.config["page"] = kept
                self.reload(gateway)
        self.assertEqual(self.trail(self.visitor(gateway, "ada"))[0]["detail"], "OpenID Connect: the configuration of logins was changed meanwhile")

    def test_another_key_of_the_same_name_is_asked_for_within_a_minute(self):
        gateway = self.begin()
        page = Page(gateway, login=False)
        self.assertEqual(self.peer.log_in(page), "/")
        self.peer.key = Key(gateway.folder, "second")
        gateway.advance(2 * MINUTE)
        self.peer.now = lambda: gateway.now // 1000
        self.assertEqual(self.peer.log_in(Page(gateway, login=False)), "/")
        asked = self.peer.asked.count("/keys")
        right, self.peer.key = self.peer.key, Key(gateway.folder, "thief")
        target = self.peer.begin(page)
        self.peer.key = right
        self.assertIn("why=id-token", page.get(target).headers["Location"])
        self.assertEqual(self.peer.asked.count("/keys"), asked)  # nor oftener

    def test_whoever_was_logged_in_in_that_browser_is_not_any_more(self):
        gateway = self.begin()
        page = self.visitor(gateway, "eve")
        eve = page.cookies[page.session_name()]
        self.assertEqual(self.peer.log_in(page, "nobody"), "/#login=failed&why=no-role")
        self.assertEqual(page.get("/api/v1/session").json["user"]["name"], "eve")  # a login that fails ends nothing
        self.assertEqual(self.peer.log_in(page, "ian"), "/")
        self.assertEqual(page.get("/api/v1/session").json["user"]["name"], "ian")
        page.cookies[page.session_name()] = eve
        self.assertEqual(page.get("/api/v1/session").status, 401)

    def test_two_tabs_log_in_side_by_side_and_few_are_kept(self):
        gateway = self.begin()
        page = Page(gateway, login=False)
        first, second = self.peer.begin(page), self.peer.begin(page)
        self.assertEqual(page.get(first).headers["Location"], "/")
        self.assertEqual(page.get(second).headers["Location"], "/")
        self.assertEqual([name for name in page.cookies if "-login-" in name], [])
        targets = [self.peer.begin(page) for _ in range(7)]
        self.assertEqual(sum("-login-" in name for name in page.cookies), 4)
        self.assertIn("why=state", page.get(targets[2]).headers["Location"])
        self.assertEqual(page.get(targets[3]).headers["Location"], "/")

    def test_who_has_no_role_has_to_wait_like_everybody_who_fails(self):
        gateway = self.begin()
        page = Page(gateway, login=False)
        led = [self.peer.log_in(page, "mallory") for _ in range(10)]
        self.assertEqual(set(led), {"/#login=failed&why=no-role"})
        self.assertEqual(page.get("/login/oidc").headers["Location"], "/#login=failed&why=often")
        gateway.advance(10 * MINUTE)
        self.peer.now = lambda: gateway.now // 1000
        self.assertEqual(self.peer.log_in(page, "eve"), "/")

    def test_visitors_hear_of_their_own_trials_and_operators_of_operations(self):
        gateway = self.begin()
        heard = {user: self.visitor(gateway, user).events().next() for user in ("eve", "ian", "ada")}
        self.assertEqual({user: set(event) for user, event in heard.items()},
                         {"eve": {"worklist", "alerts"}, "ian": {"worklist", "alerts"}, "ada": {"worklist", "operations"}})
        self.assertEqual([set(heard[user]["worklist"]) for user in heard], [{"sle-uc-msc"}, {"dapa-hf"}, set()])

    def test_a_refusal_is_told_with_its_reason(self):
        gateway = self.begin()
        eve = self.visitor(gateway, "eve")
        self.assertEqual(eve.get("/api/v1/visits?trial=dapa-hf").status, 403)
        self.assertEqual(eve.get("/api/v1/trials/dapa-hf/worklist").status, 403)
        refused = [r["detail"] for r in self.trail(self.visitor(gateway, "ada")) if r["refused"]]
        self.assertEqual(refused, ["GET: This trial is not yours to see.", "GET: Your roles do not allow this."])

    def test_a_source_that_is_polled_is_heard(self):
        gateway = self.begin()
        page = Page(gateway)
        wait_until(lambda: page.get("/api/v1/sources").json["sources"][0]["lastHeard"], "the source is heard")
        self.hospital.down = True
        quiet = {"X-Background": "1"}
        for _ in range(20):
            gateway.advance(MINUTE)
            time.sleep(0.2)
            if page.get("/api/v1/sources", headers=quiet).json["sources"][0]["trouble"]:
                break
        self.assertTrue(page.get("/api/v1/sources").json["sources"][0]["trouble"])
        source = page.get("/api/v1/operations").json["sources"][0]
        self.assertFalse(source["answers"])
        self.assertTrue(source["lastHeard"])


class Proxied(Scenario):
    delivery = "poll"

    def test_strangers_lock_nobody_out_of_the_local_login(self):
        gateway = self.make_gateway(page={"tls": "terminated", "publicUrl": "https://page.example.org"})
        page = Page(gateway, login=False)
        for n in range(210):
            answer = page.post("/api/v1/session/local", {"token": "x" * 43}, headers={"X-Forwarded-For": f"10.0.{n % 21}.1", "Origin": "https://page.example.org"})
            self.assertEqual(answer.status, 403)
        self.assertEqual(page.login(re.search(r"#once=(\S+)", link_of(gateway))[1]).status, 204)
        self.assertLess(len([r for r in page.get("/api/v1/audit?limit=500").json["entries"] if r["refused"]]), 205)


if __name__ == "__main__":
    unittest.main()
