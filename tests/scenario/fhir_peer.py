"""A FHIR server as a strict peer: the hospital or the study system of a scenario.

It keeps versions in memory, answers what the scenarios need, delivers Subscriptions in the dialect it is told to speak, and writes down every
request that no well-behaved client would send (`violations`): scenarios end by asserting that there are none.
Its time is its own: `tick` milliseconds pass with each write, so that nothing depends on the machine's clock.
"""
import copy
import json
import queue
import random
import sys
import threading
import urllib.error
import urllib.parse
import urllib.request
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TYPES = ["Patient", "Observation", "Condition", "MedicationRequest", "MedicationStatement", "MedicationDispense", "MedicationAdministration",
         "Medication", "Procedure", "Consent", "DiagnosticReport", "Specimen", "QuestionnaireResponse", "ResearchStudy", "ResearchSubject",
         "Flag", "Task", "Provenance", "Subscription", "SubscriptionTopic", "Basic", "Encounter",
         "Appointment", "CommunicationRequest", "DetectedIssue"]


def instant(ms):
    return datetime.fromtimestamp(ms / 1000, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.") + f"{ms % 1000:03d}Z"


def milliseconds(text):
    return round(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000)


def tokens(value):
    """(system, code) of everything coded in a value."""
    if isinstance(value, list):
        for one in value:
            yield from tokens(one)
    elif isinstance(value, dict):
        if "coding" in value:
            yield from tokens(value["coding"])
        elif "code" in value or "value" in value:
            yield value.get("system", ""), value.get("code", value.get("value"))
    elif isinstance(value, str):
        yield "", value


def references(resource):
    """Whom a resource is about, as "Patient/p1"."""
    named = [resource[m] for m in ("subject", "patient", "individual") if isinstance(resource.get(m), dict)]
    named += [p["actor"] for p in resource.get("participant", []) if "actor" in p]
    for literal in (str(r.get("reference", "")) for r in named):
        yield "/".join(literal.rsplit("/", 2)[-2:])


class Server(ThreadingHTTPServer):
    request_queue_size = 64

    def handle_error(self, request, client_address):
        """A client that is killed breaks its connections; everything else is a mistake of the scenario and shows."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class Peer:
    def __init__(self, start_ms, dialect="hapi", seed=1, token="s3cret", tick=10, page_size=None, faults=None,
                 tls=None, trust=None):
        """`tls`: the server side's ssl context; `trust`: the one for what is delivered over https."""
        self.trust = trust
        self.dialect, self.token, self.tick, self.page_size = dialect, token, tick, page_size
        self.random = random.Random(seed)
        self.now = start_ms
        self.lock = threading.RLock()
        self.data = {}                 # type -> id -> [(version, lastUpdated, resource or None)]
        self.of_person = {}            # (type, "p1") -> ids that named this person in any version: thousands of people are asked for one by one
        self.violations, self.requests = [], []
        self.faults = faults or {}     # name -> probability: "drop", "repeat", "reorder" messages, "error": 503, "silence": done, not answered
        self.searches, self.pages = {}, 0
        self.numbers = {}              # subscription id -> events so far
        self.deliveries = queue.Queue()
        self.delivered = []
        self.down = False              # answers 503 to everything and delivers nothing
        self.quiet = False             # accepts writes, delivers nothing: notifications are lost
        self.history = True
        self.hung = False              # a request has met `hang`
        self.hang = None               # an Event: requests wait for it before they are looked at
        if dialect in ("topic-r4b", "r5"):
            self.put({"resourceType": "SubscriptionTopic", "id": "everything", "url": "http://example.org/topics/everything", "status": "active",
                      "resourceTrigger": [{"resource": t} for t in TYPES[:13]]}, notify=False)
        handler = type("Handler", (Handler,), {"peer": self})
        self.server = Server(("127.0.0.1", 0), handler)
        self.server.daemon_threads = True
        if tls:  # handshakes belong to the threads of the connections
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.base = f"http{'s' if tls else ''}://127.0.0.1:{self.server.server_address[1]}/fhir"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        threading.Thread(target=self._deliver_all, daemon=True).start()

    def close(self):
        self.deliveries.put(None)
        self.server.shutdown()
        self.server.server_close()

    # ---- data

    def put(self, resource, notify=True):
        """Stores a new version; gives it an id, a version and a time."""
        with self.lock:
            r = copy.deepcopy(resource)
            kind = r["resourceType"]
            of_type = self.data.setdefault(kind, {})
            r.setdefault("id", f"n{sum(len(v) for v in of_type.values()) + 1}")
            versions = of_type.setdefault(r["id"], [])
            self.now += self.tick
            number = len(versions) + 1
            meta = dict(r.get("meta", {}), versionId=str(number), lastUpdated=instant(self.now))
            r["meta"] = meta
            versions.append((number, self.now, r))
            for reference in references(r):
                self.of_person.setdefault((kind, reference.rsplit("/", 1)[-1]), {})[r["id"]] = True
            if notify and kind != "Subscription":
                self._notify("update" if number > 1 else "create", r)
            return r

    def delete(self, kind, key):
        with self.lock:
            versions = self.data[kind][key]
            self.now += self.tick
            last = next(r for _, _, r in reversed(versions) if r)
            versions.append((len(versions) + 1, self.now, None))
            self._notify("delete", last)

    def current(self, kind):
        with self.lock:
            return [v[-1][2] for v in self.data.get(kind, {}).values() if v[-1][2] is not None]

    def get(self, kind, key):
        with self.lock:
            versions = self.data.get(kind, {}).get(key)
            return versions[-1][2] if versions else None

    def everything(self):
        with self.lock:
            return [r for kind in self.data for r in self.current(kind) if kind not in ("Subscription", "SubscriptionTopic", "Basic")]

    # ---- subscriptions

    def subscriptions(self):
        return [s for s in self.current("Subscription") if s.get("status") in ("active", "requested")]

    def _notify(self, what, resource):
        for s in self.subscriptions():
            criteria = s.get("criteria", s.get("topic", ""))
            if "channel" in s and self.dialect in ("hapi", "medplum", "empty"):
                if criteria.split("?")[0] != resource["resourceType"]:
                    continue
            if self.quiet or self.down or self.random.random() < self.faults.get("drop", 0):
                self.numbers[s["id"]] = self.numbers.get(s["id"], 0) + 1
                continue
            self.numbers[s["id"]] = self.numbers.get(s["id"], 0) + 1
            request = self.render(s, what, resource, self.numbers[s["id"]])
            times = 2 if self.random.random() < self.faults.get("repeat", 0) else 1
            for _ in range(times):
                self.deliveries.put(request)

    def render(self, s, what, resource, number):
        """(method, url, headers, body) as this dialect sends it."""
        channel = s.get("channel", s)
        endpoint = channel["endpoint"]
        headers = dict(h.split(":", 1) for h in channel.get("header", []))
        headers.update({p["name"]: p["value"] for p in s.get("parameter", [])})
        headers = {k: v.strip() for k, v in headers.items()}
        kind, key = resource["resourceType"], resource["id"]
        body = json.dumps(resource).encode()
        if self.dialect == "hapi":
            headers["Content-Type"] = "application/fhir+json;charset=UTF-8"
            if what == "delete":
                return "DELETE", f"{endpoint}/{kind}/{key}", headers, b""
            return "PUT", f"{endpoint}/{kind}/{key}", headers, body
        if self.dialect == "medplum":
            headers.update({"Content-Type": "application/fhir+json", "X-Medplum-Subscription": s["id"], "X-Medplum-Interaction": what})
            if what == "delete":
                headers["X-Medplum-Deleted-Resource"] = f"{kind}/{key}"
                body = b"{}"
            return "POST", endpoint, headers, body
        if self.dialect == "empty":
            return "POST", endpoint, headers, b""
        headers["Content-Type"] = "application/fhir+json"
        return "POST", endpoint, headers, json.dumps(self.topic_bundle(s, "event-notification", number, what, resource)).encode()

    def topic_bundle(self, s, kind, number, what=None, resource=None):
        total = self.numbers.get(s["id"], 0)
        reference = f"{self.base}/Subscription/{s['id']}"
        focus = f"{self.base}/{resource['resourceType']}/{resource['id']}" if resource else None
        if self.dialect == "topic-r4":
            parameters = [{"name": "subscription", "valueReference": {"reference": reference}}, {"name": "status", "valueCode": "active"},
                          {"name": "type", "valueCode": kind}, {"name": "events-since-subscription-start", "valueString": str(total)}]
            if resource:
                parameters.append({"name": "notification-event", "part": [
                    {"name": "event-number", "valueString": str(number)}, {"name": "timestamp", "valueInstant": instant(self.now)},
                    {"name": "focus", "valueReference": {"reference": focus}}]})
            status = {"resourceType": "Parameters", "parameter": parameters}
        else:
            status = {"resourceType": "SubscriptionStatus", "status": "active", "type": kind, "subscription": {"reference": reference},
                      "eventsSinceSubscriptionStart": str(total)}
            if resource:
                status["notificationEvent"] = [{"eventNumber": str(number), "timestamp": instant(self.now), "focus": {"reference": focus}}]
        entries = [{"fullUrl": "urn:uuid:0b4f36ce-1f2e-4f3e-9d1a-52c1f6a3a001", "resource": status,
                    "request": {"method": "GET", "url": f"{reference}/$status"}, "response": {"status": "200"}}]
        if resource:
            entry = {"fullUrl": focus, "request": {"method": "DELETE" if what == "delete" else "PUT", "url": f"{resource['resourceType']}/{resource['id']}"},
                     "response": {"status": "200"}}
            if what != "delete":
                entry["resource"] = resource
            entries.append(entry)
        return {"resourceType": "Bundle", "type": "subscription-notification" if self.dialect == "r5" else "history",
                "timestamp": instant(self.now), "entry": entries}

    def send_now(self, request, timeout=10):
        """Delivers one request; the status, or None when nobody answered."""
        method, url, headers, body = request
        r = urllib.request.Request(url, data=body or None, method=method, headers=headers)
        try:
            with urllib.request.urlopen(r, timeout=timeout, context=self.trust) as answer:
                return answer.status
        except urllib.error.HTTPError as e:
            return e.code
        except OSError:
            return None

    def _deliver_all(self):
        while True:
            request = self.deliveries.get()
            if request is None:
                return
            if self.random.random() < self.faults.get("reorder", 0):
                # Goes behind what waits; when nothing waits, order is kept.
                if not self.deliveries.empty():
                    self.deliveries.put(request)
                    self.deliveries.task_done()
                    continue
            for attempt in range(3):
                status = self.send_now(request) if not self.down else None
                if status == 200:
                    self.delivered.append(request[:2])
                    break
                threading.Event().wait(0.02 * (attempt + 1))
            self.deliveries.task_done()

    def activate(self, subscription):
        """Asynchronously, as servers do: a handshake in topic dialects, then active."""
        def run():
            if self.dialect in ("topic-r4", "topic-r4b", "r5"):
                channel = subscription.get("channel", subscription)
                headers = {"Content-Type": "application/fhir+json"}
                headers.update({k: v.strip() for k, v in (h.split(":", 1) for h in channel.get("header", []))})
                headers.update({p["name"]: p["value"] for p in subscription.get("parameter", [])})
                body = json.dumps(self.topic_bundle(subscription, "handshake", 0)).encode()
                status = self.send_now(("POST", channel["endpoint"], headers, body))
                self.set_status(subscription["id"], "active" if status == 200 else "error")
            else:
                self.set_status(subscription["id"], "active")
        threading.Thread(target=run, daemon=True).start()

    def set_status(self, key, status):
        with self.lock:
            now = self.get("Subscription", key)
            if now and now["status"] != "off":
                self.put(dict(now, status=status), notify=False)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are two writes: else each answer waits 40 ms for an acknowledgement
    peer = None

    def log_message(self, *args):
        pass

    def answer(self, status, body=None, headers=None):
        text = b"" if body is None else json.dumps(body).encode()
        if self.command in ("PUT", "POST") and self.peer.random.random() < self.peer.faults.get("silence", 0):
            self.close_connection = True
            return
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/fhir+json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text)

    def refuse(self, status, code, headers=None):
        self.answer(status, {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": code}]}, headers)

    def date_time_string(self, timestamp=None):
        from email.utils import formatdate
        return formatdate(self.peer.now / 1000, usegmt=True)

    def handle_any(self):
        peer = self.peer
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length) if length else b""
        url = urllib.parse.urlsplit(self.path)
        parts = [urllib.parse.unquote(p) for p in url.path.split("/") if p][1:]
        parameters = urllib.parse.parse_qsl(url.query, keep_blank_values=True)
        if peer.hang:
            peer.hung = True
            peer.hang.wait()
        with peer.lock:
            peer.requests.append((self.command, "/".join(parts), parameters))
            if peer.down or peer.random.random() < peer.faults.get("error", 0):
                return self.refuse(503, "transient")
            if parts == ["metadata"]:
                return self.answer(200, self.capability())
            if self.headers.get("Authorization") != f"Bearer {peer.token}":
                return self.refuse(401, "login")
            if "json" not in (self.headers.get("Accept") or "json"):
                peer.violations.append(f"Accept {self.headers.get('Accept')}")
            if not parts:
                return self.next_page(dict(parameters))
            if parts[0] not in TYPES:
                peer.violations.append(f"unknown type {parts[0]}")
                return self.refuse(404, "not-supported")
            return self.dispatch(parts, parameters, body)

    do_GET = do_POST = do_PUT = do_DELETE = handle_any

    def dispatch(self, parts, parameters, body):
        peer, kind = self.peer, parts[0]
        if self.command == "GET":
            if len(parts) == 1:
                return self.search(kind, parameters)
            if parts[1] == "_history":
                return self.type_history(kind, dict(parameters))
            versions = peer.data.get(kind, {}).get(parts[1])
            if not versions:
                return self.refuse(404, "not-found")
            number, _, resource = versions[-1]
            if resource is None:
                return self.refuse(410, "deleted")
            return self.answer(200, resource, {"ETag": f'W/"{number}"'})
        if self.command == "DELETE":
            if not peer.get(kind, parts[1]):
                return self.refuse(404, "not-found")
            peer.delete(kind, parts[1])
            return self.answer(204)
        return self.write(kind, parts[1] if len(parts) > 1 else None, body)

    def write(self, kind, key, body):
        peer = self.peer
        if "application/fhir+json" not in (self.headers.get("Content-Type") or ""):
            peer.violations.append(f"Content-Type {self.headers.get('Content-Type')} of a {kind}")
        try:
            resource = json.loads(body)
        except ValueError:
            peer.violations.append(f"{kind} is not JSON")
            return self.refuse(400, "structure")
        if resource.get("resourceType") != kind or (key and resource.get("id") != key):
            peer.violations.append(f"{kind}/{key} does not fit its address")
            return self.refuse(400, "invalid")
        existing = peer.data.get(kind, {}).get(key) if key else None
        match = self.headers.get("If-Match")
        if match and (not existing or match != f'W/"{existing[-1][0]}"'):
            return self.refuse(412, "conflict")
        if self.headers.get("If-None-Match") == "*" and existing and existing[-1][2] is not None:
            return self.refuse(412, "conflict")
        if not key and self.headers.get("If-None-Exist"):
            there = self.matches(kind, urllib.parse.parse_qsl(self.headers["If-None-Exist"]))
            if there:
                return self.answer(200, there[0])
        if not key:
            resource.pop("id", None)
        created = not existing or existing[-1][2] is None
        stored = peer.put(resource)
        if kind == "Subscription" and stored["status"] == "requested":
            peer.activate(stored)
        return self.answer(201 if created else 200, stored, {
            "Location": f"{peer.base}/{kind}/{stored['id']}/_history/{stored['meta']['versionId']}", "ETag": f'W/"{stored["meta"]["versionId"]}"'})

    def candidates(self, kind, parameters):
        """All that can match, found by id or by person where one is asked for."""
        peer = self.peer
        about = next((parameters[name] for name in ("patient", "subject", "individual") if name in parameters), "")
        ids = parameters.get("_id", "").split(",") if "_id" in parameters else None
        if about:
            ids = [key for w in about.split(",") for key in peer.of_person.get((kind, w.rsplit("/", 1)[-1]), {})]
        if ids is None:
            return peer.current(kind)
        return [r for r in (peer.get(kind, key) for key in dict.fromkeys(ids)) if r is not None]

    def matches(self, kind, parameters):
        found = []
        for resource in self.candidates(kind, dict(parameters)):
            ok = True
            for name, value in parameters:
                wanted = value.split(",")
                if name == "_id":
                    ok &= resource["id"] in wanted
                elif name == "_lastUpdated":
                    prefix, text = (value[:2], value[2:]) if value[:2].isalpha() else ("eq", value)
                    at, here = milliseconds(text), milliseconds(resource["meta"]["lastUpdated"])
                    ok &= {"ge": here >= at, "gt": here > at, "le": here <= at, "lt": here < at, "eq": here == at}[prefix]
                elif name == "_tag":
                    ok &= any(f"{s}|{c}" == value for s, c in tokens(resource["meta"].get("tag", [])))
                elif name in ("identifier", "code", "status"):
                    have = list(tokens(resource.get(name, [])))
                    ok &= any(w in (c, f"{s}|{c}", f"{s}|") for w in wanted for s, c in have)
                elif name in ("patient", "subject", "individual"):
                    ok &= any(t == w or t.endswith("/" + w) for w in wanted for t in references(resource))
                elif name == "url":
                    ok &= value in (resource.get("endpoint"), (resource.get("channel") or {}).get("endpoint"), resource.get("url"))
                elif name not in ("_sort", "_count", "_include", "_total", "_elements", "type"):
                    self.peer.violations.append(f"search parameter {name} of {kind}")
            if ok:
                found.append(resource)
        return sorted(found, key=lambda r: milliseconds(r["meta"]["lastUpdated"]))

    def bundle(self, kind, entries, parameters, link_self):
        count = min(int(dict(parameters).get("_count", 20)), self.peer.page_size or 200)
        links = [{"relation": "self", "url": link_self}] if link_self else []
        if len(entries) > count:
            self.peer.pages += 1
            token = f"t{self.peer.pages}"
            self.peer.searches[token] = (kind, entries[count:], [("_count", str(count))])
            links.append({"relation": "next", "url": f"{self.peer.base}?_getpages={token}"})
        return {"resourceType": "Bundle", "type": kind, "meta": {"lastUpdated": instant(self.peer.now)}, "link": links, "entry": entries[:count]}

    def next_page(self, parameters):
        left = self.peer.searches.pop(parameters.get("_getpages"), None)
        if left is None:
            return self.refuse(410, "not-found")
        kind, entries, count = left
        return self.answer(200, self.bundle(kind, entries, count, None))

    def search(self, kind, parameters):
        found = self.matches(kind, parameters)
        included = []
        for name, value in parameters:
            if name == "_include" and value.endswith(":medication"):
                for r in found:
                    to = (r.get("medicationReference") or {}).get("reference", "").split("/")
                    if len(to) == 2 and self.peer.get(*to):
                        included.append(self.peer.get(*to))
        entries = [{"fullUrl": f"{self.peer.base}/{r['resourceType']}/{r['id']}", "resource": r, "search": {"mode": mode}}
                   for mode, rs in (("match", found), ("include", included)) for r in rs]
        query = urllib.parse.urlencode(parameters)
        return self.answer(200, self.bundle("searchset", entries, parameters, f"{self.peer.base}/{kind}?{query}"))

    def type_history(self, kind, parameters):
        since = milliseconds(parameters["_since"]) if "_since" in parameters else 0
        entries = []
        for key, versions in self.peer.data.get(kind, {}).items():
            for number, at, resource in versions:
                if at < since:
                    continue
                entry = {"fullUrl": f"{self.peer.base}/{kind}/{key}",
                         "request": {"method": "PUT" if resource else "DELETE", "url": f"{kind}/{key}" + ("" if resource else f"/_history/{number}")},
                         "response": {"status": "200", "etag": f'W/"{number}"', "lastModified": instant(at)}}
                if resource:
                    entry["resource"] = resource
                entries.append((at, entry))
        entries.sort(key=lambda e: -e[0])
        return self.answer(200, self.bundle("history", [e for _, e in entries], [("_count", parameters.get("_count", "200"))], None))

    def capability(self):
        parameters = [{"name": n, "type": "token"} for n in ("_id", "_lastUpdated", "_tag", "identifier", "code", "patient", "subject", "status")]
        codes = ["read", "search-type", "create", "update", "delete"] + (["history-type"] if self.peer.history else [])
        resources = [{"type": t, "versioning": "versioned-update", "updateCreate": True, "conditionalCreate": True,
                      "interaction": [{"code": c} for c in codes], "searchParam": parameters} for t in TYPES]
        backport = "http://hl7.org/fhir/uv/subscriptions-backport/"
        if self.peer.dialect in ("topic-r4", "topic-r4b"):
            for r in resources:
                if r["type"] == "Subscription":
                    r["supportedProfile"] = [backport + "StructureDefinition/backport-subscription"]
                    r["extension"] = [{"url": backport + "StructureDefinition/capabilitystatement-subscriptiontopic-canonical",
                                       "valueCanonical": "http://example.org/topics/everything"}]
        version = {"topic-r4b": "4.3.0", "r5": "5.0.0"}.get(self.peer.dialect, "4.0.1")
        return {"resourceType": "CapabilityStatement", "status": "active", "kind": "instance", "fhirVersion": version,
                "rest": [{"mode": "server", "resource": resources}]}
