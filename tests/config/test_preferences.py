"""The program's own settings: what is right counts, what is wrong is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from smtp_tui.config.preferences import Preferences, read_preferences


def read(folder: Path, text: str | bytes | None) -> Preferences:
    file = folder / "smtp-tui" / "smtp-tui.toml"
    file.parent.mkdir(exist_ok=True)
    if text is not None:
        file.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_preferences({"XDG_CONFIG_HOME": str(folder), "HOME": "/nowhere"})


def test_no_file_says_nothing(tmp_path: Path) -> None:
    assert read(tmp_path, None) == Preferences()
    assert read_preferences({"HOME": str(tmp_path / "nowhere")}) == Preferences()


def test_what_it_says_counts(tmp_path: Path) -> None:
    text = '[form]\nmouse = true\nascii = false\ntheme = "light"\n'
    text += '[keys]\ntest = ["f5", "^T"]\nsave = "f2"\n'
    assert read(tmp_path, text) == Preferences(
        mouse=True, ascii=False, theme="light", keys={"test": ("f5", "^T"), "save": ("f2",)}
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[form]\ncolour = 1\n", "[form] has no key colour"),
        ("[form]\nmouse = 1\n", "mouse must be true or false"),
        ('[form]\ntheme = "pink"\n', 'theme must be "dark" or "light"'),
        ("[colours]\n", "[colours] is not a table"),
        ("[keys]\ntest = 5\n", 'test needs keys such as ["f5", "ctrl+t"]'),
        ("[keys]\ntest = []\n", "test needs keys"),
        ('keys = "f5"\n', "keys is not a table"),
        ("[form\n", "it is not valid TOML: "),
        (b"\xff\n", "it is not valid TOML: "),
        ('[form]\n"a\\u001b[1m" = 1\n', "[form] has no key a\\x1b[1m"),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, text: str | bytes, problem: str) -> None:
    (told,) = read(tmp_path, text).problems
    assert told.startswith(problem)
    assert told.isprintable()


def test_the_rest_counts(tmp_path: Path) -> None:
    preferences = read(
        tmp_path, "[form]\nmouse = true\nascii = 3\n[keys]\ntest = 4\nsave = ['f2']\n"
    )
    assert preferences.mouse is True
    assert preferences.keys == {"save": ("f2",)}
    assert len(preferences.problems) == 2


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "smtp-tui" / "smtp-tui.toml").mkdir(parents=True)
    assert read(tmp_path, None).problems == ("it cannot be read: is a directory",)
