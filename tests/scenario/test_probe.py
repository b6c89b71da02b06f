"""`trialgate probe` against servers that are wrong in one way each: every fault is found by its own check, and by no other."""
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import unittest

import people
from fhir_peer import TYPES, Handler, Peer
from harness import PROGRAM, START, wait_until

HERE = os.path.dirname(os.path.abspath(__file__))
# What this peer, which has no fault, does not do: known, and no findings.
USUAL = {"security.smart", "search.strict", "history.instance", "bulk.export", "tls.used", "reach.clock"}


class BadServer(Peer):
    """The strict peer with one fault, named `fault`."""

    def __init__(self, fault=None, **more):
        super().__init__(START, **more)
        self.fault = fault
        for n in range(7):
            key = f"p{n}"
            for r in (people.patient(key), people.diagnosis(key), people.egfr(key, 60 + n), people.statement(key)):
                self.put(r, notify=False)
        self.server.RequestHandlerClass = type("BadHandler", (BadHandler,), {"peer": self})
        # A handshake that fails is what some of these are for.
        self.server.handle_error = lambda *_: None


class BadHandler(Handler):
    def handle_any(self):
        path, _, query = self.path.partition("?")
        kind, fault = path.rsplit("/", 1)[-1], self.peer.fault
        if "/.well-known/" in path:
            if fault == "smart-html":
                return self.html()
            return self.refuse(404, "not-found")
        if fault == "html" and kind == "Procedure":
            return self.html()
        if fault == "slow" and kind == "Consent":
            threading.Event().wait(10)
        if fault == "no-last-updated" and "_lastUpdated=" in query:
            self.path = path + "?_count=2"
        if fault == "others-patients" and kind == "Observation" and "patient=" in query:
            self.path = path + "?_count=20"
        if fault == "lies" and kind == "Consent":
            return self.refuse(404, "not-supported")
        if fault == "busy" and kind == "Consent":
            return self.refuse(429, "throttled", {"Retry-After": "1"})
        if fault == "stale" and self.command == "PUT":
            del self.headers["If-Match"]
        if fault == "twice":
            del self.headers["If-None-Exist"]
        return super().handle_any()

    do_GET = do_POST = do_PUT = do_DELETE = handle_any

    def dispatch(self, parts, parameters, body):
        # The peer calls what it does not know a violation; a probe asks such things on purpose.
        if self.command == "GET" and len(parts) == 3 and parts[2] == "_history" or "$" in "/".join(parts):
            return self.refuse(404, "not-supported")
        parameters = [(n, v) for n, v in parameters if n != "trialgate-no-such-parameter"]
        return super().dispatch(parts, parameters, body)

    def html(self):
        text = b"<!DOCTYPE html><html><body>Sign in as Zita Erfunden-p0</body></html>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def date_time_string(self, timestamp=None):
        return Handler.__mro__[1].date_time_string(self)  # the machine's: a probe compares

    def bundle(self, kind, entries, parameters, link_self):
        peer = self.peer
        out = super().bundle(kind, entries, parameters, link_self)
        following = [l for l in out["link"] if l["relation"] == "next"]
        if kind != "searchset":
            return out
        for link in following:
            if peer.fault == "foreign":
                link["url"] = link["url"].replace("127.0.0.1", "internal-host.example")
            elif peer.fault == "other-port":
                link["url"] = link["url"].replace(peer.base, "http://127.0.0.1:1/fhir")
            elif peer.fault == "relative":
                link["url"] = "/fhir?" + link["url"].partition("?")[2]
            elif peer.fault == "scheme":
                there, other = ("https", "http") if peer.base.startswith("https") else ("http", "https")
                link["url"] = link["url"].replace(there + "://", other + "://")
            elif peer.fault == "loop":
                link["url"] = link_self or link["url"]
            elif peer.fault == "gone":
                peer.searches.pop(link["url"].partition("_getpages=")[2])
            elif peer.fault == "duplicates":
                token = link["url"].partition("_getpages=")[2]
                searchset, left, count = peer.searches[token]
                peer.searches[token] = (searchset, entries[len(out["entry"]) - 1:], count)  # the last one again
        if peer.fault == "endless" and len(following) == 0 and link_self is None:
            peer.pages += 1
            token = f"t{peer.pages}"
            peer.searches[token] = (kind, entries, [("_count", "2")])
            out["link"].append({"relation": "next", "url": f"{peer.base}?_getpages={token}"})
        return out


class Probe(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="trialgate-probe-")
        self.addCleanup(shutil.rmtree, self.folder, True)

    def server(self, fault=None, **more):
        peer = BadServer(fault, **more)
        self.addCleanup(peer.close)
        self.peer = peer
        return peer

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", opener=lambda p, f: os.open(p, f, 0o600)) as f:
            f.write(text)
        return path

    def run_probe(self, *arguments, expect=None):
        done = subprocess.run([PROGRAM, "probe", *arguments, "--rate", "1000", "--trial", "sle-uc-msc"],
                              capture_output=True, text=True, timeout=120)
        if expect is not None:
            self.assertEqual(done.returncode, expect, done.stdout + done.stderr)
        return done

    def arguments(self, *more):
        return [self.peer.base, "--token-file", self.write("token", self.peer.token), *more]

    def report(self, *more, expect=None, patience="3"):
        done = self.run_probe(*self.arguments("--format", "json", "--patience", patience, *more), expect=expect)
        out = json.loads(done.stdout)
        self.assertEqual(done.returncode, 3 if any(c["finding"] for c in out["checks"]) else 0)
        out["by"] = {c["id"]: c for c in out["checks"]}
        return out

    def verdict(self, report, check):
        return report["by"][check]["verdict"]

    def assert_only(self, report, *checks):
        """These checks are findings, and no others."""
        self.assertEqual({c["id"] for c in report["checks"] if c["finding"]}, set(checks),
                         [(c["id"], c["reason"]) for c in report["checks"] if c["finding"]])

    # ---- a good one

    def test_a_good_server_has_no_findings(self):
        self.server()
        r = self.report(expect=0)
        self.assert_only(r)
        imperfect = {c["id"] for c in r["checks"] if c["verdict"] in ("limited", "does-not-work")}
        self.assertLessEqual(imperfect, USUAL, [r["by"][i] for i in imperfect - USUAL])
        for check in ("search.types", "search.patient", "search.code", "updated.filter", "updated.exact", "updated.sort",
                      "paging.follow", "paging.ends",
                      "history.type", "history.since", "security.access", "security.closed", "version.honest", "rate.limits"):
            self.assertEqual(self.verdict(r, check), "works", r["by"][check])
        self.assertEqual(r["recommended"]["sources"][0]["delivery"], "poll")

    def test_read_only_by_default(self):
        peer = self.server()
        self.report("--listen", "127.0.0.1:0")
        self.assertEqual([q for q in peer.requests if q[0] != "GET"], [])
        self.assertEqual(peer.current("Subscription"), [])

    def test_at_most_so_many_requests(self):
        peer = self.server()
        r = self.report("--requests", "12")
        self.assertLessEqual(len(peer.requests), 12)
        self.assertEqual(r["requests"], 12)
        self.assertIn("limit of 12 requests", "".join(c["reason"] for c in r["checks"]))

    # ---- one fault each, one check each

    def diagnosed(self, fault, *checks, verdict="does-not-work", more=(), **server):
        self.server(fault, **server)
        r = self.report(*more, expect=3)
        for check in checks:
            self.assertEqual(self.verdict(r, check), verdict, r["by"][check])
        self.assert_only(r, *checks)
        return r

    def test_next_links_to_another_host(self):
        self.diagnosed("foreign", "paging.origin")

    def test_next_links_to_another_port(self):
        self.diagnosed("other-port", "paging.origin")

    def test_next_links_of_another_scheme(self):
        self.diagnosed("scheme", "paging.scheme")

    def test_relative_next_links(self):
        r = self.diagnosed("relative", "paging.absolute", verdict="limited")
        self.assertEqual(self.verdict(r, "paging.follow"), "works")

    def test_duplicate_pages(self):
        self.diagnosed("duplicates", "paging.duplicates")

    def test_a_next_link_that_leads_back(self):
        self.diagnosed("loop", "paging.ends")

    def test_endless_paging(self):
        r = self.report_of_endless()
        self.assertEqual(self.verdict(r, "paging.ends"), "does-not-work", r["by"]["paging.ends"])
        # What comes again and again is also on two pages.
        self.assert_only(r, "paging.ends", "paging.duplicates")

    def report_of_endless(self):
        self.server("endless")
        return self.report(expect=3)

    def test_next_links_that_are_gone(self):
        self.diagnosed("gone", "paging.follow")

    def test_a_lying_capability_statement(self):
        self.server("lies")
        r = self.report(expect=3)
        self.assertEqual(self.verdict(r, "version.honest"), "does-not-work")
        self.assertIn("Consent search is claimed", r["by"]["version.honest"]["evidence"][0])
        # The type is missing as well, which is a finding of its own.
        self.assert_only(r, "version.honest", "search.types")
        self.assertNotIn("Consent", r["recommended"]["sources"][0]["types"])

    def test_html_with_200(self):
        self.server("html")
        r = self.report(expect=3)
        self.assertEqual(self.verdict(r, "reach.json"), "does-not-work")
        self.assertIn("GET Procedure?_count=2: 200, text/html", r["by"]["reach.json"]["evidence"])
        self.assert_only(r, "reach.json", "search.types", "version.honest")
        self.assertNotIn("Erfunden", json.dumps(r))

    def test_html_instead_of_a_smart_configuration(self):
        self.diagnosed("smart-html", "security.smart")

    def test_ten_second_answers(self):
        r = self.diagnosed("slow", "reach.speed")
        self.assertIn("GET Consent", r["by"]["reach.speed"]["evidence"][0])

    def test_no_answer_within_the_deadline(self):
        self.server("slow")
        r = self.report("--deadline", "1", expect=3)
        self.assertEqual(self.verdict(r, "reach.speed"), "does-not-work")
        self.assertIn("no answer within", r["by"]["reach.speed"]["reason"])

    def test_a_server_that_holds_requests_back(self):
        self.server("busy")
        r = self.report(expect=3)
        self.assertEqual(self.verdict(r, "rate.limits"), "limited")
        self.assertIn("Retry-After is usable", r["by"]["rate.limits"]["reason"])
        # Not now is not never: no lie, and the type stays in the configuration.
        self.assert_only(r, "search.types")
        self.assertNotIn("types", r["recommended"]["sources"][0])

    def test_ignored_last_updated(self):
        r = self.diagnosed_many("no-last-updated", "updated.filter", "version.honest")
        self.assertEqual(r["recommended"]["sources"][0]["pollEvery"], "1h")

    def test_others_patients(self):
        self.diagnosed_many("others-patients", "search.patient", "version.honest")

    def diagnosed_many(self, fault, *checks):
        self.server(fault)
        r = self.report(expect=3)
        for check in checks:
            self.assertEqual(self.verdict(r, check), "does-not-work", r["by"][check])
        self.assert_only(r, *checks)
        return r

    def test_a_refused_token(self):
        self.server()
        wrong = self.write("wrong", "wrong-token")
        r = json.loads(self.run_probe(self.peer.base, "--token-file", wrong, "--format", "json", expect=3).stdout)
        by = {c["id"]: c for c in r["checks"]}
        self.assertEqual(by["security.access"]["verdict"], "does-not-work")
        self.assertEqual(by["paging.origin"]["verdict"], "not-tested")
        self.assertIsNone(r["recommended"])
        self.assertNotIn("wrong-token", json.dumps(r))

    # ---- TLS

    def certificates(self, *names):
        if not shutil.which("openssl"):
            self.skipTest("skipped: openssl is not installed")
        folder = os.path.join(self.folder, "certs")
        subprocess.run([os.path.join(HERE, "..", "..", "certs", "make.sh"), "--to", folder, *names], check=True, capture_output=True)
        return folder

    def context(self, folder, name):
        c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        c.load_cert_chain(os.path.join(folder, name + ".pem"), os.path.join(folder, name + ".key"))
        return c

    def test_tls_that_is_right(self):
        folder = self.certificates("localhost")
        self.server(tls=self.context(folder, "localhost"))
        r = self.report("--ca", os.path.join(folder, "ca.pem"), expect=0)
        self.assertEqual(self.verdict(r, "tls.certificate"), "works")
        self.assertEqual(self.verdict(r, "tls.used"), "works")

    def test_a_certificate_that_is_not_trusted(self):
        folder = self.certificates("localhost")
        self.diagnosed("none", "tls.certificate", tls=self.context(folder, "localhost"))

    def test_a_certificate_of_another_name(self):
        folder = self.certificates("localhost", "elsewhere.example.org")
        self.diagnosed("none", "tls.certificate", more=["--ca", os.path.join(folder, "ca.pem")],
                       tls=self.context(folder, "elsewhere.example.org"))

    def test_http_links_of_an_https_server(self):
        folder = self.certificates("localhost")
        r = self.diagnosed("scheme", "paging.scheme", more=["--ca", os.path.join(folder, "ca.pem")], tls=self.context(folder, "localhost"))
        self.assertIn("http where the server is https", r["by"]["paging.scheme"]["reason"])

    def test_nobody_there(self):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            done = self.run_probe(f"http://127.0.0.1:{s.getsockname()[1]}/fhir", "--format", "json", expect=3)
        r = json.loads(done.stdout)
        self.assertEqual([c["id"] for c in r["checks"] if c["finding"]], ["reach.connect"])

    # ---- writing

    def nothing_left(self):
        ours = [r for kind in TYPES for r in self.peer.current(kind) if "probe" in json.dumps(r.get("meta", {}).get("tag", []))]
        self.assertEqual(ours, [])

    def test_writes_and_removes(self):
        peer = self.server()
        r = self.report("--write", "--listen", "127.0.0.1:0", expect=0)
        for check in ("write.create", "write.visible", "write.update", "write.client-ids", "write.if-none-exist",
                      "write.if-none-exist-race", "write.if-match", "write.if-match-race", "subscription.rest-hook",
                      "history.deletes", "write.delete"):
            self.assertEqual(self.verdict(r, check), "works", r["by"][check])
        self.assertEqual(r["recommended"]["sources"][0]["delivery"], "rest-hook")
        self.nothing_left()
        self.assertEqual(peer.current("Subscription"), [])
        self.assertEqual(len(peer.current("Observation")), 7)
        self.assertEqual(peer.violations, [])

    def test_everything_it_writes_is_tagged(self):
        peer = self.server()
        r = self.report("--write", "--listen", "127.0.0.1:0")
        written = [v[0][2] for kind in ("Observation", "Subscription") for v in peer.data.get(kind, {}).values() if v[-1][2] is None]
        self.assertGreater(len(written), 5)
        for w in written:
            self.assertIn({"system": "urn:trialgate:tag", "code": "probe-" + r["run"]}, w["meta"]["tag"])
        for w in written:
            if w["resourceType"] == "Observation":
                self.assertEqual((w["status"], "subject" in w), ("entered-in-error", False))

    def test_removes_also_after_an_interruption(self):
        peer = self.server()
        peer.quiet = True  # nothing is told: the probe waits
        p = subprocess.Popen([PROGRAM, "probe", *self.arguments("--write", "--listen", "127.0.0.1:0", "--rate", "1000", "--patience", "60"),
                              "--trial", "sle-uc-msc"],
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        wait_until(lambda: any(s["status"] == "active" for s in peer.current("Subscription")), "a Subscription is there")
        p.send_signal(signal.SIGINT)
        p.communicate(timeout=30)
        self.assertEqual(p.returncode, 1)
        self.nothing_left()
        self.assertEqual(peer.current("Subscription"), [])

    def test_limits_do_not_leave_anything_behind(self):
        self.server()
        self.report("--write", "--requests", "60")
        self.nothing_left()

    def test_a_subscription_that_never_fires(self):
        peer = self.server()
        peer.quiet = True
        r = self.report("--write", "--listen", "127.0.0.1:0", patience="1")
        self.assertEqual(self.verdict(r, "subscription.rest-hook"), "does-not-work")
        self.assertEqual(r["recommended"]["sources"][0]["delivery"], "poll")

    def test_without_a_listener_subscriptions_are_not_tested(self):
        self.server()
        r = self.report("--write")
        self.assertEqual(self.verdict(r, "subscription.rest-hook"), "not-tested")
        self.assertIn("--listen", r["by"]["subscription.rest-hook"]["reason"])

    def topic(self, dialect):
        self.server(dialect=dialect)
        r = self.report("--write", "--listen", "127.0.0.1:0")
        self.assertEqual(self.verdict(r, "subscription.topic"), "works", r["by"]["subscription.topic"])
        source = r["recommended"]["sources"][0]
        self.assertEqual((source["delivery"], source["topics"]), ("topic", ["http://example.org/topics/everything"]))
        self.nothing_left()
        return source

    def test_topics_r4(self):
        self.topic("topic-r4")

    def test_topics_r4b(self):
        self.assertEqual(self.topic("topic-r4b")["fhirVersion"], "4.3")

    def test_topics_r5(self):
        self.assertEqual(self.topic("r5")["fhirVersion"], "5.0")

    def test_a_hook_without_content(self):
        self.server(dialect="empty")
        r = self.report("--write", "--listen", "127.0.0.1:0", patience="1")
        self.assertEqual(self.verdict(r, "subscription.rest-hook-empty"), "works", r["by"]["subscription.rest-hook-empty"])
        self.assertEqual(self.verdict(r, "subscription.rest-hook"), "does-not-work")
        self.assertIs(r["recommended"]["sources"][0]["payload"], False)

    def test_ignored_conditions(self):
        self.server("twice")
        r = self.report("--write")
        self.assertEqual(self.verdict(r, "write.if-none-exist"), "does-not-work")
        self.nothing_left()
        self.server("stale")
        r = self.report("--write")
        self.assertEqual(self.verdict(r, "write.if-match"), "does-not-work")
        self.nothing_left()

    # ---- what is recommended

    def test_the_recommended_configuration_is_valid(self):
        for more in ([], ["--write", "--listen", "127.0.0.1:0"]):
            self.server()
            text = self.run_probe(*self.arguments("--patience", "3", *more)).stdout
            block = text[text.index('"sources": ['):text.index("\n]\n") + 3]
            with open(os.path.join(self.folder, "trialgate.json"), "w") as f:  # as a person pastes it, comments and all
                f.write('{"data": "data", "timeZone": "UTC",\n' + block + "}")
            done = subprocess.run([PROGRAM, "check", "--config", f.name], capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr + block)

    def test_a_source_of_the_configuration(self):
        self.server()
        self.write("token", self.peer.token)
        config = self.write("trialgate.json", json.dumps({"data": "data", "timeZone": "UTC", "trials": ["sle-uc-msc"], "sources": [
            {"name": "clinic", "url": self.peer.base, "auth": {"method": "token", "secret": {"file": "token"}}}]}))
        done = self.run_probe("--source", "clinic", "--config", config, "--format", "json", expect=0)
        self.assertEqual(json.loads(done.stdout)["recommended"]["sources"][0]["name"], "clinic")

    # ---- recordings

    def test_a_recording_gives_the_same_verdicts_without_network_and_without_people(self):
        for fault in (None, "duplicates", "foreign", "html", "no-last-updated"):
            with self.subTest(fault=fault):
                self.server(fault)
                tape = os.path.join(self.folder, f"tape-{fault}")
                live = self.report("--write", "--listen", "127.0.0.1:0", "--record", tape)
                secrets = {self.peer.token}
                for r in self.peer.everything():
                    secrets |= {r["id"], r["meta"]["lastUpdated"][:10]}
                    if r["resourceType"] == "Patient":
                        secrets |= {r["birthDate"], r["name"][0]["family"], r["identifier"][0]["value"]}
                for name in os.listdir(tape):
                    with open(os.path.join(tape, name)) as f:
                        text = f.read()
                    for secret in secrets:
                        self.assertNotIn(f'"{secret}"', text, name)
                        if len(secret) > 4:
                            self.assertNotIn(secret, text, name)
                self.peer.close()
                done = self.run_probe("--replay", tape, "--format", "json", expect=3 if any(c["finding"] for c in live["checks"]) else 0)
                again = {c["id"]: c["verdict"] for c in json.loads(done.stdout)["checks"]}
                self.assertEqual(again, {c["id"]: c["verdict"] for c in live["checks"]})

    def test_a_recording_is_not_written_over(self):
        self.server()
        tape = os.path.join(self.folder, "tape")
        self.run_probe(*self.arguments("--record", tape), expect=0)
        self.assertIn("holds a recording already", self.run_probe(*self.arguments("--record", tape), expect=1).stderr)
        self.assertIn("no recording", self.run_probe("--replay", os.path.join(self.folder, "none"), expect=1).stderr)

    # ---- formats

    def test_the_formats(self):
        import xml.etree.ElementTree as xml
        self.server("duplicates")
        junit = xml.fromstring(self.run_probe(*self.arguments("--format", "junit"), expect=3).stdout)
        self.assertEqual([c.get("name") for c in junit.iter("testcase") if c.find("failure") is not None], ["paging.duplicates"])
        report = json.loads(self.run_probe(*self.arguments("--format", "testreport"), expect=3).stdout)
        self.assertEqual((report["resourceType"], report["status"], report["result"]), ("TestReport", "completed", "fail"))
        failed = [t["name"] for t in report["test"] if t["action"][0]["assert"]["result"] == "fail"]
        self.assertEqual(failed, ["paging.duplicates"])
        page = self.run_probe(*self.arguments("--format", "html"), expect=3).stdout
        self.assertIn("paging.duplicates", page)
        self.assertTrue(page.startswith("<!DOCTYPE html>"))
        text = self.run_probe(*self.arguments(), expect=3).stdout
        self.assertIn("1 finding", text)
        for shape in (page, text, json.dumps(report)):
            for r in self.peer.everything():
                self.assertNotIn(f"/{r['id']}", shape)
        path = os.path.join(self.folder, "report.html")
        self.assertEqual(self.run_probe(*self.arguments("--format", "html", "--output", path), expect=3).stdout, "")
        self.assertTrue(os.path.getsize(path) > 1000)


if __name__ == "__main__":
    unittest.main()
