"""The values while they are edited, without any widget."""

from __future__ import annotations

import pytest

from smtp_tui.settings.fields import BY_KEY
from smtp_tui.tui.model.draft import SettingsDraft, as_toml, text_of
from smtp_tui.tui.model.password import PasswordDraft, PasswordLocation
from tests.table import table

FILE = {"host": "mail.example.net", "port": 587, "encryption": "TLS", "username": "me"}


def draft(**more: object) -> SettingsDraft:
    return SettingsDraft({**FILE, **more})


def changes(edited: SettingsDraft) -> dict[str, object]:
    return {key: edited.to_write(key) for key in edited.changed}


def test_nothing_is_changed_at_first() -> None:
    assert draft().changed == ()
    assert changes(draft()) == {}


def test_a_typed_number_is_written_as_a_number() -> None:
    edited = draft()
    edited.edit("port", "2525")
    assert changes(edited) == {"port": 2525}


def test_typing_the_old_value_again_is_no_change() -> None:
    edited = draft()
    edited.edit("port", "25")
    edited.edit("port", "587")
    assert edited.changed == ()


def test_a_choice_of_equal_meaning_is_no_change() -> None:
    edited = draft()
    edited.edit("encryption", "tls")
    assert edited.changed == ()
    assert edited.raw("encryption") == "TLS"


def test_an_emptied_text_is_removed() -> None:
    edited = draft()
    edited.edit("username", "")
    assert changes(edited) == {"username": None}
    assert "username" not in edited.values()


def test_an_absent_key_stays_absent_when_it_is_touched_and_emptied() -> None:
    edited = draft()
    edited.edit("domain", "a.example")
    edited.edit("domain", "")
    assert edited.changed == ()


def test_empty_text_in_the_file_means_absent_and_is_left_alone() -> None:
    edited = draft(domain="")
    assert edited.raw("domain") is None
    assert edited.changed == ()


def test_wrong_text_is_kept_and_told() -> None:
    edited = draft()
    edited.edit("port", "99999")
    assert edited.text("port") == "99999"
    assert "not a port" in edited.problems()["port"]
    assert "not a port" in edited.unsavable()["port"]


def test_a_wrong_value_that_was_there_before_does_not_hinder_saving() -> None:
    edited = draft(timeout=-1)
    edited.edit("port", "25")
    assert edited.unsavable() == {}
    assert "timeout" in edited.problems()


def test_defaults_follow_other_fields() -> None:
    edited = SettingsDraft({"host": "h"})
    assert edited.parsed()["port"] == 587
    assert edited.parsed()["authentication"] == "none"
    edited.edit("encryption", "ssl")
    edited.edit("username", "me")
    assert edited.parsed()["port"] == 465
    assert edited.parsed()["authentication"] == "auto"


def test_problems_come_in_the_order_of_the_form() -> None:
    edited = SettingsDraft({"authentication": "plain", "port": 0})
    assert list(edited.problems()) == ["host", "port", "username"]


def test_rebase_forgets_the_edits() -> None:
    edited = draft()
    edited.edit("port", "25")
    edited.rebase({**FILE, "port": 25})
    assert edited.changed == ()


@table(
    ("key", "raw", "written"),
    [
        ("timeout", "10", 10),
        ("timeout", "2.5", 2.5),
        ("host", " mail.example.net ", "mail.example.net"),
        ("username", " me", " me"),
        ("encryption", "SMTPS", "ssl"),
        ("starttls_auto", True, True),
    ],
)
def test_what_is_written(key: str, raw: object, written: object) -> None:
    value = as_toml(BY_KEY[key], raw)
    assert value == written
    assert type(value) is type(written)


@table(("raw", "text"), [(None, ""), (True, "true"), (30.0, "30"), (25, "25")])
def test_how_a_value_is_written_in_the_form(raw: object, text: str) -> None:
    assert text_of(raw) == text


class TestPassword:
    def test_a_literal_is_kept_and_not_shown(self) -> None:
        password = PasswordDraft("hunter2")
        assert password.location is PasswordLocation.FILE
        assert password.text == ""
        assert "•" in password.placeholder
        assert not password.changed
        assert "hunter2" not in repr(password)

    def test_typing_replaces_a_literal(self) -> None:
        password = PasswordDraft("old")
        password.type("new")
        assert password.raw() == "new"
        assert password.secret() == "new"
        password.type("")
        assert not password.changed

    def test_erasing_a_literal_removes_the_key(self) -> None:
        password = PasswordDraft("old")
        password.erase()
        assert password.raw() is None
        assert password.changed
        assert password.problem("me") is None

    def test_a_literal_moves_to_the_keyring(self) -> None:
        password = PasswordDraft("old")
        password.move_to(PasswordLocation.KEYRING)
        assert password.raw() == {"keyring": "smtp-tui"}
        assert password.fills_keyring
        assert (password.raw(), password.at_hand) == ({"keyring": "smtp-tui"}, "old")
        assert password.secret() == "old"

    def test_the_service_of_a_keyring_stays(self) -> None:
        password = PasswordDraft({"keyring": "tickets"})
        assert not password.changed
        password.type("new")
        assert password.changed
        assert password.fills_keyring
        assert (password.raw(), password.at_hand) == ({"keyring": "tickets"}, "new")
        assert password.raw() == {"keyring": "tickets"}

    def test_a_keyring_needs_a_user_name(self) -> None:
        password = PasswordDraft("old")
        password.move_to(PasswordLocation.KEYRING)
        assert "username" in str(password.problem(""))
        assert password.problem("me") is None

    @pytest.mark.parametrize(
        ("kind", "text", "raw"),
        [
            (PasswordLocation.ENV, "SMTP_PW", {"env": "SMTP_PW"}),
            (PasswordLocation.PATH, "~/pw", {"file": "~/pw"}),
            (PasswordLocation.COMMAND, "pass show 'a b'", {"command": ["pass", "show", "a b"]}),
        ],
    )
    def test_places(self, kind: PasswordLocation, text: str, raw: object) -> None:
        password = PasswordDraft()
        password.move_to(kind)
        assert password.problem("me")
        password.type(text)
        assert password.problem("me") is None
        assert password.raw() == raw
        assert PasswordDraft(raw).text == text
        assert not PasswordDraft(raw).changed

    def test_a_quote_that_is_not_closed_is_told(self) -> None:
        password = PasswordDraft()
        password.move_to(PasswordLocation.COMMAND)
        password.type("pass 'a")
        assert "quotation" in str(password.problem("me"))
        values = draft()
        values.password = password
        assert "password" not in values.values()

    def test_ask(self) -> None:
        password = PasswordDraft({"ask": True})
        assert password.location is PasswordLocation.ASK
        assert not password.changed
        assert password.secret() is None

    def test_coming_back_from_elsewhere_needs_the_password(self) -> None:
        password = PasswordDraft({"ask": True})
        password.move_to(PasswordLocation.FILE)
        assert "type the password" in str(password.problem("me"))
        password.move_to(PasswordLocation.ASK)
        assert not password.changed

    @pytest.mark.parametrize("raw", [{"env": "X"}, {"keyring": "x"}, {"command": ["x"]}])
    def test_a_password_that_is_elsewhere_comes_along(self, raw: object) -> None:
        password = PasswordDraft(raw)
        password.move_to(PasswordLocation.FILE)
        assert password.moves
        assert password.changed
        assert password.problem("me") is None
        assert "moves to this file" in password.placeholder
        assert password.to_test() == raw
        password.erase()
        assert not password.moves

    def test_a_literal_goes_to_a_file_and_is_tested_meanwhile(self) -> None:
        password = PasswordDraft("old")
        password.move_to(PasswordLocation.PATH)
        password.type("secret")
        assert password.raw() == {"file": "secret"}
        assert password.secret() == "old"
        password.move_to(PasswordLocation.ENV)
        password.type("X")
        assert password.secret() is None

    def test_an_unreadable_source_is_told_and_left_alone(self) -> None:
        password = PasswordDraft({"vault": "x"})
        assert "cannot be used; type a password" in str(password.problem("me"))
        assert not password.changed
        password.type("new")
        assert password.problem("me") is None
        assert password.raw() == "new"

    def test_reset_leaves_the_key_out(self) -> None:
        password = PasswordDraft({"env": "X"})
        password.reset()
        assert password.raw() is None
        assert password.is_default
        assert password.changed
