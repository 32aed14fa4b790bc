"""Scan a made-up machine: all is found, nothing is invented, and nothing outside is read."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from smtp_tui.survey.scan import ScanResult, scan_machine
from smtp_tui.survey.tree import LARGEST, SkipReason, TreeLimits
from tests.survey.box import make_box, write

CHAT = "SMTP_ADDRESS=smtp.example.org\nSMTP_PORT=587\nSMTP_USERNAME=chat\nSMTP_PASSWORD=abcdefgh\n"


def rows_of(result: ScanResult, root: Path) -> list[tuple[str, str, str, str]]:
    return [
        (
            row.found.format,
            ", ".join(str(place).removeprefix(f"{root}/") for place in row.places),
            str(row.values["host"]),
            str(row.values["port"]),
        )
        for row in result.found
    ]


def test_all_is_found_and_nothing_invented(tmp_path: Path) -> None:
    expected = make_box(tmp_path)
    result = scan_machine([tmp_path])
    assert sorted(rows_of(result, tmp_path)) == sorted(expected)
    assert len(expected) >= 30
    assert result.skipped.counts[SkipReason.DEFECT] == 0


def test_the_files_of_projects_are_read_as_they_are() -> None:
    """Their sources and licences are in SOURCES.md."""
    folder = Path(__file__).with_name("real")
    result = scan_machine([folder])
    assert sorted(rows_of(result, folder)) == [
        ("alertmanager", "alertmanager.yml", "localhost", "25"),
        ("kapacitor", "kapacitor.conf: smtp", "localhost", "25"),
        ("laravel", "bookstack/docker-compose.yml: services.app", "mailhog", "1025"),
    ]
    assert [row.found.is_off for row in result.found] == [False, True, False]


def test_a_password_is_in_no_repr(tmp_path: Path) -> None:
    write(tmp_path / ".env", CHAT)
    assert "abcdefgh" not in repr(scan_machine([tmp_path]))


def test_settings_of_one_origin_are_one_row(tmp_path: Path) -> None:
    compose = "services:\n  a: &a\n    image: chatwoot/chatwoot\n    env_file: chat.env\n  b: *a\n"
    write(tmp_path / "compose.yaml", compose)
    write(tmp_path / "chat.env", CHAT)
    write(tmp_path / "elsewhere" / "chat.env", CHAT)
    unit = f"[Service]\nEnvironmentFile={tmp_path}/chat.env\n"
    write(tmp_path / "systemd" / "chat.service", unit)
    rows = rows_of(scan_machine([tmp_path]), tmp_path)
    assert sorted(places for _, places, _, _ in rows) == [
        "chat.env, compose.yaml: services.a, compose.yaml: services.b, unit chat.service",
        "elsewhere/chat.env",
    ]


def test_accounts_of_msmtp_are_found_each(tmp_path: Path) -> None:
    text = "account a\nhost a.example\naccount b\nhost b.example\naccount default : b\n"
    write(tmp_path / ".msmtprc", text)
    rows = rows_of(scan_machine([tmp_path]), tmp_path)
    assert [row[1:3] for row in rows] == [
        (".msmtprc: a", "a.example"),
        (".msmtprc: b", "b.example"),
    ]


def test_a_switched_off_mailer_is_found_as_such(tmp_path: Path) -> None:
    write(tmp_path / "app.ini", "[mailer]\nENABLED = false\nSMTP_ADDR = a.example\n")
    (row,) = scan_machine([tmp_path]).found
    assert row.found.is_off


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("mail.env", "SMTP_SERVER=a.example\nEMAIL_HOST=b.example\n", SkipReason.UNCLEAR),
        ("mail.env", "SMTP_PORT=25\nSMTP_ENABLE_STARTTLS_AUTO=true\n", None),
        (
            "compose.yaml",
            "services:\n  a:\n    environment: [SMTP_ADDRESS: x]\n",
            SkipReason.INVALID,
        ),
        ("smtp.toml", "[smtp]\nhost = \n", SkipReason.INVALID),
        ("main.cf", "relayhost =\nsmtp_tls_security_level = may\n", SkipReason.NO_HOST),
        ("app.ini.bak", "[mailer]\nSMTP_ADDR = a.example\n", None),
        ("app.ini.sample", "[mailer]\nSMTP_ADDR = a.example\n", None),
        (".env", "SMTP_ADDRESS=a.example\n\udcff", SkipReason.NO_TEXT),
        (".env", f"SMTP_ADDRESS=a.example\n{'#' * LARGEST}", SkipReason.TOO_LARGE),
    ],
)
def test_what_is_not_settings_is_counted(
    name: str, content: str, reason: SkipReason | None, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(content.encode("utf-8", "surrogateescape"))
    result = scan_machine([tmp_path])
    assert result.found == ()
    if reason:
        assert result.skipped.counts[reason] == 1
        assert result.skipped.examples[reason] == [str(tmp_path / name)]


GENERIC = "SMTP_HOST=a.example\nSMTP_PORT=2525\n"


@pytest.mark.parametrize(
    ("name", "content", "table"),
    [
        ("mail.env", GENERIC, ""),
        ("mail.env", f"{GENERIC}SMTP_USER=me\nSMTP_PASSWORD=x\n", ""),
        ("app.service", "[Service]\nEnvironment=SMTP_HOST=a.example SMTP_PORT=2525\n", ""),
        (
            "compose.yaml",
            "services:\n  app:\n    environment: [SMTP_HOST=a.example, SMTP_PORT=2525]\n",
            "services.app",
        ),
    ],
)
def test_variables_of_an_unknown_program_are_listed_without_encryption(
    name: str, content: str, table: str, tmp_path: Path
) -> None:
    write(tmp_path / name, content)
    (row,) = scan_machine([tmp_path]).found
    assert row.found.is_unsure
    assert (row.found.format, row.found.application, row.document) == ("", "", None)
    assert row.places[0].table == table
    assert (row.values["host"], row.values["port"]) == ("a.example", 2525)
    assert (row.values["encryption"], row.values["starttls_auto"]) == (None, None)


def test_all_that_an_unknown_program_says_is_known_but_for_its_encryption(tmp_path: Path) -> None:
    write(
        tmp_path / "mail.env",
        f"{GENERIC}SMTP_USER=me\nSMTP_PASSWORD=x\nSMTP_FROM=me@a.example\n",
    )
    (row,) = scan_machine([tmp_path]).found
    assert row.found.is_unsure
    assert row.found.imported
    assert row.found.imported.values == {
        "host": "a.example",
        "port": 2525,
        "username": "me",
        "password": "x",
        "from": "me@a.example",
    }
    assert row.found.imported.found == row.found.given == row.found.values.keys()


def test_no_link_is_followed(tmp_path: Path) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    write(outside / ".env", CHAT)
    inside.mkdir()
    (inside / ".env").symlink_to(outside / ".env")
    (inside / "folder").symlink_to(outside)
    (inside / "loop").symlink_to(inside)
    compose = "services:\n  a:\n    image: chatwoot/chatwoot\n    env_file: {}\n"
    for name, path in (("a", "../outside/.env"), ("b", ".env"), ("c", "folder/.env")):
        write(inside / f"{name}.yaml", compose.format(path))
    result = scan_machine([inside])
    assert result.found == ()
    assert result.skipped.examples[SkipReason.OUTSIDE] == [str(outside / ".env")]
    assert result.skipped.counts[SkipReason.LINK] == 4


def test_a_folder_that_is_a_link_itself_is_searched(tmp_path: Path) -> None:
    write(tmp_path / "real" / ".env", CHAT)
    (tmp_path / "link").symlink_to("real")
    assert len(scan_machine([tmp_path / "link"]).found) == 1


def test_a_tree_of_traps_ends(tmp_path: Path) -> None:
    """Nothing here may be opened or waited for; the test itself has a time limit for that."""
    os.mkfifo(tmp_path / "fifo.env")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket.env"))
    with (tmp_path / "sparse.env").open("wb") as file:
        file.truncate(10 << 30)
    write(tmp_path / "line\nend" / ".env", CHAT)
    deep = tmp_path
    for _ in range(20):
        deep /= "deep"
    write(deep / ".env", CHAT)
    full = tmp_path / "full"
    full.mkdir()
    for number in range(300):
        (full / f"{number}.env").touch()
    compose = (
        "services:\n  a:\n    image: chatwoot/chatwoot\n    env_file: [fifo.env, socket.env]\n"
    )
    write(tmp_path / "compose.yaml", compose)
    result = scan_machine([tmp_path], TreeLimits(names_in_folder=200))
    assert len(result.found) == 1
    assert result.skipped.counts[SkipReason.SPECIAL] == 2
    assert result.skipped.counts[SkipReason.TOO_LARGE] == 1
    assert result.skipped.counts[SkipReason.TOO_DEEP] == 1
    assert result.skipped.counts[SkipReason.FULL_FOLDER] == 1


@pytest.mark.parametrize(
    "limits",
    [
        TreeLimits(names=4),
        TreeLimits(files=2),
        TreeLimits(bytes=len(CHAT) + 1),
        TreeLimits(seconds=-1),
    ],
)
def test_each_limit_ends_the_search_and_is_counted(limits: TreeLimits, tmp_path: Path) -> None:
    for number in range(10):
        write(tmp_path / str(number) / ".env", CHAT)
    result = scan_machine([tmp_path], limits)
    assert len(result.found) < 10
    assert result.skipped.counts[SkipReason.LIMIT] + result.skipped.counts[SkipReason.FULL_FOLDER]


def test_a_hard_link_counts_once(tmp_path: Path) -> None:
    write(tmp_path / ".env", CHAT)
    (tmp_path / "second.env").hardlink_to(tmp_path / ".env")
    assert len(scan_machine([tmp_path]).found) == 1


def test_code_and_examples_are_left_out(tmp_path: Path) -> None:
    for folder in (".git", "node_modules", "app/examples", ".local/share/containers/storage"):
        write(tmp_path / folder / ".env", CHAT)
    result = scan_machine([tmp_path])
    assert result.found == ()
    assert result.skipped.counts[SkipReason.NO_SETTINGS] == 3
    assert result.skipped.counts[SkipReason.EXAMPLE] == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to make files of other users")
def test_a_file_of_another_user_is_not_read_for_one_that_others_can_write(tmp_path: Path) -> None:
    write(tmp_path / "compose.yaml", "services:\n  a:\n    env_file: chat.env\n")
    write(tmp_path / "chat.env", f"{CHAT}MAILER_SENDER_EMAIL=a@b.example\n")
    write(tmp_path / "own.env", CHAT)
    os.chown(tmp_path / "compose.yaml", 65534, 65534)
    result = scan_machine([tmp_path])
    assert result.skipped.examples[SkipReason.DISTRUSTED] == [str(tmp_path / "chat.env")]
    os.chown(tmp_path / "chat.env", 65534, 65534)
    (joined,) = (row for row in scan_machine([tmp_path]).found if len(row.places) > 1)
    assert [str(place).rpartition("/")[2] for place in joined.places] == [
        "chat.env",
        "compose.yaml: services.a",
    ]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_counted(tmp_path: Path) -> None:
    write(tmp_path / "closed" / ".env", CHAT)
    write(tmp_path / ".env", CHAT)
    (tmp_path / ".env").chmod(0)
    (tmp_path / "closed").chmod(0)
    result = scan_machine([tmp_path])
    (tmp_path / "closed").chmod(0o700)
    assert result.found == ()
    assert result.skipped.counts[SkipReason.UNREADABLE] == 2


def test_a_defect_of_one_file_hides_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("a bug")

    write(tmp_path / "a.toml", '[smtp]\nhost = "a.example"\n')
    write(tmp_path / ".env", CHAT)
    monkeypatch.setattr("smtp_tui.survey.settings_text.in_toml", fail)
    result = scan_machine([tmp_path])
    assert len(result.found) == 1
    assert result.skipped.counts[SkipReason.DEFECT] == 1


def test_only_what_smtp_tui_can_change_is_opened(tmp_path: Path) -> None:
    write(tmp_path / "a.toml", '[smtp]\nhost = "a.example"\n')
    write(tmp_path / "b.service", "[Service]\nEnvironment=SMTP_ADDRESS=b.example\n")
    write(tmp_path / "c.env", "SMTP_ADDRESS=c.example\n")
    write(tmp_path / "d.env", CHAT)
    write(
        tmp_path / "e.yaml", "services:\n  a:\n    image: chatwoot/chatwoot\n    env_file: d.env\n"
    )
    write(tmp_path / "app.ini", "[mailer]\nENABLED=true\nSMTP_ADDR=f.example\n")
    write(tmp_path / "msmtprc", "account default\nhost g.example\nfrom a@g.example\n")
    found = {str(row.values["host"]): row.document for row in scan_machine([tmp_path]).found}
    opened = {host: str(place) for host, place in found.items() if place}
    assert opened == {
        "a.example": f"{tmp_path}/a.toml: smtp",
        "c.example": f"{tmp_path}/c.env",
        "smtp.example.org": f"{tmp_path}/d.env",
        "f.example": f"{tmp_path}/app.ini",
    }
    assert found.keys() - opened.keys() == {"b.example", "g.example"}


def test_a_folder_right_below_may_have_an_application_s_name(tmp_path: Path) -> None:
    write(tmp_path / "docs" / ".env", CHAT)
    assert len(scan_machine([tmp_path]).found) == 1


def test_names_that_no_file_can_have_are_passed_over(tmp_path: Path) -> None:
    compose = 'services:\n  a:\n    image: chatwoot/chatwoot\n    env_file: ["a\\0b", "\\ud800"]\n'
    write(tmp_path / "compose.yaml", f"{compose}    environment: [SMTP_ADDRESS=a.example]\n")
    result = scan_machine([tmp_path])
    assert result.skipped.counts[SkipReason.DEFECT] == 0


def test_thousands_of_settings_are_joined_in_time(tmp_path: Path) -> None:
    """One comparison for each pair of rows would take minutes."""
    for number in range(3000):
        write(tmp_path / f"{number}.env", CHAT)
    assert len(scan_machine([tmp_path], TreeLimits(seconds=120)).found) == 3000


def test_a_file_that_another_one_names_is_found_by_itself_too(tmp_path: Path) -> None:
    compose = "services:\n  a:\n    image: chatwoot/chatwoot\n    env_file: z.env\n"
    write(tmp_path / "compose.yaml", f"{compose}    environment: [SMTP_PORT=26]\n")
    write(tmp_path / "z.env", CHAT)
    ports = [row.values["port"] for row in scan_machine([tmp_path]).found]
    assert ports == [26, 587]


def test_mounts_of_other_filesystems_are_not_entered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "a b €" / ".env", CHAT)
    mounts = tmp_path / "mountinfo"
    place = str(tmp_path / "a b €").replace(" ", "\\040")
    mounts.write_text(f"1 2 0:1 / {place} rw - fuse.sshfs remote:/ rw\n", encoding="utf-8")
    monkeypatch.setattr("smtp_tui.survey.tree.MOUNTS", mounts)
    result = scan_machine([tmp_path])
    assert result.found == ()
    assert result.skipped.counts[SkipReason.FILESYSTEM] == 1
    # A folder of the call's choice is searched, one of the usual ones is not.
    assert len(scan_machine([tmp_path / "a b €"]).found) == 1
    monkeypatch.setattr("smtp_tui.survey.scan.usual_folders", lambda: [tmp_path / "a b €"])
    assert scan_machine(engines=()).found == ()
