"""A real HAPI FHIR server as a process, and a plain client of it. Used by test_hapi.py."""
import http.client
import json
import os
import shutil
import subprocess
import tempfile
import threading
import urllib.error
import urllib.parse
import urllib.request

JAVA = ["java", "-Xmx1g", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
FHIR_JSON = "application/fhir+json"


class Hapi:
    """Its data are in a file, so that it may be killed and come back, with the same address."""

    def __init__(self, release):
        self.release = release
        self.folder = tempfile.mkdtemp(prefix="trialgate-hapi-")
        self.log = open(os.path.join(self.folder, "hapi.log"), "ab")  # of all its lives
        self.base, self.process, self.starts = None, None, 0

    def start(self):
        port = urllib.parse.urlsplit(self.base).port if self.base else 0
        command = [*JAVA, "-cp", os.environ["HAPI_CLASSPATH"], "org.trialgate.interop.HapiServer",
                   f"release={self.release}", f"port={port}", f"database={self.folder}/data"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True)
        self.base = self.process.stdout.readline().strip()
        if not self.base:
            with open(self.log.name, encoding="utf-8") as f:
                raise AssertionError("HAPI does not start:\n" + f.read()[-4000:])
        self.starts += 1
        return self

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()

    def close(self):
        if self.process and self.process.poll() is None:
            self.kill()
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    # ---- client

    def ask(self, method, path, body=None, **headers):
        """Status and JSON (None when there is none). `path` below the base, or a link that the server gave."""
        url = path if path.startswith("http") else f"{self.base}/{path}"
        request = urllib.request.Request(url, method=method, data=None if body is None else json.dumps(body).encode(),
                                         headers={"Accept": FHIR_JSON, "Content-Type": FHIR_JSON, "Cache-Control": "no-cache", **headers})
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                status, text = answer.status, answer.read()
        except urllib.error.HTTPError as e:
            status, text = e.code, e.read()
        return status, json.loads(text) if text else None

    def done(self, method, path, body=None):
        status, answer = self.ask(method, path, body)
        if status not in (200, 201, 204):
            raise AssertionError(f"{method} {path}: {status} {json.dumps(answer)[:600]}")
        return answer

    def put(self, resource):
        return self.done("PUT", f"{resource['resourceType']}/{resource['id']}", resource)

    def put_all(self, resources, at_a_time=200):
        """By transactions: much faster."""
        for n in range(0, len(resources), at_a_time):
            entries = [{"resource": r, "request": {"method": "PUT", "url": f"{r['resourceType']}/{r['id']}"}}
                       for r in resources[n:n + at_a_time]]
            self.done("POST", "", {"resourceType": "Bundle", "type": "transaction", "entry": entries})

    def delete(self, kind, key):
        self.done("DELETE", f"{kind}/{key}")

    def all(self, kind, query=""):
        out, link = [], f"{kind}?_count=200{query}"
        while link:
            bundle = self.done("GET", link)
            out += [e["resource"] for e in bundle.get("entry", []) if e.get("search", {}).get("mode", "match") == "match"]
            link = next((one["url"] for one in bundle.get("link", []) if one["relation"] == "next"), None)
        return out

    def alive(self):
        try:
            return self.ask("GET", "metadata?_elements=fhirVersion")[0] == 200
        except (OSError, http.client.HTTPException):
            return False


class Listener:
    """Stands at an address, refuses everything with 503, and counts."""

    def __init__(self, port):
        from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
        listener, self.refused = self, 0

        class Handler(BaseHTTPRequestHandler):
            def refuse(self):
                listener.refused += 1
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                self.send_response(503)
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_GET = do_POST = do_PUT = do_DELETE = refuse

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
