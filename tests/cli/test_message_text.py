"""What a call gives for the test message: bytes that no message may hold, and odd addresses."""

from __future__ import annotations

from typing import Any

import pytest

from tests.checks.scripted import saying
from tests.cli.program import Outcome, environment, run_program
from tests.table import table

C_LOCALE = {"LC_ALL": "C", "PYTHONIOENCODING": "", "PYTHONUTF8": "", "PYTHONCOERCECLOCALE": ""}
ASCII_ALONE = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
REPLIES = (
    *(b"220 hi\r\n", b"250-mail.example\r\n250 8BITMIME\r\n", b"250 ok\r\n", b"250 ok\r\n"),
    *(b"354 go\r\n", *(b"" for _ in range(9)), b"250 ok\r\n", b"221 bye\r\n"),
)


def send(port: int, *words: str, locale: dict[str, str], **more: Any) -> Outcome:
    """A call that sends to a server on this machine."""
    settings = ("--set", "host=127.0.0.1", "--set", f"port={port}", "--set", "encryption=none")
    return run_program(
        *("send", *settings, "--set", "domain=a.example", "--no-experiments", *words),
        env=environment(**locale),
        **more,
    )


@pytest.mark.parametrize("locale", [C_LOCALE, ASCII_ALONE])
def test_text_beyond_ascii_in_the_c_locale(locale: dict[str, str]) -> None:
    words = ("--to", "a@b.example", "--subject", "Grüße")
    with saying(*REPLIES) as server:
        outcome = send(server.port, *words, locale=locale, stdin="Schöne Grüße\n".encode())
    assert outcome.status == 0, outcome
    heard = b"".join(server.heard)
    assert "\r\n\r\nSchöne Grüße\r\n.\r\n".encode() in heard
    assert b"Subject: =?utf-8?" in heard


@table("locale", [C_LOCALE, ASCII_ALONE])
@table(
    ("words", "stdin", "said"),
    [
        ((), b"Gr\xfc\xdfe\n", "standard input holds bytes that are not UTF-8"),
        ((), b"one\0two\n", "standard input holds a NUL character"),
        (("--body", "Gr\udcfc"), None, "--body holds bytes that are not UTF-8"),
        (("--subject", "Gr\udcfc"), None, "--subject holds bytes that are not UTF-8"),
        (("--from", "Gr\udcfc <a@b.example>"), None, "--from: "),
        (("--from", "Na\u2028me <a@b.example>"), None, "--from: "),
        (("--to", "a@\u00a0b.example"), None, "--to: "),
        (("--to", "a@b.example\udcff"), None, "--to: "),
    ],
)
def test_what_no_message_can_hold_is_refused_in_a_line(
    words: tuple[str, ...], stdin: bytes | None, said: str, locale: dict[str, str]
) -> None:
    outcome = send(1, "--to", "a@b.example", *words, locale=locale, stdin=stdin)
    assert (outcome.status, outcome.out) == (2, "")
    assert outcome.err.startswith(f"smtp-tui: {said}")
    assert outcome.err.count("\n") == 1
