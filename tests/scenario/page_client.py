"""The page as a browser uses it: logs in by the link that `serve` prints, calls the API with its CSRF token, hears events. No browser needed."""
import http.client
import json
import queue
import re
import threading
import urllib.parse

from harness import PATIENCE, wait_until


def another_link(gateway):
    """A fresh one: the first is too old once the clock has gone on by 15 minutes."""
    return gateway.run("page", expect=0).stdout.split()[1]


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"{self.status} {self.body[:300]!r}"


def link_of(gateway):
    """The newest link that the gateway printed."""
    def printed():
        found = [m[1] for line in gateway.output[gateway.begun:] if (m := re.match(r"page: (\S+#once=\S+)   opens once", line))]
        return found[-1] if found else None
    return wait_until(printed, "the gateway prints a link to its page")


class Page:
    """One browser. `Page(gateway)` is logged in by the printed link; `Page(gateway, login=False)` is not."""

    def __init__(self, gateway, login=True, url=None):
        self.cookies, self.csrf = {}, None
        if login:
            link = url or link_of(gateway)
            self.origin, token = link.split("/#once=")
            answer = self.login(token)
            if answer.status != 204:
                raise AssertionError(f"the login failed: {answer}")
        else:
            self.origin = url or self._address(gateway)

    @staticmethod
    def _address(gateway):
        def told():
            found = [m[1] for line in gateway.output[gateway.begun:] if (m := re.search(r" page address=(\S+)", line))]
            return found[-1] if found else None
        return wait_until(told, "the gateway says where its page is")

    def login(self, token):
        answer = self.call("POST", "/api/v1/session/local", {"token": token})
        if answer.status == 204:
            self.csrf = self.get("/api/v1/session").json["csrf"]
        return answer

    def session_name(self):
        """Of the cookie, without TLS."""
        return "trialgate-" + self.origin.rsplit(":", 1)[1]

    def connection(self, timeout=30):
        parts = urllib.parse.urlsplit(self.origin)
        return http.client.HTTPConnection(parts.hostname, parts.port, timeout=timeout)

    def headers(self, more=None):
        out = {"Accept": "application/json"}
        if self.cookies:
            out["Cookie"] = "; ".join(f"{k}={v}" for k, v in self.cookies.items())
        out.update(more or {})
        return {k: v for k, v in out.items() if v is not None}

    def call(self, method, path, body=None, headers=None, raw=None):
        """`headers` add to the usual ones; a value of None takes one away. `raw` is sent as it is, instead of JSON."""
        usual = {}
        if body is not None or raw is not None:
            usual["Content-Type"] = "application/json"
        if method not in ("GET", "HEAD") and self.csrf:
            usual["X-CSRF-Token"] = self.csrf
        connection = self.connection()
        try:
            connection.request(method, path, raw if raw is not None else None if body is None else json.dumps(body), self.headers({**usual, **(headers or {})}))
            got = connection.getresponse()
            answer = Answer(got.status, got.headers, got.read().decode())
        finally:
            connection.close()
        for value in got.headers.get_all("Set-Cookie") or []:
            name, content = value.split(";")[0].split("=", 1)
            if content:
                self.cookies[name] = content
            else:
                self.cookies.pop(name, None)
        return answer

    def get(self, path, **more):
        return self.call("GET", path, **more)

    def post(self, path, body=None, **more):
        return self.call("POST", path, {} if body is None else body, **more)

    def delete(self, path, **more):
        return self.call("DELETE", path, **more)

    def events(self):
        return Events(self)


class Events:
    """The stream of events. `next()` waits for one; `ended` is set when the server has ended the stream."""

    def __init__(self, page):
        self.connection = page.connection(timeout=120)
        self.connection.request("GET", "/api/v1/events", headers=page.headers({"Accept": "text/event-stream"}))
        self.answer = self.connection.getresponse()
        self.status, self.got, self.ended = self.answer.status, queue.Queue(), threading.Event()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        try:
            for line in self.answer:
                if line.startswith(b"data: "):
                    self.got.put(json.loads(line[6:]))
        except (OSError, ValueError, http.client.HTTPException):
            pass
        self.ended.set()

    def next(self, timeout=PATIENCE):
        return self.got.get(timeout=timeout)

    def wait_for(self, condition, timeout=PATIENCE):
        while True:
            event = self.next(timeout)
            if condition(event):
                return event

    def close(self):
        try:
            self.connection.sock and self.connection.sock.shutdown(2)
        except OSError:
            pass
        self.connection.close()
