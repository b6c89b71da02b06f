"""Who gets to the page, and how it ends: the real program, and a client that says what a browser would say, or what an attacker would."""
import contextlib
import json
import os
import re
import signal
import sqlite3
import time
import unittest

from base import Scenario
from harness import wait_until
from page_client import Page, link_of

MINUTE = 60_000
SAID_ALWAYS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; base-uri 'none'; "
                               "form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "X-Frame-Options": "DENY", "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin"}


class Access(Scenario):
    delivery = "poll"

    def trail(self, page):
        """Oldest first."""
        told = page.get("/api/v1/audit?limit=500").json
        self.assertTrue(told["seals"]["intact"])
        return [r for r in reversed(told["entries"]) if r["action"] != "view-audit"]

    def cookie(self, page):
        return "trialgate-" + page.origin.rsplit(":", 1)[1]

    def test_the_link_opens_once_and_the_trail_says_so(self):
        gateway = self.make_gateway()
        page = Page(gateway)
        told = page.get("/api/v1/session").json
        self.assertEqual(told["user"]["name"], "local")
        self.assertEqual(sorted(told["roles"]["*"]), ["auditor", "coordinator", "investigator", "operator"])
        self.assertEqual(told["identity"], "pseudonym")
        self.assertTrue(told["csrf"] and told["ends"].endswith("Z") and told["version"])
        token = link_of(gateway).split("#once=")[1]
        second = Page(gateway, login=False)
        self.assertEqual(second.login(token).status, 401)
        self.assertEqual(second.login("A" * 43).status, 401)
        self.assertEqual(second.get("/api/v1/session").status, 401)
        self.assertEqual(second.get("/api/v1/session").json["login"], {"oidc": False, "local": True})
        log = "".join(line for line in gateway.output if not line.startswith("page: "))
        self.assertNotIn(token, log)
        rows = [(r["action"], r["by"], r["refused"]) for r in self.trail(page)]
        self.assertEqual(rows, [("login", "local", False), ("login", "", True), ("login", "", True)])
        # A new one for a gateway that runs; the older one, had it been open, would not open any more.
        printed = gateway.run("page", expect=0).stdout
        link = re.match(r"page: (\S+)   opens once, within 15 minutes\n", printed)[1]
        gateway.output = [line for line in gateway.output if line != printed]
        self.assertNotEqual(link.split("=")[1], token)
        third = Page(gateway, url=link)
        self.assertEqual(third.get("/api/v1/session").status, 200)

    def test_a_link_that_nobody_opened_is_too_old_after_a_quarter_of_an_hour(self):
        gateway = self.make_gateway()
        link = link_of(gateway)
        gateway.advance(15 * MINUTE)
        page = Page(gateway, login=False)
        self.assertEqual(page.login(link.split("#once=")[1]).status, 401)

    def test_who_tries_again_and_again_has_to_wait(self):
        gateway = self.make_gateway()
        page = Page(gateway, login=False)
        answers = [page.login("x" * 43) for _ in range(12)]
        self.assertEqual([a.status for a in answers], [401] * 10 + [429] * 2)
        self.assertGreater(int(answers[-1].headers["Retry-After"]), 300)
        self.assertEqual(page.login(link_of(gateway).split("=")[1]).status, 429)
        gateway.advance(10 * MINUTE)
        self.assertEqual(page.login(link_of(gateway).split("=")[1]).status, 204)

    def test_every_answer_carries_what_protects_it(self):
        gateway = self.make_gateway()
        page = Page(gateway)
        asked = [page.get("/"), page.get("/worklist/sle-uc-msc"), page.get("/api/v1/session"), page.get("/api/v1/nothing"), page.get("/assets/none.js"),
                 page.get("/api/v1/session", headers={"Host": "evil.example.org"}), page.call("HEAD", "/"), page.post("/"), page.get("/login/oidc"),
                 page.call("BREW", "/api/v1/session"), page.post("/api/v1/session/local", raw="x" * 300_000),
                 page.get("/" + "x" * 20_000)]
        self.assertEqual([a.status for a in asked], [200, 200, 200, 404, 404, 421, 200, 405, 404, 405, 413, 431])
        for path in ("/api/v1/trials", "/api/v1/session", "/api/v1/openapi.json", "/api/v1/events"):
            self.assertEqual(page.call("GET", path, raw="{}").status, 400, path)
        for answer in asked:
            for name, value in SAID_ALWAYS.items():
                self.assertEqual(answer.headers[name], value, (answer, name))
            self.assertTrue(answer.headers["Permissions-Policy"])
            self.assertIn(answer.headers["Cache-Control"], ("no-store", "no-cache"))
            self.assertIsNone(answer.headers["Server"])
        self.assertEqual(asked[2].headers["Cache-Control"], "no-store")
        self.assertEqual(asked[9].headers["Allow"], "GET, HEAD, DELETE")
        self.assertEqual(asked[6].body, "")
        self.assertNotIn("Strict-Transport-Security", asked[0].headers)
        # What a page is made of can be kept, and is asked for again.
        etag = asked[0].headers["ETag"]
        self.assertEqual(page.get("/", headers={"If-None-Match": etag}).status, 304)
        self.assertIn("text/html", asked[0].headers["Content-Type"])
        self.assertIn("text/javascript", page.get("/assets/main.js").headers["Content-Type"])

    def test_the_cookie_is_for_this_page_alone_and_new_at_every_login(self):
        gateway = self.make_gateway()
        page = Page(gateway, login=False)
        name = self.cookie(page)  # cookies know no ports: another gateway on this machine has another name
        page.cookies[name] = "put-there-by-somebody-else"
        answer = page.login(link_of(gateway).split("=")[1])
        self.assertRegex(answer.headers["Set-Cookie"], "^" + name + r"=[\w-]{43}; Path=/; HttpOnly; SameSite=Strict$")
        first = page.cookies[name]
        link = re.search(r"#once=(\S+)", gateway.run("page").stdout)[1]
        old = Page(gateway, login=False)
        old.cookies[name] = first
        self.assertEqual(old.get("/api/v1/session").status, 200)
        for shadowed in (f"{name}=x; {name}={first}", f"{name}={first}; {name}=x"):  # somebody may have put another one for another path
            self.assertEqual(old.get("/api/v1/session", headers={"Cookie": shadowed}).status, 200)
        page.login(link)
        self.assertNotEqual(page.cookies[name], first)
        self.assertEqual(old.get("/api/v1/session").status, 401)

    def test_what_does_not_come_from_the_page_changes_nothing(self):
        gateway = self.make_gateway()
        page = Page(gateway)
        target = "/api/v1/operations/quarantine/1/drop"
        for headers in ({"X-CSRF-Token": None}, {"X-CSRF-Token": "x"}, {"Origin": "https://evil.example.org"}, {"Origin": "null"},
                        {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Content-Type": "text/plain"}):
            self.assertEqual(page.post(target, headers=headers).status, 403, headers)
            if "Content-Type" not in headers:
                self.assertEqual(page.delete("/api/v1/session", headers=headers).status, 403, headers)
        self.assertEqual(page.get("/api/v1/session").status, 200)
        refused = [r for r in self.trail(page) if r["refused"]]
        self.assertEqual(len(refused), 13)
        self.assertEqual(page.post(f"/api/v1/trials/sle-uc-msc/people/{'a' * 32}/judgements", headers={"X-CSRF-Token": "x"}).status, 403)
        self.assertEqual(self.trail(page)[-1]["subject"], "a" * 32)
        self.assertTrue(all(r["by"] == "local" and r["address"] == "127.0.0.1" for r in refused))
        stranger = Page(gateway, login=False)
        token = re.search(r"#once=(\S+)", gateway.run("page").stdout)[1]
        for headers in ({"Origin": "https://evil.example.org"}, {"Sec-Fetch-Site": "cross-site"}, {"Content-Type": "text/plain"}, {"X-Forwarded-For": "10.0.0.1"}):
            self.assertEqual(stranger.post("/api/v1/session/local", {"token": token}, headers=headers).status, 403, headers)
        origin = {"Origin": page.origin, "Sec-Fetch-Site": "same-origin"}
        self.assertEqual(stranger.post("/api/v1/session/local", {"token": token}, headers=origin).status, 204)

    def test_only_the_own_names_are_answered(self):
        gateway = self.make_gateway()
        page = Page(gateway)
        port = page.origin.rsplit(":", 1)[1]
        for host in (f"localhost:{port}", f"127.0.0.1:{port}", f"[::1]:{port}", f"LOCALHOST:{port}"):
            self.assertEqual(page.get("/api/v1/session", headers={"Host": host}).status, 200, host)
        for host in ("evil.example.org", f"evil.example.org:{port}", "127.0.0.1", "localhost:1", f"localhost:{port}@evil.example.org", "", f"localhost:{port}/x"):
            self.assertEqual(page.get("/api/v1/session", headers={"Host": host}).status, 421, host)

    def test_sessions_end(self):
        gateway = self.make_gateway(page={"session": "1h", "idle": "20m"})
        page = Page(gateway)
        for _ in range(2):
            gateway.advance(19 * MINUTE)
            self.assertEqual(page.get("/api/v1/audit").status, 200)
        gateway.advance(19 * MINUTE)
        self.assertEqual(page.get("/api/v1/audit").status, 200)
        gateway.advance(3 * MINUTE)  # an hour in all
        self.assertEqual(page.get("/api/v1/audit").status, 401)
        page = Page(gateway, url=re.search(r"page: (\S+)", gateway.run("page").stdout)[1])
        for _ in range(3):  # what a page that lies open asks by itself is no sign of anybody there
            gateway.advance(6 * MINUTE)
            self.assertEqual(page.get("/api/v1/session").status, 200)
            self.assertEqual(page.get("/api/v1/audit", headers={"X-Background": "1"}).status, 200)
        gateway.advance(3 * MINUTE)
        self.assertEqual(page.get("/api/v1/session").status, 401)

    def test_logging_out_ends_everything(self):
        gateway = self.make_gateway()
        page = Page(gateway)
        stream = page.events()
        stream.next()
        kept = dict(page.cookies)
        self.assertEqual(page.delete("/api/v1/session").status, 204)
        self.assertEqual(page.cookies, {})
        self.assertTrue(stream.ended.wait(10))
        page.cookies = kept
        self.assertEqual(page.get("/api/v1/session").status, 401)
        self.assertEqual(page.events().status, 401)

    def test_events_tell_of_changes_and_end_with_the_gateway(self):
        self.delivery = "auto"
        gateway = self.make_gateway()
        self.subscribed()
        page = Page(gateway)
        stream = page.events()
        self.assertEqual(stream.answer.headers["Content-Type"], "text/event-stream")
        first = stream.next()
        self.assertEqual(set(first), {"worklist", "alerts", "operations"})
        self.candidate("p1")
        later = stream.wait_for(lambda e: e["worklist"].get("sle-uc-msc", 0) > first["worklist"].get("sle-uc-msc", 0))
        self.assertNotIn("p1", str(later))
        begun = time.monotonic()
        gateway.stop()
        self.assertTrue(stream.ended.wait(10))
        self.assertLess(time.monotonic() - begun, 8)

    def test_the_trail_is_exported_as_audit_events(self):
        gateway = self.make_gateway()
        page = Page(gateway)
        Page(gateway, login=False).login("x" * 43)
        page.post("/api/v1/operations/quarantine/1/drop", headers={"X-CSRF-Token": "x"})
        self.assertEqual(page.post("/api/v1/operations/quarantine/1/drop").status, 404)
        self.assertEqual(page.get("/api/v1/audit").status, 200)
        exported = page.get("/api/v1/audit/fhir")
        self.assertEqual(exported.headers["Content-Type"], "application/fhir+json")
        told = page.get("/api/v1/audit").json
        rows = told["entries"][::-1]
        self.assertEqual(rows[-1]["action"], "export")
        bundle = json.loads(exported.body)
        self.assertEqual((bundle["resourceType"], bundle["type"]), ("Bundle", "collection"))
        self.assertEqual(len(bundle["entry"]), len(rows) - 1)  # the export is one more
        for entry, row in zip(bundle["entry"], rows):
            event = entry["resource"]
            self.assertEqual((event["resourceType"], event["recorded"]), ("AuditEvent", row["at"]))
            self.assertEqual(event["entity"][-1]["detail"][0]["valueString"], row["seal"])
            for needed in ("type", "agent", "source"):
                self.assertIn(needed, event)
        self.assertEqual([e["resource"]["outcome"] for e in bundle["entry"]], ["0", "4", "4", "4", "0"])
        self.assertEqual(bundle["entry"][0]["resource"]["subtype"][0]["display"], "Login")
        second = page.get("/api/v1/audit?before=4&limit=1").json
        self.assertEqual(([r["id"] for r in second["entries"]], second["older"]), ([3], 3))
        self.assertEqual(page.get("/api/v1/audit?before=x").status, 400)
        newest = wait_until(lambda: (t := page.get("/api/v1/audit", headers={"X-Background": "1"}).json["seals"])["checkedThrough"] == t["newest"] and t, "seals")
        self.assertEqual((newest["intact"], newest["brokenAt"]), (True, None))
        # The house's log holds where the trail ended.
        anchors = [line for line in gateway.output if " page.trail " in line]
        self.assertTrue(any("why=export" in line and rows[-2]["seal"] in line for line in anchors), anchors)
        self.assertTrue(any("why=daily" in line for line in anchors), anchors)

    def test_what_a_page_asks_by_itself_is_told_once_in_ten_minutes(self):
        gateway = self.make_gateway()
        page = Page(gateway)
        quiet = {"X-Background": "1"}
        lists = "/api/v1/trials/sle-uc-msc/worklist"
        for _ in range(3):
            for path in (lists + "?since=0", lists + "?since=1", "/api/v1/visits", "/api/v1/alerts"):
                self.assertEqual(page.get(path, headers=quiet).status, 200)
        self.assertEqual([r["action"] for r in self.trail(page)], ["login", "view-list", "view-visits", "view-alerts", "view-list", "view-list"])
        for path in ("/api/v1/visits?since=5", "/api/v1/visits?before=5", "/api/v1/alerts?since=1", lists + "?before=1"):  # made up: nothing is less told for it
            page.get(path)
        self.assertEqual(len(self.trail(page)), 10)
        self.assertEqual(page.get(lists).status, 200)  # whole: always
        self.assertEqual(page.get("/api/v1/visits").status, 200)
        gateway.advance(10 * MINUTE)
        page.get(lists + "?since=1")
        self.assertEqual([r["action"] for r in self.trail(page)][10:], ["view-list", "view-visits", "view-list"])
        views = [r for r in page.get("/api/v1/audit?action=view-audit").json["entries"]]
        for n in (2, 1):
            self.assertEqual(page.get(f"/api/v1/audit?before={n}").status, 200)
        self.assertEqual(len(page.get("/api/v1/audit?action=view-audit").json["entries"]), len(views) + 1)
        # Another session's first look is its own, whatever it says of itself.
        other = Page(gateway, url=gateway.run("page", expect=0).stdout.split()[1])
        other.get("/api/v1/audit?before=2", headers=quiet)
        self.assertEqual(other.get("/api/v1/audit?limit=1").json["entries"][0]["action"], "view-audit")

    def test_what_the_trail_cannot_tell_is_not_done(self):
        self.delivery = "auto"
        gateway = self.make_gateway()
        self.subscribed()
        self.candidate("p1")
        self.settled()
        page = Page(gateway)
        rows = wait_until(lambda: page.get("/api/v1/trials/sle-uc-msc/worklist").json["rows"], "somebody is listed")
        person = f"/api/v1/trials/sle-uc-msc/people/{rows[0][0]}"
        with self.store(gateway) as db:
            db.execute("CREATE TRIGGER no_trail BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'no trail'); END")
        refused = page.post(person + "/judgements", {"kind": "comment", "reason": "r"})
        self.assertEqual(refused.status, 503)
        self.assertIn("nothing was changed", refused.body)
        self.assertEqual(page.get(person).status, 503)
        self.assertEqual(page.get("/api/v1/audit/fhir").status, 503)
        self.assertFalse([line for line in gateway.output if "why=export" in line])  # no anchor of what was not exported
        with self.store(gateway) as db:
            self.assertEqual(db.execute("SELECT count(*) FROM judgement").fetchone(), (0,))
            db.execute("DROP TRIGGER no_trail")
        self.assertEqual(page.post(person + "/judgements", {"kind": "comment", "reason": "r"}).status, 201)
        self.assertEqual([(r["action"], r["subject"]) for r in self.trail(page)][-1], ("judge", rows[0][0]))

    @contextlib.contextmanager
    def store(self, gateway):
        db = sqlite3.connect(os.path.join(gateway.folder, "data", "trialgate.db"), timeout=20, isolation_level=None)
        try:
            yield db
        finally:
            db.close()

    def test_a_session_has_so_many_streams_and_the_oldest_ends(self):
        gateway = self.make_gateway()
        page = Page(gateway)
        streams = [page.events() for _ in range(9)]
        for one in streams[1:]:
            one.next()
        self.assertTrue(streams[0].ended.wait(10))
        self.assertFalse(any(s.ended.is_set() for s in streams[1:]))
        for one in streams:
            one.close()

    def test_behind_a_proxy_the_address_is_what_the_proxy_added_last(self):
        gateway = self.make_gateway(page={"tls": "terminated", "publicUrl": "https://page.example.org"})
        page = Page(gateway)
        connection = page.connection()
        connection.putrequest("POST", "/api/v1/session/local")
        for line in ("10.9.9.9", "10.8.8.8, 10.0.0.7"):  # HAProxy appends a line to what the client has written
            connection.putheader("X-Forwarded-For", line)
        connection.putheader("Content-Length", "0")
        connection.endheaders()
        self.assertEqual(connection.getresponse().status, 403)
        connection.close()
        self.assertEqual([r["address"] for r in self.trail(page) if r["refused"]], ["10.0.0.7"])

    def test_what_foreign_pages_can_send_locks_nobody_out(self):
        gateway = self.make_gateway()
        page = Page(gateway, login=False)
        for _ in range(40):
            answer = page.post("/api/v1/session/local", {"token": "x" * 43}, headers={"Origin": "https://evil.example.org"})
            self.assertEqual(answer.status, 403)
        self.assertEqual(page.login(link_of(gateway).split("=")[1]).status, 204)
        refused = [r for r in self.trail(page) if r["refused"]]
        self.assertEqual(len(refused), 10)  # nor do they fill the trail

    def test_a_reload_keeps_sessions_and_takes_new_rules(self):
        gateway = self.make_gateway(page={"idle": "1h"})
        page = Page(gateway)
        gateway.config["page"] = {"idle": "5m"}
        self.reload(gateway)
        self.assertEqual(page.get("/api/v1/session").status, 200)
        stream = page.events()
        stream.next()
        gateway.advance(6 * MINUTE)
        self.assertEqual(page.get("/api/v1/session").status, 401)
        stream.close()

    def test_a_reload_that_takes_the_local_login_away_logs_out(self):
        gateway = self.make_gateway()
        page = Page(gateway)
        gateway.config["page"] = {"oidc": {"issuer": "http://127.0.0.1:1/", "clientId": "t"}, "access": [{"user": "x", "roles": ["auditor"]}]}
        self.reload(gateway)
        self.assertEqual(page.get("/api/v1/session").json["login"], {"oidc": True, "local": False})
        self.assertEqual(page.login("x").status, 404)
        away = page.get("/login/oidc")
        self.assertEqual((away.status, away.headers["Location"]), (302, "/#login=failed&why=unreachable"))

    def reload(self, gateway):
        before = sum(" reloaded " in line for line in gateway.output)
        gateway.write("trialgate.json", json.dumps(gateway.config))
        gateway.process.send_signal(signal.SIGHUP)
        wait_until(lambda: sum(" reloaded " in line for line in gateway.output) > before, "the reload")

    def test_a_restart_ends_sessions_and_the_page_can_be_switched_off(self):
        gateway = self.make_gateway()
        page = Page(gateway)
        gateway.stop()
        self.assertEqual(gateway.run("page").returncode, 1)
        gateway.output.clear()
        gateway.start()
        again = Page(gateway, login=False)
        again.cookies = page.cookies
        self.assertEqual(again.get("/api/v1/session").status, 401)
        gateway.stop()
        gateway.config["page"] = {"enabled": False}
        gateway.output.clear()
        gateway.start()
        self.assertFalse([line for line in gateway.output if line.startswith("page:") or " page address=" in line])
        self.assertEqual(gateway.run("page").returncode, 1)


if __name__ == "__main__":
    unittest.main()
