"""What a real provider seldom says: slow polling, the end of a code, replies that make no sense.

A scripted web server stands in for the provider.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qsl

import pytest

from smtp_tui.oauth import flows
from smtp_tui.oauth.entry import Endpoints, Flow
from smtp_tui.oauth.errors import DENIED, OAuthError
from smtp_tui.oauth.flows import begin_device, client_sign_in
from smtp_tui.oauth.providers import endpoints_of, flows_of
from smtp_tui.oauth.token_endpoint import Client
from tests.web.serving import WebAuthority, as_json, serving

SECRET = "client-secret-wonderland"
DEVICE = {
    "device_code": "device-code-wonderland",
    "user_code": "ABCD-EFGH",
    "verification_uri": "https://example.test/device",
    "expires_in": 900,
    "interval": 0.01,
}
TOKEN = {"access_token": "access-wonderland", "token_type": "Bearer", "expires_in": 3600}
PENDING, SLOW = {"error": "authorization_pending"}, {"error": "slow_down"}


@pytest.fixture
def web(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WebAuthority:
    found = WebAuthority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(found.file))
    return found


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that a sign-in waits for, without waiting."""
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    monkeypatch.setattr(flows, "asyncio", type("Module", (), {"sleep": staticmethod(sleep)}))
    return waited


def client_at(url: str, client_id: str = "me", client_secret: str = SECRET) -> Client:
    endpoints = Endpoints(
        issuer=url, token=f"{url}/token", authorization=f"{url}/auth", device=f"{url}/device"
    )
    return Client(
        provider=url, endpoints=endpoints, client_id=client_id, client_secret=client_secret
    )


async def test_slow_down_waits_longer_each_time(web: WebAuthority, pauses: list[float]) -> None:
    replies = (as_json(DEVICE), as_json(SLOW, 400), as_json(PENDING, 400), as_json(SLOW, 400))
    async with serving(web.context, *replies, as_json(TOKEN)) as (url, seen):
        granted = await (await begin_device(client_at(url))).wait()
    assert granted.access.value == TOKEN["access_token"]
    assert pauses == pytest.approx([0.01, 5.01, 5.01, 10.01])
    form = dict(parse_qsl(seen[-1].partition(b"\r\n\r\n")[2].decode()))
    assert form["device_code"] == DEVICE["device_code"]
    assert form["grant_type"] == "urn:ietf:params:oauth:grant-type:device_code"


async def test_a_poll_without_an_answer_is_no_refusal(
    web: WebAuthority, pauses: list[float]
) -> None:
    replies = (as_json(DEVICE), b"HTTP/1.1 503 Busy\r\n\r\n", b"", as_json(TOKEN))
    async with serving(web.context, *replies) as (url, _):
        granted = await (await begin_device(client_at(url))).wait()
    assert granted.access.lifetime == 3600
    assert len(pauses) == 3


async def test_a_code_that_nobody_enters_ends(web: WebAuthority) -> None:
    device = as_json({**DEVICE, "expires_in": 0.05})
    async with serving(web.context, device, as_json(PENDING, 400)) as (url, _):
        waiting = await begin_device(client_at(url))
        async with asyncio.timeout(10):
            with pytest.raises(OAuthError, match="nobody entered the code") as caught:
                await waiting.wait()
    assert caught.value.error == "expired_token"


async def test_the_provider_ends_a_code(web: WebAuthority) -> None:
    expired = as_json({"error": "expired_token"}, 400)
    async with serving(web.context, as_json(DEVICE), expired) as (url, _):
        with pytest.raises(OAuthError, match="says expired_token"):
            await (await begin_device(client_at(url))).wait()


async def test_a_user_who_refuses_at_microsoft(web: WebAuthority) -> None:
    declined = as_json({"error": "authorization_declined"}, 400)
    async with serving(web.context, as_json(DEVICE), declined) as (url, _):
        with pytest.raises(OAuthError, match="says authorization_declined") as caught:
            await (await begin_device(client_at(url))).wait()
    assert caught.value.error == DENIED


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"device_code": None}, "holds no device_code"),
        ({"user_code": 5}, "holds no user_code"),
        ({"verification_uri": "javascript:alert(1)"}, "is no web address"),
        ({"verification_uri": "https://x.test/\x1b[2J"}, "is no web address"),
        ({"verification_uri_complete": "https://[x"}, "is no web address"),
    ],
)
async def test_a_code_that_cannot_be_shown(
    web: WebAuthority, changes: dict[str, object], words: str
) -> None:
    async with serving(web.context, as_json(DEVICE | changes)) as (url, _):
        with pytest.raises(OAuthError, match=words) as caught:
            await begin_device(client_at(url))
    assert "\x1b" not in str(caught.value)


async def test_a_code_without_an_interval_is_polled_every_five_seconds(
    web: WebAuthority, pauses: list[float]
) -> None:
    device = {key: value for key, value in DEVICE.items() if key != "interval"}
    async with serving(web.context, as_json(device), as_json(TOKEN)) as (url, _):
        await (await begin_device(client_at(url))).wait()
    assert pauses == [5.0]


@pytest.mark.parametrize(
    "reply",
    [
        b"HTTP/1.1 200 OK\r\n\r\n<html>",
        b"HTTP/1.1 200 OK\r\n\r\n",
        as_json([]),
        as_json("access_token"),
        as_json({**TOKEN, "access_token": 5}),
        as_json({**TOKEN, "access_token": ""}),
        as_json({**TOKEN, "access_token": "two\r\nlines"}),
        as_json({**TOKEN, "refresh_token": ["x"]}),
        as_json({**TOKEN, "token_type": "mac"}),
        as_json({"access_token": "x"}),
        as_json({"error": 5}, 400),
        as_json({"error": "server_error"}, 500),
        as_json({"error": "temporarily_unavailable"}, 503),
        b"HTTP/1.1 502 Bad\r\n\r\n<html>",
        b"HTTP/1.1 429 Slow\r\n\r\n",
        b"HTTP/1.1 302 Moved\r\nLocation: /other\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n" + b"[" * 60_000,
    ],
    ids=lambda reply: f"{reply[-20:]!r}",
)
async def test_a_reply_without_a_token_is_the_providers_trouble(
    web: WebAuthority, reply: bytes
) -> None:
    async with serving(web.context, reply) as (url, seen):
        with pytest.raises(OAuthError) as caught:
            await client_sign_in(client_at(url))
    assert caught.value.cause == "oauth-provider-unreachable"
    assert len(seen) == 1


@pytest.mark.parametrize(
    ("expires_in", "lifetime"),
    [(60, 60), ("60", 60), (None, 3600), (0, 3600), (-5, 3600), ("1e999", 3600), ("x", 3600)],
)
async def test_lifetimes(web: WebAuthority, expires_in: object, lifetime: float) -> None:
    async with serving(web.context, as_json({**TOKEN, "expires_in": expires_in})) as (url, _):
        granted = await client_sign_in(client_at(url))
    assert granted.access.lifetime == lifetime


async def test_the_end_of_a_refresh_token_is_read(web: WebAuthority) -> None:
    answer = {**TOKEN, "refresh_token": "r", "refresh_token_expires_in": 604799}
    async with serving(web.context, as_json(answer)) as (url, _):
        granted = await client_sign_in(client_at(url))
    assert granted.ends_at


async def test_an_error_of_microsoft(web: WebAuthority) -> None:
    description = (
        f"AADSTS7000215: Invalid client secret provided for {SECRET}. Ensure the secret being sent "
        "in the request is the client secret value.\r\nTrace ID: 1\r\nCorrelation ID: 2"
    )
    answer = {"error": "invalid_client", "error_description": description, "error_codes": [7000215]}
    async with serving(web.context, as_json(answer, 401)) as (url, _):
        with pytest.raises(OAuthError) as caught:
            await client_sign_in(client_at(url))
    error = caught.value
    assert (error.cause, error.error) == ("oauth-client-rejected", "invalid_client")
    assert error.code == "AADSTS7000215"
    assert str(error).endswith("is the client secret value")
    assert SECRET not in str(error)
    assert "Trace ID" not in str(error)


async def test_an_error_of_google(web: WebAuthority) -> None:
    answer = {
        "error": "invalid_grant",
        "error_description": "reauth related error (invalid_rapt)",
        "error_subtype": "invalid_rapt",
    }
    async with serving(web.context, as_json(answer, 400)) as (url, _):
        with pytest.raises(OAuthError) as caught:
            await client_sign_in(client_at(url))
    assert (caught.value.cause, caught.value.code) == ("oauth-renewal-failed", "invalid_rapt")


async def test_a_hostile_error_is_escaped_and_cut(web: WebAuthority) -> None:
    answer = {"error": "x\x1b[2J" * 30, "error_description": f"\u202e{SECRET[:14]}…" + "y" * 5000}
    async with serving(web.context, as_json(answer, 400)) as (url, _):
        with pytest.raises(OAuthError) as caught:
            await client_sign_in(client_at(url))
    text = str(caught.value)
    assert text.isprintable()
    assert len(text) < 400
    assert SECRET[:14] not in text


@pytest.mark.parametrize("in_form", [True, False])
async def test_the_secret_goes_where_the_provider_wants_it(
    web: WebAuthority, in_form: bool
) -> None:
    async with serving(web.context, as_json(TOKEN)) as (url, seen):
        client = client_at(url, client_id="a b:c", client_secret="s/e cret")
        endpoints = replace(client.endpoints, secret_in_form=in_form)
        await client_sign_in(replace(client, endpoints=endpoints))
    head, _, body = seen[0].partition(b"\r\n\r\n")
    # RFC 6749, section 2.3.1: "a+b%3Ac:s%2Fe+cret" in Base64.
    assert (b"Authorization: Basic YStiJTNBYzpzJTJGZStjcmV0" in head) is not in_form
    assert (dict(parse_qsl(body.decode())).get("client_secret") == "s/e cret") is in_form


METADATA = {
    "issuer": "@URL@",
    "token_endpoint": "https://x.test/token",
    "authorization_endpoint": "https://x.test/auth",
    "device_authorization_endpoint": "https://x.test/device",
}


async def test_metadata_of_openid_where_there_is_none_of_oauth(web: WebAuthority) -> None:
    missing = b"HTTP/1.1 404 No\r\n\r\n"
    found = as_json({**METADATA, "issuer": "@URL@/realm/"})
    async with serving(web.context, missing, found) as (url, seen):
        endpoints = await endpoints_of(f"{url}/realm")
    assert [head.split()[1] for head in seen] == [
        b"/.well-known/oauth-authorization-server/realm",
        b"/realm/.well-known/openid-configuration",
    ]
    assert endpoints.token == METADATA["token_endpoint"]
    assert flows_of(url, endpoints) == (Flow.DEVICE, Flow.PASTE, Flow.CLIENT)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"issuer": "@URL@/other"}, "that of another issuer"),
        ({"issuer": None}, "that of another issuer"),
        ({"token_endpoint": None}, "names no token_endpoint"),
        ({"token_endpoint": "http://x.test/"}, "is not an https://"),
        ({"revocation_endpoint": 5}, "is not an https://"),
    ],
)
async def test_metadata_that_is_not_believed(
    web: WebAuthority, changes: dict[str, object], words: str
) -> None:
    async with serving(web.context, as_json(METADATA | changes)) as (url, _):
        with pytest.raises(OAuthError, match=words):
            await endpoints_of(url)


@pytest.mark.parametrize(
    "issuer",
    ["", "outlook", "http://x.test", "https://", "https://x.test/?a", "https://[", "ftp://x"],
)
async def test_what_is_no_issuer(issuer: str) -> None:
    with pytest.raises(OAuthError, match="is not a provider: use microsoft, google, or"):
        await endpoints_of(issuer)


async def test_a_certificate_that_is_not_trusted_has_its_own_cure(
    web: WebAuthority, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    (tmp_path / "none.pem").write_text("")
    async with serving(web.context, as_json(TOKEN)) as (url, seen):
        with pytest.raises(OAuthError, match="certificate is not valid") as caught:
            await client_sign_in(client_at(url))
        assert not seen
    assert "sent nothing" in caught.value.why
    assert "SSL_CERT_FILE" in caught.value.to_do


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"token_type": "mac"}, "another type than Bearer"),
        ({"access_token": "x" * 200_000}, "larger than 64 KiB"),
    ],
    ids=["type", "size"],
)
async def test_a_reply_without_a_token_ends_the_polling_at_once(
    web: WebAuthority, pauses: list[float], wrong: dict[str, str], said: str
) -> None:
    async with serving(web.context, as_json(DEVICE), as_json({**TOKEN, **wrong})) as (url, _):
        with pytest.raises(OAuthError, match=said):
            await (await begin_device(client_at(url))).wait()
    assert len(pauses) == 1


async def test_a_try_that_fails_is_reported_once(web: WebAuthority, pauses: list[float]) -> None:
    busy = b"HTTP/1.1 503 Busy\r\n\r\n"
    seen: list[str] = []
    async with serving(web.context, as_json(DEVICE), busy, busy, as_json(TOKEN)) as (url, _):
        await (await begin_device(client_at(url))).wait(lambda error: seen.append(str(error)))
    assert len(seen) == 1
    assert "it replies 503" in seen[0]
    assert len(pauses) == 3
