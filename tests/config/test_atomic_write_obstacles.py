"""Saving where the place itself is difficult: full, mounted, shared, guarded, gone."""

import contextlib
import os
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from smtp_tui.config import atomic_write, file_metadata
from smtp_tui.config.atomic_write import WriteOptions
from smtp_tui.config.document import Document
from smtp_tui.config.errors import ChangedOnDiskError, DocumentError, NoRenameError

TEXT = '[smtp]\nhost = "a.example"\n'
CHANGED = TEXT.replace("a.ex", "b.ex")
ACCESS, DEFAULT = "system.posix_acl_access", "system.posix_acl_default"
SOMEBODY = 4321


def save(path: Path, manner: WriteOptions | None = None, **more: object) -> None:
    Document.open(path).save("smtp", {"host": "b.example", **more}, options=manner)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "app.toml"
    path.write_text(TEXT)
    return path


@contextlib.contextmanager
def mounted(folder: Path, *words: str) -> Iterator[None]:
    """Mount something, or skip the test where that is not allowed."""
    if os.geteuid() != 0 or sys.platform != "linux":
        pytest.skip("only root mounts")
    done = subprocess.run(
        ["mount", *words, str(folder)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip(f"nothing can be mounted here: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 64 KiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    with mounted(folder, "-t", "tmpfs", "-o", "size=64k", "tmpfs"):
        yield folder


def fill(folder: Path) -> None:
    with contextlib.suppress(OSError), (folder / "full").open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 1024)


def test_a_full_disk_leaves_the_old_file(small_disk: Path) -> None:
    path = small_disk / "app.toml"
    path.write_text(TEXT)
    fill(small_disk)
    for manner in (WriteOptions(), WriteOptions(backup=True), WriteOptions(in_place=True)):
        with pytest.raises(DocumentError, match=r"no space left on device; nothing was changed"):
            save(path, manner)
        assert path.read_text() == TEXT
        assert sorted(one.name for one in small_disk.iterdir()) == ["app.toml", "full"]
    with pytest.raises(DocumentError, match="no space left on device; nothing was changed"):
        Document.new(small_disk / "new.toml").save("smtp", {"host": "a.example"})
    assert not (small_disk / "new.toml").exists()


def test_a_full_disk_puts_back_what_cannot_be_overwritten(
    small_disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = tmp_path / "state"
    monkeypatch.setenv("XDG_STATE_HOME", str(state))
    path = small_disk / "app.toml"
    path.write_text(TEXT)
    (small_disk / "other").hardlink_to(path)
    fill(small_disk)
    told: list[str] = []
    with pytest.raises(
        DocumentError, match="no space left on device; the old content was restored"
    ):
        save(path, WriteOptions(in_place=True, warn=told.append), username="u" * 10_000)
    assert path.read_text() == TEXT
    # The copy found a place elsewhere, and is not needed any more.
    assert str(state / "smtp-tui") in told[0]
    assert list((state / "smtp-tui").iterdir()) == []


def test_a_mounted_file_is_overwritten_only_when_told_to(path: Path, tmp_path: Path) -> None:
    point = tmp_path / "mounted.toml"
    point.touch()
    with mounted(point, "--bind", str(path)):
        with pytest.raises(
            NoRenameError, match="device or resource busy; smtp-tui could only over"
        ):
            save(point)
        assert path.read_text() == TEXT
        told: list[str] = []
        save(point, WriteOptions(in_place=True, warn=told.append))
        assert point.read_text() == path.read_text() == CHANGED
        (risk,) = told
        assert "a crash during that would damage it; its old content is in" in risk
    assert sorted(one.name for one in tmp_path.iterdir()) == ["app.toml", "mounted.toml"]


def test_a_copy_stands_by_while_a_file_is_overwritten(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path.with_name("other.toml").hardlink_to(path)
    seen = []

    def look(text: str) -> None:
        copy = Path(text.rpartition(" ")[2])
        seen.append((copy.read_text(), copy.stat().st_mode & 0o777))

    path.chmod(0o644)
    save(path, WriteOptions(in_place=True, warn=look))
    assert seen == [(TEXT, 0o600)]
    assert sorted(one.name for one in path.parent.iterdir()) == ["app.toml", "other.toml"]


def test_a_read_only_disk_can_only_be_overwritten_and_not_even_that(tmp_path: Path) -> None:
    folder = tmp_path / "disk"
    folder.mkdir()
    with mounted(folder, "-t", "tmpfs", "-o", "size=64k", "tmpfs"):
        path = folder / "app.toml"
        path.write_text(TEXT)
        subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
        with pytest.raises(DocumentError, match="is not writable: read-only file system"):
            save(path, WriteOptions(in_place=True))


def test_a_folder_that_went_takes_the_file_along(path: Path) -> None:
    document = Document.open(path)
    shutil.rmtree(path.parent)
    with pytest.raises(ChangedOnDiskError, match="was removed by another program"):
        document.save("smtp", {"host": "b.example"})
    assert not path.parent.exists()


def test_a_file_replaced_at_the_last_moment_is_not_overwritten(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_after = file_metadata.copy_metadata

    def replacing_it(descriptor: int, like: int, *, private: bool) -> None:
        take_after(descriptor, like, private=private)
        other = path.with_name("theirs")
        other.write_text("# theirs\n")
        other.replace(path)

    monkeypatch.setattr(atomic_write, "copy_metadata", replacing_it)
    with pytest.raises(ChangedOnDiskError, match="was replaced by another program"):
        save(path)
    assert path.read_text() == "# theirs\n"
    assert [one.name for one in path.parent.iterdir()] == ["app.toml"]


def test_a_new_file_takes_the_name_of_no_other_that_came_at_the_last_moment(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    new = path.with_name("new.toml")
    link = os.link

    def late(source: Path, target: Path) -> None:
        new.write_text("# theirs\n")
        link(source, target)

    monkeypatch.setattr(os, "link", late)
    with pytest.raises(ChangedOnDiskError, match="was made by another program"):
        Document.new(new).save("smtp", {"host": "a.example"})
    assert new.read_text() == "# theirs\n"


def test_a_disk_without_hard_links_takes_a_new_file_too(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(source: Path, target: Path) -> None:
        raise PermissionError(1, "no links here")

    monkeypatch.setattr(os, "link", refused)
    new = path.with_name("new.toml")
    Document.new(new).save("smtp", {"host": "a.example"})
    assert new.read_text() == TEXT
    assert sorted(one.name for one in path.parent.iterdir()) == ["app.toml", "new.toml"]


def access_list(user: int, mask: int) -> bytes:
    """An access list as the kernel keeps it: rw for the owner, and for one more user."""
    nobody = 0xFFFFFFFF
    entries = [
        (1, 6, nobody),
        (2, 6, user),
        (4, 4, nobody),
        (0x10, mask, nobody),
        (0x20, 0, nobody),
    ]
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)


def give(path: Path, name: str, content: bytes) -> None:
    try:
        os.setxattr(path, name, content)
    except OSError as error:
        pytest.skip(f"no access lists here: {error}")


linux = pytest.mark.skipif(sys.platform != "linux", reason="access lists are Linux's here")


@linux
def test_an_access_list_is_kept(path: Path) -> None:
    give(path, ACCESS, access_list(SOMEBODY, 6))
    before = (path.stat().st_mode, os.getxattr(path, ACCESS))
    save(path, WriteOptions(backup=True))
    assert path.read_text() == CHANGED
    for one in (path, path.with_name("app.toml~")):
        assert (one.stat().st_mode, os.getxattr(one, ACCESS)) == before


@linux
def test_a_folders_access_list_opens_no_file_that_was_closed(path: Path) -> None:
    path.chmod(0o640)
    give(path.parent, DEFAULT, access_list(SOMEBODY, 6))
    save(path)
    assert path.read_text() == CHANGED
    assert ACCESS not in os.listxattr(path)
    assert path.stat().st_mode & 0o777 == 0o640


@linux
@pytest.mark.parametrize("in_place", [False, True])
def test_a_private_file_is_its_owners_alone(path: Path, in_place: bool) -> None:
    give(path, ACCESS, access_list(SOMEBODY, 6))
    path.chmod(0o664)
    if in_place:
        path.with_name("other").hardlink_to(path)
    save(path, WriteOptions(private=True, in_place=in_place))
    assert ACCESS not in os.listxattr(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_text() == CHANGED


def test_a_file_can_be_made_private_without_another_change(path: Path) -> None:
    path.chmod(0o644)
    document = Document.open(path)
    document.save("smtp", {}, options=WriteOptions(private=True, backup=True))
    assert path.read_text() == TEXT
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.with_name("app.toml~").stat().st_mode & 0o777 == 0o600
