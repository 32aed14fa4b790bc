"""Other programs' settings in the form: pasted, previewed, taken over; shown, copied, saved."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from textual.events import Paste

from smtp_tui.interchange.importer import LARGEST
from smtp_tui.interchange.spec import formats
from smtp_tui.tui.dialogs.import_settings import ImportPasteArea, ImportScreen
from smtp_tui.tui.dialogs.program_text import ExportScreen
from tests.tui.driving import SAMPLE, Hand, form_on, settle

SECRET = "n0t-to-be-shown"
MASTODON = f"""\
SMTP_SERVER=smtp.example.com
SMTP_PORT=465
SMTP_SSL=true
SMTP_LOGIN=toot@example.com
SMTP_PASSWORD={SECRET}
SMTP_FROM_ADDRESS=notify@example.com
SMTP_OPENSSL_VERIFY_MODE=$MODE
"""
URL = f"smtps://me%40example.com:{SECRET}@smtp.example.com:465"
MAIN_CF = """\
relayhost = [smtp.example.com]:587
smtp_sasl_auth_enable = yes
smtp_sasl_password_maps = hash:/etc/postfix/sasl_passwd
smtp_tls_security_level = verify
"""


async def open_import(hand: Hand) -> ImportPasteArea:
    await hand.press("alt+i")
    await hand.until(lambda: isinstance(hand.pilot.app.screen, ImportScreen))
    return hand.pilot.app.screen.query_exactly_one(ImportPasteArea)


async def paste(hand: Hand, text: str) -> None:
    hand.pilot.app.post_message(Paste(text))
    await settle(hand.pilot.app)


async def imported(hand: Hand, text: str, told: str = "Read as ") -> ImportPasteArea:
    pad = await open_import(hand)
    await paste(hand, text)
    await hand.until(lambda: told in hand.screen)
    return pad


def the_form(hand: Hand) -> Callable[[], bool]:
    return lambda: hand.pilot.app.screen is hand.form_screen


@pytest.mark.parametrize("size", [(80, 24), (140, 40), (60, 20)])
async def test_a_paste_is_recognised_and_previewed(tmp_path: Path, size: tuple[int, int]) -> None:
    async with form_on(SAMPLE, tmp_path, size=size) as hand:
        pad = await imported(hand, MASTODON, "Read as Mastodon")
        assert pad.text == MASTODON
        assert "SMTP Host: mail.example.net -> smtp.example.com" in hand.screen
        assert "F2" in hand.hints
        await hand.press("pagedown", "pagedown", "pagedown")
        assert "its value comes from the variable MODE" in " ".join(hand.screen.split())
        assert SECRET not in hand.screen
        assert SECRET not in repr(pad) + repr(hand.pilot.app.screen)


async def test_what_is_taken_over_is_one_step(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path, size=(140, 40)) as hand:
        await imported(hand, MASTODON)
        await hand.press("f2")
        await hand.until(the_form(hand))
        assert "Imported from Mastodon, not saved yet: SMTP Host" in hand.screen
        draft = hand.form_screen.form.draft
        assert draft.text("host") == "smtp.example.com"
        assert draft.password.at_hand == SECRET
        assert "encryption" in draft.changed
        assert hand.file.read_text() == SAMPLE
        await hand.press("f4")
        assert draft.changed == ()
        assert draft.password.at_hand == "hunter2hunter2"
        await hand.press("ctrl+backslash")
        assert draft.password.at_hand == SECRET
        assert draft.text("username") == "toot@example.com"
        assert SECRET not in hand.screen
        await hand.press("f2")
        await hand.until(lambda: SECRET in hand.file.read_text())
        assert 'host = "smtp.example.com"   # the relay' in hand.file.read_text()


async def test_a_password_goes_where_the_form_keeps_it(tmp_path: Path) -> None:
    text = SAMPLE.replace('"hunter2hunter2"', '{ keyring = "tickets" }')
    async with form_on(text, tmp_path, size=(140, 40)) as hand:
        await imported(hand, URL)
        assert "SMTP Password: kept in keyring -> a new one, saved in the" in hand.screen
        await hand.press("f2")
        await hand.until(the_form(hand))
        await hand.press("f2")
        await hand.until(lambda: "smtp.example.com" in hand.file.read_text())
        assert SECRET not in hand.file.read_text()


async def test_a_reference_becomes_the_place(tmp_path: Path) -> None:
    swaks = 'swaks --server smtp.example.com -tls -au me -ap "$MAIL_SECRET"\n'
    async with form_on(SAMPLE, tmp_path, size=(140, 40)) as hand:
        await imported(hand, swaks, "Read as swaks")
        assert "-> from the environment variable MAIL_SECRET" in hand.screen
        await hand.press("f2")
        await hand.until(the_form(hand))
        assert hand.form_screen.form.draft.password.raw() == {"env": "MAIL_SECRET"}


async def test_a_command_is_called_one(tmp_path: Path) -> None:
    msmtp = "account default\nhost smtp.example.com\nauth on\nuser me\n"
    msmtp += 'passwordeval "pass show mail | head -n 1"\n'
    async with form_on(SAMPLE, tmp_path, size=(140, 40)) as hand:
        await imported(hand, msmtp, "Read as msmtp")
        assert "-> from the command sh -c 'pass show mail | head -n 1'" in hand.screen
        assert "the file sh" not in hand.screen


async def test_a_password_of_before_that_would_go_elsewhere_is_told(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path, size=(140, 40)) as hand:
        await imported(hand, "SMTP_SERVER=smtp.example.com\nSMTP_LOGIN=me\n")
        assert "The text has no password" in hand.screen
        assert "Unchanged: " in hand.screen


async def test_what_says_nothing_new_cannot_be_taken(tmp_path: Path) -> None:
    text = '[smtp]\nhost = "smtp.example.com"\nport = 465\nencryption = "ssl"\n'
    async with form_on(text, tmp_path) as hand:
        await imported(hand, "smtps://smtp.example.com:465")
        assert "The form has all these settings already." in hand.screen
        assert "F2" not in hand.hints
        await hand.press("f2")
        assert isinstance(hand.pilot.app.screen, ImportScreen)
        await hand.press("escape")
        await hand.until(the_form(hand))
        assert "modified" not in hand.lines[0]


async def test_the_format_is_chosen_where_it_is_not_recognised(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await imported(hand, "SMTP_PORT=2525\n", "does not recognise this format")
        assert "F8 lists the formats" in " ".join(hand.screen.split())
        assert "--from" not in hand.screen
        await hand.press("f8")
        assert "detect from the text" in hand.screen
        shown = [line[3:].strip() for line in hand.lines]
        assert shown.index("Alertmanager") < shown.index("Authelia") < shown.index("CrowdSec")
        await hand.type("mastodon")
        await hand.press("enter")
        await hand.until(lambda: "Read as Mastodon, which you chose" in hand.screen)
        assert "SMTP Port: 2587 -> 2525" in hand.screen
        await hand.press("f8", "home", "enter")
        await hand.until(lambda: "does not recognise this format" in hand.screen)


async def test_the_quoting_is_chosen(tmp_path: Path) -> None:
    text = 'SMTP_FROM="a@example.com"\nSMTP_HOST="smtp.example.com"\nSMTP_SECURITY=starttls\n'
    async with form_on(SAMPLE, tmp_path, size=(140, 40)) as hand:
        await imported(hand, text, "Vaultwarden")
        assert "Alt+U chooses that" in " ".join(hand.screen.split())
        await hand.press("alt+u", "down", "down", "enter")
        await hand.until(lambda: "quoted for systemd" in hand.screen)
        assert "SMTP Host: mail.example.net -> smtp.example.com" in hand.screen


async def test_a_file_is_read_with_those_beside_it(tmp_path: Path) -> None:
    (tmp_path / "main.cf").write_text(MAIN_CF)
    (tmp_path / "sasl_passwd").write_text(f"[smtp.example.com]:587 me:{SECRET}\n")
    async with form_on(SAMPLE, tmp_path, size=(140, 40)) as hand:
        await open_import(hand)
        await hand.press("alt+r")
        await paste(hand, str(tmp_path / "none"))
        await hand.press("enter")
        await hand.until(lambda: "does not exist" in hand.screen)
        await hand.press("ctrl+u")
        await paste(hand, str(tmp_path / "main.cf"))
        await hand.press("enter")
        await hand.until(lambda: "Read as Postfix" in hand.screen)
        assert "main.cf, 4 lines" in hand.screen
        await hand.press("f2")
        await hand.until(the_form(hand))
        assert hand.form_screen.form.draft.password.at_hand == SECRET


async def test_clearing_begins_anew(tmp_path: Path) -> None:
    (tmp_path / "mail.env").write_text(MASTODON)
    async with form_on(SAMPLE, tmp_path) as hand:
        pad = await open_import(hand)
        await hand.press("alt+r")
        await paste(hand, str(tmp_path / "mail.env"))
        await hand.press("enter")
        await hand.until(lambda: "mail.env, 7 lines" in hand.screen)
        await hand.press("ctrl+u")
        assert pad.text == ""
        assert "mail.env" not in hand.screen
        assert "Import" not in hand.hints


async def test_what_is_typed_shows_no_part_of_a_secret(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await open_import(hand)
        for letter in URL:
            await hand.type(letter)
            assert "n0t" not in hand.screen
        await hand.until(lambda: "Read as a URL" in hand.screen)
        assert "n0t" not in hand.screen


async def test_too_long_a_text_is_refused_whole(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await imported(hand, MASTODON + "#" * LARGEST, "The text is larger than 1 MiB")
        assert "F2" not in hand.hints


async def test_what_is_pasted_steers_no_terminal(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await imported(hand, "SMTP_LOGIN=x\nSMTP_\x1b]0;x\x07=\u202e1\n", "Not understood")
        assert not {"\x1b", "\x07", "\u202e"} & set(hand.screen)


# Export


async def open_export(hand: Hand, program: str = "") -> None:
    await hand.press("alt+x", "enter")
    await hand.until(lambda: isinstance(hand.pilot.app.screen, ExportScreen))
    for _ in formats():
        if f"The settings for {program}" in hand.screen:
            return
        await hand.press("right")
    raise AssertionError(program)


@pytest.mark.parametrize("size", [(80, 24), (140, 40), (60, 20)])
async def test_each_program_has_its_text_without_the_password(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    async with form_on(SAMPLE, tmp_path, size=size) as hand:
        await open_export(hand)
        seen = []
        for _ in formats():
            assert "mail.example.net" in hand.screen
            assert "hunter2" not in hand.screen
            seen.append(hand.lines[0].strip())
            await hand.press("right")
        assert hand.lines[0].strip() == seen[0]
        assert len(set(seen)) == len(formats())
        await hand.press("left")
        assert hand.lines[0].strip() == seen[-1]


async def test_what_a_program_cannot_express_is_told(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await open_export(hand, "Chatwoot")
        assert "Encryption Type: Chatwoot cannot require STARTTLS" in hand.screen
        assert "--with-password" not in hand.screen
        await hand.press("f8", "down", "enter")
        assert "The settings for Mastodon" in hand.screen
        await hand.press("u", "down", "enter")
        assert "The settings for Mastodon, quoted for docker" in hand.screen


async def test_the_text_is_copied_by_the_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await open_export(hand, "msmtp")
        copied: list[str] = []
        monkeypatch.setattr(hand.pilot.app, "copy_to_clipboard", copied.append)
        await hand.press("c")
        assert "to the terminal. It does not report" in hand.screen
        assert "host mail.example.net" in copied[0]
        assert "hunter2" not in copied[0]


async def test_the_text_is_saved_for_its_owner_alone(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path, size=(140, 40)) as hand:
        await open_export(hand, "msmtp")
        await hand.press("o")
        await hand.until(lambda: "mail.msmtp" in hand.screen)
        await hand.press("enter")
        await hand.until(lambda: "Saved, readable only by you (mode 0600)" in hand.screen)
        file = tmp_path / "mail.msmtp"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert "host mail.example.net" in file.read_text()


async def test_nothing_is_replaced_unasked(tmp_path: Path) -> None:
    file = tmp_path / "mail.msmtp"
    file.write_text("mine\n")
    file.chmod(0o644)
    async with form_on(SAMPLE, tmp_path, size=(140, 40)) as hand:
        await open_export(hand, "msmtp")
        await hand.press("o", "enter")
        await hand.until(lambda: "already exists. Replace it?" in hand.screen)
        await hand.press("enter")
        await hand.until(lambda: "Do not save" in hand.screen)
        assert file.read_text() == "mine\n"
        await hand.press("enter", "y")
        await hand.until(lambda: "Saved, readable only by you" in hand.screen)
        assert "host mail.example.net" in file.read_text()
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert (tmp_path / "mail.msmtp~").read_text() == "mine\n"


async def test_what_cannot_be_written_is_asked_again(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path, size=(140, 40)) as hand:
        await open_export(hand, "msmtp")
        await hand.press("o", "ctrl+u")
        await paste(hand, "/dev/null/x")
        await hand.press("enter")
        await hand.until(lambda: "cannot be" in hand.screen)
        await hand.press("escape")
        await hand.until(lambda: "Do not save" not in hand.screen)


async def test_settings_that_are_wrong_are_not_exported(tmp_path: Path) -> None:
    async with form_on(SAMPLE.replace("2587", "99999"), tmp_path) as hand:
        await open_export(hand)
        assert "The settings cannot be exported: SMTP Port" in hand.screen
        await hand.press("o", "c")
        assert isinstance(hand.pilot.app.screen, ExportScreen)
        await hand.press("escape")
        await hand.until(the_form(hand))
