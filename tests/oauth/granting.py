"""A web server that stands in for a provider: it grants the same known tokens to everybody."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from smtp_tui.oauth.entry import Endpoints, Flow, SignIn, to_json
from tests.servers.processes import calls_below
from tests.web.serving import WebAuthority

ACCESS = "access-token-that-shows-nowhere"
OLD, NEW = "old-refresh-token-that-shows-nowhere", "new-refresh-token-that-shows-nowhere"
CLIENT_SECRET = "client-secret-that-shows-nowhere"
DEVICE, PASTED = "device-code-that-shows-nowhere", "pasted-code-that-shows-nowhere"
SECRETS = (ACCESS, OLD, NEW, CLIENT_SECRET, DEVICE, PASTED)
_GRANTED = {"access_token": ACCESS, "token_type": "Bearer", "refresh_token": NEW}
# The shortest pause between two polls.
_DEVICE = {"device_code": DEVICE, "user_code": "SHOWN", "expires_in": 60, "interval": 1}


def _metadata(issuer: str) -> Mapping[str, object]:
    return {
        "issuer": issuer,
        "token_endpoint": f"{issuer}/token",
        "authorization_endpoint": f"{issuer}/auth",
        "device_authorization_endpoint": f"{issuer}/device",
        "revocation_endpoint": f"{issuer}/revoke",
        "token_endpoint_auth_methods_supported": ["client_secret_post"],
    }


@dataclass
class Witness:
    """What the provider saw at each request: PKCE's secrets, and the processes that asked."""

    verifiers: set[str] = field(default_factory=set)
    processes: list[bytes] = field(default_factory=list)

    def see(self, form: str) -> None:
        self.verifiers |= {value for name, value in parse_qsl(form) if name == "code_verifier"}
        # At this moment the process that asks holds the secrets.
        self.processes += calls_below(os.getpid())


@contextmanager
def granting_provider(folder: Path, witness: Witness | None = None) -> Iterator[tuple[str, Path]]:
    """Yield the provider's URL, below which /refuse refuses, and its authority's file."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            issuer = f"https://{self.headers['Host']}"
            if self.path.endswith("/refuse"):
                issuer += "/refuse"
            self._answer(200, _metadata(issuer))

        def do_POST(self) -> None:
            sent = self.rfile.read(int(self.headers["Content-Length"])).decode()
            if witness:
                witness.see(sent)
            if self.path.endswith("/device"):
                issuer = f"https://{self.headers['Host']}"
                self._answer(200, {**_DEVICE, "verification_uri": f"{issuer}/enter"})
            elif self.path.startswith("/refuse"):
                # A provider may repeat in an error what it was sent.
                repeated = " and ".join(value for _, value in parse_qsl(sent))
                self._answer(400, {"error": "invalid_grant", "error_description": repeated})
            else:
                self._answer(200, _GRANTED)

        def _answer(self, status: int, values: Mapping[str, object]) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(values).encode())

        def log_message(self, *_parts: Any) -> None:
            pass

    authority = WebAuthority(folder)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.socket = authority.context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"https://127.0.0.1:{server.server_address[1]}", authority.file
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def keep_sign_in(file: Path, url: str, username: str, **more: Any) -> None:
    """Keep a sign-in that the provider renews in a file."""
    now = datetime.now(UTC)
    values: dict[str, Any] = {
        "flow": Flow.PASTE,
        "refresh_token": OLD,
        "granted_at": now - timedelta(days=1),
        "ends_at": now + timedelta(hours=1),
    }
    sign_in = SignIn(
        name=file.stem,
        provider=url,
        username=username,
        client_id="me",
        client_secret=CLIENT_SECRET,
        endpoints=Endpoints(issuer=url, token=f"{url}/token"),
        **{**values, **more},
    )
    file.write_text(to_json(sign_in))
    file.chmod(0o600)
