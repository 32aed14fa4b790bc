"""Steps and spellings for the values of Helm charts, which pass them on to a program.

A chart merges a file of values over its own, and its templates put them into variables or files of
the program. Helm parses the values as YAML 1.1 with types; what comes out of a template may be
parsed once more, by a shell, Kubernetes or the program.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from smtp_tui.interchange import yaml_tree
from smtp_tui.interchange.formats.go_programs import (
    after_environment,
    ini_text,
    ini_value,
    take_gitea,
    take_grafana,
)
from smtp_tui.interchange.import_builder import Assignment, ImportBuilder, UnresolvedVariable
from smtp_tui.interchange.spec import FormatSpec, InterchangeError, format_named
from smtp_tui.interchange.yaml_tree import PlainText, YamlScalar
from smtp_tui.records import record

_LONGEST_NUMBER = 100
_SWITCH = re.compile(r"(?i:y|yes|n|no|on|off|true|false)")


def is_no_text(value: object) -> bool:
    """Whether Helm takes a value for a number, a date or a switch, which may change its text."""
    if not isinstance(value, PlainText) or len(value) > _LONGEST_NUMBER:
        return False
    return bool(yaml_tree.NUMBER.fullmatch(value) or _SWITCH.fullmatch(value))


@record
class Spelling:
    """How a value has to be spelled so that the program gets it after all that reads it."""

    read: Callable[[str], object]
    write: Callable[[str], str] = str


_REFERENCE = re.compile(r"\$(?:(\$)|\(([^)]*+)\))")


def _pod_value(written: str) -> object:
    """Return what Kubernetes makes of the value of a container's variable."""
    # Search only up to the last bracket: each unclosed opening would scan to the end.
    found = _REFERENCE.finditer(written, 0, written.rfind(")") + 1)
    if names := [match[2] for match in found if match[2] is not None]:
        return UnresolvedVariable("from-variables", {"names": ", ".join(names)})
    return written.replace("$$", "$")


def _pod_text(value: str) -> str:
    return value if _pod_value(value) == value else value.replace("$", "$$")


_BARE = re.compile(r"[A-Za-z0-9/](?:[A-Za-z0-9/._:-]*[A-Za-z0-9/._-])?")


def _bare_value(written: str) -> object:
    """Return what YAML makes of a value that a template prints without quotes."""
    if _is_bare(written):
        return written
    try:
        roots = yaml_tree.parse(written, "Helm")
    except InterchangeError:
        roots = []
    root = roots[0] if roots else None
    if not isinstance(root, YamlScalar) or root.is_null:
        return UnresolvedVariable("computed")
    is_text = not root.is_plain or not is_no_text(PlainText(root.text))
    return root.text if is_text else UnresolvedVariable("computed")


def _is_bare(value: str) -> bool:
    return (
        bool(_BARE.fullmatch(value))
        and not is_no_text(PlainText(value))
        and value.lower() != "null"
    )


def _bare_text(value: str) -> str:
    return value if _is_bare(value) else json.dumps(value, ensure_ascii=False)


_SPELLINGS = {
    "pod-variable": Spelling(_pod_value, _pod_text),
    "bare-yaml": Spelling(_bare_value, _bare_text),
    "ini": Spelling(ini_value, ini_text),
    "environment-to-ini": Spelling(after_environment),
}


def spelling_of(name: str, form: FormatSpec) -> Spelling | None:
    """Return the spelling that a format declares for a name, or for all."""
    declared: Mapping[str, str] = form.tree.get("spelling", {})
    kind = declared.get(name, declared.get("*"))
    return _SPELLINGS[kind] if kind else None


def _chart(builder: ImportBuilder, values: Mapping[str, str]) -> None:
    """Assume the values of the chart's own file where this one has none."""
    missing = {name: value for name, value in values.items() if name not in builder}
    for name, value in missing.items():
        builder.entries[name] = Assignment(name, value)
        builder.assumed.add(name)
    if missing:
        names = ", ".join(f"{name}: {value}" for name, value in missing.items())
        builder.remark("", "chart-defaults", names=names)


def _existing_secret(builder: ImportBuilder, spec: Mapping[str, Any]) -> None:
    """Leave out what the chart takes from a Kubernetes Secret: it `holds` these settings.

    `over` are the values that do not count then; with a value of `unless` the Secret is not used.
    """
    name, switch = spec["name"], spec.get("switch", "")
    secret, is_on = builder.text(name), bool(builder.switch(switch, False))
    builder.use(name, switch, *spec.get("with", ()))
    if not (secret or is_on) or ("unless" in spec and builder.text(spec["unless"])):
        return
    for one in spec["over"]:
        builder.entries.pop(one, None)
    builder.leave_open(*spec["holds"])
    builder.reject(
        name if secret else switch,
        "kubernetes-secret" if secret else "kubernetes-own-secret",
        secret=(secret or "")[:80],
        names=", ".join(spec["holds"]),
    )


def _more_sources(builder: ImportBuilder, names: list[str]) -> None:
    """Remark on lists of other sources, which may have any setting."""
    for name in names:
        builder.use(name)
        if builder.get(name):
            builder.remark("", "chart-more", name=name)


def _needed(builder: ImportBuilder, name: str) -> None:
    """Remark that the chart passes nothing on without this value."""
    if not builder.is_unknown(name) and not builder.text(name):
        builder.remark("", "chart-needs", name=name)


_READERS = {"gitea": take_gitea, "grafana": take_grafana}


def _read_as(builder: ImportBuilder, name: str) -> None:
    """Read the settings as those of the program's own file."""
    _READERS[name](builder, format_named(name).read)


STEPS: dict[str, Callable[[ImportBuilder, Any], object]] = {
    "chart": _chart,
    "existing_secret": _existing_secret,
    "more_sources": _more_sources,
    "needed": _needed,
    "read_as": _read_as,
}
