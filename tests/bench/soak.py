#!/usr/bin/env python3
"""An hour in service, compressed: the clock is set on minute by minute, each with its share of notifications, changed decisions and polls. After a warm-up
of a third nothing may grow: resident memory, open files, threads, journal, write-ahead log.

  soak.py PROGRAM [--minutes 60] [--notifications 200000]
"""
import argparse
import json
import os
import socket
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "scenario"))

# What may differ between two thirds of the run without being growth: what an allocator keeps, a connection that is just open.
SLACK = {"rss": 1.0, "files": 6, "threads": 2, "wal": 4}
PEOPLE = 40


def post_all(port, path, headers, bodies):
    """Each thread its keep-alive connection; whatever is not answered 200 ends the run."""
    wrong = []

    def run(mine):
        with socket.create_connection(("127.0.0.1", port)) as s:
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for key, body in mine:
                s.sendall(f"PUT {path}/Observation/{key} HTTP/1.1\r\nHost: gw\r\n{headers}Content-Length: {len(body)}\r\n\r\n".encode() + body)
                answer = b""
                while True:
                    answer += s.recv(4096)
                    head, end, rest = answer.partition(b"\r\n\r\n")
                    if not answer or end and len(rest) >= int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0]):
                        break
                if not answer.startswith(b"HTTP/1.1 200"):
                    return wrong.append(answer[:80])
    threads = [threading.Thread(target=run, args=(bodies[n::16],)) for n in range(16)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    if wrong:
        sys.exit(f"refused: {wrong[0]}")


def sample(gateway):
    pid = gateway.process.pid
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        status = dict(line.split(":", 1) for line in f if ":" in line)
    wal = os.path.join(gateway.folder, "data", "trialgate.db-wal")
    return {"rss": int(status["VmRSS"].split()[0]) / 1024, "files": len(os.listdir(f"/proc/{pid}/fd")), "threads": int(status["Threads"]),
            "wal": os.path.getsize(wal) / 2**20, "db": os.path.getsize(wal[:-4]) / 2**20}


def main():
    given = argparse.ArgumentParser()
    given.add_argument("program")
    given.add_argument("--minutes", type=int, default=60)
    given.add_argument("--notifications", type=int, default=200_000)
    options = given.parse_args()
    os.environ["TRIALGATE"] = os.path.abspath(options.program)
    os.environ.setdefault("TRIALGATE_PATIENCE", "120")
    import people
    from base import Scenario
    from harness import wait_until

    test = Scenario()
    test.setUp()
    for n in range(PEOPLE):
        test.candidate(f"soak{n}", notify=False)
    test.make_gateway(source={"pollEvery": "1m"})
    test.subscribed()
    test.settled()
    gateway, hospital = test.gateway, test.hospital
    channel = next(s["channel"] for s in hospital.current("Subscription") if s.get("criteria", "").startswith("Observation"))
    path = "/" + channel["endpoint"].split("/", 3)[3]
    headers = "".join(h + "\r\n" for h in channel["header"]) + "Content-Type: application/fhir+json\r\n"
    sent, count, samples, begin = 0, 0, [], time.monotonic()
    print(f"{'minute':>6} {'sent':>8} {'RSS MiB':>8} {'files':>6} {'threads':>7} {'WAL MiB':>8} {'store MiB':>9}", flush=True)
    for minute in range(options.minutes):
        share = options.notifications * (minute + 1) // options.minutes - sent
        bodies = []
        for n in range(share):
            r = people.bystander_result(sent + n)  # always somebody new: nothing may be kept of them
            r["meta"] = {"versionId": "1"}
            bodies.append((r["id"], json.dumps(r).encode()))
        post_all(gateway.port, path, headers, bodies)
        sent += share
        for n in range(PEOPLE):  # of our people a result each: of some the decision changes
            count += 1
            hospital.put(people.egfr(f"soak{n}", 20 if n % 4 == 0 and minute % 2 else 60 + count % 30))
        hospital.now += 60_000
        gateway.advance(60_000)
        test.settled()
        wait_until(lambda: gateway.metric("trialgate_source_lag_seconds") < 300, "polls go on")
        samples.append(sample(gateway))
        if (minute + 1) % max(1, options.minutes // 12) == 0:
            s = samples[-1]
            print(f"{minute + 1:6} {sent:8} {s['rss']:8.1f} {s['files']:6} {s['threads']:7} {s['wal']:8.1f} {s['db']:9.1f}", flush=True)
    test.assert_study_agrees()
    polls = sum(1 for method, what, parameters in hospital.requests if method == "GET" and "_lastUpdated" in dict(parameters) or what.endswith("_history"))
    violations = hospital.violations + test.study.violations
    print(f"{sent} notifications, {count} results of {PEOPLE} considered people, {polls} polls, {len(test.study.requests)} requests to the study system, "
          f"{time.monotonic() - begin:.0f} s", flush=True)
    gateway.stop()
    gateway.close()
    hospital.close()
    test.study.close()
    warm, late = samples[len(samples) // 3:len(samples) * 2 // 3], samples[len(samples) * 2 // 3:]
    worst = 0
    for what, slack in SLACK.items():
        before, after = max(s[what] for s in warm), max(s[what] for s in late)
        grown = after > before + slack
        worst |= grown
        print(f"{what:8} highest in the second third {before:.1f}, in the last {after:.1f}: {'GROWS' if grown else 'no growth'}")
    for v in violations[:5]:
        print("violation:", v)
    return int(worst or bool(violations))


if __name__ == "__main__":
    sys.exit(main())
