"""The keyring, by backends that work, lie, fail and hang."""

import asyncio
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import keyring.core
import pytest
from keyring.backend import KeyringBackend
from keyring.backends import chainer
from keyring.errors import InitError, KeyringError, KeyringLocked, NoKeyringError, PasswordSetError

from smtp_tui import threads
from smtp_tui.config import keyring_backend
from smtp_tui.config.errors import PasswordError
from smtp_tui.config.keyring_backend import forget_entry, keyring_state
from smtp_tui.config.password_store import fetch_password, store_password
from smtp_tui.settings.password_sources import KeyringSource

NULL = keyring.core.load_keyring("keyring.backends.null.Keyring")
NONE = keyring.core.load_keyring("keyring.backends.fail.Keyring")

Use = Callable[[KeyringBackend], None]


class MemoryKeyring(KeyringBackend):
    """Keeps passwords as long as it lives."""

    # Below the one that always fails: the library chooses among all classes that it can find.
    priority = -1

    def __init__(self) -> None:
        self.entries: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.entries[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.entries[service, username]


class LyingKeyring(MemoryKeyring):
    """Takes everything and keeps nothing."""

    def set_password(self, service: str, username: str, password: str) -> None:
        """Forget it at once."""

    def delete_password(self, service: str, username: str) -> None:
        """Keep it."""


class FailingKeyring(MemoryKeyring):
    """Answers every call with an error."""

    def __init__(self, error: type[Exception]) -> None:
        super().__init__()
        self.error = error

    def get_password(self, service: str, username: str) -> str | None:
        raise self.error(f"no {service}")

    def set_password(self, service: str, username: str, password: str) -> None:
        raise self.error(f"no {password}")


class HangingKeyring(MemoryKeyring):
    """Answers nobody before it is released."""

    def __init__(self) -> None:
        super().__init__()
        self.released = threading.Event()

    def get_password(self, service: str, username: str) -> str | None:
        self.released.wait()
        return super().get_password(service, username)

    def set_password(self, service: str, username: str, password: str) -> None:
        self.released.wait()


@pytest.fixture
def hanging(use_keyring: Use, monkeypatch: pytest.MonkeyPatch) -> Iterator[HangingKeyring]:
    """A keyring that hangs, and is not waited for long."""
    backend = HangingKeyring()
    use_keyring(backend)
    monkeypatch.setattr(keyring_backend, "PATIENCE", 0.01)
    yield backend
    backend.released.set()


async def fetched(account: str = "me", limit: float = 20) -> str:
    return await fetch_password(
        KeyringSource("smtp"), account=account, base=Path("/"), environ={}, limit=limit
    )


async def test_a_password_is_stored_read_back_and_forgotten(use_keyring: Use) -> None:
    use_keyring(MemoryKeyring())
    await store_password("smtp", "me", "s3cret")
    assert await fetched() == "s3cret"
    await forget_entry("smtp", "me")
    with pytest.raises(PasswordError, match=r"entry smtp of me does not exist; store it") as caught:
        await fetched()
    assert caught.value.cause == "password-source-failed"
    with pytest.raises(PasswordError, match="was not removed: there is no such entry"):
        await forget_entry("smtp", "me")


async def test_an_empty_entry_is_a_missing_password(use_keyring: Use) -> None:
    backend = MemoryKeyring()
    backend.entries["smtp", "me"] = ""
    use_keyring(backend)
    with pytest.raises(PasswordError, match="entry smtp is empty") as caught:
        await fetched()
    assert caught.value.cause == "password-missing"


async def test_an_entry_needs_a_user_name(use_keyring: Use) -> None:
    use_keyring(MemoryKeyring())
    with pytest.raises(PasswordError, match="set username"):
        await fetched(account="")
    with pytest.raises(PasswordError, match="set username"):
        await store_password("smtp", "", "s3cret")


@pytest.mark.parametrize("secret", ["", "a\nb"])
async def test_what_could_never_be_used_is_not_stored(use_keyring: Use, secret: str) -> None:
    backend = MemoryKeyring()
    use_keyring(backend)
    with pytest.raises(PasswordError, match="the password to store"):
        await store_password("smtp", "me", secret)
    assert not backend.entries


@pytest.mark.parametrize(
    ("backend", "why"),
    [
        (LyingKeyring(), "accepted the password but does not return it"),
        (NULL, "switched off"),
        (NONE, "no keyring service is running"),
        (FailingKeyring(KeyringLocked), "locked, and nobody unlocked it"),
        (FailingKeyring(NoKeyringError), "no keyring service is running"),
        (FailingKeyring(InitError), r"no \*{8}"),
        (FailingKeyring(PasswordSetError), r"no \*{8}"),
        (FailingKeyring(OSError), "it failed with OSError"),
    ],
)
async def test_what_was_not_stored_is_not_called_so(
    use_keyring: Use,
    holders: Callable[[str, BaseException], list[str]],
    backend: KeyringBackend,
    why: str,
) -> None:
    use_keyring(backend)
    with pytest.raises(PasswordError, match=f"was not stored: .*{why}.*; keep the pass") as caught:
        await store_password("smtp", "me", "s3cret")
    assert "s3cret" not in str(caught.value)
    assert holders("s3cret", caught.value) == []
    assert caught.value.__context__ is None
    assert "an environment variable (env)" in str(caught.value)


@pytest.mark.parametrize("error", [KeyringError, KeyringLocked, NoKeyringError, OSError])
async def test_an_unreadable_keyring_says_what_would_work(
    use_keyring: Use, error: type[Exception]
) -> None:
    use_keyring(FailingKeyring(error))
    with pytest.raises(PasswordError, match=r"cannot be read: .*; keep the password elsewhere"):
        await fetched()
    with pytest.raises(PasswordError, match="was not removed"):
        await forget_entry("smtp", "me")


async def test_a_keyring_that_keeps_what_it_shall_forget(use_keyring: Use) -> None:
    backend = LyingKeyring()
    backend.entries["smtp", "me"] = "s3cret"
    use_keyring(backend)
    with pytest.raises(PasswordError, match="still returns it"):
        await forget_entry("smtp", "me")


@pytest.mark.usefixtures("hanging")
async def test_a_keyring_that_hangs_is_not_waited_for() -> None:
    with pytest.raises(PasswordError, match=r"it did not answer within 0\.01 s") as caught:
        await fetched()
    assert caught.value.cause == "password-source-failed"
    with pytest.raises(PasswordError, match=r"was not stored: it did not answer within 0\.01 s"):
        await store_password("smtp", "me", "s3cret")


async def test_the_checks_time_bounds_the_keyrings(
    hanging: HangingKeyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keyring_backend, "PATIENCE", 15.0)
    with pytest.raises(PasswordError, match=r"it did not answer within 0\.02 s"):
        await fetched(limit=0.02)


async def test_a_late_answer_finds_nobody_and_harms_nobody(hanging: HangingKeyring) -> None:
    with pytest.raises(PasswordError):
        await fetched()
    waiting = len(threads._idle)
    hanging.released.set()

    def wait_for_its_end() -> None:
        while len(threads._idle) == waiting:
            time.sleep(0.001)

    await asyncio.wait_for(asyncio.to_thread(wait_for_its_end), 20)


def test_a_keyring_that_hangs_keeps_the_program_from_nothing(tmp_path: Path) -> None:
    child = """
import asyncio, keyring, sys, threading
from keyring.backend import KeyringBackend
from smtp_tui.config import keyring_backend
from smtp_tui.config.password_store import store_password

class Hanging(KeyringBackend):
    priority = 1
    def get_password(self, *_): pass
    def set_password(self, *_): threading.Event().wait()

keyring.set_keyring(Hanging())
keyring_backend.PATIENCE = 0.01
asyncio.run(store_password("smtp", "me", sys.argv[1]))
"""
    ended = subprocess.run(
        [sys.executable, "-c", child, "s3cret"],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1].count("it did not answer within 0.01 s") == 1
    assert "s3cret" not in ended.stderr


@pytest.mark.parametrize(
    ("backend", "why"),
    [(NULL, "switched off"), (NONE, "no keyring service is running")],
)
async def test_the_state_says_why_there_is_none(
    use_keyring: Use, backend: KeyringBackend, why: str
) -> None:
    use_keyring(backend)
    state = await keyring_state()
    assert state is not None
    assert why in state
    assert "keep the password elsewhere" in state


async def test_a_chain_without_links_is_none(
    use_keyring: Use, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chainer.ChainerBackend, "backends", [])
    use_keyring(keyring.core.load_keyring("keyring.backends.chainer.ChainerBackend"))
    assert "no keyring service is running" in (await keyring_state() or "")


async def test_the_state_of_a_good_one_is_nothing(use_keyring: Use) -> None:
    use_keyring(MemoryKeyring())
    assert await keyring_state() is None


async def test_a_backend_that_cannot_be_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyring.core, "_keyring_backend", None)
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "no.such.Backend")
    assert "it failed with ModuleNotFoundError" in (await keyring_state() or "")


async def test_no_keyring_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    state = await keyring_state() or ""
    assert "the Python package keyring is not installed; keep the password elsewhere" in state


def test_guidance_knows_systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyring_backend, "_SYSTEMD", tmp_path)
    text = keyring_backend.instead_of_keyring({})
    assert text.endswith("a systemd credential (file, with LoadCredential= in the unit)")


def test_guidance_begins_with_what_works_here(tmp_path: Path) -> None:
    store = tmp_path / ".password-store"
    store.mkdir()
    program = tmp_path / "pass"
    program.touch(mode=0o700)
    environ = {
        "HOME": str(tmp_path), "PATH": str(tmp_path), "CREDENTIALS_DIRECTORY": "/run/cred"
    }  # fmt: skip
    text = keyring_backend.instead_of_keyring(environ)
    places = ["systemd credential", "pass show", "(env)", "mode 0600"]
    assert sorted(places, key=text.replace("keep the password", "").index) == places
    bare = keyring_backend.instead_of_keyring({"HOME": "/", "PATH": "/"})
    assert bare.startswith("keep the password elsewhere: in an environment variable (env)")
    assert "pass show" not in bare


def test_guidance_lists_what_the_option_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keyring_backend, "_SYSTEMD", tmp_path / "none")
    assert keyring_backend.ways({"HOME": "/", "PATH": "/"}) == ("env=NAME", "file=PATH")
    monkeypatch.setattr(keyring_backend, "_SYSTEMD", tmp_path)
    assert keyring_backend.ways({})[-1] == "'file=$CREDENTIALS_DIRECTORY/NAME'"
    assert (
        keyring_backend.ways({"CREDENTIALS_DIRECTORY": "/x"})[0]
        == "'file=$CREDENTIALS_DIRECTORY/NAME'"
    )


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a session bus")
def test_guidance_says_what_was_looked_for(tmp_path: Path) -> None:
    run = {"XDG_RUNTIME_DIR": str(tmp_path)}
    assert "there is no bus: DBUS_SESSION_BUS_ADDRESS is not set" in keyring_backend.looked_for(run)
    (tmp_path / "bus").touch()
    bus = f"the bus exists: export DBUS_SESSION_BUS_ADDRESS=unix:path={tmp_path}/bus"
    assert bus in keyring_backend.looked_for(run)
    assert "none answers" in keyring_backend.looked_for(
        {"DBUS_SESSION_BUS_ADDRESS": "unix:path=/x"}
    )
    named = keyring_backend.looked_for({"PYTHON_KEYRING_BACKEND": "a.B"})
    assert named == "tried: the backend a.B that PYTHON_KEYRING_BACKEND names"
