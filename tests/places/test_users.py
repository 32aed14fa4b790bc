"""The names of users, as the passwd file of a place has them."""

from __future__ import annotations

from pathlib import Path

import pytest

from smtp_tui.places.place import PlaceKind, open_place
from smtp_tui.places.users import user_text, users_in
from tests.places.spaces import NOBODY, make_etc, process_in_namespaces
from tests.table import table

OWN = f"root:x:0:0::/:/bin/sh\nmailer:x:{NOBODY}:{NOBODY}::/:\nsecond:x:{NOBODY}:1::/:\n"


def test_the_first_name_of_a_number_counts() -> None:
    assert users_in(OWN.encode()) == {0: "root", NOBODY: "mailer"}


@table(
    "line",
    [
        "\x1b[2Jroot:x:0:0::/:",
        "x" * 33 + ":x:0:0::/:",
        ":x:0:0::/:",
        "root:x:zero:0::/:",
        "root:x:" + "9" * 5000 + ":0::/:",
        "root:x",
        "root:x:²:0::/:",
    ],
    ids=["controls", "long", "empty", "word", "huge", "short", "other-digit"],
)
def test_a_line_that_is_none_names_nobody(line: str) -> None:
    assert users_in(line.encode()) == {}


def test_a_number_is_always_shown() -> None:
    assert (user_text("root", 33), user_text("", 33)) == ("root (33)", "33")


@pytest.mark.integration
def test_the_name_is_that_of_the_place(tmp_path: Path) -> None:
    etc = make_etc(tmp_path / "etc", passwd=OWN)
    with (
        process_in_namespaces(etc, user=NOBODY) as pid,
        open_place(PlaceKind.PROCESS, str(pid)) as place,
    ):
        assert place.user == f"mailer ({NOBODY})"


@pytest.mark.integration
def test_a_place_without_a_passwd_file_has_a_number(tmp_path: Path) -> None:
    etc = make_etc(tmp_path / "etc")
    (etc / "passwd").symlink_to("/proc/self/environ")
    with (
        process_in_namespaces(etc, user=NOBODY) as pid,
        open_place(PlaceKind.PROCESS, str(pid)) as place,
    ):
        assert place.user == str(NOBODY)
