"""Where sign-ins are kept: private files, locks, owners, and places that cannot be written."""

from __future__ import annotations

import asyncio
import os
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from smtp_tui.oauth import store
from smtp_tui.oauth.entry import from_json, to_json
from smtp_tui.oauth.errors import OAuthError
from smtp_tui.oauth.store import FilePlace, KeyringPlace, locked, new_place, place_of, read
from tests.oauth.test_entry import REFRESH, entry
from tests.places.spaces import NOBODY

LIMIT = 10.0


@pytest.fixture
def own(tmp_path: Path) -> FilePlace:
    environ = {"XDG_STATE_HOME": str(tmp_path / "state")}
    found = new_place("support", "me@example.org", environ=environ, keyring=False)
    assert isinstance(found, FilePlace)
    return found


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


async def test_a_new_sign_in_is_a_private_file_in_a_private_folder(own: FilePlace) -> None:
    async with locked(own, LIMIT) as found:
        assert found.sign_in is None
        await found.write(entry())
        assert found.sign_in == entry()
    assert await read(own, LIMIT) == entry()
    assert (mode_of(own.path), mode_of(own.path.parent)) == (0o600, 0o700)
    assert own.path.name == "support,me@example.org.json"


async def test_the_place_of_a_name(own: FilePlace, tmp_path: Path) -> None:
    environ = {"XDG_STATE_HOME": str(tmp_path / "state"), "HOME": str(tmp_path)}

    def found(name: str) -> store.SignInPlace:
        return place_of(name, "me@example.org", base=tmp_path / "etc", environ=environ)

    keyring = found("support")
    assert isinstance(keyring, KeyringPlace)
    assert (keyring.service, keyring.account) == ("smtp-tui oauth support", "me@example.org")
    async with locked(own, LIMIT) as opened:
        await opened.write(entry())
    assert found("support") == own
    assert isinstance(found("other"), KeyringPlace)
    assert str(found("./x.json")) == f"the file {tmp_path}/etc/x.json"
    assert str(found("~/x.json")) == f"the file {tmp_path}/x.json"


@pytest.mark.parametrize("name", ["..", "a\\b", "%2e", "ä" * 300, ",", "x\ty"], ids=range(6))
async def test_no_name_leads_out_of_the_folder(name: str, tmp_path: Path) -> None:
    environ = {"XDG_STATE_HOME": str(tmp_path)}
    for user in ("../../etc/passwd", "me"):
        place = new_place(name, user, environ=environ, keyring=False)
        assert isinstance(place, FilePlace)
        assert place.path.parent == tmp_path / "smtp-tui" / "oauth"


async def test_reading_makes_nothing(own: FilePlace) -> None:
    assert await read(own, LIMIT) is None
    assert not own.path.parent.parent.exists()


async def test_forgetting(own: FilePlace) -> None:
    async with locked(own, LIMIT) as opened:
        await opened.write(entry())
        await opened.forget()
        assert opened.sign_in is None
        with pytest.raises(OAuthError, match="was not removed: no such file"):
            await opened.forget()
    assert not own.path.exists()


async def test_what_cannot_be_used_is_told_without_its_content(own: FilePlace) -> None:
    own.path.parent.mkdir(parents=True)
    for content, words in ((f'{{"x": "{REFRESH}"}}', "version"), ("x" * 70_000, "larger")):
        own.path.write_text(content)
        own.path.chmod(0o600)
        with pytest.raises(OAuthError, match=words) as caught:
            await read(own, LIMIT)
        assert REFRESH not in str(caught.value)
    own.path.write_bytes(b"\xff")
    with pytest.raises(OAuthError, match="not UTF-8"):
        await read(own, LIMIT)
    own.path.unlink()
    os.mkfifo(own.path)
    with pytest.raises(OAuthError, match="not a regular file"):
        await read(own, LIMIT)


async def test_a_file_that_every_user_can_read_is_refused(own: FilePlace) -> None:
    # The folders that pytest makes let nobody else in.
    path = Path("/tmp") / f"smtp-tui-{os.getpid()}.json"
    try:
        path.write_text(to_json(entry()))
        path.chmod(0o644)
        with pytest.raises(OAuthError, match="every user of this machine can read it"):
            await read(FilePlace(path, path.with_suffix(".lock")), LIMIT)
    finally:
        path.unlink()


async def test_the_owner_and_the_mode_stay(own: FilePlace) -> None:
    """Root may check what a service renews."""
    if os.geteuid() != 0:
        pytest.skip("only root can give a file away")
    async with locked(own, LIMIT) as opened:
        await opened.write(entry())
    own.lock.unlink()
    os.chown(own.path, NOBODY, NOBODY)
    own.path.chmod(0o640)
    async with locked(own, LIMIT) as opened:
        await opened.write(replace(entry(), refresh_token="new"))
    assert (own.path.stat().st_uid, mode_of(own.path)) == (NOBODY, 0o640)
    assert own.lock.stat().st_uid == NOBODY


async def test_the_lock_is_waited_for_and_the_wait_ends(own: FilePlace) -> None:
    async with locked(own, LIMIT) as opened:
        await opened.write(entry())
        with pytest.raises(OAuthError, match="another smtp-tui has locked the file"):
            async with locked(own, 0.1):
                pass
        waiting = asyncio.create_task(read_locked(own))
        await opened.write(replace(entry(), refresh_token="new"))
        assert not waiting.done()
    assert await waiting == "new"


async def read_locked(place: FilePlace) -> str | None:
    async with locked(place, LIMIT) as opened:
        return opened.sign_in.refresh_token if opened.sign_in else None


READ_ONLY = """
import asyncio, os, sys
from pathlib import Path
from smtp_tui.oauth.errors import OAuthError
from smtp_tui.oauth.store import locked, place_of
# After the imports: another user may not reach this Python.
os.setgroups([])
os.setresgid(*[int(sys.argv[2])] * 3)
os.setresuid(*[int(sys.argv[2])] * 3)
async def main():
    place = place_of(sys.argv[1], "me", base=Path("/"), environ=os.environ)
    try:
        async with locked(place, 5) as opened:
            await opened.refuse_unwritable()
    except OAuthError as error:
        print(error.cause, error)
asyncio.run(main())
"""


def test_a_folder_that_cannot_be_written_is_found_out_before_a_renewal(tmp_path: Path) -> None:
    """As another user: root may write everywhere."""
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    folder = Path("/tmp") / f"smtp-tui-read-only-{os.getpid()}"
    path = folder / "entry.json"
    folder.mkdir()
    try:
        for is_locked, words in ((False, "its lock"), (True, "cannot be written")):
            path.write_text(to_json(entry()))
            path.chmod(0o600)
            os.chown(path, NOBODY, NOBODY)
            lock = folder / "entry.json.lock"
            if is_locked:
                lock.touch()
                os.chown(lock, NOBODY, NOBODY)
            done = subprocess.run(
                [sys.executable, "-c", READ_ONLY, str(path), str(NOBODY)],
                cwd=Path(__file__).parents[2],
                env={**os.environ, "HOME": "/nonexistent"},
                capture_output=True,
                text=True,
                check=False,
                timeout=60,
            )
            assert done.stdout.startswith("oauth-store-read-only "), done
            assert words in done.stdout
            assert from_json(path.read_text()) == entry()
    finally:
        for left in folder.iterdir():
            left.unlink()
        folder.rmdir()
