"""Saving: the old file or the new one, whole, with the same owner, mode and name."""

import contextlib
import errno
import os
import stat
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NoReturn

import pytest

from smtp_tui.config import atomic_write, file_metadata
from smtp_tui.config.atomic_write import WriteOptions
from smtp_tui.config.document import Document
from smtp_tui.config.errors import ChangedOnDiskError, DocumentError, NoRenameError

TEXT = "[smtp]\nhost = 'a'\n"
CHANGED = "[smtp]\nhost = 'b'\n"

AsUser = Callable[[], AbstractContextManager[None]]


@pytest.fixture
def path(public_folder: Path) -> Path:
    """A file in a folder of its own."""
    path = public_folder / "app.toml"
    path.write_text(TEXT)
    return path


def save(path: Path, *, in_place: bool = False) -> None:
    Document.open(path).save("smtp", {"host": "b"}, options=WriteOptions(in_place=in_place))


def failing(error: BaseException) -> Callable[..., NoReturn]:
    def fail(*_: object, **__: object) -> NoReturn:
        raise error

    return fail


def failing_on_file(
    path: Path, error: OSError, times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Let the flush of this very file fail so often, and of no other."""
    left = [error] * times
    fsync, number = os.fsync, path.stat().st_ino

    def flush(descriptor: int) -> None:
        if left and os.fstat(descriptor).st_ino == number:
            raise left.pop()
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", flush)


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_saved_document_can_be_edited_on(path: Path) -> None:
    document = Document.open(path)
    document.save("smtp", {"host": "b"})
    assert path.read_text() == CHANGED == document.text
    document.save("smtp", {"port": 1})
    assert path.read_text() == f"{CHANGED}port = 1\n"
    assert document.values("smtp") == {"host": "b", "port": 1}
    assert names(path.parent) == ["app.toml"]


def test_without_a_change_nothing_is_written(path: Path) -> None:
    before = path.stat()
    Document.open(path).save("smtp", {"host": "a"})
    assert path.stat() == before


@pytest.mark.parametrize("bits", [0o600, 0o640, 0o664, 0o777])
def test_the_mode_is_kept_and_never_wider_before(
    path: Path, bits: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    path.chmod(bits)
    seen = []
    take_after = file_metadata.copy_metadata

    def watched(descriptor: int, old: int, *, private: bool) -> None:
        seen.append(stat.S_IMODE(os.fstat(descriptor).st_mode))
        take_after(descriptor, old, private=private)

    monkeypatch.setattr(atomic_write, "copy_metadata", watched)
    save(path)
    assert mode(path) == bits
    assert seen == [0o600]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_owner_and_group_are_kept(path: Path) -> None:
    os.chown(path, 1234, 2345)
    save(path)
    assert (path.stat().st_uid, path.stat().st_gid) == (1234, 2345)


def test_extended_attributes_are_kept(path: Path) -> None:
    try:
        os.setxattr(path, "user.note", b"x")
    except OSError as error:
        pytest.skip(f"no extended attributes here: {error}")
    save(path)
    assert os.getxattr(path, "user.note") == b"x"


@pytest.mark.skipif(sys.platform != "linux", reason="attributes are Linux's")
@pytest.mark.parametrize(("name", "kept"), [("security.selinux", False), ("user.note", True)])
def test_an_attribute_that_cannot_be_kept_counts_unless_it_is_the_systems(
    path: Path, monkeypatch: pytest.MonkeyPatch, name: str, kept: bool
) -> None:
    monkeypatch.setattr(os, "listxattr", lambda _: [name, "security.ima"])
    monkeypatch.setattr(os, "getxattr", lambda *_: b"x")
    monkeypatch.setattr(os, "setxattr", failing(OSError(errno.EPERM, "no")))
    with pytest.raises(NoRenameError) if kept else contextlib.nullcontext():
        save(path)
    assert (path.read_text() == TEXT) == kept


def test_a_file_system_without_attributes_has_none_to_keep(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "listxattr", failing(OSError(errno.ENOTSUP, "no")))
    save(path)
    assert path.read_text() == CHANGED


def test_a_link_stays_and_its_target_is_written(path: Path) -> None:
    folder = path.parent / "links"
    folder.mkdir()
    link = folder / "link.toml"
    link.symlink_to("../app.toml")
    save(link)
    assert link.is_symlink()
    assert path.read_text() == CHANGED


def test_a_read_only_file_is_refused_though_the_folder_would_allow_it(
    path: Path, as_ordinary_user: AsUser
) -> None:
    path.chmod(0o444)
    path.parent.chmod(0o777)
    with as_ordinary_user(), pytest.raises(DocumentError, match="is not writable: permission"):
        save(path)
    assert path.read_text() == TEXT


def test_a_folder_that_takes_no_file_leaves_the_rename_out(
    path: Path, as_ordinary_user: AsUser
) -> None:
    path.chmod(0o666)
    path.parent.chmod(0o555)
    with as_ordinary_user():
        with pytest.raises(
            NoRenameError, match=r"permission denied; smtp-tui could only overwrite it"
        ):
            save(path)
        assert path.read_text() == TEXT
        save(path, in_place=True)
    assert path.read_text() == CHANGED
    path.parent.chmod(0o755)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root owns files of others")
def test_an_owner_that_cannot_be_kept_leaves_the_rename_out(
    path: Path, as_ordinary_user: AsUser
) -> None:
    path.chmod(0o666)
    path.parent.chmod(0o777)
    with as_ordinary_user(), pytest.raises(NoRenameError, match="not permitted"):
        save(path)
    assert names(path.parent) == ["app.toml"]


def test_hard_links_are_not_cut(path: Path) -> None:
    other = path.with_name("other.toml")
    other.hardlink_to(path)
    with pytest.raises(NoRenameError, match="other hard links"):
        save(path)
    save(path, in_place=True)
    assert other.read_text() == CHANGED


def test_a_mounted_file_can_be_overwritten_in_place(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy = failing(OSError(errno.EBUSY, "busy"))
    monkeypatch.setattr(Path, "replace", busy)
    with pytest.raises(NoRenameError, match="busy"):
        save(path)
    save(path, in_place=True)
    assert path.read_text() == CHANGED
    assert names(path.parent) == ["app.toml"]


def test_overwriting_in_place_can_shorten(path: Path) -> None:
    path.write_text(f"{TEXT}# a longer file\nport = 1\n")
    path.with_name("other.toml").hardlink_to(path)
    Document.open(path).save("smtp", {"port": None}, options=WriteOptions(in_place=True))
    assert path.read_text() == f"{TEXT}# a longer file\n"


def test_what_could_not_be_overwritten_is_put_back(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path.with_name("other.toml").hardlink_to(path)
    failing_on_file(path, OSError(errno.ENOSPC, "full"), 1, monkeypatch)
    with pytest.raises(
        DocumentError, match=r"no space left on device; the old content was restored"
    ):
        save(path, in_place=True)
    assert path.read_text() == TEXT


def test_the_copy_is_on_the_disk_before_the_file_is_overwritten(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path.with_name("other.toml").hardlink_to(path)
    flushed = []

    def fsync(descriptor: int) -> None:
        own = os.fstat(descriptor).st_ino == path.stat().st_ino
        flushed.append(("file" if own else "copy", path.read_text()))

    monkeypatch.setattr(os, "fsync", fsync)
    save(path, in_place=True)
    assert flushed[:2] == [("copy", TEXT), ("file", CHANGED)]


def test_a_file_that_is_damaged_is_called_so(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path.with_name("other.toml").hardlink_to(path)
    failing_on_file(path, OSError(errno.EIO, "io"), 2, monkeypatch)
    with pytest.raises(DocumentError, match="the file is damaged; copy it from") as caught:
        save(path, in_place=True)
    copy = Path(str(caught.value).rpartition(" ")[2])
    assert (copy.read_text(), mode(copy)) == (TEXT, 0o600)


@pytest.mark.parametrize("call", ["fsync", "write", "fchmod"])
def test_a_failure_leaves_the_old_file_and_nothing_else(
    path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    monkeypatch.setattr(os, call, failing(OSError(errno.EIO, "io")))
    with pytest.raises(DocumentError, match="cannot be written: input/output error; nothing was"):
        save(path)
    assert path.read_text() == TEXT
    assert names(path.parent) == ["app.toml"]


def test_an_interrupt_leaves_the_old_file_and_nothing_else(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fsync", failing(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        save(path)
    assert path.read_text() == TEXT
    assert names(path.parent) == ["app.toml"]


def test_a_backup_has_the_old_content_and_mode(path: Path) -> None:
    path.chmod(0o640)
    backup = path.with_name("app.toml~")
    backup.write_text("older")
    Document.open(path).save("smtp", {"host": "b"}, options=WriteOptions(backup=True))
    assert (path.read_text(), backup.read_text()) == (CHANGED, TEXT)
    assert mode(backup) == 0o640


def test_without_its_backup_nothing_is_written(path: Path, as_ordinary_user: AsUser) -> None:
    path.chmod(0o666)
    path.parent.chmod(0o555)
    manner = WriteOptions(in_place=True, backup=True)
    with as_ordinary_user(), pytest.raises(DocumentError, match=r"backup .*app\.toml~ cannot be"):
        Document.open(path).save("smtp", {"host": "b"}, options=manner)
    path.parent.chmod(0o755)
    assert path.read_text() == TEXT


def test_a_folder_that_cannot_be_flushed_is_told_after_the_deed(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = Document.open(path)
    fsync = os.fsync

    def failing_for_folders(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EIO, "io")
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", failing_for_folders)
    with pytest.raises(DocumentError, match="was written, but a power failure"):
        document.save("smtp", {"host": "b"})
    assert path.read_text() == document.text == CHANGED


def test_a_folder_that_knows_no_flush_is_none_the_worse(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", failing(OSError(errno.EINVAL, "no")))
        atomic_write.sync_folder(path)


def test_a_file_that_changed_meanwhile_is_not_overwritten(path: Path) -> None:
    document = Document.open(path)
    path.write_text(f"{TEXT}# by another hand\n")
    with pytest.raises(ChangedOnDiskError, match="was changed by another program"):
        document.save("smtp", {"host": "b"})
    assert path.read_text() == f"{TEXT}# by another hand\n"


def test_a_file_that_went_meanwhile_is_not_made_anew(path: Path) -> None:
    document = Document.open(path)
    path.unlink()
    with pytest.raises(ChangedOnDiskError, match="was removed"):
        document.save("smtp", {"host": "b"})


def test_a_device_is_not_replaced() -> None:
    with pytest.raises(DocumentError, match="not a regular file"):
        Document.open(Path(os.devnull)).save("smtp", {"host": "b"}, create=True)


def test_a_new_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "app.toml"
    old = os.umask(0)
    try:
        document = Document.new(path)
        assert not document.exists
        document.save("smtp", {"host": "a", "port": 25})
    finally:
        os.umask(old)
    assert path.read_text() == '[smtp]\nhost = "a"\nport = 25\n'
    assert (mode(path), mode(path.parent), mode(path.parent.parent)) == (0o600, 0o700, 0o700)
    assert document.exists
    document.save("smtp", {"port": None})
    assert path.read_text() == '[smtp]\nhost = "a"\n'


def test_a_new_file_has_a_name_only_when_its_content_is_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = Document.new(tmp_path / "app.toml")
    monkeypatch.setattr(os, "fsync", failing(OSError(errno.EIO, "io")))
    with pytest.raises(DocumentError, match="cannot be written: input/output error; nothing was"):
        document.save("smtp", {"host": "a"})
    assert names(tmp_path) == []


def test_a_new_file_behind_a_dangling_link_is_made_at_its_end(tmp_path: Path) -> None:
    link = tmp_path / "link.toml"
    link.symlink_to("app.toml")
    Document.new(link).save("smtp", {"host": "a"})
    assert (tmp_path / "app.toml").read_text() == '[smtp]\nhost = "a"\n'


def test_a_new_file_is_made_over_no_other(path: Path) -> None:
    with pytest.raises(DocumentError, match="already exists"):
        Document.new(path)
    document = Document.new(path.with_name("new.toml"))
    path.rename(document.path)
    with pytest.raises(ChangedOnDiskError, match="was made by another program"):
        document.save("smtp", {"host": "b"})


def test_a_folder_that_cannot_be_made(path: Path, as_ordinary_user: AsUser) -> None:
    path.parent.chmod(0o555)
    with as_ordinary_user():
        with pytest.raises(
            DocumentError, match=r"folder of .* cannot be created: permission denied"
        ):
            Document.new(path.parent / "a" / "app.toml").save("smtp", {"host": "b"})
        with pytest.raises(DocumentError, match="cannot be written: permission denied"):
            Document.new(path.parent / "new.toml").save("smtp", {"host": "b"})
    path.parent.chmod(0o755)
