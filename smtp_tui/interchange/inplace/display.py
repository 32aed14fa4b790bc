"""Show a program's file with its secrets masked, as `config.diff` does a TOML file."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from smtp_tui.config.mask import MASK, looks_secret
from smtp_tui.interchange.inplace.syntax import FileSyntax
from smtp_tui.safe_text import mask_secrets

# A shorter secret may also be a common word; masking it elsewhere would reveal it.
_SHORTEST = 4
_SETTING = re.compile(r"(?P<name>[\w.-]++)[\x22\x27]?+[ \t]*+\]?+[ \t]*+(?:=>?+|:)[ \t]*+(?=\S)")


class FileForDisplay:
    """A text to be shown with its secrets masked.

    What follows a name that looks secret is masked to the end of its line, whatever the syntax.
    `secret_keys` hold secrets, whatever their names look like; `secrets` are the text's secrets
    that are long enough to be recognised elsewhere.
    """

    def __init__(self, syntax: FileSyntax, text: str, secret_keys: Collection[str] = ()) -> None:
        self.text = text
        self._secret_keys = secret_keys
        self._hidden: list[tuple[int, int]] = []
        found: set[str] = set()
        for written in syntax.written(text):
            if self._is_secret(written.entry.name) and isinstance(written.entry.value, str):
                self._hidden.append((written.start, written.end))
                found.update(written.entry.value.split("\n"))
        self.secrets = frozenset(secret for secret in found if len(secret) >= _SHORTEST)

    def masked(self, known: Iterable[str]) -> str:
        """Return the text with secrets masked and its line ends kept."""
        secrets = sorted(known, key=len, reverse=True)
        lines = []
        at = 0
        for line in self.text.split("\n"):
            lines.append(self._masked(line, at, secrets))
            at += len(line) + 1
        return "\n".join(lines)

    def _masked(self, line: str, at: int, secrets: Iterable[str]) -> str:
        ended = "\r" if line.endswith("\r") else ""
        if any(start < at < end for start, end in self._hidden):
            return MASK + ended  # a secret that began on a line above
        for match in _SETTING.finditer(line):
            if self._is_secret(match["name"]):
                return mask_secrets(line[: match.start()]) + match[0] + MASK + ended
        masked = mask_secrets(line)
        for secret in secrets:
            masked = masked.replace(secret, MASK)
        return masked

    def _is_secret(self, name: str) -> bool:
        return name in self._secret_keys or looks_secret(name)
