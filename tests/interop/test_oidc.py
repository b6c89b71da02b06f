"""Logging in to the page by an independent OpenID provider, as a browser does. Run by oidc.sh, which sets OIDC_SERVER (folder of server.mjs)."""
import http.client
import json
import os
import re
import socket
import subprocess
import sys
import unittest
import urllib.parse

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "scenario"))

from base import Scenario
from harness import START
from page_client import Page

SECRET = "a secret/with+signs:of%all kinds"
ACCESS = [{"group": "nurses", "roles": ["coordinator"], "trials": ["sle-uc-msc"]}, {"group": "auditors", "roles": ["auditor"]},
          {"group": "doctors", "roles": ["investigator"]}]


class Browser:
    """Follows redirects and fills in the provider's forms; keeps cookies for each port."""

    def __init__(self):
        self.jars, self.refuses = {}, False

    def ask(self, url, form=None):
        """One request: status, where it leads, body."""
        u = urllib.parse.urlsplit(url)
        jar = self.jars.setdefault(u.port, {})
        connection = http.client.HTTPConnection(u.hostname, u.port, timeout=20)
        headers = {"Cookie": "; ".join(f"{k}={v}" for k, v in jar.items()), "Accept": "text/html"}
        if form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection.request("GET" if form is None else "POST", u.path + ("?" + u.query if u.query else ""),
                           None if form is None else urllib.parse.urlencode(form), headers)
        got = connection.getresponse()
        body = got.read().decode()
        connection.close()
        for value in got.headers.get_all("Set-Cookie") or []:
            name, content = value.split(";")[0].split("=", 1)
            if content and "max-age=0" not in value.lower() and "expires=Thu, 01 Jan 1970" not in value:
                jar[name] = content
            else:
                jar.pop(name, None)
        to = got.headers.get("Location")
        return got.status, to and urllib.parse.urljoin(url, to), body

    def callback(self, url, user, change=lambda url: url):
        """From the page's login to what the provider sends back: the address of the callback, not yet asked."""
        status, to, _ = self.ask(url)
        assert status == 302, status
        to = change(to)
        for _ in range(12):
            if "/login/oidc/callback" in to:
                return to
            status, next_one, body = self.ask(to)
            if next_one:
                to = next_one
                continue
            assert status == 200, (status, body[:500])
            if self.refuses:
                to = urllib.parse.urljoin(to, re.search(r'href="([^"]*/abort)"', body)[1])
                continue
            action = urllib.parse.urljoin(to, re.search(r'action="([^"]+)"', body)[1])
            login = 'name="login"' in body
            form = {"prompt": "login", "login": user, "password": "x"} if login else {"prompt": "consent"}
            status, to, body = self.ask(action, form)
            assert to, (status, body[:500])
        raise AssertionError("the provider leads nowhere")


class Oidc(Scenario):
    delivery = "poll"

    def begin(self, client="basic", in_token=False, claim=None, **page):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        self.page = f"http://127.0.0.1:{port}"
        self.provider = subprocess.Popen(["node", "server.mjs", self.page + "/login/oidc/callback", str(START), *(["token"] if in_token else [])],
                                         cwd=os.environ["OIDC_SERVER"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.addCleanup(self.end_provider)
        issuer = self.provider.stdout.readline().strip()
        self.assertTrue(issuer, "the provider starts")
        gateway = self.make_gateway(start=False)
        gateway.write("oidc", SECRET)
        secret = {} if client == "public" else {"clientSecret": {"file": "oidc"}}
        gateway.config["page"] = {"address": f"127.0.0.1:{port}", "access": ACCESS,
                                  "oidc": {"issuer": issuer, "clientId": client, "scope": "openid profile groups", **secret, **({"userClaim": claim} if claim else {})}, **page}
        return gateway.start()

    def end_provider(self):
        self.provider.kill()
        self.provider.wait()
        self.provider.stdout.close()

    def session(self, browser):
        page = Page(self.gateway, login=False, url=self.page)
        page.cookies = browser.jars[int(self.page.rsplit(":", 1)[1])]
        told = page.get("/api/v1/session")
        if told.status == 200:
            page.csrf = told.json["csrf"]
        return page, told

    def log_in(self, user, browser=None):
        browser = browser or Browser()
        status, to, _ = browser.ask(browser.callback(self.page + "/login/oidc", user))
        self.assertEqual((status, to), (302, self.page + "/"))
        return browser

    def refused(self, browser, callback, why):
        status, to, _ = browser.ask(callback)
        self.assertEqual((status, to), (302, f"{self.page}/#login=failed&why={why}"))
        page, told = self.session(browser)
        self.assertEqual(told.status, 401)
        self.assertNotIn("trialgate-" + self.page.rsplit(":", 1)[1], page.cookies)

    def test_every_kind_of_client_logs_in_and_roles_come_from_groups(self):
        for client, in_token in (("basic", False), ("post", True), ("public", False)):
            with self.subTest(client):
                self.begin(client, in_token)
                page, told = self.session(self.log_in("eve"))
                self.assertEqual(told.json["user"]["name"], "eve of the hospital")
                self.assertEqual(told.json["roles"], {"*": ["auditor"], "sle-uc-msc": ["coordinator"]})
                rows = page.get("/api/v1/audit").json["entries"]
                self.assertEqual([(r["action"], r["by"].split("|")[1], r["refused"]) for r in rows], [("login", "eve", False)])
                self.assertEqual(page.get("/api/v1/operations").status, 200)  # an auditor looks
                self.assertEqual(page.post("/api/v1/operations/quarantine/1/drop").status, 403)
                self.assertEqual(page.post("/api/v1/session/local", {"token": "x"}).status, 404)
                self.assertEqual(page.delete("/api/v1/session").status, 204)
                self.assertEqual(page.get("/api/v1/session").json["login"], {"oidc": True, "local": False})
                self.gateway.close()
                self.end_provider()

    def test_the_request_has_what_protects_it_and_the_cookie_comes_back_from_elsewhere(self):
        self.begin()
        connection = http.client.HTTPConnection(self.page[7:])
        connection.request("GET", "/login/oidc")
        got = connection.getresponse()
        got.read()
        asked = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(got.headers["Location"]).query))
        self.assertEqual((asked["response_type"], asked["code_challenge_method"], asked["redirect_uri"]), ("code", "S256", self.page + "/login/oidc/callback"))
        for name in ("state", "nonce", "code_challenge"):
            self.assertEqual(len(asked[name]), 43, name)
        self.assertRegex(got.headers["Set-Cookie"], r"^trialgate-\d+-login-[\w-]{8}=[\w-]{200,700}; Path=/; HttpOnly; SameSite=Lax; Max-Age=600$")
        self.assertNotIn(asked["state"], got.headers["Set-Cookie"])
        connection.close()

    def test_a_login_is_finished_once_and_by_the_browser_that_began_it(self):
        self.begin()
        victim, attacker = Browser(), Browser()
        callback = attacker.callback(self.page + "/login/oidc", "ian")
        self.refused(victim, callback, "state")  # somebody else's login, slipped in
        self.assertEqual(attacker.ask(callback)[1], self.page + "/")
        self.assertEqual(self.session(attacker)[1].status, 200)
        again = Browser()
        again.jars = {port: dict(jar) for port, jar in attacker.jars.items()}
        again.jars[int(self.page.rsplit(":", 1)[1])] = {}
        self.refused(again, callback, "state")

    def test_wrong_state_nonce_code_and_issuer_are_refused(self):
        gateway = self.begin()
        def with_other(name, value):
            def change(url):
                u = urllib.parse.urlsplit(url)
                query = dict(urllib.parse.parse_qsl(u.query))
                self.assertIn(name, query)
                return urllib.parse.urlunsplit(u._replace(query=urllib.parse.urlencode({**query, name: value})))
            return change
        for name, value, why in (("state", "x" * 43, "state"), ("iss", "https://evil.example.org", "state"), ("code", "x" * 43, "token")):
            browser = Browser()
            callback = browser.callback(self.page + "/login/oidc", "eve")
            self.refused(browser, with_other(name, value)(callback), why)
        browser = Browser()
        self.refused(browser, browser.callback(self.page + "/login/oidc", "eve", with_other("nonce", "y" * 43)), "id-token")
        # The code of one login in the callback of another: PKCE binds it.
        browser = Browser()
        first = browser.callback(self.page + "/login/oidc", "ian")
        other = Browser()
        second = other.callback(self.page + "/login/oidc", "eve")
        code = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(first).query))["code"]
        self.refused(other, with_other("code", code)(second), "token")
        self.assertFalse([line for line in gateway.output if code in line])

    def test_without_pkce_this_provider_gives_no_code(self):
        self.begin()
        browser = Browser()
        def without(url):
            u = urllib.parse.urlsplit(url)
            return urllib.parse.urlunsplit(u._replace(query=urllib.parse.urlencode([p for p in urllib.parse.parse_qsl(u.query) if "challenge" not in p[0]])))
        self.refused(browser, browser.callback(self.page + "/login/oidc", "eve", without), "refused")

    def test_who_has_no_role_and_who_says_no_is_not_let_in(self):
        self.begin()
        browser = Browser()
        self.refused(browser, browser.callback(self.page + "/login/oidc", "mallory"), "no-role")
        browser = Browser()
        browser.refuses = True
        self.refused(browser, browser.callback(self.page + "/login/oidc", "eve"), "refused")
        page, _ = self.session(self.log_in("eve"))
        rows = page.get("/api/v1/audit").json["entries"][::-1]
        self.assertEqual([(r["action"], r["refused"], r["by"].split("|")[-1]) for r in rows],
                         [("login", True, "mallory"), ("login", True, ""), ("login", False, "eve")])

    def test_a_name_that_users_choose_gives_no_roles_unless_the_configuration_says_so(self):
        named = [{"user": "boss", "roles": ["auditor"]}]
        self.begin(access=named)
        browser = Browser()
        self.refused(browser, browser.callback(self.page + "/login/oidc", "chooser"), "no-role")
        self.gateway.close()
        self.end_provider()
        self.begin(access=named, claim="preferred_username")
        page, told = self.session(self.log_in("chooser"))
        self.assertEqual(told.json["roles"], {"*": ["auditor"]})

    def test_begun_logins_of_others_push_nobody_out_and_foreign_callbacks_lock_nobody_out(self):
        self.begin()
        victim = Browser()
        callback = victim.callback(self.page + "/login/oidc", "ian")
        for _ in range(1_100):
            self.assertEqual(Browser().ask(self.page + "/login/oidc")[0], 302)
        for _ in range(20):
            self.assertIn("why=state", Browser().ask(self.page + "/login/oidc/callback?state=x&code=y")[1])
        self.assertEqual(victim.ask(callback)[1], self.page + "/")
        self.assertEqual(self.session(victim)[1].status, 200)

    def test_another_provider_or_none_ends_its_sessions(self):
        import signal
        from harness import wait_until
        gateway = self.begin()
        page, _ = self.session(self.log_in("ian"))
        gateway.config["page"] = {"address": gateway.config["page"]["address"]}
        gateway.write("trialgate.json", json.dumps(gateway.config))
        gateway.process.send_signal(signal.SIGHUP)
        wait_until(lambda: page.get("/api/v1/session").status == 401, "the session ends")

    def test_a_role_that_is_taken_away_ends_the_session(self):
        import signal
        from harness import wait_until
        gateway = self.begin()
        page, _ = self.session(self.log_in("ian"))
        self.assertEqual(page.get("/api/v1/session").json["roles"], {"*": ["investigator"]})
        gateway.config["page"]["access"] = ACCESS[:2]
        gateway.write("trialgate.json", json.dumps(gateway.config))
        gateway.process.send_signal(signal.SIGHUP)
        wait_until(lambda: page.get("/api/v1/session").status == 401, "the session ends")

    def test_a_provider_that_is_gone_is_said_to_be(self):
        self.begin()
        self.provider.kill()
        self.provider.wait()
        status, to, _ = Browser().ask(self.page + "/login/oidc")
        self.assertEqual((status, to), (302, f"{self.page}/#login=failed&why=unreachable"))


if __name__ == "__main__":
    unittest.main()
