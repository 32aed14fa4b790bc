"""The password that a call hands over: by pipe, by descriptor, by variable, or typed.

The password that a call hands over to be kept: from a pipe, or typed twice.
"""

from __future__ import annotations

import errno
import os
import stat
from argparse import Namespace
from collections.abc import Callable
from dataclasses import replace
from threading import Lock

from smtp_tui.checks.password_input import PasswordInput
from smtp_tui.checks.run import CheckRequest
from smtp_tui.cli.parser import UsageError
from smtp_tui.config.errors import PasswordError
from smtp_tui.settings.masking import mask_credentials
from smtp_tui.settings.password_sources import Ask, Environment
from smtp_tui.settings.validate import parse_settings
from smtp_tui.smtp.escaping import escape_controls

VARIABLE = "SMTP_TUI_PASSWORD"
_LARGEST = 64 * 1024


def given_password(
    options: Namespace, *, set_by_option: bool
) -> PasswordInput | Environment | None:
    """Return where the call says the password comes from; None leaves it to the settings.

    `set_by_option`: a place named by --set goes before the variable, not before an option.
    """
    numbers = [0] if options.password_stdin else []
    if options.password_fd is not None:
        numbers.append(options.password_fd)
    if len(numbers) + bool(options.ask_password) > 1:
        raise UsageError("use only one of --password-stdin, --password-fd and --ask-password")
    if numbers:
        return _from_descriptor(numbers[0])
    if set_by_option or options.ask_password or not os.environ.get(VARIABLE):
        return None
    return Environment(VARIABLE)


def _from_descriptor(number: int) -> PasswordInput:
    name = "standard input" if number == 0 else f"file descriptor {number}"
    try:
        is_terminal = os.isatty(number)
        is_folder = stat.S_ISDIR(os.fstat(number).st_mode)
    except (OSError, OverflowError):
        raise UsageError(
            f"{name} is not open, so smtp-tui cannot read the password from it"
        ) from None
    if is_folder:
        raise UsageError(f"{name} is a folder, so smtp-tui cannot read the password from it")
    if is_terminal:
        raise UsageError(f"{name} is a terminal and would show the password; use --ask-password")
    return PasswordInput(name, _once(lambda: _all_of(number)))


def _once(read: Callable[[], bytes]) -> Callable[[], bytes]:
    """Let several checks have what can be read only once."""
    lock = Lock()
    kept: list[bytes] = []

    def read_or_repeat() -> bytes:
        with lock:
            if not kept:
                kept.append(read())
            return kept[0]

    return read_or_repeat


def _all_of(number: int) -> bytes:
    """Read a descriptor to its end, past Python's buffers, whose locks would outlive the wait."""
    data = b""
    while more := os.read(number, _LARGEST):
        data += more
        if len(data) > _LARGEST:
            raise OSError(errno.EFBIG, f"more than {_LARGEST >> 10} KiB is too much for a password")
    return data


def asked_for(request: CheckRequest, *, ask: bool) -> CheckRequest:
    """Ask for the password now where one is needed and the call or the settings say to ask.

    Whoever types must not be timed, so this comes before the check. UsageError: `ask` was given
    and there is no terminal; where the settings alone say so, the check itself will tell.
    """
    settings = parse_settings(request.values).settings
    if settings is None or not settings.needs_password or request.given is not None:
        return request
    if not ask and not isinstance(settings.password, Ask):
        return request
    if not stdin_is_terminal():
        if ask:
            raise UsageError("--ask-password needs a terminal; use --password-stdin")
        return request
    whose = mask_credentials(settings.username or "")
    answer = typed_password(f"Password for {whose} at {settings.host}: ")
    return replace(request, given=PasswordInput("the password typed", _encoder(answer)))


def _encoder(text: str) -> Callable[[], bytes]:
    return lambda: text.encode("utf-8", "surrogateescape")


def stdin_is_terminal() -> bool:
    """Whether there is a terminal to ask on."""
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True


def typed_password(prompt: str) -> str:
    """Ask on the terminal, which does not show the answer."""
    from getpass import getpass

    try:
        return getpass(escape_controls(prompt))
    except EOFError:
        return ""


_TYPED = "the password typed"


def hands_over(options: Namespace) -> bool:
    """Whether the options name a way."""
    return options.password_stdin or options.password_fd is not None or options.ask_password


def handed_over(options: Namespace, whose: str) -> str:
    """Return the password by the way that the options name; nobody is hurried.

    PasswordError where none comes, or it is none.
    """
    # What a check knows of passwords is much, and few calls to `set` need it.
    from smtp_tui.checks.password_input import PasswordInput, secret_in

    supply = given_password(options, set_by_option=True)
    if not isinstance(supply, PasswordInput):
        return asked_twice(whose)
    try:
        data = supply.read()
    except OSError as error:
        raise PasswordError(f"{supply.place} cannot be read: {error.strerror}") from None
    return secret_in(data, supply.place)


def asked_twice(whose: str) -> str:
    """Ask for the password on the terminal, and once more; UsageError where there is none."""
    from smtp_tui.checks.password_input import secret_in

    if not stdin_is_terminal():
        raise UsageError("smtp-tui needs a terminal to ask for the password; use --password-stdin")
    answer = typed_password(f"New password{whose}: ")
    if typed_password("Repeat the password: ") != answer:
        raise PasswordError("the two passwords differ; nothing was changed")
    return secret_in(answer.encode("utf-8", "surrogateescape"), _TYPED)
