"""Declares one more field, then uses the program: prints as JSON what each place says of it.

A process of its own, as the table must be whole before anything else is imported.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import sys
from pathlib import Path

from smtp_tui.records import record
from smtp_tui.settings import fields, parsers
from smtp_tui.settings.fields import declare_advanced


@record(kw_only=True)
class Settings(fields.Settings):
    """The settings with a field that nobody else has heard of."""

    relay_tag: str | None = declare_advanced(
        "Relay Tag",
        parsers.public_text,
        "A word that the relay sorts by.",
        default_text="no tag",
    )


FIELDS = fields.declared_fields(Settings)
vars(fields).update(Settings=Settings, FIELDS=FIELDS, BY_KEY={field.key: field for field in FIELDS})

TABLE = '[smtp]\nhost = "127.0.0.1"\nrelay_tag = "blue"\n'


def call(*arguments: str) -> str:
    """Run the program in this process, and return what it prints."""
    from smtp_tui.program import main

    output = io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
        main(arguments)
    return output.getvalue()


async def screens(folder: Path) -> dict[str, str]:
    """Open the form on a file with the field, and return its screens."""
    from tests.tui.driving import form_on

    async with form_on(TABLE, folder, size=(110, 40)) as hand:
        await hand.go_to("Relay Tag")
        return {"row": hand.row("Relay Tag"), "screen": hand.screen}


def main(folder: Path) -> dict[str, object]:
    """Look at each place that lists fields."""
    from smtp_tui.settings.schema import schema
    from smtp_tui.settings.validate import parse_settings

    file = folder / "app.toml"
    file.write_text(TABLE)
    parsed = parse_settings({"host": "a.example", "relay_tag": "blue"})
    refused = parse_settings({"host": "a.example", "relay_tag": "smtp://a:b@c"})
    found: dict[str, object] = {
        "parsed": getattr(parsed.settings, "relay_tag", None),
        "given": sorted(parsed.settings.given if parsed.settings else ()),
        "refused": [str(problem) for problem in refused.problems],
        "schema": schema()["properties"]["relay_tag"],
        "get": call("get", str(file), "relay_tag"),
        "get json": call("get", str(file), "--json"),
        "explain": call("explain"),
        "explain key": call("explain", "relay_tag"),
        "get all": call("get", str(file)),
    }
    call("set", str(file), "relay_tag=red")
    found["set"] = file.read_text()
    call("set", str(file), "--create", "relay_tag=green", "port=1")
    found["order"] = file.read_text()
    call("check", str(file), "--report", str(folder / "report.md"))
    found["report"] = (folder / "report.md").read_text()
    return found | asyncio.run(screens(folder))


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(Path(sys.argv[1]))))
