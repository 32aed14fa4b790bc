"""Open a settings file of any format that smtp-tui can change."""

from __future__ import annotations

import re
from pathlib import Path

from smtp_tui.config.document import Document
from smtp_tui.config.errors import DocumentError, NotTomlError, one_line
from smtp_tui.lazy import load

YAML = (".yaml", ".yml")
_VARIABLES = re.compile(r"\.env(?:\..*)?|.*\.env")
# Debian's Exim reads it as a shell script: its quoted values are TOML, but a table would break it.
_NEVER_TOML = "update-exim4.conf.conf"


def is_of_a_program(path: Path) -> bool:
    """Whether a file of this name is never TOML, but one of another program."""
    is_source = path.suffix.casefold() in (*YAML, ".rb", ".php")
    return is_source or bool(_VARIABLES.fullmatch(path.name))


def open_document(path: Path, dialect: str | None = None) -> Document:
    """Open a TOML file, a compose file or a file of a program; DocumentError if it is neither."""
    document: Document | None
    # Loads PyYAML and the formats of programs, 40 ms, for such files alone.
    if path.suffix.casefold() in YAML:
        document = load("interchange.inplace.settings:open_in_place")(path, dialect)
        return document or load("interchange.compose.settings:open_compose")(path, dialect)
    # Variables in quotes are TOML too.
    if not _VARIABLES.fullmatch(path.name):
        try:
            return _open_toml(path, dialect)
        except NotTomlError as error:
            not_toml = error
        except DocumentError:
            if dialect is None:
                raise
            not_toml = None
    else:
        not_toml = None
    document = load("interchange.inplace.settings:open_in_place")(path, dialect)
    if document is None and not_toml:
        raise not_toml
    return document or Document.open(path, dialect)


def _open_toml(path: Path, dialect: str | None) -> Document:
    document = Document.open(path, dialect)
    if path.name == _NEVER_TOML:
        message = f"{one_line(path)} is a shell script, not TOML; correct it in an editor"
        raise NotTomlError(message, path, document.text)
    return document
