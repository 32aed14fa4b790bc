"""Which applications can log in with tokens: in step with formats, dialects and the page."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from smtp_tui.config.dialects.detect import all_headers
from smtp_tui.interchange.export_builder import ExportBuilder
from smtp_tui.interchange.oauth import RELAY, TokenAbility, TokenUse, token_use, token_uses
from smtp_tui.interchange.spec import format_named, formats
from smtp_tui.settings.schema import explanation
from smtp_tui.settings.validate import parse_settings


@pytest.mark.parametrize("use", token_uses(), ids=lambda use: use.name)
def test_an_entry(use: TokenUse, tmp_path: Path) -> None:
    headers, _ = all_headers(tmp_path)
    assert use.name in {*formats(), *(header.name for header in headers)}
    assert all(source.startswith("https://") for source in use.sources)
    assert use.provenance.taken == use.taken <= date.today()
    assert not use.advice.endswith(".")
    assert use.application in explanation("oauth-applications")
    # A format that cannot name the mechanism is one that cannot log in with tokens.
    if use.name in formats() and use.xoauth2 is not TokenAbility.NO and use.name != "rails":
        assert "xoauth2" in formats()[use.name].mechanisms


def exported(name: str, **values: object) -> list[str]:
    """The notes of an export about the login."""
    whole = {"host": "smtp.office365.com", "username": "a@example.org", **values}
    settings = parse_settings({**whole, "password": {"env": "X"}}).settings
    assert settings
    builder = ExportBuilder(format_named(name), settings, None, None)
    return [note.text for note in builder.done("").notes if note.key == "authentication"]


def test_an_export_says_what_the_application_needs() -> None:
    (note,) = exported("gitea", authentication="xoauth2")
    assert note == f"Gitea cannot log in with tokens. {RELAY}"
    (note,) = exported("nodemailer", authentication="oauthbearer")
    assert note.startswith("nodemailer signs in itself: ")
    assert exported("msmtp", authentication="xoauth2") == []
    assert exported("gitea", authentication="plain") == []


def test_what_nobody_has_read_is_not_told() -> None:
    assert token_use("django") is None
    assert exported("django", authentication="xoauth2") == []
