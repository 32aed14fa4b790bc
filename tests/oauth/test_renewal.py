"""Renewal in one process: once for many checks, whole in spite of an end, and without a trace."""

from __future__ import annotations

import asyncio
import errno
import subprocess
import sys
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from smtp_tui.config.errors import PasswordError
from smtp_tui.oauth import renewal
from smtp_tui.oauth.entry import AccessToken, Endpoints, Flow, SignIn, from_json, to_json
from smtp_tui.oauth.renewal import Renewed, renewed
from smtp_tui.settings.password_sources import OAuthSource
from tests.checks.outcomes import outcome_of
from tests.oauth.test_entry import REFRESH, SECRET, entry
from tests.web.serving import WebAuthority, as_json, serving

DAY = timedelta(days=1)
ACCESS = "access-token-wonderland"
HOST = "smtp.office365.com"
ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _nothing_held() -> Iterator[None]:
    renewal.forget_held()
    yield
    renewal.forget_held()


@pytest.fixture
def web(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WebAuthority:
    found = WebAuthority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(found.file))
    return found


def granting(expires_in: int = 3600, /, **more: object) -> bytes:
    answer = {"access_token": ACCESS, "token_type": "Bearer", "expires_in": expires_in}
    return as_json(answer | more)


def kept(folder: Path, url: str, **more: Any) -> Path:
    """Keep a sign-in whose provider is at the URL in a file."""
    endpoints = Endpoints(issuer=url, token=f"{url}/token", revocation=f"{url}/revoke")
    return keep(folder / "entry.json", entry(endpoints=endpoints, **more))


def keep(file: Path, sign_in: SignIn) -> Path:
    file.write_text(to_json(sign_in))
    file.chmod(0o600)
    return file


def stored(file: Path) -> SignIn:
    return from_json(file.read_text())


async def renewed_from(file: Path, host: str = HOST) -> Renewed:
    return await renewed(
        OAuthSource(str(file)), username="me", host=host, base=Path("/"), environ={}, limit=10
    )


async def test_many_checks_at_once_ask_once(web: WebAuthority, tmp_path: Path) -> None:
    async with serving(web.context, granting(refresh_token="new")) as (url, seen):
        file = kept(tmp_path, url)
        found = await asyncio.gather(*(renewed_from(file) for _ in range(500)))
        again = await renewed_from(file)
    assert {one.token.value for one in (*found, again)} == {ACCESS}
    assert len(seen) == 1
    assert stored(file).refresh_token == "new"
    assert ACCESS not in file.read_text()


@pytest.mark.parametrize(
    ("expires_in", "requests"), [(3600, 1), (400, 1), (1, 1)], ids=["long", "short", "shortest"]
)
async def test_a_token_serves_until_little_of_it_is_left(
    web: WebAuthority,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    expires_in: int,
    requests: int,
) -> None:
    async with serving(web.context, granting(expires_in)) as (url, seen):
        file = kept(tmp_path, url, rotates=False)
        first = await renewed_from(file)
        assert await renewed_from(file) is first
        assert len(seen) == requests
        left = min(300.0, expires_in * 0.1)
        moment = first.token.expires_at - left + 0.001
        monkeypatch.setattr("smtp_tui.oauth.renewal.time.time", lambda: moment)
        await renewed_from(file)
        assert len(seen) == requests + 1


async def test_a_check_that_is_left_does_not_lose_the_new_token(
    web: WebAuthority, tmp_path: Path
) -> None:
    asked = asyncio.Event()
    reply = granting(refresh_token="new")
    async with serving(web.context, reply, asked=asked) as (url, seen):
        file = kept(tmp_path, url)
        check = asyncio.create_task(renewed_from(file))
        await asked.wait()
        check.cancel()
        with pytest.raises(asyncio.CancelledError):
            await check
        assert (await renewed_from(file)).sign_in.refresh_token == "new"
    assert stored(file).refresh_token == "new"
    assert len(seen) == 1


async def test_nothing_is_written_where_nothing_changed(web: WebAuthority, tmp_path: Path) -> None:
    async with serving(web.context, granting(refresh_token=REFRESH)) as (url, _):
        file = kept(tmp_path, url, rotates=False)
        before = file.stat().st_ino
        await renewed_from(file)
    assert file.stat().st_ino == before


async def test_the_check_waits_for_the_provider_no_longer_than_it_may(
    web: WebAuthority, tmp_path: Path
) -> None:
    async with serving(web.context, b"", endless=True) as (url, _):
        file = kept(tmp_path, url)
        with pytest.raises(PasswordError, match=r"it is larger than|no answer in time") as caught:
            await renewed_from(file)
    assert caught.value.cause == "oauth-provider-unreachable"
    assert stored(file).refresh_token == REFRESH


@pytest.mark.parametrize(
    ("answer", "status", "host"),
    [
        ({"error": "invalid_grant", "error_description": f"{REFRESH} has expired"}, 400, HOST),
        ({"error": "invalid_client", "error_description": f"{SECRET} is wrong"}, 401, HOST),
        ({"access_token": [ACCESS]}, 200, HOST),
        ({"access_token": ACCESS, "token_type": "Bearer"}, 200, "evil.example"),
        ("nonsense", 200, HOST),
    ],
)
async def test_no_error_carries_a_secret(
    web: WebAuthority, tmp_path: Path, answer: object, status: int, host: str
) -> None:
    """Neither its text, nor the variables of the frames that a traceback leads to."""
    async with serving(web.context, as_json(answer, status)) as (url, _):
        file = kept(tmp_path, url, rotates=False)
        with pytest.raises(PasswordError) as caught:
            await renewed_from(file, host)
    told = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    assert told.__context__ is None or told.__suppress_context__
    frames = [frame for frame in told.stack if frame.filename != __file__]
    text = f"{caught.value} {[frame.locals for frame in frames]}"
    assert frames
    for secret in (REFRESH, SECRET, ACCESS):
        assert secret not in text


@pytest.mark.parametrize(
    ("code", "cause", "words"),
    [
        ("AADSTS70043", "oauth-renewal-failed", "sign-in frequency"),
        ("AADSTS7000222", "oauth-client-rejected", "secret"),
    ],
)
async def test_a_check_says_what_the_providers_error_means(
    web: WebAuthority, tmp_path: Path, code: str, cause: str, words: str
) -> None:
    error = "invalid_grant" if cause == "oauth-renewal-failed" else "invalid_client"
    answer = as_json({"error": error, "error_description": f"{code}: no.\r\nTrace ID: 1"}, 400)
    async with serving(web.context, answer) as (url, _):
        file = kept(tmp_path, url)
        values: dict[str, object] = {"host": HOST, "username": "me", "authentication": "xoauth2"}
        _, verdict = await outcome_of({**values, "password": {"oauth": str(file)}})
    assert (verdict.stage, verdict.cause) == ("password", cause)
    assert f"Microsoft says {error}: {code}: no." in verdict.summary
    assert words in f"{verdict.why} {verdict.cure}".casefold()


async def test_an_answer_that_cannot_be_stored_is_told(
    web: WebAuthority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk may fill up between the trial and the renewal."""
    async with serving(web.context, granting(refresh_token="new")) as (url, _):
        file = kept(tmp_path, url)

        def full(*_parts: object, **_more: object) -> None:
            raise OSError(errno.ENOSPC, "")

        monkeypatch.setattr("smtp_tui.config.atomic_write.write", full)
        with pytest.raises(PasswordError, match="no space left on device") as caught:
            await renewed_from(file)
    assert caught.value.cause == "oauth-store-read-only"


@pytest.mark.parametrize(
    ("rotates", "more", "cause", "requests"),
    [
        # A systemd credential works for what never changes, and a new end is not worth a failure.
        (False, {}, None, 1),
        (False, {"refresh_token": REFRESH, "refresh_expires_in": 60}, None, 1),
        (False, {"refresh_token": "new"}, "oauth-store-read-only", 1),
        # What may change is not asked for where it could not be stored.
        (None, {}, "oauth-store-read-only", 0),
        (True, {}, "oauth-store-read-only", 0),
    ],
)
async def test_a_place_that_cannot_be_written(
    web: WebAuthority,
    tmp_path: Path,
    rotates: bool | None,
    more: dict[str, object],
    cause: str | None,
    requests: int,
) -> None:
    async with serving(web.context, granting(**more)) as (url, seen):
        file = kept(tmp_path, url, rotates=rotates)
        file.with_name("entry.json.lock").mkdir()  # stands for a folder that is read-only
        found = None
        try:
            await renewed_from(file)
        except PasswordError as error:
            found = error.cause
    assert (found, len(seen)) == (cause, requests)
    assert stored(file).refresh_token == REFRESH


async def test_revoking(web: WebAuthority, tmp_path: Path) -> None:
    done = b"HTTP/1.1 200 OK\r\n\r\n"
    async with serving(web.context, done) as (url, seen):
        assert await renewal.revoke(stored(kept(tmp_path, url)))
        assert b"token_type_hint=refresh_token" in seen[0]
        assert not await renewal.revoke(entry())
        application = entry(flow=Flow.CLIENT, refresh_token=None)
        assert not await renewal.revoke(application)
    assert len(seen) == 1


@pytest.mark.integration
def test_a_killed_process_leaves_a_whole_sign_in(tmp_path: Path) -> None:
    file = keep(tmp_path / "entry.json", entry())
    command = [sys.executable, "-m", "tests.oauth.storing", str(file)]
    for kills in range(12):
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout
            for _ in range(kills + 1):
                line = process.stdout.readline()
            process.kill()
            # It may have gone on while it was being killed.
            later = [int(line), *map(int, process.stdout.read().split())]
        number = int((stored(file).refresh_token or "").partition("-")[0])
        assert number in (later[-1], later[-1] + 1)


def test_the_end_of_the_last_tenth() -> None:
    now = datetime.now(UTC)
    token = AccessToken(value=ACCESS, expires_at=0, lifetime=1)
    for lived, left, soon in ((0, 90, False), (80, 10, False), (82, 8, True), (6, 0.5, True)):
        parts = {"granted_at": now - lived * DAY, "ends_at": now + left * DAY}
        assert Renewed(token=token, sign_in=entry(**parts)).ends_soon is soon
    assert not Renewed(token=token, sign_in=entry(ends_at=None)).ends_soon
    for left, soon in ((6, True), (15, False)):
        secret = {"granted_at": now, "ends_at": now + left * DAY, "flow": Flow.CLIENT}
        assert Renewed(token=token, sign_in=entry(**secret)).ends_soon is soon
