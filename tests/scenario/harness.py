"""Starts the real program, steers its clock, waits for conditions. Used by the scenarios."""
import hashlib
import hmac
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

PROGRAM = os.environ.get("TRIALGATE", os.path.join(os.path.dirname(__file__), "..", "..", "build", "release", "trialgate"))
START = 1773561600000  # 2026-03-15T08:00:00Z
PATIENCE = float(os.environ.get("TRIALGATE_PATIENCE", "30"))
PSEUDONYM_KEY = "scenario-pseudonym-key"
FLAGGED = ("eligible", "likely", "possible")


def wait_until(condition, what, patience=PATIENCE):
    """Waits for a condition, not for time: returns its value as soon as it is true."""
    end = time.monotonic() + patience
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"waited {patience} s in vain: {what}")
        threading.Event().wait(0.02)


def pseudonym(source, patient):
    return hmac.new(PSEUDONYM_KEY.encode(), f"{source}|{patient}".encode(), hashlib.sha256).hexdigest()[:32]


class Gateway:
    """One data folder, one configuration; the process may come and go."""

    def __init__(self, sources, sinks, **more):
        self.folder = tempfile.mkdtemp(prefix="trialgate-scenario-")
        self.now = more.pop("start", START)
        self.environment = more.pop("environment", {})
        self.write("pseudonym.key", PSEUDONYM_KEY)
        self.config = {"data": "data", "timeZone": "Europe/Berlin", "pseudonymKey": {"file": "pseudonym.key"},
                       "trials": ["sle-uc-msc"], "listen": {"address": "127.0.0.1:0"}, "operations": {"address": "127.0.0.1:0"},
                       "sources": sources, "sinks": sinks, **more}
        self.process, self.reader, self.port, self.operations, self.output = None, None, None, None, []
        self.begun = 0  # where the output of the present process begins

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", opener=lambda p, f: os.open(p, f, 0o600)) as f:
            f.write(text)
        return path

    def file(self):
        return os.path.join(self.folder, "trialgate.json")

    def start(self, ready=True, before=None, config=None, **environment):
        """`before` runs in the new process, ahead of the program; `config` is read instead of the usual file."""
        self._read_to_the_end()
        self.begun = len(self.output)
        if self.port:  # hooks are registered with this address: a restart comes back to it
            self.config["listen"]["address"] = f"127.0.0.1:{self.port}"
        self.write("trialgate.json", json.dumps(self.config))
        env = dict(os.environ, TRIALGATE_TEST_CLOCK=str(self.now), **self.environment, **environment)
        self.process = subprocess.Popen([PROGRAM, "serve", "--config", config or self.file()], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                        text=True, env=env, errors="replace", preexec_fn=before)
        self.operations = None
        self.reader = threading.Thread(target=self._read, args=(self.process,), daemon=True)
        self.reader.start()
        if ready:
            process = self.process
            wait_until(lambda: self.operations or process.poll() is not None, "the gateway is ready")
            if not self.operations:
                raise AssertionError("the gateway did not start:\n" + "".join(self.output[-20:]))
        return self

    def _read_to_the_end(self):
        if self.process:
            self.process.wait()
            self.reader.join()
            self.process.stdout.close()

    def _read(self, process):
        for line in process.stdout:
            self.output.append(line)
            found = re.search(r" ready port=(\d+) operations=(\d+)", line)
            if found and process is self.process:
                self.port, self.operations = int(found[1]), int(found[2])

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self, expect=0):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=PATIENCE)
        if code != expect:
            raise AssertionError(f"exit code {code}:\n" + "".join(self.output[-30:]))

    def close(self):
        if self.alive():
            self.kill()
        self._read_to_the_end()
        shutil.rmtree(self.folder, ignore_errors=True)

    def operation(self, path, method="GET", body=None):
        r = urllib.request.Request(f"http://127.0.0.1:{self.operations}{path}", method=method, data=body)
        with urllib.request.urlopen(r, timeout=10) as answer:
            return answer.read().decode()

    def advance(self, milliseconds):
        """The clock goes on (or back)."""
        self.now += milliseconds
        if self.alive() and self.operations:
            try:
                self.operation("/test/clock", "PUT", str(self.now).encode())
            except OSError:
                pass  # killed in between: it starts with the new time

    def metrics(self):
        return [line for line in self.operation("/metrics").splitlines() if not line.startswith("#")]

    def metric(self, name, /, among=None, **labels):
        total = 0.0
        for line in self.metrics() if among is None else among:
            if line.startswith(name + "{") or line.startswith(name + " "):
                if all(f'{k}="{v}"' in line for k, v in labels.items()):
                    total += float(line.rsplit(" ", 1)[1])
        return total

    def run(self, *arguments, expect=None):
        done = subprocess.run([PROGRAM, *arguments, "--config", self.file()], capture_output=True, text=True, timeout=60,
                              env=dict(os.environ, TRIALGATE_TEST_CLOCK=str(self.now)))
        self.output.append(done.stdout + done.stderr)
        if expect is not None and done.returncode != expect:
            raise AssertionError(f"{arguments}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def status(self):
        return json.loads(self.run("status", "--json").stdout)

    def quiet(self, *more):
        """Nothing is left to do: no journal, nothing to fetch, nothing to deliver; and nothing was committed while we looked. `more` kinds of jobs."""
        def nothing():
            now = self.metrics()
            left = sum(self.metric("trialgate_source_jobs", now, kind=kind) for kind in ("hydrate", "fetch", *more))
            left += self.metric("trialgate_journal_rows", now) + self.metric("trialgate_outbox_waiting", now)
            return left == 0 and (self.metric("trialgate_commits_total", now),)
        first = nothing()
        return first and self.operation("/test/idle") == "idle" and nothing() == first


def probe(address, *arguments, timeout=300):
    """What `trialgate probe` says of the server there with all its checks: capability -> verdict."""
    done = subprocess.run([PROGRAM, "probe", address, "--write", "--listen", "127.0.0.1:0", "--format", "json", *arguments],
                          capture_output=True, text=True, timeout=timeout)
    if done.returncode not in (0, 3):
        raise AssertionError(f"probe: exit code {done.returncode}\n{done.stderr}")
    return {name: c["verdict"] for name, c in json.loads(done.stdout)["capabilities"].items()}


def working(verdicts):
    return {name for name, verdict in verdicts.items() if verdict in ("works", "limited")}


def screen(resources, folder, as_of="2026-03-15"):
    """What a full evaluation of the hospital's data says: {(patient, trial): status}."""
    path = os.path.join(folder, "hospital.ndjson")
    with open(path, "w") as f:
        for r in resources:
            f.write(json.dumps(r) + "\n")
    done = subprocess.run([PROGRAM, "screen", path, "--as-of", as_of, "--time-zone", "Europe/Berlin", "--trial", "sle-uc-msc", "--format", "json",
                           "--quiet"], capture_output=True, text=True, timeout=120)
    if done.returncode not in (0, 3):
        raise AssertionError(done.stderr)
    out = {}
    for line in done.stdout.splitlines():
        r = json.loads(line)
        out[r["patient"], r["trial"]] = r["status"]
    return out


def flags(study):
    """Active flags in the study system: {pseudonym: status}; more than one for a person is an error."""
    out = {}
    for f in study.current("Flag"):
        if f["status"] == "active":
            key = f["subject"]["identifier"]["value"]
            if key in out:
                raise AssertionError("two active flags for one person")
            out[key] = f["code"]["coding"][0]["code"]
    return out


def expected_flags(statuses, source):
    return {pseudonym(source, patient): status for (patient, _), status in statuses.items() if status in FLAGGED}


if __name__ == "__main__":
    sys.exit("run tests/scenario/run.sh")
