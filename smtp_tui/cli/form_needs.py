"""Say which Textual the form needs, where another is installed or none.

pip installs the right one. A Linux distribution has its own, and the package smtp-tui does not
insist on it, as only the form needs Textual.
"""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, requires, version

from smtp_tui.cli.parser import UsageError

TEXT = (
    "the form needs {wanted}, and this Python has {found}; smtp-tui --linear asks line by line, "
    "and all other commands work without Textual"
)


def explained(error: Exception) -> Exception:
    """Return the error to show for one that the import of the form raised."""
    try:
        found = version("textual")
    except PackageNotFoundError:
        return UsageError(TEXT.format(wanted=_wanted() or "Textual", found="none"))
    wanted = _wanted()
    if not wanted or _fits(found, wanted):
        return error
    return UsageError(TEXT.format(wanted=wanted, found=found))


def _wanted() -> str:
    """Return the versions that this program's own metadata requires: "Textual >= 8, <= 9"."""
    try:
        needed = requires("smtp-tui") or []
    except PackageNotFoundError:  # run from a tree that was never installed
        return ""
    for line in needed:
        if match := re.fullmatch(r"textual([<>=].*)", line):
            bounds = sorted(match[1].split(","), reverse=True)
            return "Textual " + ", ".join(re.sub(r"^([<>=]+)", r"\1 ", bound) for bound in bounds)
    return ""


def _fits(found: str, wanted: str) -> bool:
    low, high = (_numbers(bound) for bound in wanted.split(","))
    return low <= _numbers(found) <= high


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", text)))
