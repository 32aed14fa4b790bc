"""A service of a compose file in the form: opened, changed, saved."""

from __future__ import annotations

from pathlib import Path

from tests.interchange.compose.files import SHARED, VAULTWARDEN
from tests.tui.driving import form_on


async def test_a_service_is_edited_and_saved(tmp_path: Path) -> None:
    async with form_on(VAULTWARDEN, tmp_path, table="services.vw", name="compose.yaml") as hand:
        assert "services.vw · Vaultwarden" in hand.lines[0]
        assert "smtp.example.org" in hand.screen
        # smtp-tui writes $$ for the dollar of the password.
        assert "quote it" not in hand.screen
        await hand.press("end", *("backspace",) * 3, "n", "e", "t")
        await hand.press("alt+d")
        changed = "+      SMTP_HOST: smtp.example.net     # the relay"
        await hand.until(lambda: changed in hand.screen)
        assert "pa$" not in hand.screen
        await hand.press("f2")
        await hand.until(lambda: "Saved SMTP Host to compose.yaml" in hand.screen)
    text = (tmp_path / "compose.yaml").read_text()
    assert text == VAULTWARDEN.replace("smtp.example.org", "smtp.example.net")


async def test_what_is_shared_is_refused_with_the_reason(tmp_path: Path) -> None:
    async with form_on(SHARED, tmp_path, table="services.async", name="compose.yaml") as hand:
        await hand.press("end", "x", "f2")
        await hand.until(lambda: "shared by other parts" in " ".join(hand.screen.split()))
    assert (tmp_path / "compose.yaml").read_text() == SHARED


async def test_the_formats_of_variables_can_be_chosen(tmp_path: Path) -> None:
    async with form_on(VAULTWARDEN, tmp_path, table="services.vw", name="compose.yaml") as hand:
        await hand.press("alt+a")
        await hand.until(lambda: "Mastodon" in hand.screen)
        assert "lldap" not in hand.screen.casefold()
