"""The form on a Python with another Textual, or with none."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, requires

import pytest

from smtp_tui.cli import form_needs
from smtp_tui.cli.parser import UsageError

NEEDED = ["tomlkit>=0.13", "textual<=8.2.8,>=8.2.5", "aiosmtpd>=1.4.6; extra == 'demo'"]


@pytest.fixture(autouse=True)
def needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(form_needs, "requires", lambda _name: NEEDED)


def explained(monkeypatch: pytest.MonkeyPatch, found: str) -> Exception:
    def version(name: str) -> str:
        if not found:
            raise PackageNotFoundError(name)
        return found

    monkeypatch.setattr(form_needs, "version", version)
    return form_needs.explained(ImportError("cannot import name"))


@pytest.mark.parametrize("found", ["2.1.2", "8.2.4", "8.2.9", "8.10.0", "10.0"])
def test_another_version(monkeypatch: pytest.MonkeyPatch, found: str) -> None:
    error = explained(monkeypatch, found)
    assert isinstance(error, UsageError)
    assert f"the form needs Textual >= 8.2.5, <= 8.2.8, and this Python has {found};" in str(error)
    assert "smtp-tui --linear asks line by line" in str(error)


def test_none(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "this Python has none" in str(explained(monkeypatch, ""))


@pytest.mark.parametrize("found", ["8.2.5", "8.2.8"])
def test_with_the_right_one_an_error_is_a_defect(
    monkeypatch: pytest.MonkeyPatch, found: str
) -> None:
    assert type(explained(monkeypatch, found)) is ImportError


def test_the_packages_metadata_has_that_form(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(form_needs, "requires", requires)
    assert str(explained(monkeypatch, "1.0")).startswith("the form needs Textual >= 8.")
