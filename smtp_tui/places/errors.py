"""Say why a place cannot be found, read or entered."""

from __future__ import annotations


class PlaceError(Exception):
    """A place cannot be used; `command` is the shell command that helps, if there is one."""

    def __init__(self, text: str, command: str = "") -> None:
        super().__init__(text)
        self.command = command


class NotPermitted(PlaceError):
    """The user may not read or enter the place; `command` does the same as one who may."""
