"""The password of a check: where it comes from, and what is wrong with one."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from smtp_tui.checks.password import secret_of
from smtp_tui.checks.request import CheckRequest, Given, SuppliedPassword
from smtp_tui.config.errors import PasswordError
from smtp_tui.settings.password_sources import AskSource, EnvironmentSource
from tests.diagnosis.examples import settings


async def fetched(given: Given | None, limit: float = 5, **values: object) -> str:
    """The password of a login by alice."""
    request = CheckRequest(values={}, base=Path(), given=given)
    return await secret_of(request, settings(username="alice", timeout=limit, **values))


def supply(data: bytes) -> SuppliedPassword:
    """A pipe that holds these bytes."""
    return SuppliedPassword("standard input", lambda: data)


@pytest.mark.parametrize(
    ("data", "secret"),
    [
        (b"wonderland", "wonderland"),
        (b"wonderland\n", "wonderland"),
        (b"wonderland\r\n", "wonderland"),
        (" grün € ".encode(), " grün € "),
    ],
)
async def test_supplied(data: bytes, secret: str) -> None:
    assert await fetched(supply(data)) == secret


@pytest.mark.parametrize(
    ("data", "cause", "words"),
    [
        (b"", "password-missing", "standard input is empty"),
        (b"\n", "password-missing", "standard input is empty"),
        (b"won\nder\n", "password-source-failed", "more than one line"),
        (b"wonder\n\n", "password-source-failed", "more than one line"),
        (b"wonder\r", "password-source-failed", "more than one line"),
        (b"won\0der", "password-source-failed", "a NUL byte"),
        (b"won\xffder", "password-source-failed", "is not UTF-8"),
    ],
)
async def test_what_is_no_password(data: bytes, cause: str, words: str) -> None:
    with pytest.raises(PasswordError, match=words) as caught:
        await fetched(supply(data))
    assert caught.value.cause == cause
    assert "won" not in str(caught.value)


async def test_what_cannot_be_read() -> None:
    def broken() -> bytes:
        raise OSError(5, "Input/output error")

    with pytest.raises(PasswordError, match="standard input cannot be read: Input/output error"):
        await fetched(SuppliedPassword("standard input", broken))


async def test_a_pipe_that_nobody_closes() -> None:
    release = threading.Event()

    def waiting() -> bytes:
        release.wait(10)
        return b"late"

    with pytest.raises(PasswordError, match=r"did not end within 0.05 s"):
        await fetched(SuppliedPassword("standard input", waiting), limit=0.05)
    release.set()


async def test_what_the_call_gives_goes_before_the_settings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OTHER", "from the environment")
    assert await fetched(None, password="from the file") == "from the file"
    assert await fetched(EnvironmentSource("OTHER"), password="x") == "from the environment"
    assert await fetched(supply(b"from the pipe"), password="x") == "from the pipe"


async def test_none_is_set() -> None:
    with pytest.raises(PasswordError, match="no password is set for alice") as caught:
        await fetched(None)
    assert caught.value.cause == "password-missing"


async def test_nobody_to_ask() -> None:
    with pytest.raises(PasswordError, match=r"no terminal; use --password-stdin") as caught:
        await fetched(AskSource())
    assert caught.value.cause == "password-source-failed"


def test_no_repr_shows_a_password() -> None:
    assert "wonderland" not in repr(supply(b"wonderland"))
