"""nginx in front of the gateway (TLS, and in a second server mutual TLS) and in front of the hospital. Run by nginx.sh."""
import os
import socket
import subprocess
import sys
import tempfile
import shutil
import unittest
import urllib.error
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "scenario"))

from base import Scenario
from harness import wait_until
from test_tls import client_context, make

CONFIGURATION = """
daemon off;
pid %(folder)s/nginx.pid;
error_log stderr warn;
events {}
http {
    access_log off;
    client_body_temp_path %(folder)s/body;
    proxy_temp_path %(folder)s/proxy;
    fastcgi_temp_path %(folder)s/fastcgi;
    uwsgi_temp_path %(folder)s/uwsgi;
    scgi_temp_path %(folder)s/scgi;
    client_max_body_size 16m;
    ssl_certificate %(certs)s/localhost.pem;
    ssl_certificate_key %(certs)s/localhost.key;
    ssl_protocols TLSv1.2 TLSv1.3;
    server {                                # the hospital's senders
        listen 127.0.0.1:%(public)d ssl;
        location /in/ { proxy_pass http://127.0.0.1:%(gateway)d; proxy_http_version 1.1; proxy_set_header Connection ""; }
        location = /.well-known/jwks.json { proxy_pass http://127.0.0.1:%(gateway)d; }
        location = /livez { proxy_pass http://127.0.0.1:%(gateway)d; }
    }
    server {                                # the same, for senders with a certificate
        listen 127.0.0.1:%(mutual)d ssl;
        ssl_client_certificate %(certs)s/ca.pem;
        ssl_verify_client on;
        location / { proxy_pass http://127.0.0.1:%(gateway)d; proxy_http_version 1.1; proxy_set_header Connection ""; }
    }
    server {                                # in front of the hospital
        listen 127.0.0.1:%(front)d ssl;
        location / { proxy_pass http://127.0.0.1:%(hospital)d; proxy_set_header Host $http_host; }
    }
}
"""


def free_ports(count):
    all = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [s.getsockname()[1] for s in all]
    for s in all:
        s.close()
    return ports


def listens(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
        return True
    except OSError:
        return False


class Nginx(Scenario):
    def setUp(self):
        super().setUp()
        self.folder = tempfile.mkdtemp(prefix="trialgate-nginx-")
        self.addCleanup(shutil.rmtree, self.folder, True)
        self.certs = os.path.join(self.folder, "certs")
        make(self.certs, "localhost", "client")
        self.ports = dict(zip(("public", "mutual", "front", "gateway"), free_ports(4)))
        self.hospital.trust = client_context(self.certs)
        values = dict(self.ports, folder=self.folder, certs=self.certs, hospital=self.hospital.server.server_address[1])
        path = os.path.join(self.folder, "nginx.conf")
        with open(path, "w") as f:
            f.write(CONFIGURATION % values)
        self.nginx = subprocess.Popen([os.environ.get("NGINX", "nginx"), "-p", self.folder, "-c", path], stderr=subprocess.PIPE, text=True)
        self.addCleanup(self.end_nginx)
        wait_until(lambda: listens(self.ports["public"]) or self.nginx.poll() is not None, "nginx listens")
        self.assertIsNone(self.nginx.poll())

    def end_nginx(self):
        self.nginx.terminate()
        self.nginx.communicate()

    def ask(self, server, path, context):
        try:
            with urllib.request.urlopen(f"https://127.0.0.1:{self.ports[server]}{path}", timeout=20, context=context) as answer:
                return answer.status
        except urllib.error.HTTPError as e:
            return e.code

    def start_behind(self, server, **source):
        gateway = self.make_gateway(start=False, source=source)
        gateway.port = self.ports["gateway"]
        gateway.config["listen"]["publicUrl"] = f"https://127.0.0.1:{self.ports[server]}"
        gateway.start()
        self.subscribed()
        self.settled()

    def test_notifications_come_in_through_it(self):
        self.start_behind("public")
        self.candidate("one")
        self.settled()
        self.assertEqual(len(self.assert_study_agrees()), 1)
        self.assertGreaterEqual(self.gateway.metric("trialgate_notifications_total", outcome="accepted"), 5)
        trust = client_context(self.certs)
        self.assertEqual([self.ask("public", p, trust) for p in ("/livez", "/.well-known/jwks.json", "/in/guess/observation")], [200, 200, 404])

    def test_senders_need_a_certificate_where_it_asks_for_one(self):
        self.hospital.trust = client_context(self.certs, "client")
        self.start_behind("mutual")
        self.candidate("two")
        self.settled()
        self.assertEqual(len(self.assert_study_agrees()), 1)
        self.assertGreaterEqual(self.gateway.metric("trialgate_notifications_total", outcome="accepted"), 5)
        self.assertEqual(self.ask("mutual", "/livez", client_context(self.certs)), 400)
        self.assertEqual(self.ask("mutual", "/livez", client_context(self.certs, "client")), 200)

    def test_a_gateway_that_restarts_behind_it_loses_nothing(self):
        self.start_behind("public")
        self.gateway.stop()
        self.candidate("three")
        self.hospital.deliveries.join()
        self.gateway.start()
        self.subscribed()
        self.gateway.advance(300_000)
        self.settled()
        wait_until(lambda: len(self.assert_study_agrees()) == 1, "what came while it was down is made good")

    def test_a_hospital_behind_it_is_read(self):
        self.hospital.page_size = 2  # links to further pages go through it as well
        for key in ("four", "five"):
            self.candidate(key)
        self.hospital.base = f"https://127.0.0.1:{self.ports['front']}/fhir"
        self.start_behind("public", tls={"ca": os.path.join(self.certs, "ca.pem")})
        self.assertEqual(len(self.assert_study_agrees()), 2)


if __name__ == "__main__":
    unittest.main()
