"""Fetch, store and remove passwords in the system keyring; the only importer of `keyring`.

Each call runs in a daemon thread for at most `PATIENCE` seconds: a locked keyring may prompt on
another screen, and a D-Bus service may never answer. Exceptions of the library become text inside
that thread, so that none of them carries a secret out of it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from smtp_tui.config.errors import NoPasswordError, PasswordError, one_line, reason
from smtp_tui.config.paths import is_folder, is_there
from smtp_tui.threads import in_daemon_thread

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend


PATIENCE = 15.0  # seconds
_SYSTEMD = Path("/run/systemd/system")
_RUNTIME = Path("/run/user")

T = TypeVar("T")


def instead_of_keyring(environ: Mapping[str, str] = os.environ) -> str:
    """Return a sentence that lists the alternatives, those that work on this system first."""
    places = [place for place, _ in _places(environ)]
    return f"keep the password elsewhere: in {', '.join(places[:-1])} or {places[-1]}"


def ways(environ: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """List the `--keep-in` values of the alternatives, in the same order."""
    return tuple(option for _, option in _places(environ))


def looked_for(environ: Mapping[str, str] = os.environ) -> str:
    """Return which keyrings were tried, and why none of them is available."""
    if named := environ.get("PYTHON_KEYRING_BACKEND"):
        return f"tried: the backend {named} that PYTHON_KEYRING_BACKEND names"
    if sys.platform != "linux":
        return "tried: the keyring of this system"
    what = "tried: a Secret Service (GNOME Keyring, KeePassXC) and KWallet on the D-Bus session bus"
    if environ.get("DBUS_SESSION_BUS_ADDRESS"):
        return f"{what}; none answers: install and unlock one, such as gnome-keyring"
    folder = environ.get("XDG_RUNTIME_DIR") or str(_RUNTIME / str(os.getuid()))
    bus = Path(folder) / "bus"
    if is_there(bus):
        return f"{what}; the bus exists: export DBUS_SESSION_BUS_ADDRESS=unix:path={bus}"
    return f"{what}; there is no bus: DBUS_SESSION_BUS_ADDRESS is not set, and {bus} does not exist"


def _places(environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield each place's description and its `--keep-in` value, quoted for a shell."""
    credential = "a systemd credential (file)"
    as_option = "'file=$CREDENTIALS_DIRECTORY/NAME'"
    if environ.get("CREDENTIALS_DIRECTORY"):
        yield credential, as_option
    store = environ.get("PASSWORD_STORE_DIR") or f"{environ.get('HOME', '')}/.password-store"
    # shutil.which does the same, but importing shutil loads all archivers and costs milliseconds.
    programs = [Path(folder) / "pass" for folder in os.get_exec_path(environ)]
    has_pass = any(os.access(program, os.X_OK) and program.is_file() for program in programs)
    if has_pass and is_folder(Path(store)):
        command = """'{command=["pass","show","NAME"]}'"""
        yield "the password store (command, with pass show NAME)", command
    yield "an environment variable (env)", "env=NAME"
    yield "a file with mode 0600 (file)", "file=PATH"
    if _SYSTEMD.is_dir() and not environ.get("CREDENTIALS_DIRECTORY"):
        yield "a systemd credential (file, with LoadCredential= in the unit)", as_option


async def fetch_entry(service: str, account: str, limit: float = PATIENCE) -> str:
    """Return the password of `account`; PasswordError if there is none or the call fails."""
    shown = _shown(service, account)
    if not account:
        raise _missing_account(service)
    answer, why = await _call_backend(lambda backend: backend.get_password(service, account), limit)
    if why:
        raise PasswordError(f"{shown} cannot be read: {why}; {instead_of_keyring()}")
    if answer is None:
        raise NoPasswordError(
            f"{shown} does not exist; store it with smtp-tui password set, as the user "
            "who runs the test"
        )
    return answer


async def store_entry(service: str, account: str, secret: str) -> PasswordError | None:
    """Store a password and read it back; return the error, as this frame holds the secret."""
    if not account:
        return _missing_account(service)

    def set_and_get(backend: KeyringBackend) -> str | None:
        backend.set_password(service, account, secret)
        return backend.get_password(service, account)

    answer, why = await _call_backend(set_and_get, PATIENCE)
    if answer == secret:
        return None
    why = why.replace(secret, "********")
    why = why or "the keyring accepted the password but does not return it"
    text = f"{_shown(service, account)} was not stored: {why}; {instead_of_keyring()}"
    return PasswordError(text)


async def forget_entry(service: str, account: str) -> None:
    """Remove a password from the keyring; PasswordError if it is missing or not removed."""

    def find_and_delete(backend: KeyringBackend) -> str:
        if backend.get_password(service, account) is None:
            return "there is no such entry"
        backend.delete_password(service, account)
        is_kept = backend.get_password(service, account) is not None
        return "the keyring still returns it" if is_kept else ""

    answer, why = await _call_backend(find_and_delete, PATIENCE)
    if why or answer:
        raise PasswordError(f"{_shown(service, account)} was not removed: {why or answer}")


async def keyring_state() -> str | None:
    """Return why no keyring works here and what to do, or None if one works."""
    # Whether a keyring is locked or prompts first is known only when it is used.
    _, why = await _call_backend(lambda _backend: None, PATIENCE)
    return f"no keyring works here: {why}; {instead_of_keyring()}" if why else None


async def _call_backend(call: Callable[[KeyringBackend], T], limit: float) -> tuple[T | None, str]:
    """Call the backend for at most `limit` seconds; return the result and why there is none."""

    def guarded() -> tuple[T | None, str]:
        # Takes 33 ms to import and few checks need it; in this thread it blocks nothing.
        try:
            from keyring import errors, get_keyring
        except ModuleNotFoundError:  # Debian's package only recommends it
            return None, "the Python package keyring is not installed"

        try:
            backend = get_keyring()
            kind = type(backend).__module__.removeprefix("keyring.backends.")
            if kind == "null":
                return None, "it is switched off (null backend)"
            if kind == "fail" or (kind == "chainer" and not getattr(backend, "backends", ())):
                return None, none_running
            return call(backend), ""
        except errors.KeyringLocked:
            return None, "it is locked, and nobody unlocked it"
        except errors.NoKeyringError:
            return None, none_running
        except Exception as error:
            if isinstance(error, errors.KeyringError) and str(error):
                return None, one_line(error, 160)
            # The text of an unknown error may hold a secret.
            return None, f"it failed with {type(error).__name__}"

    none_running = "no keyring service is running"
    if sys.platform == "linux" and not os.environ.get("DBUS_SESSION_BUS_ADDRESS"):
        none_running += " (no D-Bus session)"

    # The check's own timeout is the upper bound.
    patience = min(PATIENCE, limit)
    try:
        return await in_daemon_thread(guarded, patience)
    except TimeoutError:
        return None, f"it did not answer within {patience:.2g} s and may be waiting to be unlocked"
    except OSError as error:
        return None, reason(error)


def _missing_account(service: str) -> PasswordError:
    return PasswordError(
        f"the keyring's entry {one_line(service, 80)} cannot be found: an entry belongs to "
        "a username; set username"
    )


def _shown(service: str, account: str) -> str:
    return f"the keyring's entry {one_line(service, 80)} of {one_line(account, 80)}"
