"""Paths in settings, and the settings' own place."""

from pathlib import Path

import pytest

from smtp_tui.config.paths import config_folder, default_config, expand, resolve_path
from smtp_tui.settings.fields import Settings
from smtp_tui.settings.validate import parse_settings
from tests.table import table

ENVIRON = {"HOME": "/home/me", "CREDENTIALS_DIRECTORY": "/run/cred", "X": "/x"}


@table(
    ("text", "path"),
    [
        ("ca.pem", "/etc/app/ca.pem"),
        ("/ca.pem", "/ca.pem"),
        ("~", "/home/me"),
        ("~/ca.pem", "/home/me/ca.pem"),
        ("~you/ca.pem", "/etc/app/~you/ca.pem"),
        ("a~/ca.pem", "/etc/app/a~/ca.pem"),
        ("$HOME/ca.pem", "/home/me/ca.pem"),
        ("${HOME}/ca.pem", "/home/me/ca.pem"),
        ("$CREDENTIALS_DIRECTORY/pw", "/run/cred/pw"),
        ("${CREDENTIALS_DIRECTORY}/$HOME", "/run/cred//home/me"),
        ("$HOMER", "/etc/app/$HOMER"),
        ("$X/${X}/$(id)/`id`/*", "/etc/app/$X/${X}/$(id)/`id`/*"),
    ],
)
def test_paths_are_expanded_so_far_and_no_further(text: str, path: str) -> None:
    assert expand(text, Path("/etc/app"), ENVIRON) == Path(path)


def test_what_is_not_set_stays_as_it_is_written() -> None:
    path = expand("$CREDENTIALS_DIRECTORY/pw", Path("/etc"), {})
    assert path == Path("/etc/$CREDENTIALS_DIRECTORY/pw")


def test_a_home_that_is_not_set_is_the_systems(private_home: Path) -> None:
    assert expand("~/x", Path("/etc"), {}) == private_home / "x"


def test_a_relative_folder_gives_an_absolute_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert expand("x", Path("etc"), {}) == tmp_path / "etc" / "x"


def settings(**values: str) -> Settings:
    found = parse_settings({"host": "a.example", **values}).settings
    assert found is not None
    return found


def test_the_settings_paths_become_absolute() -> None:
    given = settings(ca_file="ca.pem", client_certificate="~/c.pem", client_key="/k.pem")
    found = resolve_path(given, Path("/etc/app"), ENVIRON)
    assert found.ca_file == "/etc/app/ca.pem"
    assert found.client_certificate == "/home/me/c.pem"
    assert found.client_key == "/k.pem"
    assert found.given == given.given


def test_settings_without_paths_stay_without() -> None:
    assert resolve_path(settings(), Path("/etc/app"), ENVIRON) == settings()


@table(
    ("environ", "path"),
    [
        ({"HOME": "/h"}, "/h/.config/smtp-tui/smtp.toml"),
        ({"HOME": "/h", "XDG_CONFIG_HOME": "/c"}, "/c/smtp-tui/smtp.toml"),
        ({"HOME": "/h", "XDG_CONFIG_HOME": "c"}, "/h/.config/smtp-tui/smtp.toml"),
        ({"HOME": "/h", "SMTP_TUI_CONFIG": "/etc/x.toml"}, "/etc/x.toml"),
        ({"HOME": "/h", "SMTP_TUI_CONFIG": ""}, "/h/.config/smtp-tui/smtp.toml"),
    ],
)
def test_the_default_file(environ: dict[str, str], path: str) -> None:
    assert default_config(environ) == Path(path)


def test_the_programs_own_folder() -> None:
    assert config_folder({"HOME": "/h"}) == Path("/h/.config/smtp-tui")
