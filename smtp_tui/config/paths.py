"""Expand paths written in settings, and find the program's own files."""

from __future__ import annotations

import dataclasses
import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from smtp_tui.settings.fields import Settings

_VARIABLE = re.compile(
    r"\$(?:\{(HOME|CREDENTIALS_DIRECTORY)\}|(HOME|CREDENTIALS_DIRECTORY)(?![A-Za-z0-9_]))"
)

# The settings that are paths of PEM files.
PEM_FIELDS = ("ca_file", "client_certificate", "client_key")


def expand(text: str, base: Path, environ: Mapping[str, str] = os.environ) -> Path:
    """Return the absolute path of `text`, which may be relative to the folder `base`.

    Only `~`, `$HOME` and `$CREDENTIALS_DIRECTORY` are expanded; an unset variable stays as written.
    """

    def value(match: re.Match[str]) -> str:
        name = match[1] or match[2]
        return (_home(environ) if name == "HOME" else environ.get(name)) or match.group()

    if text == "~" or text.startswith("~/"):
        return absolute(Path(_home(environ) + _VARIABLE.sub(value, text[1:])))
    return absolute(base / _VARIABLE.sub(value, text))


def absolute(path: Path) -> Path:
    """Return an absolute path, or `path` itself if the current folder has been removed."""
    try:
        return path.absolute()
    except FileNotFoundError:
        return path


def is_there(path: Path) -> bool:
    """Return whether the path exists; False if it cannot be accessed."""
    try:
        path.stat()
    except (OSError, ValueError):
        return False
    return True


def is_folder(path: Path) -> bool:
    """Return whether the path is a folder; False if it cannot be accessed."""
    try:
        return stat.S_ISDIR(path.stat().st_mode)
    except (OSError, ValueError):
        return False


def real(path: Path) -> Path:
    """Return the absolute path without symbolic links, or `path` itself if that fails."""
    try:
        return Path(os.path.realpath(path))
    except FileNotFoundError:
        return path


def resolve_path(
    settings: Settings, base: Path, environ: Mapping[str, str] = os.environ
) -> Settings:
    """Return the settings with absolute paths of PEM files; a password file's stays as it is."""
    written = {name: text for name in PEM_FIELDS if (text := getattr(settings, name))}
    paths: dict[str, Any] = {name: str(expand(written[name], base, environ)) for name in written}
    return dataclasses.replace(settings, **paths)


def config_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the user's folder for this program (XDG Base Directory Specification)."""
    return _xdg_folder(environ, "XDG_CONFIG_HOME", ".config")


def state_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the user's folder for this program's state (XDG Base Directory Specification)."""
    return _xdg_folder(environ, "XDG_STATE_HOME", ".local/state")


def unsaved_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the folder of the unsaved changes that earlier sessions kept."""
    return state_folder(environ) / "unsaved"


def _xdg_folder(environ: Mapping[str, str], variable: str, default: str) -> Path:
    folder = Path(environ.get(variable, ""))
    return (folder if folder.is_absolute() else Path(_home(environ)) / default) / "smtp-tui"


def default_config(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the settings file to use when none is named."""
    named = environ.get("SMTP_TUI_CONFIG")
    return Path(named) if named else config_folder(environ) / "smtp.toml"


def _home(environ: Mapping[str, str]) -> str:
    return environ.get("HOME") or str(Path.home())
