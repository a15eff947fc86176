"""A company's own sign-in: a real server on loopback that speaks OpenID Connect."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from django.test import Client

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


class Company:
    """What the server says of whom; `claims` are those of the next person who comes."""

    def __init__(self) -> None:
        self.claims: dict[str, Any] = {}
        self.nonce = ""
        self.url = ""

    def answer(self, path: str) -> dict[str, Any]:
        """The answer at an address of the protocol."""
        if path == "/.well-known/openid-configuration":
            return {
                "issuer": self.url,
                "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": f"{self.url}/token",
                "userinfo_endpoint": f"{self.url}/userinfo",
                "jwks_uri": f"{self.url}/keys",
                "token_endpoint_auth_methods_supported": ["client_secret_post"],
            }
        if path == "/keys":
            public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(KEY.public_key()))
            return {"keys": [{**public, "kid": "one", "use": "sig", "alg": "RS256"}]}
        if path == "/token":
            return {"access_token": "t", "token_type": "Bearer", "id_token": self._identity()}
        return self.claims

    def _identity(self) -> str:
        said = {"iss": self.url, "aud": "handoff", "iat": int(time.time()), **self.claims}
        said |= {"exp": int(time.time()) + 300}
        return jwt.encode(said, KEY, algorithm="RS256", headers={"kid": "one"})


@contextmanager
def company() -> Iterator[Company]:
    """The server, while it runs."""
    ours = Company()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(ours.answer(urlsplit(self.path).path)).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.do_GET()

        def log_message(self, *arguments: Any) -> None:
            """Nothing is printed."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    ours.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield ours
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def come(client: Client, **claims: Any) -> Any:
    """Follow the company's sign-in to its end as the person with these claims."""
    away = client.get("/accounts/oidc/company/login/")
    assert away.status_code == 302, away.content
    state = parse_qs(urlsplit(away["Location"]).query)["state"][0]
    return client.get("/accounts/oidc/company/login/callback/", {"code": "c", "state": state})
