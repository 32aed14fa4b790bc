"""Word what a save did, and where the password is now."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress
from pathlib import Path

from smtp_tui.config.atomic_write import WriteOptions
from smtp_tui.config.errors import one_line
from smtp_tui.config.password_store import PasswordStore
from smtp_tui.settings.fields import FIELDS
from smtp_tui.settings.password_sources import AskSource, FileSource
from smtp_tui.tui.model.draft import PASSWORD
from smtp_tui.tui.model.password import PasswordDraft


def save_text(
    keys: Collection[str],
    file: str,
    about_password: str,
    notes: Sequence[str],
    refusal: str,
    options: WriteOptions,
) -> str:
    """Return what was saved; `refusal` is why the password was not.

    `about_password` says where the password went, if that is more than its key in the file.
    """
    named = [key for key in keys if key != PASSWORD or not about_password]
    labels = ", ".join(field.label for field in FIELDS if field.key in named)
    done = [f"Saved {labels} to {file}"] if labels else []
    if not (done or about_password or refusal):
        done = ["Saved"]
    done += ["only its owner can read the file now"] if options.private and not refusal else []
    done += ["written in place"] if options.in_place else []
    sentences = ["; ".join(done), about_password, *notes]
    shown = (f"{text[:1].upper()}{text[1:]}".rstrip(".") for text in sentences if text)
    text = " ".join(f"{sentence}." for sentence in shown)
    why = f"The password is NOT saved: {refusal.rstrip('.')}." if refusal else ""
    return f"{why} {text}".strip()


def password_sentence(
    password: PasswordDraft, place: PasswordStore | None, file: str, *, is_stored: bool
) -> str:
    """Return where a saved password is now, "" if in the file; `password` is as before saving."""
    if place is None:
        return "" if password.will_be_in_file else f"Removed the password from {file}"
    if is_stored:
        is_moved = bool(password.leaving) and password.at_hand == password.leaving
        verb = "Moved the password to" if is_moved else "Stored the password in"
        if isinstance(place.source, FileSource):
            return f"{verb} {one_line(place.path)}{_mode(place.path)}; {file} names the file"
        return f"{verb} the keyring; {file} names its entry"
    asks = isinstance(place.source, AskSource)
    if password.leaving:
        now = "smtp-tui asks for it at each test" if asks else f"It now comes from {place}"
        return f"Removed the password from {file}. {now}"
    now = "smtp-tui asks for the password at each test"
    return f"Saved {file}: {now if asks else f'the password now comes from {place}'}"


def _mode(path: Path) -> str:
    # A file that was there keeps its mode, unless everybody could read it.
    with suppress(OSError):
        return f" (mode {path.stat().st_mode & 0o777:04o})"
    return ""
