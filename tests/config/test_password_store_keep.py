"""Keeping a password: no frame of a failure holds it, and only what is read back is stored."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from smtp_tui.config import password_store
from smtp_tui.config.errors import PasswordError
from smtp_tui.config.password_store import PasswordStore
from smtp_tui.settings.password_sources import FileSource

SECRET = "s3cret word"

Holders = Callable[[str, BaseException], list[str]]


def place(folder: Path, name: str = "kept") -> PasswordStore:
    return PasswordStore(FileSource(name), "me", folder, {})


async def test_a_file_goes_round(tmp_path: Path) -> None:
    kept = place(tmp_path)
    assert await kept.store(SECRET, 5) is None
    assert await kept.fetch(5) == SECRET
    await kept.forget()
    with pytest.raises(PasswordError, match="does not exist"):
        await kept.fetch(5)


async def test_a_link_stays_and_its_file_is_filled_and_removed(tmp_path: Path) -> None:
    (tmp_path / "kept").symlink_to("real")
    assert await place(tmp_path).store(SECRET, 5) is None
    assert (tmp_path / "real").read_text() == f"{SECRET}\n"
    await place(tmp_path).forget()
    assert not (tmp_path / "real").exists()


@pytest.mark.parametrize("obstacle", ["folder", "file in the way", "many lines"])
async def test_what_is_in_the_way_is_told_without_the_secret(
    tmp_path: Path, holders: Holders, obstacle: str
) -> None:
    name = "kept"
    match obstacle:
        case "folder":
            (tmp_path / "kept").mkdir()
        case "file in the way":
            (tmp_path / "kept").touch()
            name = "kept/inside"
        case _:
            (tmp_path / "kept").write_text("a\nb\n")
    error = await place(tmp_path, name).store(SECRET, 5)
    assert error is not None
    assert SECRET not in str(error)
    assert holders(SECRET, error) == []
    with pytest.raises(PasswordError):
        await place(tmp_path, name).forget()


async def test_what_does_not_come_back_is_not_called_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(path: Path, *_: object, **__: object) -> None:
        path.write_text("other")

    monkeypatch.setattr("smtp_tui.config.atomic_write.write", write)
    error = await place(tmp_path).store(SECRET, 5)
    assert error is not None
    assert str(error).endswith("accepted the password but does not return it")


async def test_what_is_larger_than_any_password_is_another_file(tmp_path: Path) -> None:
    (tmp_path / "kept").write_bytes(b"x" * (password_store.LARGEST_FILE + 1))
    error = await place(tmp_path).store(SECRET, 5)
    assert error is not None
    assert "contains more than a password" in str(error)
