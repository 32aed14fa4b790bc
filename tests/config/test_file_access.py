"""Who else can change a file, or read it: owners, modes, access lists, links, sticky folders."""

import grp
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from smtp_tui.config.file_access import distrust, is_private, other_writer
from smtp_tui.settings.password_sources import OAuthSource

NOBODY = 65534
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives a file away")
with_acl = pytest.mark.skipif(shutil.which("setfacl") is None, reason="there is no setfacl")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that nobody else can write, below the sticky one for temporary files."""
    with tempfile.TemporaryDirectory() as name:
        yield Path(name).resolve()


@pytest.fixture
def file(folder: Path) -> Path:
    """A file that nobody else can write."""
    path = folder / "mail.toml"
    path.write_text("")
    path.chmod(0o644)
    return path


def test_of_a_file_below_the_shared_folder_for_temporary_files_nobody(file: Path) -> None:
    assert other_writer(file) is None


@pytest.mark.parametrize("what", ["file", "folder"])
def test_every_user(file: Path, what: str) -> None:
    path = file if what == "file" else file.parent
    path.chmod(0o777)
    assert other_writer(file) == f"every user can write {path}"


@as_root
@pytest.mark.parametrize("what", ["file", "folder"])
def test_another_owner_may_have_a_file_without_a_bit_to_write(file: Path, what: str) -> None:
    path = file if what == "file" else file.parent
    path.chmod(0o500)
    os.chown(path, NOBODY, -1)
    assert other_writer(file) == f"the user nobody owns {path}"


@as_root
def test_a_folder_further_up(folder: Path) -> None:
    (folder / "a" / "b").mkdir(parents=True)
    (folder / "a" / "b" / "mail.toml").touch()
    os.chown(folder / "a", NOBODY, -1)
    assert other_writer(folder / "a/b/mail.toml") == f"the user nobody owns {folder / 'a'}"


@as_root
def test_a_group_with_members_and_a_users_own(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.chown(file, -1, 54321)
    file.chmod(0o664)
    assert other_writer(file) == f"the group 54321 can write {file}"
    lone = grp.struct_group(("team", "x", 54321, []))
    monkeypatch.setattr(grp, "getgrgid", lambda _number: lone)
    assert other_writer(file) is None
    shared = grp.struct_group(("team", "x", 54321, ["root", "bob"]))
    monkeypatch.setattr(grp, "getgrgid", lambda _number: shared)
    assert other_writer(file) == f"the group team can write {file}"


@as_root
def test_in_a_sticky_folder_a_file_of_somebody_elses_and_one_with_more_names(
    folder: Path,
) -> None:
    folder.chmod(0o1777)
    mine = folder / "mine.toml"
    mine.touch()
    assert other_writer(mine) is None
    os.link(mine, folder / "linked.toml")
    assert other_writer(mine) == f"every user can write {folder}"
    theirs = folder / "theirs.toml"
    theirs.touch()
    os.chown(theirs, NOBODY, -1)
    assert other_writer(theirs) == f"the user nobody owns {theirs}"


def test_links_count_by_where_they_stand_and_where_they_lead(folder: Path, file: Path) -> None:
    (folder / "open").mkdir()
    (folder / "open").chmod(0o777)
    (folder / "open" / "link.toml").symlink_to(file)
    assert other_writer(folder / "open/link.toml") == f"every user can write {folder / 'open'}"
    (folder / "closed").mkdir()
    (folder / "open" / "real.toml").touch()
    (folder / "closed" / "link.toml").symlink_to("../open/real.toml")
    assert other_writer(folder / "closed/link.toml") == f"every user can write {folder / 'open'}"
    (folder / "closed" / "good.toml").symlink_to("../mail.toml")
    assert other_writer(folder / "closed/good.toml") is None


@as_root
def test_a_link_that_somebody_else_put_into_a_sticky_folder(folder: Path, file: Path) -> None:
    (folder / "shared").mkdir()
    (folder / "shared").chmod(0o1777)
    link = folder / "shared" / "link.toml"
    link.symlink_to(file)
    assert other_writer(link) is None
    os.lchown(link, NOBODY, -1)
    assert other_writer(link) == f"the user nobody owns {link}"


def test_a_ring_of_links_ends(folder: Path) -> None:
    (folder / "a").symlink_to("b")
    (folder / "b").symlink_to("a")
    assert "a loop of symbolic links" in str(other_writer(folder / "a"))


def test_a_file_that_has_gone_is_trusted_by_nobody(folder: Path) -> None:
    assert "no such file" in str(other_writer(folder / "gone"))


def test_a_pipe_that_was_handed_over(folder: Path) -> None:
    ends = os.pipe()
    try:
        assert other_writer(Path(f"/dev/fd/{ends[0]}")) is None
    finally:
        for end in ends:
            os.close(end)


@with_acl
@pytest.mark.parametrize(
    ("entry", "who"),
    [
        ("u:nobody:rw", "the user nobody can write"),
        ("u:nobody:rw,m::r", None),
        ("u:nobody:r", None),
        ("u:root:rw", None),
    ],
)
def test_access_lists(file: Path, entry: str, who: str | None) -> None:
    subprocess.run(["setfacl", "-m", entry, file], check=True)
    assert other_writer(file) == (who and f"{who} {file}")


@pytest.mark.parametrize(
    ("file_mode", "folder_mode", "private"),
    [(0o600, 0o755, True), (0o644, 0o755, False), (0o644, 0o700, True), (0o604, 0o711, False)],
)
def test_what_only_this_user_can_read(
    file: Path, file_mode: int, folder_mode: int, private: bool
) -> None:
    file.chmod(file_mode)
    file.parent.chmod(folder_mode)
    assert is_private(file) is private


@as_root
def test_what_somebody_else_owns_is_not_private(file: Path) -> None:
    file.parent.chmod(0o755)
    file.chmod(0o600)
    os.chown(file, NOBODY, -1)
    assert not is_private(file)


def test_one_that_is_not_there_is_private(folder: Path) -> None:
    assert is_private(folder / "gone")


def test_an_access_list_of_the_kernels_layout(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # user::rw-, user:12345:rw-, group::r--, mask::rw-, other::r--
    raw = bytes.fromhex("02000000 01000600ffffffff 0200060039300000 04000400ffffffff")
    raw += bytes.fromhex("10000600ffffffff 20000400ffffffff")
    monkeypatch.setattr(os, "getxattr", lambda _path, _name: raw, raising=False)
    file.chmod(0o664)
    assert other_writer(file) == f"the user 12345 can write {file}"


def test_a_file_that_others_can_write_chooses_no_private_sign_in(file: Path) -> None:
    entry = file.with_name("entry.json")
    entry.touch(mode=0o600)
    source = OAuthSource("./entry.json")
    assert distrust(source, file, host="smtp.example") is None
    file.chmod(0o666)
    refused = str(distrust(source, file, host="smtp.example"))
    assert refused.startswith(f"smtp-tui did not use the sign-in in {entry}, as the settings file")
    # A name without a path is of this user's own, and says itself which servers may get it.
    assert distrust(OAuthSource("support"), file, host="smtp.example") is None
