"""A real OpenID provider for all tests of sign-ins, and an application registered there."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from smtp_tui.oauth import flows
from smtp_tui.oauth.providers import endpoints_of
from smtp_tui.oauth.token_endpoint import Client
from tests.servers.oidc import PUBLIC, OidcServer, oidc_obstacle, running_oidc
from tests.servers.requirements import require

ALICE = "alice@example.test"


@pytest.fixture(scope="session")
def shared_provider() -> Iterator[OidcServer]:
    require(oidc_obstacle())
    with tempfile.TemporaryDirectory() as folder, running_oidc(Path(folder) / "oidc") as server:
        yield server


@pytest.fixture
def provider(shared_provider: OidcServer, monkeypatch: pytest.MonkeyPatch) -> OidcServer:
    """The provider, trusted as an admin would make an internal authority trusted."""
    monkeypatch.setenv("SSL_CERT_FILE", str(shared_provider.authority_file))
    # It names no interval, which stands for five seconds.
    monkeypatch.setattr(flows, "INTERVAL", 0.05)
    return shared_provider


@pytest.fixture
async def client(provider: OidcServer) -> Client:
    return Client(
        provider=provider.issuer,
        endpoints=await endpoints_of(provider.issuer),
        client_id=PUBLIC,
        scopes=("openid", "offline_access", "smtp"),
        username=ALICE,
    )
