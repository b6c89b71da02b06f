"""An OpenID provider that does as a test says: its keys, how long it thinks, who logs in. Only what a login of the page asks."""
import base64
import http.server
import json
import os
import subprocess
import threading
import urllib.parse

from harness import START


def b64(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


class Key:
    """RS256, by the openssl program."""

    def __init__(self, folder, name):
        self.file = os.path.join(folder, name + ".pem")
        subprocess.run(["openssl", "genrsa", "-out", self.file, "2048"], check=True, capture_output=True)
        told = subprocess.run(["openssl", "rsa", "-in", self.file, "-noout", "-modulus"], check=True, capture_output=True, text=True).stdout
        self.modulus = bytes.fromhex(told.strip().removeprefix("Modulus="))

    def jwk(self):
        return {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "k", "n": b64(self.modulus), "e": "AQAB"}

    def sign(self, data):
        return subprocess.run(["openssl", "dgst", "-sha256", "-sign", self.file], input=data, check=True, capture_output=True).stdout


class LoginPeer:
    def __init__(self, folder):
        self.folder, self.codes, self.asked = folder, {}, []
        self.now = lambda: START // 1000
        self.key = Key(folder, "first")
        self.waits = threading.Event()  # a token is asked for
        self.go = threading.Event()     # and given
        self.go.set()
        peer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def tell(self, content, status=200):
                body = json.dumps(content).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self):
                peer.asked.append(self.path)
                if self.path == "/.well-known/openid-configuration":
                    return self.tell({"issuer": peer.url, "authorization_endpoint": peer.url + "/auth", "token_endpoint": peer.url + "/token",
                                      "jwks_uri": peer.url + "/keys"})
                return self.tell({"keys": [peer.key.jwk()]} if self.path == "/keys" else {}, 200 if self.path == "/keys" else 404)

            def do_POST(self):
                form = dict(urllib.parse.parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
                peer.waits.set()
                peer.go.wait(60)
                token = peer.codes.pop(form.get("code"), None)
                self.tell({"token_type": "Bearer", "access_token": "a", "id_token": token} if token else {"error": "invalid_grant"}, 200 if token else 400)

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.go.set()
        self.server.shutdown()
        self.server.server_close()

    def begin(self, page, user="eve", **claims):
        """What the browser is sent back with, after `user` has said yes: the target of the callback."""
        away = page.get("/login/oidc")
        asked = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(away.headers["Location"]).query))
        if "nonce" not in asked:
            raise AssertionError(f"the login does not begin: {away} {away.headers['Location']}")
        content = {"iss": self.url, "aud": asked["client_id"], "nonce": asked["nonce"], "iat": self.now(), "exp": self.now() + 300, "sub": user, **claims}
        signed = b64(json.dumps({"alg": "RS256", "kid": "k"}).encode()) + "." + b64(json.dumps(content).encode())
        code = b64(os.urandom(8))
        self.codes[code] = signed + "." + b64(self.key.sign(signed.encode()))
        return "/login/oidc/callback?" + urllib.parse.urlencode({"code": code, "state": asked["state"]})

    def log_in(self, page, user="eve", **claims):
        """Where the login leads to."""
        target = self.begin(page, user, **claims)
        strict = page.cookies.pop(page.session_name(), None)  # the way back is from elsewhere: SameSite=Strict stays behind
        answer = page.get(target)
        if strict and page.session_name() not in page.cookies:
            page.cookies[page.session_name()] = strict
        told = page.get("/api/v1/session")
        page.csrf = told.json["csrf"] if told.status == 200 else None
        return answer.headers["Location"]
