"""Telling an `.env` file from Python source: both may say `NAME=value`."""

from __future__ import annotations

import ast
import re

_LINE = re.compile(r"(?P<export>export[ \t]+)?[A-Za-z_][A-Za-z0-9_]*=(?P<value>.*)")


def is_env(content: str) -> bool:
    """Whether every line sets a variable as a shell does, and some value is none to Python.

    A host name without quotes is one: Python would take it for names of its own.
    """
    lines = [line.strip() for line in content.removeprefix("\ufeff").splitlines()]
    found = [_LINE.fullmatch(line) for line in lines if line and not line.startswith("#")]
    return all(found) and any(one is not None and _is_bare(one) for one in found)


def _is_bare(line: re.Match[str]) -> bool:
    try:
        value = ast.parse(line["value"].strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return True
    return bool(line["export"]) or isinstance(value, ast.Name | ast.Attribute | ast.BinOp)
