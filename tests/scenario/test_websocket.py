"""Delivery over a WebSocket that the gateway opens: R4's bind and ping, and the Backport's token and Bundles; what is missed while the socket is
down is asked for afterwards."""
import base64
import hashlib
import json
import struct
import threading
import unittest
import urllib.parse

import people
from base import Scenario
from fhir_peer import Handler, Peer, instant
from harness import START, wait_until

MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
EXTENSION = "http://hl7.org/fhir/StructureDefinition/capabilitystatement-websocket"


class Socket:
    """The server's side of one WebSocket (RFC 6455), as much as a notification needs: short text frames, ping, close."""

    def __init__(self, connection, reader):
        self.connection, self.reader, self.lock = connection, reader, threading.Lock()

    def send(self, text, opcode=1):
        data = text.encode()
        size = bytes([len(data)]) if len(data) < 126 else struct.pack(">BH", 126, len(data)) if len(data) < 65536 else struct.pack(">BQ", 127, len(data))
        with self.lock:
            self.connection.sendall(bytes([0x80 | opcode]) + size + data)

    def receive(self):
        """The next text; None when the other side ended it."""
        while True:
            head = self.reader.read(2)
            if len(head) < 2 or head[0] & 15 == 8:
                return None
            if not head[1] & 0x80:
                raise ValueError("a client must mask its frames")
            size = head[1] & 127
            if size > 125:
                size = int.from_bytes(self.reader.read(2 if size == 126 else 8), "big")
            mask = self.reader.read(4)
            data = bytes(b ^ mask[i % 4] for i, b in enumerate(self.reader.read(size)))
            if head[0] & 15 == 1:
                return data.decode()
            if head[0] & 15 == 9:
                self.send(data.decode("latin-1"), 10)

    def drop(self):
        try:
            self.connection.shutdown(2)
        except OSError:
            pass


class SocketHandler(Handler):
    def handle_any(self):
        path = urllib.parse.urlsplit(self.path).path
        if path == "/websocket":
            return self.upgrade()
        if path.endswith("/$get-ws-binding-token"):
            return self.binding_token(path.split("/")[-2])
        return super().handle_any()

    do_GET = do_POST = do_PUT = do_DELETE = handle_any

    def binding_token(self, key):
        peer = self.peer
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.command != "POST" or self.headers.get("Authorization") != f"Bearer {peer.token}" or not peer.get("Subscription", key):
            return self.refuse(401, "login")
        with peer.lock:
            token = f"binding-{len(peer.tokens) + 1}"
            peer.tokens[token] = key
        return self.answer(200, {"resourceType": "Parameters", "parameter": [
            {"name": "token", "valueString": token}, {"name": "expiration", "valueDateTime": instant(START + 86_400_000)},
            {"name": "subscription", "valueString": key}, {"name": "websocket-url", "valueUrl": peer.websocket_url}]})

    def upgrade(self):
        peer = self.peer
        peer.handshakes.append(self.headers.get("Authorization"))
        if peer.closed_to_all or peer.guarded and self.headers.get("Authorization") != f"Bearer {peer.token}":
            return self.refuse(503 if peer.closed_to_all else 401, "login")
        key = self.headers["Sec-WebSocket-Key"].encode()
        accept = base64.b64encode(hashlib.sha1(key + MAGIC).digest()).decode()
        self.wfile.write(f"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n".encode())
        self.close_connection = True
        socket = Socket(self.connection, self.rfile)
        try:
            self.talk(socket)
        except (OSError, ValueError) as e:
            if isinstance(e, ValueError):
                peer.violations.append(str(e))

    def talk(self, socket):
        peer = self.peer
        while (text := socket.receive()) is not None:
            verb, _, what = text.partition(" ")
            with peer.lock:
                key = peer.tokens.pop(what, None) if verb == "bind-with-token" else what
                if verb not in ("bind", "bind-with-token") or not key or not peer.get("Subscription", key):
                    peer.violations.append(f"not a binding: {verb}")
                    return
                peer.sockets[key] = socket
            topic = peer.dialect in ("topic-r4b", "topic-r4")
            socket.send(json.dumps(peer.topic_bundle(peer.get("Subscription", key), "handshake", 0)) if topic else f"bound {key}")


class SocketPeer(Peer):
    """Tells over WebSockets; `guarded`: the handshake needs the access token."""

    def __init__(self, start, dialect):
        self.sockets, self.tokens, self.handshakes = {}, {}, []
        self.guarded, self.closed_to_all = True, False
        super().__init__(start, dialect=dialect)
        peer = self

        class Bound(SocketHandler):
            def capability(self):
                statement = super().capability()
                statement["rest"][0]["extension"] = [{"url": EXTENSION, "valueUri": peer.websocket_url}]
                return statement
        Bound.peer = peer
        self.server.RequestHandlerClass = Bound

    @property
    def websocket_url(self):
        return f"ws://127.0.0.1:{self.server.server_address[1]}/websocket"

    def activate(self, subscription):
        self.set_status(subscription["id"], "active")

    def _notify(self, what, resource):
        for s in self.subscriptions():
            criteria = s.get("criteria", "")
            if self.dialect == "hapi" and criteria.split("?")[0] != resource["resourceType"]:
                continue
            number = self.numbers[s["id"]] = self.numbers.get(s["id"], 0) + 1
            socket = self.sockets.get(s["id"])
            if not socket or self.quiet:
                continue
            try:
                socket.send(f"ping {s['id']}" if self.dialect == "hapi" else json.dumps(self.topic_bundle(s, "event-notification", number, what, resource)))
            except OSError:
                self.sockets.pop(s["id"], None)

    def drop_all(self):
        with self.lock:
            for socket in self.sockets.values():
                socket.drop()
            self.sockets.clear()


class R4(Scenario):
    dialect = "hapi"
    delivery = "websocket"

    def setUp(self):
        super().setUp()
        self.hospital.close()
        self.hospital = SocketPeer(START - 3_600_000, self.dialect)

    def bound(self):
        def all_bound():
            wanted = {s["id"] for s in self.hospital.subscriptions() if s["status"] == "active"}
            return wanted and set(self.hospital.sockets) == wanted
        self.subscribed()
        wait_until(all_bound, "every Subscription is bound to a socket")

    def settled(self):
        def asked():
            self.gateway.advance(1_000)  # a round that failed is tried again after a pause
            return self.gateway.metric("trialgate_source_jobs", kind="reconcile") == 0
        wait_until(asked, "what was hinted at is asked for")
        super().settled()

    def told(self, count):
        wait_until(lambda: len(self.assert_study_agrees()) == count, f"{count} are flagged")

    def test_people_arrive_over_the_socket(self):
        self.make_gateway()
        self.bound()
        self.settled()
        self.candidate("first")
        self.settled()
        self.told(1)
        self.hospital.put(people.egfr("first", 20))
        self.settled()
        self.told(0)
        self.assertEqual(set(self.hospital.handshakes), {f"Bearer {self.hospital.token}"})

    def test_after_a_broken_socket_it_is_bound_again_and_what_was_missed_is_asked_for(self):
        self.make_gateway()
        self.bound()
        self.settled()
        self.hospital.closed_to_all = True
        self.hospital.drop_all()
        self.candidate("meanwhile")
        self.hospital.closed_to_all = False
        def again():
            self.gateway.advance(10_000)
            return len(self.hospital.sockets) == len(self.hospital.subscriptions())
        wait_until(again, "every Subscription is bound again")
        self.settled()
        self.told(1)
        self.candidate("afterwards")
        self.settled()
        self.told(2)

    def test_the_token_does_not_go_to_a_socket_at_another_origin(self):
        elsewhere = SocketPeer(START, self.dialect)
        self.addCleanup(elsewhere.close)
        there = elsewhere.websocket_url
        type(self.hospital).websocket_url, kept = property(lambda peer: there), type(self.hospital).websocket_url
        self.addCleanup(setattr, SocketPeer, "websocket_url", kept)
        self.make_gateway()
        wait_until(lambda: elsewhere.handshakes, "the other origin is tried")
        self.assertEqual(set(elsewhere.handshakes), {None})


class Backport(R4):
    dialect = "topic-r4b"

    def test_each_token_binds_once(self):
        self.make_gateway()
        self.bound()
        self.assertEqual(self.hospital.tokens, {})
        self.assertEqual(self.hospital.violations, [])


if __name__ == "__main__":
    unittest.main()
