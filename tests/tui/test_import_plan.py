"""What an import changes in the form, and how its text may be shown. Pure."""

from __future__ import annotations

from functools import partial

from hypothesis import given
from hypothesis import strategies as st

from smtp_tui.interchange.importer import import_text
from smtp_tui.tui.dialogs.import_settings import mask_line
from smtp_tui.tui.model.draft import SettingsDraft
from smtp_tui.tui.model.password import PasswordLocation
from smtp_tui.tui.model.settings_changes import ImportedPassword, ImportPlan, import_plan
from smtp_tui.tui.model.undo import UndoStack
from smtp_tui.tui.style import truncate_left
from tests.table import table

SECRET = "n0t-to-be-shown"
FILE = {"host": "mail.example.net", "port": 587, "encryption": "tls", "password": "before"}


def proposal(content: str, draft: SettingsDraft) -> ImportPlan:
    return import_plan(import_text(content), draft)


def test_what_the_form_says_already_is_left_out() -> None:
    found = proposal("smtp://mail.example.net:587?requireTLS=true", SettingsDraft(FILE))
    assert found.is_empty
    assert found.stays == ("password",)
    assert not found.leaks


def test_what_goes_without_saying_is_not_set() -> None:
    content = "SMTP_SERVER=smtp.example.com\nSMTP_PORT=587\nSMTP_ENABLE_STARTTLS=always\n"
    found = proposal(content, SettingsDraft({}))
    assert found.imported.values["encryption"] == "tls"
    assert "encryption" not in found.change
    assert found.change["port"] == 587


def test_what_another_value_follows_from_is_set() -> None:
    content = (
        "SMTP_SERVER=smtp.example.com\nSMTP_PORT=465\nSMTP_SSL=true\nSMTP_DELIVERY_METHOD=smtp\n"
    )
    found = proposal(content, SettingsDraft(FILE))
    assert found.change.items() >= {"port": 465, "encryption": "ssl"}.items()
    assert "encryption" not in found.imported.found
    assert found.leaks


def test_what_was_another_servers_goes_with_its_host() -> None:
    held = {**FILE, "server_name": "mail.example.net", "tls_fingerprint": "ab" * 32}
    found = proposal("smtps://smtp.example.com:465", SettingsDraft(held))
    assert (found.change["server_name"], found.change["tls_fingerprint"]) == ("", "")
    assert found.stays == ("password",)
    same = proposal("smtps://mail.example.net:465", SettingsDraft(held))
    assert set(same.change) == {"port", "encryption"}
    assert same.stays == ("password", "server_name", "tls_fingerprint")


def test_a_field_that_the_file_cannot_say_is_named() -> None:
    draft = SettingsDraft(FILE, limits={"port": "has no place here"})
    found = proposal("smtps://smtp.example.com:465", draft)
    assert found.unsayable == ("port",)
    assert "port" not in found.change


@table(
    ("raw", "kept"),
    [
        ("before", PasswordLocation.FILE),
        ({"keyring": "tickets"}, PasswordLocation.KEYRING),
        ({"env": "SECRET"}, PasswordLocation.FILE),
        ({"ask": True}, PasswordLocation.FILE),
    ],
)
def test_a_password_is_typed_where_one_can_be(raw: object, kept: PasswordLocation) -> None:
    draft = SettingsDraft({**FILE, "password": raw})
    found = proposal(f"smtps://me:{SECRET}@smtp.example.com", draft)
    assert found.secret == ImportedPassword(kept, SECRET)
    assert SECRET not in repr(found)
    assert SECRET not in found.secret.description


def test_the_same_password_is_no_change() -> None:
    assert proposal("smtps://me:before@smtp.example.com", SettingsDraft(FILE)).secret is None


def test_values_and_password_are_one_step() -> None:
    draft, history = SettingsDraft(FILE), UndoStack()
    found = proposal(f"smtps://me:{SECRET}@smtp.example.com:465", draft)
    assert found.secret
    history.apply(draft, found.change, partial(found.secret.put_into, draft.password))
    assert (draft.text("host"), draft.password.at_hand) == ("smtp.example.com", SECRET)
    undone = history.undo(draft)
    assert undone
    assert ", SMTP Password is as it was before." in undone[0]
    assert not history
    assert draft.changed == ()
    assert history.redo(draft)
    assert (draft.text("host"), draft.password.at_hand) == ("smtp.example.com", SECRET)


def test_once_the_password_is_saved_the_values_can_still_be_taken_back() -> None:
    draft, history = SettingsDraft(FILE), UndoStack()
    found = proposal(f"smtps://me:{SECRET}@smtp.example.com:465", draft)
    assert found.secret
    history.apply(draft, found.change, partial(found.secret.put_into, draft.password))
    draft.rebase({**draft.values(), "password": SECRET})
    history.keep_to(draft.password)
    assert history.undo(draft)
    assert draft.text("host") == "mail.example.net"
    assert draft.password.at_hand == SECRET


# The text as it may be shown


@given(secret=st.text(st.characters(codec="ascii", categories=("L", "N", "P")), min_size=4))
@table(
    "line",
    [
        "SMTP_PASSWORD={}",
        "export MAIL_PASSWORD='{}'",
        'EMAIL_HOST_PASSWORD = "{}"',
        '  "auth": {{"user": "me", "pass": "{}"}}',
        "password: '{}',",
        ":password => '{}',",
        "password {}",
        "PASSWD = `{}`",
        "smtp_auth_password: {}",
        "smtp://me:{}@smtp.example.com:587",
        "smtp://me:{}",
        "swaks -s x -au me -ap {}",
        "swaks --auth-password={}",
        "[smtp.example.com]:587 me:{}",
    ],
)
def test_no_form_of_a_password_is_shown(line: str, secret: str) -> None:
    secret = f"Q9{secret.replace('@', '')}"
    shown = mask_line(line.format(secret))
    assert "Q9" not in shown
    assert "••••••••" in shown


@table("line", ["SMTP_PORT=587", "relayhost = [smtp.example.com]:587", "host smtp.example.com", ""])
def test_what_is_no_secret_is_shown(line: str) -> None:
    assert mask_line(line) == line


def test_a_secret_that_is_known_is_hidden_anywhere() -> None:
    assert mask_line(f"# it was {SECRET} once", SECRET) == "# it was •••••••• once"


@given(st.text(), st.integers(0, 20))
def test_masking_and_cutting_keep_to_a_line(line: str, width: int) -> None:
    mask_line(line)
    assert len(truncate_left("a" * 70_000, width)) == width
