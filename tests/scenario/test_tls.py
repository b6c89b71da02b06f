"""TLS between all three, with certificates by certs/make.sh: who is believed, who is not, renewal, and the limits of the public listener."""
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.request
import warnings

import people
from base import Scenario
from fhir_peer import Peer
from harness import START, wait_until

CERTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "certs")


def make(folder, *arguments):
    subprocess.run([os.path.join(CERTS, "make.sh"), "--to", folder, *arguments], check=True, capture_output=True)


def server_context(folder, name="localhost", clients=None):
    """`clients`: the CA whose certificates are required of clients."""
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    c.load_cert_chain(os.path.join(folder, name + ".pem"), os.path.join(folder, name + ".key"))
    if clients:
        c.load_verify_locations(clients)
        c.verify_mode = ssl.CERT_REQUIRED
    return c


def client_context(folder, name=None):
    c = ssl.create_default_context(cafile=os.path.join(folder, "ca.pem"))
    if name:
        c.load_cert_chain(os.path.join(folder, name + ".pem"), os.path.join(folder, name + ".key"))
    return c


class Tls(Scenario):
    """The hospital, the study system and the gateway all speak TLS."""

    @classmethod
    def setUpClass(cls):
        if not shutil.which("openssl"):
            raise unittest.SkipTest("skipped: openssl is not installed")

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="trialgate-tls-")
        self.addCleanup(shutil.rmtree, self.folder, True)
        self.certs, self.strangers = os.path.join(self.folder, "certs"), os.path.join(self.folder, "strangers")
        make(self.certs, "localhost", "client", "elsewhere.example.org")
        self.gateway, self.extra, self.broken = None, [], []
        self.hospital = self.peer(START - 3_600_000)
        self.study = self.peer(START)

    def tearDown(self):
        super().tearDown()
        for peer in self.extra:
            peer.close()

    def peer(self, start, tls=None, trust=None):
        peer = Peer(start, tls=tls or server_context(self.certs), trust=trust or client_context(self.certs))
        # Broken handshakes are part of these scenarios: kept, not printed.
        peer.server.handle_error = lambda *_: self.broken.append(sys.exc_info()[1])
        return peer

    def replace(self, name, **contexts):
        self.extra.append(getattr(self, name))
        setattr(self, name, self.peer(START - 3_600_000 if name == "hospital" else START, **contexts))

    def path(self, name, folder=None):
        return os.path.join(folder or self.certs, name)

    def pair(self, name):
        return {"certificate": self.path(name + ".pem"), "key": self.path(name + ".key")}

    def trusting(self, **more):
        return {"tls": {"ca": self.path("ca.pem"), **more}}

    def make_tls_gateway(self, start=True, source=None, sink=None, listen=None, **more):
        public = {"address": "127.0.0.1:0", "tls": {**self.pair("localhost"), **(listen or {})}}
        return self.make_gateway(start, source or self.trusting(), sink or self.trusting(), listen=public, **more)

    def ready(self):
        self.subscribed()
        self.settled()

    def url(self, path):
        return f"https://127.0.0.1:{self.gateway.port}{path}"

    def ask(self, path, context=None, method="GET", body=None, headers=None):
        r = urllib.request.Request(self.url(path), method=method, data=body, headers=headers or {})
        try:
            with urllib.request.urlopen(r, timeout=20, context=context or client_context(self.certs)) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as e:
            return e.code, e.read()

    def connect(self, context=None):
        s = (context or client_context(self.certs)).wrap_socket(
            socket.create_connection(("127.0.0.1", self.gateway.port), timeout=30), server_hostname="127.0.0.1")
        self.addCleanup(s.close)
        return s

    def hook(self, kind="Observation"):
        """Address and headers of the hook for a type, as the hospital knows them."""
        channel = next(s["channel"] for s in self.hospital.subscriptions() if s["criteria"].split("?")[0] == kind)
        return channel["endpoint"], {k: v.strip() for k, v in (h.split(":", 1) for h in channel["header"])}

    def notify(self, n):
        """Status of the answer to a result of somebody whom no trial considers."""
        at, headers = self.hook()
        headers["Content-Type"] = "application/fhir+json"
        body = json.dumps(dict(people.bystander_result(n), meta={"versionId": "1", "lastUpdated": "2026-03-15T08:00:00Z"})).encode()
        return self.ask(at[at.index("/in/"):] + f"/Observation/other{n}-egfr", None, "PUT", body, headers)[0]

    def status_by_get(self, s):
        """One request on a connection that is kept."""
        s.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
        text = b""
        while not text.endswith(b"ok\n"):
            some = s.recv(4096)
            if not some:
                break
            text += some
        return text.split(b" ", 2)[1]

    # ---- who is believed

    def test_all_three_speak_tls(self):
        self.candidate("early")
        self.make_tls_gateway()
        self.ready()
        self.assertTrue(self.hook()[0].startswith(f"https://127.0.0.1:{self.gateway.port}/in/"))
        self.candidate("later")
        self.settled()
        self.assertEqual(len(self.assert_study_agrees()), 2)
        self.assertEqual(self.broken, [])
        self.assertGreater(self.gateway.metric("trialgate_certificate_expires_seconds", listener="public"), time.time())

    def test_the_gateway_shows_its_certificate_to_a_study_system_that_asks_for_it(self):
        self.replace("study", tls=server_context(self.certs, clients=self.path("ca.pem")))
        self.make_tls_gateway(sink=self.trusting(**self.pair("client")))
        self.ready()
        self.candidate("mutual")
        self.settled()
        self.assertEqual(len(self.assert_study_agrees()), 1)

    def test_without_a_certificate_nothing_reaches_such_a_study_system_and_a_fault_says_so(self):
        self.replace("study", tls=server_context(self.certs, clients=self.path("ca.pem")))
        self.make_tls_gateway()
        self.assert_study_unreached()

    def test_a_study_system_of_another_ca_gets_nothing(self):
        make(self.strangers, "localhost")
        self.replace("study", tls=server_context(self.strangers))
        self.make_tls_gateway()
        self.assert_study_unreached()

    def test_a_study_system_with_another_name_gets_nothing(self):
        self.replace("study", tls=server_context(self.certs, "elsewhere.example.org"))
        self.make_tls_gateway()
        self.assert_study_unreached()

    def assert_study_unreached(self):
        self.subscribed()
        self.candidate("unsent")
        def said():
            self.gateway.advance(30_000)
            return "sink.study.unreachable" in self.faults()
        wait_until(said, "a fault says that the study system cannot be reached")
        self.assertEqual(self.study.requests, [])
        self.assertGreater(self.gateway.metric("trialgate_outbox_waiting"), 0)

    def test_a_hospital_of_another_ca_is_not_asked(self):
        make(self.strangers, "localhost")
        self.replace("hospital", tls=server_context(self.strangers))
        self.assert_hospital_unasked()

    def test_a_hospital_with_another_name_is_not_asked(self):
        self.replace("hospital", tls=server_context(self.certs, "elsewhere.example.org"))
        self.assert_hospital_unasked()

    def assert_hospital_unasked(self):
        self.candidate("unread")
        self.make_tls_gateway()
        def said():
            self.gateway.advance(30_000)
            return any(f.startswith("source.ehr.") for f in self.faults())
        wait_until(said, "a fault says that the hospital cannot be reached")
        self.assertEqual(self.hospital.requests, [])

    def test_senders_must_show_a_certificate_when_told_so(self):
        self.replace("hospital", trust=client_context(self.certs, "client"))
        self.make_tls_gateway(listen={"ca": self.path("ca.pem"), "requireClientCertificate": True})
        self.ready()
        self.candidate("known")
        self.settled()
        self.assertEqual(len(self.assert_study_agrees()), 1)

        make(self.strangers, "client")
        stranger = client_context(self.certs)
        stranger.load_cert_chain(self.path("client.pem", self.strangers), self.path("client.key", self.strangers))
        for context in (client_context(self.certs), stranger):
            with self.assertRaises((ssl.SSLError, urllib.error.URLError, OSError)):
                self.ask("/livez", context)
        self.assertEqual(self.ask("/livez", client_context(self.certs, "client"))[0], 200)

    def test_old_versions_of_tls_are_refused(self):
        self.make_tls_gateway()
        self.assertEqual(self.ask("/livez", self.only(ssl.TLSVersion.TLSv1_3))[0], 200)
        self.assertEqual(self.ask("/livez", self.only(ssl.TLSVersion.TLSv1_2))[0], 200)
        with self.assertRaises(OSError) as caught:
            self.connect(self.only(ssl.TLSVersion.TLSv1_1))
        self.assertIn("ALERT_PROTOCOL_VERSION", str(caught.exception).upper().replace(" ", "_"))  # the gateway's word, not our library's

    def only(self, version):
        c = client_context(self.certs)
        c.set_ciphers("ALL:@SECLEVEL=0")  # our side would speak anything
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            c.minimum_version = c.maximum_version = version
        return c

    # ---- renewal

    def test_a_renewed_certificate_is_used_without_a_restart(self):
        self.make_tls_gateway()
        self.ready()
        serial = lambda s: s.getpeercert()["serialNumber"]
        old = self.connect()
        before = serial(old)
        self.assertEqual(self.status_by_get(old), b"200")
        make(self.certs, "localhost")
        self.hang_up()
        new = self.connect()
        self.assertNotEqual(serial(new), before)
        self.assertEqual(self.status_by_get(new), b"200")
        self.assertEqual(self.status_by_get(old), b"200")
        self.candidate("after")
        self.settled()
        self.assertEqual(len(self.assert_study_agrees()), 1)

    def test_a_renewal_that_cannot_be_used_keeps_the_old_certificate(self):
        self.make_tls_gateway()
        self.ready()
        before = self.connect().getpeercert()["serialNumber"]
        shutil.copy(self.path("client.key"), self.path("localhost.key"))  # a key of another certificate
        self.gateway.process.send_signal(signal.SIGHUP)
        wait_until(lambda: any("reload.refused" in l or "reload.certificate" in l for l in self.gateway.output), "the renewal is refused")
        self.assertEqual(self.connect().getpeercert()["serialNumber"], before)

        def told():
            self.connect().close()  # the files are looked at when somebody connects, every few seconds
            return any("fault.began" in l and "tls.listen" in l for l in self.gateway.output)

        wait_until(told, "the operator is told")

    def hang_up(self):
        seen = sum(" reloaded" in line for line in self.gateway.output)
        self.gateway.process.send_signal(signal.SIGHUP)
        wait_until(lambda: sum(" reloaded" in line for line in self.gateway.output) > seen, "the configuration is read again")

    def test_what_arrives_during_a_reload_is_answered(self):
        self.make_tls_gateway()
        self.ready()
        statuses, stop = [], threading.Event()

        def send():
            while not stop.is_set():
                statuses.append(self.notify(len(statuses)))
        threads = [threading.Thread(target=send) for _ in range(2)]
        for t in threads:
            t.start()
        for _ in range(2):
            self.hang_up()
        stop.set()
        for t in threads:
            t.join()
        self.assertTrue(self.gateway.alive())
        self.assertLessEqual(set(statuses), {200, 503})
        self.assertIn(200, statuses)

    def test_a_reload_waits_for_who_waits_for_a_commit(self):
        self.make_tls_gateway()
        self.ready()
        store = sqlite3.connect(os.path.join(self.gateway.folder, "data", "trialgate.db"), isolation_level=None)
        self.addCleanup(store.close)
        statuses = []
        store.execute("BEGIN IMMEDIATE")  # no commit of the gateway's can be made meanwhile
        waiting = [threading.Thread(target=lambda: statuses.append(self.notify(0))) for _ in range(8)]
        for one in waiting:
            one.start()
        threading.Event().wait(1)
        self.assertEqual(statuses, [])
        self.gateway.process.send_signal(signal.SIGHUP)
        threading.Event().wait(1)
        self.assertFalse(any(" reloaded" in line for line in self.gateway.output), "the old parts are still in use")
        store.execute("ROLLBACK")
        for one in waiting:
            one.join()
        self.assertEqual(statuses, [200] * 8)
        wait_until(lambda: any(" reloaded" in line for line in self.gateway.output), "the configuration is read again")
        self.assertEqual(self.notify(0), 200)
        self.assertTrue(self.gateway.alive())

    # ---- limits of the listener

    def test_check_refuses_a_plain_address_that_others_reach(self):
        gateway = self.make_tls_gateway(start=False)
        gateway.config["listen"] = {"address": "0.0.0.0:8443"}
        path = gateway.write("trialgate.json", json.dumps(gateway.config, indent=2))
        done = gateway.run("check")
        self.assertNotEqual(done.returncode, 0)
        with open(path) as f:
            line = next(n for n, text in enumerate(f, 1) if "0.0.0.0:8443" in text)
        self.assertRegex(done.stdout + done.stderr, rf"trialgate\.json:{line}:\d+: error: .*TLS")
        gateway.config["listen"].update(tls="terminated", publicUrl="https://gateway.example.org")
        gateway.write("trialgate.json", json.dumps(gateway.config, indent=2))
        gateway.run("check", expect=0)

    def test_a_slow_sender_is_cut_off_while_others_are_served(self):
        self.make_tls_gateway()
        self.ready()
        slow, silent = self.connect(), socket.create_connection(("127.0.0.1", self.gateway.port), timeout=60)
        self.addCleanup(silent.close)
        slow.sendall(b"POST /in/x HTTP/1.1\r\nHost: localhost\r\n")
        answered, ended = [], threading.Event()
        def drip():
            slow.settimeout(0.2)
            n = 0
            while not ended.is_set():
                try:
                    n += 1
                    slow.sendall(f"X-{n}: y\r\n".encode())
                    some = slow.recv(4096)
                    answered.append(some)
                    if not some:
                        break
                except TimeoutError:
                    continue
                except OSError:
                    break
            ended.set()
        threading.Thread(target=drip, daemon=True).start()
        served = 0
        def over():
            nonlocal served
            served += self.ask("/livez")[0] == 200
            return ended.is_set()
        wait_until(over, "the drip is cut off", 60)
        self.assertGreater(served, 3)
        self.assertEqual(b"".join(answered)[:12], b"HTTP/1.1 408")
        self.assertEqual(silent.recv(1), b"")  # a handshake that never comes ends as well

    def test_a_body_beyond_the_limit_is_413(self):
        self.make_tls_gateway(start=False).config["listen"]["mostBodyBytes"] = 65536
        self.gateway.start()
        self.ready()
        at, headers = self.hook()
        path = at[at.index("/in/"):] + "/Observation/large"
        self.assertEqual(self.ask(path, None, "PUT", b"{" + b" " * 70_000 + b"}", headers)[0], 413)
        self.assertEqual(self.gateway.metric("trialgate_journal_rows"), 0)

    def test_the_public_halves_of_the_keys_are_published_and_nothing_more(self):
        subprocess.run([os.path.join(CERTS, "make-signing-key.sh"), "--to", self.certs, "ec"], check=True, capture_output=True)
        subprocess.run([os.path.join(CERTS, "make-signing-key.sh"), "--to", self.certs, "--rsa", "rsa"], check=True, capture_output=True)
        gateway = self.make_tls_gateway(start=False)
        gateway.config["sources"][0]["auth"] = {
            "method": "smart", "clientId": "trialgate", "scope": "system/*.read", "tokenUrl": self.hospital.base + "/token",
            "keys": [{"file": self.path("ec.key"), "id": "now"}, {"file": self.path("rsa.key"), "id": "next"}]}
        gateway.start()
        status, body = self.ask("/.well-known/jwks.json")
        self.assertEqual(status, 200)
        keys = {k["kid"]: k for k in json.loads(body)["keys"]}
        self.assertEqual({k: v["kty"] for k, v in keys.items()}, {"now": "EC", "next": "RSA"})
        for key in keys.values():
            self.assertLessEqual(set(key), {"kty", "kid", "use", "alg", "key_ops", "crv", "x", "y", "n", "e"})


if __name__ == "__main__":
    unittest.main()
