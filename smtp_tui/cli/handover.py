"""The password that a call hands over to be kept: from a pipe, or typed twice."""

from __future__ import annotations

from argparse import Namespace

from smtp_tui.cli.calls import UsageError
from smtp_tui.config.errors import PasswordError

_TYPED = "the password typed"


def hands_over(options: Namespace) -> bool:
    """Whether the options name a way."""
    return options.password_stdin or options.password_fd is not None or options.ask_password


def handed_over(options: Namespace, whose: str) -> str:
    """Return the password by the way that the options name; nobody is hurried.

    PasswordError where none comes, or it is none.
    """
    # What a check knows of passwords is much, and few calls to `set` need it.
    from smtp_tui.checks.secrets import Supply, secret_in
    from smtp_tui.cli.secrets import given

    supply = given(options, set_by_option=True)
    if not isinstance(supply, Supply):
        return asked_twice(whose)
    try:
        data = supply.read()
    except OSError as error:
        raise PasswordError(f"{supply.place} cannot be read: {error.strerror}") from None
    return secret_in(data, supply.place)


def asked_twice(whose: str) -> str:
    """Ask for the password on the terminal, and once more; UsageError where there is none."""
    from smtp_tui.checks.secrets import secret_in
    from smtp_tui.cli.secrets import has_terminal, typed

    if not has_terminal():
        raise UsageError("smtp-tui needs a terminal to ask for the password; use --password-stdin")
    answer = typed(f"New password{whose}: ")
    if typed("Repeat the password: ") != answer:
        raise PasswordError("the two passwords differ; nothing was changed")
    return secret_in(answer.encode("utf-8", "surrogateescape"), _TYPED)
