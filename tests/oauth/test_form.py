"""Signing in from the form and line by line, against a real provider."""

from __future__ import annotations

import asyncio
import re
from contextlib import nullcontext
from pathlib import Path

import pytest

from smtp_tui.tui.commands import command_named
from smtp_tui.tui.dialogs.sign_in import DeviceDialog
from tests.diagnosis.test_tokens import GRAPH, RIGHT, token
from tests.oauth.conftest import ALICE
from tests.servers.oidc import PUBLIC, OidcServer, code_in
from tests.tui.driving import Hand, form_on
from tests.tui.linear_console import answered

pytestmark = pytest.mark.integration

KEY = command_named("sign_in").default_keys[0]
SETTINGS = f'[smtp]\nhost = "localhost"\nusername = "{ALICE}"\nauthentication = "plain"\n'
CODE = re.compile(r"^ {3}((?:[A-Z-] )+[A-Z])\b", re.MULTILINE)


async def begin(hand: Hand, provider: OidcServer, flow: str) -> None:
    """Answer the questions up to the flow."""
    await hand.press(KEY)
    assert "Where do the users of this server sign in?" in hand.screen
    await hand.press("ctrl+u")
    await hand.type(provider.issuer)
    await hand.press("enter")
    await hand.until(lambda: "Client ID" in hand.screen)
    await hand.type(PUBLIC)
    await hand.press("enter")
    await hand.until(lambda: "The scopes to ask for" in hand.screen)
    assert "openid offline_access" in hand.screen
    await hand.type(" smtp")
    await hand.press("enter")
    await hand.until(lambda: "How do you want to sign in?" in hand.screen)
    await hand.type(flow)
    await hand.press("enter")


def shown_code(hand: Hand) -> str:
    found = CODE.search(hand.screen)
    assert found, hand.screen
    return found[1].replace(" ", "")


def raw(hand: Hand, key: str) -> object:
    return hand.form_screen.form.draft.raw(key)


@pytest.mark.parametrize("size", [(80, 24), (140, 40)])
async def test_a_code_on_another_device(
    provider: OidcServer, tmp_path: Path, size: tuple[int, int]
) -> None:
    async with form_on(SETTINGS, tmp_path, size=size) as hand:
        await begin(hand, provider, "another device")
        await hand.until(lambda: isinstance(hand.pilot.app.screen, DeviceDialog))
        assert f"{provider.issuer}/device" in hand.screen
        assert "▀" in hand.screen
        assert "Waiting. The code ends in" in hand.screen
        address = f"{provider.issuer}/device?user_code={shown_code(hand)}"
        await asyncio.to_thread(provider.sign_in, address)
        await hand.until(lambda: "Signed in at" in hand.screen)
        assert isinstance(raw(hand, "password"), dict)
        assert raw(hand, "authentication") == "xoauth2"
        assert "signs in again" in hand.screen.replace("\n", " ") or size == (80, 24)
        await hand.press("f4")
        assert (raw(hand, "password"), raw(hand, "authentication")) == (None, "plain")


async def test_escape_leaves_everything_as_it_was(provider: OidcServer, tmp_path: Path) -> None:
    async with form_on(SETTINGS, tmp_path) as hand:
        await begin(hand, provider, "another device")
        await hand.until(lambda: isinstance(hand.pilot.app.screen, DeviceDialog))
        await hand.press("escape")
        await hand.until(lambda: "Not signed in. Nothing was changed." in hand.screen)
        assert raw(hand, "password") is None
        await hand.press(KEY, "escape")
        await hand.until(lambda: "Not signed in." in hand.screen)


async def test_a_user_who_declines(provider: OidcServer, tmp_path: Path) -> None:
    async with form_on(SETTINGS, tmp_path, size=(140, 40)) as hand:
        await begin(hand, provider, "another device")
        await hand.until(lambda: isinstance(hand.pilot.app.screen, DeviceDialog))
        address = f"{provider.issuer}/device?user_code={shown_code(hand)}"
        await asyncio.to_thread(provider.deny, address)
        await hand.until(lambda: "access_denied" in hand.screen)
        assert raw(hand, "password") is None


async def test_a_pasted_address_is_masked(
    provider: OidcServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with form_on(SETTINGS, tmp_path, size=(140, 40)) as hand:
        copied: list[str] = []
        monkeypatch.setattr(hand.pilot.app, "copy_to_clipboard", copied.append)
        await begin(hand, provider, "paste the last")
        await hand.until(lambda: "Open this address in a browser" in hand.screen)
        await hand.press("f7")
        printed: list[str] = []
        monkeypatch.setattr(hand.pilot.app, "suspend", nullcontext)
        monkeypatch.setattr("builtins.input", printed.append)
        await hand.press("alt+a")
        assert f"\n{copied[0]}\n" in printed[0]
        end = await asyncio.to_thread(provider.sign_in, copied[0])
        await hand.type("http://127.0.0.1/?code=x&state=other")
        await hand.press("enter")
        await hand.until(lambda: "belongs to another sign-in" in hand.screen)
        await hand.type(end)
        assert code_in(end) not in hand.screen
        await hand.press("enter")
        await hand.until(lambda: "Signed in at" in hand.screen)


async def test_another_user_in_the_browser_is_named(provider: OidcServer, tmp_path: Path) -> None:
    async with form_on(SETTINGS, tmp_path, size=(140, 40)) as hand:
        await begin(hand, provider, "another device")
        await hand.until(lambda: isinstance(hand.pilot.app.screen, DeviceDialog))
        address = f"{provider.issuer}/device?user_code={shown_code(hand)}"
        await asyncio.to_thread(provider.sign_in, address, "bob@example.test")
        await hand.until(lambda: "as bob@example.test" in message(hand))
        assert f"The username is {ALICE}, and bob@example.test signed in." in message(hand)


async def test_signing_in_again_as_before_or_otherwise(
    provider: OidcServer, tmp_path: Path
) -> None:
    async with form_on(SETTINGS, tmp_path, size=(140, 40)) as hand:
        await begin(hand, provider, "another device")
        await hand.until(lambda: isinstance(hand.pilot.app.screen, DeviceDialog))
        address = f"{provider.issuer}/device?user_code={shown_code(hand)}"
        await asyncio.to_thread(provider.sign_in, address)
        await hand.until(lambda: "Signed in at" in hand.screen)
        # The settings name the sign-in, which knows its provider.
        await hand.press(KEY)
        await hand.until(lambda: "You have signed in at" in hand.screen)
        await hand.press("down", "enter")
        await hand.until(lambda: "Client ID" in hand.screen)
        assert PUBLIC in hand.screen
        await hand.press("enter")
        await hand.until(lambda: "openid offline_access smtp" in hand.screen)
        await hand.press("escape")
        await hand.until(lambda: "Not signed in." in hand.screen)
        await hand.press(KEY)
        await hand.until(lambda: "You have signed in at" in hand.screen)
        await hand.press("enter")
        await hand.until(lambda: isinstance(hand.pilot.app.screen, DeviceDialog))


async def test_a_provider_is_asked_for_until_one_answers(
    provider: OidcServer, tmp_path: Path
) -> None:
    async with form_on(SETTINGS, tmp_path, size=(140, 40)) as hand:
        await hand.press(KEY)
        await hand.type("https://")
        await hand.press("enter")
        await hand.until(lambda: "'https://' is not a provider" in hand.screen)
        await hand.press("ctrl+u")
        await hand.type(provider.issuer)
        await hand.press("enter")
        await hand.until(lambda: "Client ID" in hand.screen)
        await hand.type("unknown")
        await hand.press("enter", "enter")
        await hand.until(lambda: "How do you want to sign in?" in hand.screen)
        await hand.type("another device")
        await hand.press("enter")
        await hand.until(lambda: "invalid_client" in hand.screen)
        # The answers are proposed again.
        await hand.press(KEY)
        assert provider.issuer in hand.screen
        await hand.press("enter")
        await hand.until(lambda: "unknown" in hand.screen)


async def test_a_username_is_needed_first(tmp_path: Path) -> None:
    async with form_on('[smtp]\nhost = "localhost"\n', tmp_path) as hand:
        await hand.press(KEY)
        assert "Type the SMTP Username first" in hand.screen
        assert hand.row("SMTP Username").startswith(">")


async def test_the_sidebar_offers_it_and_reads_a_token(tmp_path: Path) -> None:
    text = SETTINGS.replace("localhost", "smtp.office365.com").replace("plain", "xoauth2")
    async with form_on(text, tmp_path, size=(140, 60)) as hand:
        await hand.go_to("SMTP Password")
        assert "signs in at the provider instead" in side(hand)
        graph = token(**{**RIGHT, "aud": GRAPH})
        await hand.type(graph)
        await hand.until(lambda: "This token is for Microsoft Graph" in side(hand))
        assert graph[:40] not in hand.screen


def side(hand: Hand) -> str:
    """The sidebar's text as one line."""
    parts = (line.partition("│")[2] or line.partition("┃")[2] for line in hand.lines)
    return " ".join(" ".join(parts).split())


def message(hand: Hand) -> str:
    """The text beside the sidebar as one line."""
    return " ".join(" ".join(line.partition("│")[0] for line in hand.lines).split())


# Line by line


def test_line_by_line(provider: OidcServer, tmp_path: Path) -> None:
    done = answered(
        tmp_path,
        ":login",
        provider.issuer,
        PUBLIC,
        "",
        "2",
        "http://127.0.0.1/?code=x&state=other",
        "",
        ":quit",
        text=SETTINGS,
    )
    assert "Open this address in a browser" in done.plain
    assert "belongs to another sign-in" in done.plain
    assert "Not signed in. Nothing was changed." in done.plain
    assert done.console.unechoed == ["http://127.0.0.1/?code=x&state=other", ""]
    assert done.saved == SETTINGS


def test_line_by_line_needs_a_username(tmp_path: Path) -> None:
    done = answered(tmp_path, ":login", ":quit", text='[smtp]\nhost = "localhost"\n')
    assert "Type the SMTP Username first" in done.plain


def test_the_demo_signs_in_nowhere(tmp_path: Path) -> None:
    done = answered(tmp_path, ":login", ":quit", text=SETTINGS, is_demo=True)
    assert "The demo contacts no other machine" in done.plain
