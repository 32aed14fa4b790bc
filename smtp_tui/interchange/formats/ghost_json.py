"""Import and export the mail settings in Ghost's JSON files, around nodemailer's options."""

from __future__ import annotations

import json
from typing import Any

from smtp_tui.interchange.export_builder import ExportBuilder
from smtp_tui.interchange.formats import nodemailer
from smtp_tui.interchange.formats.tree import parse_json
from smtp_tui.interchange.import_builder import ImportBuilder
from smtp_tui.interchange.spec import FormatSpec, ImportSource, InterchangeError, text
from smtp_tui.interchange.yaml_tree import YamlTable

_TRANSPORT = "SMTP"


def _mail(content: str, form: FormatSpec) -> YamlTable:
    """Return `mail` with its options; empty if the file has none."""
    data = parse_json(content, form.title)
    mail: Any = data.get("mail") if isinstance(data, dict) else None
    options: Any = mail.get("options") if isinstance(mail, dict) else None
    return mail if isinstance(options, YamlTable) else YamlTable()


def keys_in(content: str, form: FormatSpec) -> list[str]:
    """Return the names in `mail`."""
    return [*_mail(content, form)]


def read(source: ImportSource, form: FormatSpec) -> ImportBuilder:
    """Import the options, the transport and the sender."""
    mail = _mail(source.text, form)
    if not mail:
        raise InterchangeError(text("tree-nothing", keys="mail.options"))
    options = mail["options"]
    # Ghost still recommends the name that nodemailer had before version 1.
    if "secureConnection" in options:
        options["secure"] = options.pop("secureConnection")
    builder = nodemailer.take_options(ImportBuilder(form, nodemailer.entries(options)))
    outside = ImportBuilder(
        form, [entry for entry in mail.entries() if entry.name in ("transport", "from")]
    )
    if (outside.text("transport") or "").casefold() != _TRANSPORT.casefold():
        outside.reject("transport", "not-smtp")
    outside.take_sender("from")
    builder.join(outside)
    return builder


def write(out: ExportBuilder) -> str:
    """Export the options inside `mail`."""
    mail: dict[str, Any] = {"transport": _TRANSPORT}
    if out.sender:
        mail["from"] = out.sender
    mail["options"] = json.loads(nodemailer.write(out))
    return json.dumps({"mail": mail}, indent=2, ensure_ascii=False) + "\n"
