"""Parse and write systemd's `EnvironmentFile=` (systemd.exec(5)): quotes, but no variables."""

from __future__ import annotations

import re

from smtp_tui.interchange.import_builder import Assignment, UnresolvedVariable

_BLANK = " \t\n\r"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_START = re.compile(
    r"[ \t\r\n]*+(?:(?P<comment>[#;][^\n]*+)|(?P<name>[^ \t\r\n#;][^=\r\n]*+)(?P<sign>=)?+)"
)
_PART = re.compile(
    r"""[ \t]*+(?:'(?P<single>[^']*+)(?P<end>')?|"(?P<double>(?:[^"\\]|\\[\s\S])*+)(?P<close>")?
    |(?P<bare>(?:[^\r\n\\]|\\[\s\S])*+))""",
    re.VERBOSE,
)


def read_systemd(content: str) -> list[Assignment]:
    """Parse a file; a line that cannot be parsed becomes an entry without a name."""
    found: list[Assignment] = []
    at = counted = 0
    number = 1
    while match := _START.match(content, at):
        at = match.end()
        if match["comment"]:
            continue
        number += content.count("\n", counted, match.start("name"))
        counted = match.start("name")
        name, value = match["name"].rstrip(_BLANK), ""
        why = "" if match["sign"] and _NAME.fullmatch(name) else "no-assignment"
        while match["sign"] and (part := _PART.match(content, at)):
            at = part.end()
            if part["bare"] is not None:
                value += _bare(part["bare"])
                break
            if part["end"] is None and part["close"] is None:
                why, at = "more-lines", len(content)
                break
            inside = part["single"]
            value += inside if inside is not None else _double(part["double"])
        if match["sign"] and at == len(content) and why != "more-lines":
            break  # a backslash before the end of the file leaves the value open
        found.append(
            Assignment("", UnresolvedVariable(why), number)
            if why
            else Assignment(name, value, number)
        )
    return found


def _bare(written: str) -> str:
    """Undo escapes, and strip trailing blanks that follow the last one."""
    last = max((match.end() for match in re.finditer(r"\\[\s\S]", written)), default=0)
    kept = re.sub(r"\\([\s\S])", lambda escape: escape[1].strip("\r\n"), written[:last])
    return kept + written[last:].rstrip(_BLANK)


def _double(written: str) -> str:
    def undo(escape: re.Match[str]) -> str:
        letter = escape[1]
        return "" if letter == "\n" else letter if letter in '"\\`$' else escape[0]

    return re.sub(r"\\([\s\S])", undo, written)


def quote_systemd(value: str) -> str:
    """Quote a value; a shell that sources the file reads the same value."""
    return '"' + re.sub(r'(["\\`$])', r"\\\1", value) + '"'
