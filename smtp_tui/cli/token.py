"""`smtp-tui explain --token`: what an access token says of itself, read offline."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path

from smtp_tui.checks.exit_status import NEGATIVE, PASSED
from smtp_tui.cli.parser import UsageError, assignments, read_stdin
from smtp_tui.cli.terminal import print_line
from smtp_tui.config.errors import reason
from smtp_tui.diagnosis.tokens import LARGEST, JudgedToken, as_object, judge

_STDIN = "-"
_SIGNS = {"sure": "Wrong", "likely": "Probably wrong", "note": "Note"}


def explain_token(options: Namespace) -> int:
    """Explain the token in a file or on standard input; return 1 if a server must reject it."""
    settings = assignments(options.set)
    if others := settings.keys() - {"host", "username"}:
        raise UsageError(f"explain --token accepts only host and username, not {min(others)}")
    token = _read(options.token)
    if not token:
        raise UsageError("there is no token; pipe one in: smtp-tui token mail.toml")
    username = settings.get("username")
    judged = judge(token, str(settings.get("host", "")), str(username) if username else None)
    del token
    if options.json:
        print_line(json.dumps({"event": "token", **as_object(judged)}))
    else:
        for line in _lines(judged):
            print_line(line)
    return NEGATIVE if judged.unfit else PASSED


def _read(place: str) -> str:
    if place == _STDIN:
        return read_stdin("the token", LARGEST).decode("utf-8", "replace").strip()
    try:
        with Path(place).open("rb") as file:
            return file.read(LARGEST).decode("utf-8", "replace").strip()
    except (OSError, ValueError) as error:
        # The name is not repeated: it may be the token itself.
        why = reason(error) if isinstance(error, OSError) else "it is no path"
        raise UsageError(
            f"the file that --token names cannot be read: {why}; a token itself does not belong "
            "on the command line, where the process list shows it"
        ) from None


def _lines(judged: JudgedToken) -> Iterator[str]:
    facts = judged.facts
    if facts.kind == "jwt":
        yield "This is a JSON Web Token. smtp-tui did not check its signature."
    else:
        yield "This is not a JSON Web Token that smtp-tui can read."
    rows = {
        "For": ", ".join(facts.audience),
        "Scopes": " ".join(facts.scopes),
        "Roles": " ".join(facts.roles),
        "User": facts.user,
        "Application": facts.app,
        "Tenant": facts.tenant,
        "Issued by": facts.issuer,
        "Valid from": facts.not_before and f"{facts.not_before:%Y-%m-%d %H:%M} UTC",
        "Expires": facts.expires_at and f"{facts.expires_at:%Y-%m-%d %H:%M} UTC",
    }
    for label, text in rows.items():
        if text:
            yield f"  {label}: {text}"
    for found in judged.findings:
        yield f"  {_SIGNS[found.severity]}: {found.sentence}"
        if found.cure:
            yield f"  To do: {found.cure}"
