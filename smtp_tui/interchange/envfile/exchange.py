"""What the formats that are `.env` files share: reading one into an intake, writing one."""

from __future__ import annotations

import re

from smtp_tui.interchange import envfile
from smtp_tui.interchange.intake import Intake
from smtp_tui.interchange.known import Format
from smtp_tui.interchange.outlet import Outlet
from smtp_tui.interchange.results import Exported
from smtp_tui.interchange.source import Source
from smtp_tui.interchange.texts import text

# Read raw by docker run, these lose quotes, or have variables replaced, in docker compose.
_READ_TWICE = frozenset("'\"$#\\`")
_EXPANDED = re.compile(r"\$\{?[A-Za-z_]")


def intake(form: Format, source: Source) -> Intake:
    """Read a file into an intake."""
    style = source.quoting or form.quoting or "docker"
    taken = Intake(form, envfile.read(source.text, style))
    if style == "docker":
        for name in taken.quoted_names():
            taken.remark("", "docker-quotes", name=name)
    return taken


def exported(out: Outlet, pairs: list[tuple[str, str | None]], secret_name: str) -> Exported:
    """Write a file; pairs without a value are left out, the password goes last."""
    style = out.quoting or out.form.quoting or "docker"
    there = [(name, value) for name, value in pairs if value is not None]
    lines = []
    if out.wants_secret and out.secret is not None:
        there.append((secret_name, out.secret))
    elif out.wants_secret:
        out.note("password", "secret-left-out", name=secret_name)
        lines = [f"# {text('secret-place', name=secret_name)}", f"# {secret_name}="]
    if style == "docker":
        for name, value in there:
            if value != value.strip() or not _READ_TWICE.isdisjoint(value):
                out.note("", "docker-raw", name=name)
    for name, value in there if style == "node" else ():
        if _EXPANDED.search(value):
            out.note("", "node-expand", name=name)
    return out.done("\n".join([*envfile.write(there, style), *lines, ""]))
