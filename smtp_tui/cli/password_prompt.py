"""Read the password of a call: from a descriptor, a variable or the terminal."""

from __future__ import annotations

import errno
import os
import stat
from argparse import Namespace
from threading import Lock

from smtp_tui.checks.request import SuppliedPassword, secret_in
from smtp_tui.cli.parser import UsageError
from smtp_tui.config.errors import PasswordError
from smtp_tui.safe_text import escape_controls
from smtp_tui.settings.password_sources import EnvironmentSource

VARIABLE = "SMTP_TUI_PASSWORD"
TYPED = "the password typed"
_LARGEST = 64 * 1024


def given_password(
    options: Namespace, *, set_by_option: bool
) -> SuppliedPassword | EnvironmentSource | None:
    """Return the password source that the call names; None leaves it to the settings.

    `set_by_option` is whether --set names one.
    """
    descriptors = [0] if options.password_stdin else []
    if options.password_fd is not None:
        descriptors.append(options.password_fd)
    if len(descriptors) + bool(options.ask_password) > 1:
        raise UsageError("use only one of --password-stdin, --password-fd and --ask-password")
    if descriptors:
        return descriptor_source(descriptors[0])
    # Options override the variable, which may be set for other calls too.
    if set_by_option or options.ask_password or not os.environ.get(VARIABLE):
        return None
    return EnvironmentSource(VARIABLE)


def descriptor_source(
    number: int, what: str = "the password", instead: str = "use --ask-password"
) -> SuppliedPassword:
    """Return the source that reads a secret from a descriptor; UsageError if it cannot."""
    name = "standard input" if number == 0 else f"file descriptor {number}"
    try:
        is_terminal = os.isatty(number)
        is_folder = stat.S_ISDIR(os.fstat(number).st_mode)
    except (OSError, OverflowError):
        raise UsageError(f"{name} is not open, so smtp-tui cannot read {what} from it") from None
    if is_folder:
        raise UsageError(f"{name} is a folder, so smtp-tui cannot read {what} from it")
    if is_terminal:
        raise UsageError(f"{name} is a terminal and would show {what}; {instead}")
    lock = Lock()
    cached: list[bytes] = []

    # Several checks share the descriptor, readable only once.
    def read_once() -> bytes:
        with lock:
            if not cached:
                cached.append(_read_all(number))
            return cached[0]

    return SuppliedPassword(name, read_once)


def _read_all(number: int) -> bytes:
    # Bypass Python's buffers: their locks would outlive an abandoned wait.
    data = b""
    while chunk := os.read(number, _LARGEST):
        data += chunk
        if len(data) > _LARGEST:
            raise OSError(errno.EFBIG, f"more than {_LARGEST >> 10} KiB is too much for a password")
    return data


def has_terminal_to_ask() -> bool:
    """Whether there is a terminal to ask on."""
    # Standard input may still be a pipe: getpass opens the terminal itself.
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True


def typed_password(prompt: str) -> str:
    """Prompt on the terminal without echo."""
    from getpass import getpass  # 1 ms; a check from cron never asks

    try:
        return getpass(escape_controls(prompt))
    except EOFError:
        return ""


def new_password(options: Namespace, owner: str) -> str:
    """Return the new password from the source that the options name, without a time limit.

    `owner` follows "password" in prompts. PasswordError if it is unusable.
    """
    source = given_password(options, set_by_option=True)
    if not isinstance(source, SuppliedPassword):
        return typed_twice(owner)
    try:
        data = source.read()
    except OSError as error:
        raise PasswordError(f"{source.place} cannot be read: {error.strerror}") from None
    return secret_in(data, source.place)


def typed_twice(owner: str) -> str:
    """Prompt for a new password twice; UsageError without a terminal."""
    if not has_terminal_to_ask():
        raise UsageError("smtp-tui needs a terminal to ask for the password; use --password-stdin")
    answer = typed_password(f"New password{owner}: ")
    if typed_password("Repeat the password: ") != answer:
        raise PasswordError("the two passwords differ; nothing was changed")
    return secret_in(answer.encode("utf-8", "surrogateescape"), TYPED)
