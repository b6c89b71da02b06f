"""The gateway as a client of SMART Backend Services: a hospital that takes only tokens of an independent authorisation server. Run by smart.sh, which
sets TOKEN_SERVER (folder of server.mjs) and TOKEN_PROBE."""
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import unittest
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "scenario"))

import people
from base import Scenario
from fhir_peer import Handler
from harness import START, flags, wait_until

LIFETIME = 300_000


class Smart(Scenario):
    def setUp(self):
        super().setUp()
        self.folder = tempfile.mkdtemp(prefix="trialgate-smart-")
        self.addCleanup(shutil.rmtree, self.folder, True)
        subprocess.run([os.path.join(HERE, "..", "..", "certs", "make-signing-key.sh"), "--to", self.folder, "signing"], check=True, capture_output=True)
        self.key = os.path.join(self.folder, "signing.key")
        with open(os.path.join(self.folder, "jwks.json"), "w") as f:
            subprocess.run([os.environ["TOKEN_PROBE"], "jwks", self.key], check=True, stdout=f)
        self.server = subprocess.Popen(["node", "server.mjs", f.name, str(START)], cwd=os.environ["TOKEN_SERVER"], stdout=subprocess.PIPE,
                                       stderr=subprocess.DEVNULL, text=True)
        self.addCleanup(self.end_server)
        self.origin = self.server.stdout.readline().strip()
        if not self.origin:
            self.fail("the authorisation server does not start")
        self.refused, self.elsewhere, self.last = [], None, None
        self.hospital.server.RequestHandlerClass = self.handler()

    def end_server(self):
        self.server.kill()
        self.server.wait()
        self.server.stdout.close()

    def ask(self, path, token=None, body=None):
        r = urllib.request.Request(self.origin + path, method="PUT" if body else "GET", data=body, headers={"Authorization": token} if token else {})
        try:
            with urllib.request.urlopen(r, timeout=20) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as e:
            return e.code, ""

    def handler(self):
        scenario = self

        class Guarded(Handler):
            peer = self.hospital

            def handle_any(self):
                if self.path == "/fhir/.well-known/smart-configuration":
                    return self.answer(400 if self.headers.get("Authorization") else 200, {"token_endpoint": scenario.origin + "/token"})
                given = self.headers.get("Authorization")
                if given and scenario.ask("/fhir/Patient/p1", given)[0] == 200:
                    scenario.last = given
                    self.headers.replace_header("Authorization", f"Bearer {self.peer.token}")
                elif given:
                    scenario.refused.append(given)
                    self.headers.replace_header("Authorization", "Bearer -")
                return super().handle_any()

            do_GET = do_POST = do_PUT = do_DELETE = handle_any

            def bundle(self, *arguments):
                page = super().bundle(*arguments)
                for link in page["link"]:
                    if scenario.elsewhere and link["relation"] == "next":
                        link["url"] = link["url"].replace(self.peer.base, scenario.elsewhere)
                return page
        return Guarded

    def start(self, **source):
        self.make_gateway(start=False, source={"auth": {
            "method": "smart", "clientId": "es384", "scope": "system/Observation.rs system/Patient.rs", "keys": [{"file": self.key}]}, **source})
        self.gateway.start()
        self.subscribed()
        self.settled()

    def advance(self, milliseconds):
        """Both clocks; the server's first, to which an assertion must not come from the future."""
        self.ask("/clock", body=str(self.gateway.now + milliseconds).encode())
        self.gateway.advance(milliseconds)

    def given(self):
        return int(self.ask("/counted")[1])

    def test_a_token_is_got_and_believed(self):
        self.candidate("first")
        self.start()
        self.assertEqual(len(self.assert_study_agrees()), 1)
        self.assertEqual((self.given(), self.refused), (1, []))

    def test_a_token_is_renewed_before_it_ends(self):
        self.start()
        for n in range(3):
            self.advance(LIFETIME * 9 // 10)
            self.candidate(f"later{n}")
            self.settled()
            wait_until(lambda: len(flags(self.study)) == n + 1, "the person is flagged")
        self.assertEqual(self.refused, [])
        self.assertGreaterEqual(self.given(), 4)

    def test_a_refused_token_is_replaced_once(self):
        self.start()
        self.advance(10_000)
        self.settled()
        self.refused.clear()
        before, old = self.given(), self.last
        self.assertEqual(self.ask("/fhir/revoke", old)[0], 204)
        self.candidate("revoked")
        self.settled()
        wait_until(lambda: len(flags(self.study)) == 1, "the person is flagged")
        self.assertEqual(set(self.refused), {old})
        self.assertEqual(self.given(), before + 1)

    def test_the_token_does_not_follow_links_to_another_origin(self):
        seen = []

        class Stranger(BaseHTTPRequestHandler):
            def do_GET(self):
                seen.append(self.headers.get("Authorization"))
                self.send_error(404)

            def log_message(self, *args):
                pass
        other = ThreadingHTTPServer(("127.0.0.1", 0), Stranger)
        threading.Thread(target=other.serve_forever, daemon=True).start()
        self.addCleanup(other.server_close)
        self.addCleanup(other.shutdown)
        self.elsewhere = f"http://127.0.0.1:{other.server_address[1]}/fhir"
        self.hospital.page_size = 1
        for key in ("many", "more"):
            self.candidate(key)
        self.make_gateway(start=False, source={"auth": {
            "method": "smart", "clientId": "es384", "scope": "system/Observation.rs system/Patient.rs", "keys": [{"file": self.key}]}})
        self.gateway.start()
        wait_until(lambda: any("foreign-link" in f for f in self.faults()), "the foreign link is told")
        self.assertEqual([t for t in seen if t], [])


if __name__ == "__main__":
    unittest.main()
