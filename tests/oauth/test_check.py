"""A check that signs in: a real provider, Postfix, and Dovecot that asks the provider."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from smtp_tui.checks.monitoring import NagiosState, Thresholds, state_of
from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.oauth import renewal
from smtp_tui.oauth.entry import Flow, SignIn, to_json
from smtp_tui.oauth.flows import begin_device
from smtp_tui.oauth.store import FilePlace, new_place
from smtp_tui.oauth.token_endpoint import Client
from smtp_tui.smtp.events import Event
from tests.checks.outcomes import outcome_of
from tests.oauth.conftest import ALICE
from tests.servers.listeners import Listener
from tests.servers.mail import MailServers, running_mail_servers
from tests.servers.oidc import APPLICATION, APPLICATION_SECRET, OidcServer
from tests.servers.requirements import obstacle, require
from tests.smtp.playing import assert_hidden

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def servers(shared_provider: OidcServer) -> Iterator[MailServers]:
    require(obstacle())
    with running_mail_servers(shared_provider.introspection_url) as found:
        yield found


@pytest.fixture
def values(servers: MailServers) -> dict[str, object]:
    return {
        "host": servers.host,
        "port": servers.ports[Listener.WITH_TOKENS],
        "ca_file": str(servers.authority_file),
        "username": ALICE,
        "authentication": "xoauth2",
        "password": {"oauth": "alice"},
    }


async def signed_in(provider: OidcServer, client: Client, **more: Any) -> SignIn:
    """Sign alice in, and keep that in a file as `login` does."""
    waiting = await begin_device(client)
    assert waiting.complete_address
    await asyncio.to_thread(provider.sign_in, waiting.complete_address)
    granted = await waiting.wait()
    entry = entry_of(client, refresh_token=granted.refresh_token, **more)
    keep(entry)
    return entry


def entry_of(client: Client, **more: Any) -> SignIn:
    values: dict[str, Any] = {
        "name": "alice",
        "provider": client.provider,
        "username": ALICE,
        "hosts": ("localhost",),
        "flow": Flow.DEVICE,
        "client_id": client.client_id,
        "scopes": client.scopes,
        "endpoints": client.endpoints,
        "granted_at": datetime.now(UTC),
    }
    return SignIn(**{**values, **more})


def keep(sign_in: SignIn, file: Path | None = None) -> Path:
    file = file or path_of(sign_in.name)
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    file.write_text(to_json(sign_in))
    file.chmod(0o600)
    return file


def path_of(name: str) -> Path:
    place = new_place(name, ALICE, environ=os.environ, keyring=False)
    assert isinstance(place, FilePlace)
    return place.path


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def checked(values: dict[str, object], *secrets: str) -> Verdict:
    """Check, as a new process would; the secrets must show nowhere."""
    renewal.forget_held()
    events: list[Event]
    events, verdict = await outcome_of(values)
    held = next((found.token.value for found in renewal._held.values()), "")
    for secret in filter(None, (*secrets, held)):
        assert_hidden(secret, tuple(events), verdict)
    return verdict


@pytest.mark.parametrize("mechanism", ["xoauth2", "oauthbearer"])
async def test_a_sign_in_logs_in(
    provider: OidcServer, client: Client, values: dict[str, object], mechanism: str
) -> None:
    before = await signed_in(provider, client)
    assert before.refresh_token
    for _ in range(2):
        verdict = await checked({**values, "authentication": mechanism}, before.refresh_token)
        assert verdict.ok, verdict.summary
        assert verdict.warnings == ()
    assert before.refresh_token not in path_of("alice").read_text()  # it was replaced


async def test_an_application_logs_in_from_a_read_only_file(
    client: Client, values: dict[str, object], tmp_path: Path
) -> None:
    """Dovecot refuses the application's token, which names no user: it got there all the same."""
    entry = entry_of(
        client,
        flow=Flow.CLIENT,
        client_id=APPLICATION,
        client_secret=APPLICATION_SECRET,
        scopes=("smtp",),
    )
    keep(entry, tmp_path / "credential").chmod(0o400)
    values["password"] = {"oauth": f"{tmp_path}/credential"}
    verdict = await checked(values, APPLICATION_SECRET)
    assert (verdict.stage, verdict.cause) == ("auth", "auth-rejected")
    assert names_in(tmp_path) == ["credential"]


async def test_a_revoked_sign_in_says_so(
    provider: OidcServer, client: Client, values: dict[str, object]
) -> None:
    entry = await signed_in(provider, client)
    assert await renewal.revoke(entry)
    verdict = await checked(values, entry.refresh_token or "")
    assert (verdict.stage, verdict.cause) == ("password", "oauth-renewal-failed")
    assert "says invalid_grant" in verdict.summary
    assert state_of(verdict, Thresholds()) is NagiosState.CRITICAL


async def test_a_rejected_token_is_not_used_again(
    provider: OidcServer, client: Client, values: dict[str, object]
) -> None:
    """Somebody may have signed in again by the next check of a watch, or of the form."""
    await signed_in(provider, client)
    values["password"] = {"oauth": str(path_of("alice"))}
    assert (await checked(values)).ok
    assert renewal._held
    verdict = await checked({**values, "username": "bob@example.test"})
    assert (verdict.stage, verdict.cause) == ("auth", "auth-rejected")
    assert not renewal._held


async def test_a_token_goes_to_no_other_server(
    provider: OidcServer, client: Client, values: dict[str, object]
) -> None:
    await signed_in(provider, client, hosts=("smtp.office365.com",))
    verdict = await checked(values)
    assert (verdict.stage, verdict.cause) == ("password", "oauth-not-signed-in")
    assert "is for smtp.office365.com, so its token does not go to localhost" in verdict.summary


async def test_without_a_sign_in_the_login_is_named(values: dict[str, object]) -> None:
    verdict = await checked(values)
    assert (verdict.stage, verdict.cause) == ("password", "oauth-not-signed-in")
    assert "smtp-tui login" in verdict.cure
    assert not path_of("alice").parent.exists()


async def test_the_end_of_a_sign_in_is_announced(
    provider: OidcServer, client: Client, values: dict[str, object]
) -> None:
    now = datetime.now(UTC)
    granted, ends = now - timedelta(days=89), now + timedelta(days=1)
    await signed_in(provider, client, granted_at=granted, ends_at=ends, rotates=False)
    verdict = await checked(values)
    # The provider has replaced the refresh token, so the old end no longer counts.
    assert verdict.ok
    assert verdict.warnings == ()
    entry = entry_of(
        client,
        flow=Flow.CLIENT,
        client_id=APPLICATION,
        client_secret=APPLICATION_SECRET,
        scopes=("smtp",),
        granted_at=granted,
        ends_at=ends,
    )
    keep(entry)
    verdict = await checked(values)
    assert verdict.warnings == ("oauth-ends-soon",)
    assert f"{ends:%Y-%m-%d %H:%M} UTC" in verdict.warning_texts[0]
    values["password"] = {"oauth": str(path_of("alice"))}
    rejected = await checked({**values, "username": "bob@example.test"})
    assert rejected.cause == "auth-rejected"
    assert rejected.warnings == ("oauth-ends-soon",)


async def test_the_password_mechanisms_never_get_the_token(values: dict[str, object]) -> None:
    for mechanism in ("auto", "plain", "login", "cram-md5"):
        verdict = await checked({**values, "authentication": mechanism})
        assert (verdict.stage, verdict.cause) == ("settings", "settings-invalid")
        assert "use xoauth2 or oauthbearer" in verdict.summary


def check_in_processes(values: dict[str, object], rounds: int = 5, at_once: int = 4) -> None:
    words = [f"--set={key}={value}" for key, value in values.items() if key != "password"]
    words.append('--set=password={oauth="alice"}')
    command = [sys.executable, "-m", "smtp_tui", "check", *words, "--json"]
    for _ in range(rounds):
        running = [
            subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            for _ in range(at_once)
        ]
        ended = [(process.communicate(timeout=60)[0], process.returncode) for process in running]
        assert [status for _, status in ended] == [0] * at_once, ended


async def test_two_processes_at_once_keep_the_sign_in(
    provider: OidcServer, client: Client, values: dict[str, object]
) -> None:
    """The provider revokes the whole grant if a replaced refresh token is used once more."""
    await signed_in(provider, client)
    await asyncio.to_thread(check_in_processes, values)
    verdict = await checked(values)
    assert verdict.ok
