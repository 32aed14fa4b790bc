"""A certificate to trust, saved beside the settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from smtp_tui.config.errors import DocumentError
from smtp_tui.tui.model.check_flow import free_path, save_authority

PEM = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
OTHER = PEM.replace("AAAA", "BBBB")


def saved(folder: Path, pem: str = PEM, host: str = "mx.example", subject: str = "CN=Acme") -> Path:
    path = free_path(folder, host, subject, pem)
    save_authority(path, pem)
    return path


def test_it_is_there_for_everybody_to_read(tmp_path: Path) -> None:
    path = saved(tmp_path)
    assert path == tmp_path / "mx.example-acme-ca.pem"
    assert path.read_text("ascii") == PEM
    assert path.stat().st_mode & 0o777 == 0o644
    assert list(tmp_path.iterdir()) == [path]


def test_the_same_is_not_saved_twice(tmp_path: Path) -> None:
    path = saved(tmp_path)
    before = path.stat()
    assert saved(tmp_path) == path
    assert path.stat().st_ino == before.st_ino


def test_another_never_takes_its_place(tmp_path: Path) -> None:
    first, second, third = saved(tmp_path), saved(tmp_path, OTHER), saved(tmp_path, PEM + OTHER)
    assert [path.name for path in (second, third)] == [
        "mx.example-acme-ca-2.pem",
        "mx.example-acme-ca-3.pem",
    ]
    assert first.read_text("ascii") == PEM
    with pytest.raises(DocumentError, match="something else"):
        save_authority(first, OTHER)
    assert first.read_text("ascii") == PEM


def test_a_link_that_leads_nowhere_is_left_alone(tmp_path: Path) -> None:
    link = tmp_path / "mx.example-acme-ca.pem"
    link.symlink_to(tmp_path / "elsewhere")
    assert saved(tmp_path).name == "mx.example-acme-ca-2.pem"
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize(
    ("host", "subject", "name"),
    [
        ("mx.example", "CN=../../etc/passwd", "mx.example-etc-passwd-ca.pem"),
        ("2001:db8::1", "O=Big, Corp", "2001-db8-1-o-big-corp-ca.pem"),
        ("localhost", "CN=localhost", "localhost-ca.pem"),
        ("mx.example", "CN=\x1b[31m\n\x00ü€", "mx.example-31m-ca.pem"),
        ("..", "", "server-ca.pem"),
        ("h" * 300, "CN=" + "s" * 300, f"{'h' * 40}-{'s' * 40}-ca.pem"),
    ],
)
def test_a_name_is_plain_whatever_a_server_chose(
    tmp_path: Path, host: str, subject: str, name: str
) -> None:
    assert saved(tmp_path, host=host, subject=subject) == tmp_path / name


def test_a_folder_that_is_still_to_be_made_is_made(tmp_path: Path) -> None:
    assert saved(tmp_path / "new").exists()


def test_a_folder_that_cannot_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DocumentError):
        saved(tmp_path / "file")
