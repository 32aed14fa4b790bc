"""What an admin must know before the password that a file names is fetched or sent."""

from __future__ import annotations

from pathlib import Path

from smtp_tui.config.file_access import distrust
from smtp_tui.records import record
from smtp_tui.settings.fields import Settings
from smtp_tui.settings.password_sources import Command, File, Keyring, PasswordSource, other_host
from smtp_tui.smtp.escaping import escape_controls
from smtp_tui.tui.model.password import PasswordDraft


@record
class Risk:
    """A question to be answered by yes or no, and why it was not done after a no."""

    question: str
    refusal: str


def risk_of_test(password: PasswordDraft, settings: Settings, file: Path) -> Risk | None:
    """Return what is to be asked before a test; None where the password may be used.

    Somebody else who can write the file may have it run a command, or have a password sent to a
    server of theirs. An entry of the keyring may be named for another server.
    """
    source = settings.password
    if source is None or password.at_hand or not settings.needs_password:
        return None
    if password.is_as_in_file and (risk := _risk_of_file(source, file, settings.host)):
        return risk
    if not isinstance(source, Keyring):
        return None
    named = other_host(source.service, settings.host, settings.server_name)
    if named is None:
        return None
    question = (
        f"The keyring entry {source.service} is named for {named}. "
        f"Send its password to {settings.host}?"
    )
    return Risk(
        escape_controls(question), escape_controls(f"the keyring entry is named for {named}.")
    )


def risk_of_move(source: PasswordSource, file: Path) -> Risk | None:
    """Return what is to be asked before the password is fetched from where the file has it."""
    return _risk_of_file(source, file, "") if isinstance(source, Command | File) else None


def _risk_of_file(source: PasswordSource, file: Path, host: str) -> Risk | None:
    found = distrust(source, file, host=host)
    if found is None:
        return None
    question = f"The settings file asks smtp-tui to {found.act}, but {found.writer}. Do it?"
    return Risk(escape_controls(question), escape_controls(f"{found.writer}."))
