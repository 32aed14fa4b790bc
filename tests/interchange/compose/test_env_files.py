"""`.env` and `env_file` files with docker compose's own quoting."""

from __future__ import annotations

import pytest

from smtp_tui.interchange.compose.env_files import EnvFileError, read
from tests.table import table

NOTHING: dict[str, str] = {}


def values(content: str, **known: str) -> dict[str, str]:
    return {line.name: line.value.value for line in read(content, known.get)}


# Each is what docker compose 2.26.1 made of it; `test_docker_compose.py` asks it again.
FILES = [
    ("A=1\n", {"A": "1"}),
    ("\ufeffA=1", {"A": "1"}),
    ("A = 1 \r\n\r\nB: x\n", {"A": "1", "B": "x"}),
    ("export A=1 # one\n# B=2\n", {"A": "1"}),
    ("A=a#b\n", {"A": "a#b"}),
    ("A='$x \\'y\\' #z'\n", {"A": "$x 'y' #z"}),
    ("A='two\nlines'\nB=1\n", {"A": "two\nlines", "B": "1"}),
    ('A="a\\tb\\"c\\$d"\n', {"A": 'a\tb"c$d'}),
    ("A=one\nB=$A-${A}\n", {"A": "one", "B": "one-one"}),
    ("A=p$$q\n", {"A": "p$q"}),
    ("A=${NONE:-x}\n", {"A": "x"}),
    ("A=\nB=1", {"A": "", "B": "1"}),
    ("A=1\nA=2\n", {"A": "2"}),
    ("=x\nA=1\n", {"A": "1"}),
]


@table(("content", "found"), FILES)
def test_values(content: str, found: dict[str, str]) -> None:
    assert values(content) == found


def test_what_is_known_elsewhere_goes_first() -> None:
    assert values("A=1\nB=$A\nC\nD\n", A="shell", C="3") == {"A": "1", "B": "shell", "C": "3"}


@table(("content", "line"), [("A=1\nB='x\n", 2), ("A B=1\n", 1), ("\nA=${\n", 2), ("A!=1\n", 1)])
def test_what_docker_compose_rejects(content: str, line: int) -> None:
    with pytest.raises(EnvFileError) as caught:
        read(content, NOTHING.get)
    assert caught.value.line == line


def test_a_value_with_an_unknown_variable_is_no_known_one() -> None:
    first, second = read("A=${NONE}x\nB=$A\n", NOTHING.get)
    assert first.value.missing == ("NONE",)
    assert second.value.missing == ("A",)
