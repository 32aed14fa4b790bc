"""Files below a root that somebody else owns, who would like us to read others."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from smtp_tui.places.root import MOST_LINKS, RootReader, search

OUTSIDE = "what lies outside"


def _descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The root; beside it lies a file that nobody may reach."""
    (tmp_path / "secret").write_text(OUTSIDE)
    made = tmp_path / "root"
    (made / "etc").mkdir(parents=True)
    (made / "etc/hosts").write_text("127.0.0.1 inside\n")
    return made


@pytest.fixture
def reader(folder: Path) -> Iterator[RootReader]:
    descriptor = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    yield RootReader(descriptor)
    os.close(descriptor)


@pytest.mark.parametrize(
    "path", ["/etc/hosts", "etc//./hosts", "/../../etc/hosts", "/etc/../etc/hosts"]
)
def test_a_path_starts_at_the_root(reader: RootReader, path: str) -> None:
    assert reader.read(path) == b"127.0.0.1 inside\n"


@pytest.mark.parametrize(
    "target",
    [
        "/etc/hosts",
        "../etc/hosts",
        "../../../../etc/hosts",
        "/../../../etc/hosts",
        "./../etc/hosts",
    ],
)
def test_links_are_followed_inside(reader: RootReader, folder: Path, target: str) -> None:
    (folder / "etc/link").symlink_to(target)
    (folder / "chain").symlink_to("etc/link")
    assert reader.read("/etc/link") == b"127.0.0.1 inside\n"
    assert reader.read("/chain") == b"127.0.0.1 inside\n"


@pytest.mark.parametrize("how", ["/secret", "../secret", "../../secret", "{0}/secret"])
def test_links_out_lead_nowhere(reader: RootReader, folder: Path, how: str) -> None:
    (folder / "etc/resolv.conf").symlink_to(how.format(folder.parent))
    (folder / "above").symlink_to("..", target_is_directory=True)
    for path in ("/etc/resolv.conf", "/above/secret", "/above/above/secret"):
        with pytest.raises(FileNotFoundError):
            reader.read(path)


def test_a_folder_that_is_moved_away_does_not_open_the_way_out(
    folder: Path, reader: RootReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between two steps the owner moves the folder that the reader stands in out of the root."""
    (folder / "a/b").mkdir(parents=True)
    (folder / "secret").write_text("inside")
    real = os.open

    def moving(path: str, flags: int, **more: int) -> int:
        opened = real(path, flags, **more)
        if path == "b":
            (folder / "a/b").rename(folder.parent / "b")
        return opened

    monkeypatch.setattr(os, "open", moving)
    assert reader.read("/a/b/../../secret") == b"inside"


def test_loops_end(reader: RootReader, folder: Path) -> None:
    (folder / "a").symlink_to("b")
    (folder / "b").symlink_to("a")
    (folder / "etc/self").symlink_to("self")
    for number in range(MOST_LINKS + 1):
        (folder / f"l{number}").symlink_to(f"l{number + 1}")
    (folder / f"l{MOST_LINKS + 1}").write_text("far")
    for path in ("/a", "/etc/self/x", "/l0"):
        with pytest.raises(OSError, match="symbolic links"):
            reader.read(path)
    assert reader.read("/l1") == b"far"


def test_many_folders_in_a_link_use_up_no_descriptors(reader: RootReader, folder: Path) -> None:
    before = _descriptors()
    (folder / "d").mkdir()
    (folder / "d/d").symlink_to("../d")
    (folder / "deep").symlink_to("/".join(["d"] * 2000))
    with pytest.raises(OSError, match=r"symbolic links|Too many"):
        reader.read("/deep/deep")
    assert _descriptors() == before


def test_only_regular_files_are_read(reader: RootReader, folder: Path) -> None:
    os.mkfifo(folder / "fifo")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(folder / "socket"))
    for name in ("fifo", "socket", "etc"):
        with pytest.raises(OSError, match="Invalid argument"):
            reader.read(name)
    with pytest.raises(NotADirectoryError):
        reader.names("/etc/hosts", 9)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes devices")
def test_a_device_is_not_opened(reader: RootReader, folder: Path) -> None:
    os.mknod(folder / "zero", 0o666 | 0o020000, os.makedev(1, 5))
    with pytest.raises(OSError, match="Invalid argument"):
        reader.read("/zero")


def test_a_fifo_that_takes_the_place_of_a_file_does_not_hang(
    folder: Path, reader: RootReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is swapped after the look at its kind: what was looked at is opened."""
    real = os.fstat

    def swapping(descriptor: int) -> os.stat_result:
        found = real(descriptor)
        if Path(f"/proc/self/fd/{descriptor}").readlink().name == "hosts":
            (folder / "etc/hosts").unlink(missing_ok=True)
            os.mkfifo(folder / "etc/hosts")
        return found

    monkeypatch.setattr(os, "fstat", swapping)
    assert reader.read("/etc/hosts") == b"127.0.0.1 inside\n"


def test_what_the_kernel_makes_for_each_reader_is_refused(folder: Path) -> None:
    """A link to /proc/self/environ would hand out our own variables, with passwords."""
    (folder / "etc/resolv.conf").symlink_to("/proc/self/environ")
    descriptor = os.open("/", os.O_PATH | os.O_DIRECTORY)
    try:
        reader = RootReader(descriptor)
        for path in (
            f"{folder}/etc/../../../../../../../../proc/self/environ",
            "/proc/self/environ",
            "/proc/thread-self/environ",
            "/proc/1/root/proc/self/environ",
            "/sys/kernel/mm/transparent_hugepage/enabled",
        ):
            with pytest.raises(OSError, match=r"Permission denied|No such file|Not a directory"):
                reader.read(path)
        with pytest.raises(PermissionError):
            reader.read("/proc/self/environ")
        with pytest.raises(PermissionError):
            reader.names("/proc", 9)
    finally:
        os.close(descriptor)


def test_sizes_are_bounded(reader: RootReader, folder: Path) -> None:
    huge = folder / "huge"
    huge.touch()
    os.truncate(huge, 1 << 40)
    assert len(reader.read("/huge", 1000)) == 1000
    many = folder / "many"
    many.mkdir()
    for number in range(50):
        (many / str(number)).touch()
    assert len(reader.names("/many", 10)) == 10
    (folder / ("x" * 255)).write_text("long")
    assert reader.read("x" * 255) == b"long"
    with pytest.raises(OSError, match="too long"):
        reader.read("x" * 300)


def test_names_that_are_no_text(reader: RootReader, folder: Path) -> None:
    (folder / "etc" / os.fsdecode(b"\xff\n")).write_text("odd")
    assert reader.names("/etc", 9) == ["hosts", os.fsdecode(b"\xff\n")]
    assert reader.read(f"/etc/{os.fsdecode(bytes([255, 10]))}") == b"odd"


def test_a_pattern_is_found_across_the_parts_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "library"
    text = b'OPENSSLDIR: "/opt/ssl"'
    for before in (0, (1 << 20) - 5, (1 << 20), (3 << 20) + 7):
        file.write_bytes(b"\0" * before + text + b"\0" * 100)
        with file.open("rb") as opened:
            assert search(opened.fileno(), rb'OPENSSLDIR: "([^"]+)"') == b"/opt/ssl"
            assert search(opened.fileno(), b"nothing") is None


def test_threads_may_read_at_the_same_time(reader: RootReader) -> None:
    results: list[bytes] = []
    threads = [
        threading.Thread(target=lambda: results.append(reader.read("/etc/hosts"))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [b"127.0.0.1 inside\n"] * 8
