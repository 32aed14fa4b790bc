"""The desktop's or system's keyring: fetch, store, forget. The only importer of keyring.

Every call runs in a daemon thread and is waited for at most `PATIENCE` seconds: a locked keyring
may ask on a screen nobody looks at, and a D-Bus service may never answer. What a library raises
is turned into a text inside that thread, so that no exception carries a secret out of it.
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


PATIENCE = 15.0  # seconds that a keyring is waited for at most
_SYSTEMD = Path("/run/systemd/system")
_RUNTIME = Path("/run/user")

T = TypeVar("T")


def instead_of_keyring(environ: Mapping[str, str] = os.environ) -> str:
    """Name the other places, with the kind of each, in the order in which they would work here."""
    places = [place for place, _ in _places(environ)]
    return f"keep the password elsewhere: in {', '.join(places[:-1])} or {places[-1]}"


def ways(environ: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """List what `--keep-in` takes in their stead, in the order in which it would work here."""
    return tuple(option for _, option in _places(environ))


def looked_for(environ: Mapping[str, str] = os.environ) -> str:
    """Say in which keyrings a password could be kept, and why they are not to be had."""
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
    """Yield each place in words, and as `--keep-in` takes it in a shell."""
    credential = "a systemd credential (file)"
    as_option = "'file=$CREDENTIALS_DIRECTORY/NAME'"
    if environ.get("CREDENTIALS_DIRECTORY"):
        yield credential, as_option
    store = environ.get("PASSWORD_STORE_DIR") or f"{environ.get('HOME', '')}/.password-store"
    # shutil.which does the same, but brings all archivers, and costs milliseconds.
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
    """Return the password kept for `account`; PasswordError if there is none or it stays away."""
    shown = _shown(service, account)
    if not account:
        raise _nameless(service)
    answer, why = await _asked(lambda backend: backend.get_password(service, account), limit)
    if why:
        raise PasswordError(f"{shown} cannot be read: {why}; {instead_of_keyring()}")
    if answer is None:
        raise NoPasswordError(
            f"{shown} does not exist; store it with smtp-tui password set, as the user "
            "who runs the test"
        )
    return answer


async def store_entry(service: str, account: str, secret: str) -> PasswordError | None:
    """Store a password and read it back; return what went wrong, as this frame holds the secret."""
    if not account:
        return _nameless(service)

    def set_and_get(backend: KeyringBackend) -> str | None:
        backend.set_password(service, account, secret)
        return backend.get_password(service, account)

    answer, why = await _asked(set_and_get, PATIENCE)
    if answer == secret:
        return None
    why = why.replace(secret, "********")
    why = why or "the keyring accepted the password but does not return it"
    text = f"{_shown(service, account)} was not stored: {why}; {instead_of_keyring()}"
    return PasswordError(text)


async def forget_entry(service: str, account: str) -> None:
    """Take a password out of the keyring; PasswordError if it was not there or still is."""

    def find_and_delete(backend: KeyringBackend) -> str:
        if backend.get_password(service, account) is None:
            return "there is no such entry"
        backend.delete_password(service, account)
        is_kept = backend.get_password(service, account) is not None
        return "the keyring still returns it" if is_kept else ""

    answer, why = await _asked(find_and_delete, PATIENCE)
    if why or answer:
        raise PasswordError(f"{_shown(service, account)} was not removed: {why or answer}")


async def keyring_state() -> str | None:
    """Say why no password can be kept in a keyring here and what to do, None if one can be."""
    # A keyring that is locked, or asks first, shows that only when it is used.
    _, why = await _asked(lambda _backend: None, PATIENCE)
    return f"no keyring works here: {why}; {instead_of_keyring()}" if why else None


async def _asked(call: Callable[[KeyringBackend], T], limit: float) -> tuple[T | None, str]:
    """Make a call on the backend that can keep passwords; return why there is no answer, too."""

    def guarded() -> tuple[T | None, str]:
        # 33 ms to load, and few checks need it; in this thread it holds up nobody.
        from keyring import errors, get_keyring

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
            # What an unknown error says may hold anything.
            return None, f"it failed with {type(error).__name__}"

    none_running = "no keyring service is running"
    if sys.platform == "linux" and not os.environ.get("DBUS_SESSION_BUS_ADDRESS"):
        none_running += " (no D-Bus session)"

    # A check's own time-out is the outer bound.
    patience = min(PATIENCE, limit)
    try:
        return await in_daemon_thread(guarded, patience)
    except TimeoutError:
        return None, f"it did not answer within {patience:g} s and may be waiting to be unlocked"
    except OSError as error:
        return None, reason(error)


def _nameless(service: str) -> PasswordError:
    return PasswordError(
        f"the keyring's entry {one_line(service, 80)} cannot be found: an entry belongs to "
        "a username; set username"
    )


def _shown(service: str, account: str) -> str:
    return f"the keyring's entry {one_line(service, 80)} of {one_line(account, 80)}"
