"""Sign in at a real OpenID provider: by code, by a pasted address, as an application."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from smtp_tui.oauth.errors import OAuthError
from smtp_tui.oauth.flows import begin_device, begin_paste, client_sign_in
from smtp_tui.oauth.token_endpoint import Client
from tests.oauth.conftest import ALICE
from tests.servers.oidc import APPLICATION, APPLICATION_SECRET, OidcServer, code_in


async def test_a_code_typed_on_another_device(provider: OidcServer, client: Client) -> None:
    waiting = await begin_device(client)
    assert waiting.address == f"{provider.issuer}/device"
    assert waiting.complete_address == f"{waiting.address}?user_code={waiting.code}"
    assert waiting.ends_in == 60
    task = asyncio.create_task(waiting.wait())
    page = await asyncio.to_thread(provider.sign_in, waiting.complete_address)
    assert "Sign-in Success" in page
    granted = await task
    found = provider.introspect(granted.access.value)
    assert (found["active"], found["sub"]) == (True, ALICE)
    assert granted.refresh_token
    assert granted.access.value not in repr(granted)
    assert granted.refresh_token not in repr(granted)
    assert granted.access.scope == "openid offline_access smtp"
    assert granted.ends_at is None


async def test_a_user_who_refuses_the_code(provider: OidcServer, client: Client) -> None:
    waiting = await begin_device(client)
    assert waiting.complete_address
    task = asyncio.create_task(waiting.wait())
    await asyncio.to_thread(provider.deny, waiting.complete_address)
    with pytest.raises(OAuthError, match="access_denied: End-User aborted") as caught:
        await task
    assert caught.value.error == "access_denied"


async def test_a_redirect_that_is_pasted_back(provider: OidcServer, client: Client) -> None:
    signing_in = begin_paste(client)
    asked = dict(parse_qsl(urlsplit(signing_in.address).query))
    assert asked["code_challenge_method"] == "S256"
    assert signing_in.secrets[0] not in signing_in.address
    pasted = await asyncio.to_thread(provider.sign_in, signing_in.address)
    granted = await signing_in.finish(f"  {pasted}\n")
    assert provider.introspect(granted.access.value)["sub"] == ALICE
    assert granted.refresh_token


async def test_the_code_alone_will_do(provider: OidcServer, client: Client) -> None:
    signing_in = begin_paste(client)
    pasted = await asyncio.to_thread(provider.sign_in, signing_in.address)
    granted = await signing_in.finish(code_in(pasted))
    assert provider.introspect(granted.access.value)["active"]


async def test_a_code_works_once(provider: OidcServer, client: Client) -> None:
    signing_in = begin_paste(client)
    pasted = await asyncio.to_thread(provider.sign_in, signing_in.address)
    await signing_in.finish(pasted)
    with pytest.raises(OAuthError, match="invalid_grant") as caught:
        await signing_in.finish(pasted)
    assert code_in(pasted) not in str(caught.value)


async def test_a_code_is_of_no_use_to_another_sign_in(provider: OidcServer, client: Client) -> None:
    pasted = await asyncio.to_thread(provider.sign_in, begin_paste(client).address)
    with pytest.raises(OAuthError, match="belongs to another sign-in"):
        await begin_paste(client).finish(pasted)
    # Without the state it is PKCE's verifier that does not fit.
    with pytest.raises(OAuthError, match="invalid_grant"):
        await begin_paste(client).finish(code_in(pasted))


async def test_an_answer_of_another_provider_is_not_believed(
    provider: OidcServer, client: Client
) -> None:
    signing_in = begin_paste(client)
    pasted = await asyncio.to_thread(provider.sign_in, signing_in.address)
    found = dict(parse_qsl(urlsplit(pasted).query)) | {"iss": "https://evil.example"}
    with pytest.raises(OAuthError, match=r"answer of another provider: https://evil\.example"):
        await signing_in.finish(f"http://127.0.0.1/?{urlencode(found)}")


async def test_a_user_who_refuses_in_the_browser(provider: OidcServer, client: Client) -> None:
    signing_in = begin_paste(client)
    pasted = await asyncio.to_thread(provider.deny, signing_in.address)
    with pytest.raises(OAuthError) as caught:
        await signing_in.finish(pasted)
    assert caught.value.error == "access_denied"


@pytest.mark.parametrize(
    "pasted",
    ["", "  ", "two words", "http://127.0.0.1/?x=y", "https://[", "é", "x" * 20000],
    ids=lambda pasted: f"{pasted[:20]!r}",
)
async def test_what_holds_no_code(pasted: str, client: Client) -> None:
    with pytest.raises(OAuthError) as caught:
        await begin_paste(client).finish(pasted)
    assert caught.value.error is None


async def test_an_application_signs_in_by_itself(provider: OidcServer, client: Client) -> None:
    application = replace(
        client, client_id=APPLICATION, client_secret=APPLICATION_SECRET, scopes=("smtp",)
    )
    granted = await client_sign_in(application)
    found = provider.introspect(granted.access.value)
    assert (found["active"], found["client_id"]) == (True, APPLICATION)
    assert granted.refresh_token is None
    assert APPLICATION_SECRET not in repr(application)


@pytest.mark.parametrize(("name", "secret"), [(APPLICATION, "wrong-secret"), ("nobody", "any")])
async def test_an_application_that_is_rejected(client: Client, name: str, secret: str) -> None:
    application = replace(client, client_id=name, client_secret=secret, scopes=("smtp",))
    with pytest.raises(OAuthError, match="invalid_client") as caught:
        await client_sign_in(application)
    assert caught.value.cause == "oauth-client-rejected"
    assert secret not in str(caught.value)
