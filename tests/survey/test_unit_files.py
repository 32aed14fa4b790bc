"""The variables that unit files give their programs."""

from __future__ import annotations

from pathlib import Path

import pytest

from smtp_tui.interchange.import_builder import UnresolvedVariable
from smtp_tui.survey.unit_files import UnitFile, is_unit_file, units
from tests.table import table

FILES = {"/etc/default/app": "B=file\nC='quoted # text'\n# D=comment\n"}


def variables(*files: tuple[str, str]) -> dict[str, object]:
    """The variables of the only unit that these files make."""
    found = [*units(UnitFile(Path(path), content, FILES.get) for path, content in files)]
    return {entry.name: entry.value for unit in found for entry in unit.variables}


@table(
    ("written", "expected"),
    [
        ("A=b", {"A": "b"}),
        ('"A=b c" D=e', {"A": "b c", "D": "e"}),
        ("'A=b \"c\"' D='e f'", {"A": 'b "c"', "D": "e f"}),
        ('A="b c"', {"A": "b c"}),
        (r'"A=b\"c" D=e\\f', {"A": 'b"c', "D": r"e\f"}),
        ("A=100%%", {"A": "100%"}),
        ("A= B=c", {"A": "", "B": "c"}),
        ("A=b A=c", {"A": "c"}),
        ("nothing", {}),
    ],
)
def test_assignments_are_quoted_as_systemd_does(written: str, expected: dict[str, str]) -> None:
    assert variables(("/etc/a.service", f"[Service]\nEnvironment={written}\n")) == expected


def test_what_depends_on_the_unit_is_unknown() -> None:
    found = variables(("/etc/a.service", "[Service]\nEnvironment=A=%i\n"))
    assert isinstance(found["A"], UnresolvedVariable)


def test_lines_are_continued_and_comments_left_out() -> None:
    content = "[Service]\nEnvironment=A=b \\\n# C=d\n  E=f\n;Environment=G=h\n"
    assert variables(("/etc/a.service", content)) == {"A": "b", "E": "f"}


def test_only_sections_that_run_a_program_count() -> None:
    content = "[Unit]\nEnvironment=A=b\n[Install]\nEnvironment=C=d\n[Service]\nEnvironment=E=f\n"
    assert variables(("/etc/a.service", content)) == {"E": "f"}


def test_an_empty_value_takes_back_what_came_before() -> None:
    content = "[Service]\nEnvironment=A=b\nEnvironment=\nEnvironment=C=d\n"
    assert variables(("/etc/a.service", content)) == {"C": "d"}


def test_files_go_before_the_variables_of_the_unit() -> None:
    content = "[Service]\nEnvironmentFile=-/etc/default/app\nEnvironment=B=own A=own\n"
    assert variables(("/etc/a.service", content)) == {
        "A": "own",
        "B": "file",
        "C": "quoted # text",
    }


@table("path", ["/etc/default/%i", "/etc/default/*", "relative", "/missing"])
def test_files_that_cannot_be_known_are_left_out(path: str) -> None:
    content = f"[Service]\nEnvironmentFile={path}\nEnvironment=A=b\n"
    assert variables(("/etc/a.service", content)) == {"A": "b"}


def test_drop_ins_change_the_unit_in_the_order_of_their_names() -> None:
    assert variables(
        ("/etc/systemd/system/a.service.d/20.conf", "[Service]\nEnvironment=A=last\n"),
        ("/usr/lib/systemd/system/a.service.d/10.conf", "[Service]\nEnvironment=A=first B=b\n"),
        ("/usr/lib/systemd/system/a.service", "[Service]\nEnvironment=A=unit C=c\n"),
    ) == {"A": "last", "B": "b", "C": "c"}


def test_a_unit_of_the_admin_replaces_that_of_the_package() -> None:
    assert variables(
        ("/etc/systemd/system/a.service", "[Service]\nEnvironment=A=admin\n"),
        ("/usr/lib/systemd/system/a.service", "[Service]\nEnvironment=A=package B=package\n"),
    ) == {"A": "admin"}


@pytest.mark.parametrize(
    "folder", ["/home/mallory", "/home/mallory/etc/systemd/system", "/etc/systemd/user"]
)
def test_a_file_elsewhere_is_no_part_of_a_unit_of_the_same_name(folder: str) -> None:
    """Its author could choose the server that gets the unit's password."""
    written = [
        ("/etc/systemd/system/a.service", "[Service]\nEnvironment=A=unit P=secret\n"),
        (f"{folder}/a.service.d/x.conf", "[Service]\nEnvironment=A=mallory\n"),
    ]
    found = units(UnitFile(Path(path), content, FILES.get) for path, content in written)
    assert [{entry.name: entry.value for entry in unit.variables} for unit in found] == [
        {"A": "unit", "P": "secret"},
        {"A": "mallory"},
    ]


@table(
    ("path", "expected"),
    [
        ("/etc/systemd/system/a.service", True),
        ("/etc/systemd/system/a.service.d/x.conf", True),
        ("/etc/containers/systemd/a.container", True),
        ("/etc/systemd/system/a.timer", False),
        ("/etc/nginx/conf.d/x.conf", False),
    ],
)
def test_unit_files_are_known_by_their_names(path: str, expected: bool) -> None:
    assert is_unit_file(Path(path)) is expected
