"""A quoted word is that word to a shell, and safe on a terminal."""

from __future__ import annotations

import subprocess
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from smtp_tui.checks.equivalents import quoted, quoted_path
from smtp_tui.config.paths import expand
from smtp_tui.safe_text import escape_controls
from tests.table import table

WORDS = [
    *("", "plain", "-x", "--help", "a b", "'", '"', "`id`", "$(id)", "$HOME", "!!", "a\\nb", "%s"),
    *(
        "~",
        "*",
        "#",
        "ünï €",
        "\x1b[2J",
        "\t",
        "a\x7f\\c'b",
        "\u202etxt",
        "\udcff",
        "\u2028",
        "&;|",
    ),
]


def as_read(words: list[str], **environment: str) -> list[bytes]:
    """What a shell makes of words that are quoted already."""
    script = f"printf '%s\\0' x {' '.join(words)}"
    done = subprocess.run(
        ["/bin/sh", "-c", script],
        env={"PATH": "/usr/bin:/bin", **environment},
        capture_output=True,
        check=True,
    )
    assert done.stderr == b""
    return done.stdout.split(b"\0")[1:-1]


def test_words() -> None:
    made = [quoted(word) for word in WORDS]
    assert as_read(made) == [word.encode("utf-8", "surrogateescape") for word in WORDS]
    for word in made:
        assert escape_controls(word) == word


@settings(max_examples=40)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r\n"))))
def test_any_words(words: list[str]) -> None:
    assert as_read([quoted(word) for word in words]) == [word.encode() for word in words]


@table(
    "path",
    [
        *("ca.pem", "~/ca.pem", "~", "$HOME/a b.pem", "${HOME}/x", "$HOMEY/x", "a$HOME", "-x"),
        *("$CREDENTIALS_DIRECTORY/it's", "/etc/ssl/a\x1bb.pem", "~alice/x", "../x", "/a/$HOME/b"),
    ],
)
@table("base", ["", "conf", "-odd", "/srv/mail"])
def test_paths_lead_where_the_settings_mean(path: str, base: str) -> None:
    environment = {"HOME": "/home/al ice", "CREDENTIALS_DIRECTORY": "/run/credentials/it"}
    word = quoted_path(path, Path(base))
    assert not word.startswith("-")
    (read,) = as_read([word], **environment)
    assert Path(read.decode()).absolute() == expand(path, Path(base), environment)
