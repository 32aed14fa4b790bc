"""Import and export the mail settings of Alertmanager's alertmanager.yml."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from smtp_tui.interchange.export_builder import ExportBuilder
from smtp_tui.interchange.import_builder import Assignment, ImportBuilder, host_and_port
from smtp_tui.interchange.spec import (
    FormatSpec,
    ImportSource,
    InterchangeError,
    MissingLibraryError,
    text,
)
from smtp_tui.settings.password_sources import FileSource

DEEPEST = 32
# A few lines of nested merges can have more keys than fit into memory.
MOST_MERGED = 100_000
"""Keys that mappings may merge from others, in the whole file."""

_CORE = "tag:yaml.org,2002:"
_TAGS = frozenset({"str", "int", "float", "bool", "null", "timestamp", "map", "seq", "merge"})
_NULLS = ("", "~", "null", "Null", "NULL")


class YamlMapping(dict[str, Any]):
    """A mapping that knows the line of each key, except for merged ones."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: dict[str, int] = {}

    def entries(self) -> list[Assignment]:
        """Return the pairs."""
        return [Assignment(name, value, self.lines.get(name)) for name, value in self.items()]


def load(content: str) -> YamlMapping:
    """Parse a file; InterchangeError if it is no YAML, or no mapping."""
    try:
        import yaml  # optional, and 17 ms that an export does not need
    except ImportError:
        raise MissingLibraryError(text("no-yaml")) from None
    try:
        data = _Tree(yaml, content).document()
    except (yaml.YAMLError, ValueError, TypeError, IndexError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}" if mark else "it"
        raise InterchangeError(text("not-yaml", where=where)) from None
    if not isinstance(data, YamlMapping):
        raise InterchangeError(text("no-smarthost"))
    return data


class _Tree:
    """Builds the first document from the parser's events."""

    def __init__(self, yaml: Any, content: str) -> None:
        self._yaml = yaml
        # libyaml's parser yields the same events, ten times as fast; not every PyYAML has it.
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        self._events: Iterator[Any] = iter(yaml.parse(content, Loader=loader))
        self._anchors: dict[str, Any] = {}
        self._merged = 0

    def document(self) -> Any:
        """Return the first document, or None; ignore what comes after it."""
        for event in self._events:
            if isinstance(event, self._yaml.DocumentStartEvent):
                return self._node(next(self._events), 0)
        return None

    def _node(self, event: Any, depth: int) -> Any:
        if depth > DEEPEST:
            raise InterchangeError(text("too-deep"))
        if isinstance(event, self._yaml.AliasEvent):
            if event.anchor not in self._anchors:
                raise ValueError("an alias without its anchor")
            return self._anchors[event.anchor]
        if event.tag is not None and event.tag.removeprefix(_CORE) not in (*_TAGS, "!"):
            raise ValueError("a tag that asks for more than data")
        found: Any = []
        if isinstance(event, self._yaml.ScalarEvent):
            is_null = event.implicit[0] and event.value in _NULLS and not event.style
            found = None if is_null else event.value
        elif isinstance(event, self._yaml.MappingStartEvent):
            found = YamlMapping()
        # Set before reading the parts: an alias inside may name the whole.
        if event.anchor is not None:
            self._anchors[event.anchor] = found
        if isinstance(found, YamlMapping):
            self._fill(found, depth)
        elif isinstance(found, list):
            while not isinstance(event := next(self._events), self._yaml.SequenceEndEvent):
                found.append(self._node(event, depth + 1))
        return found

    def _fill(self, table: YamlMapping, depth: int) -> None:
        merged: list[Any] = []
        while not isinstance(event := next(self._events), self._yaml.MappingEndEvent):
            is_merge = getattr(event, "value", None) == "<<" and not event.style
            key = self._node(event, depth + 1)
            value = self._node(next(self._events), depth + 1)
            if is_merge:
                merged += value if isinstance(value, list) else [value]
            elif isinstance(key, str):
                table[key] = value
                table.lines[key] = event.start_mark.line + 1
        for other in merged:
            if not isinstance(other, YamlMapping):
                raise ValueError("a merge of what is no mapping")
            self._merged += len(other)
            if self._merged > MOST_MERGED:
                raise InterchangeError(text("too-deep"))
            for key, value in other.items():
                table.setdefault(key, value)


_PREFIX = "smtp_"
# A receiver's settings have the global names without the prefix.
_OWN = (
    "smarthost", "from", "hello", "require_tls", "tls_config", "force_implicit_tls",
    "auth_username", "auth_password", "auth_password_file", "auth_secret", "auth_secret_file",
    "auth_identity",
)  # fmt: skip
_VERSIONS = {"TLS10": "1.0", "TLS11": "1.1", "TLS12": "1.2", "TLS13": "1.3"}


def read(source: ImportSource, form: FormatSpec) -> ImportBuilder:
    """Import the global settings or a receiver's, with Alertmanager's defaults."""
    data = load(source.text)
    receivers = _with_own_server(data)
    table = data.get("global")
    if isinstance(table, YamlMapping) and "smtp_smarthost" in table:
        entries = table.entries()
    elif receivers:
        own = [entry for entry in receivers[0].entries() if entry.name in _OWN]
        entries = [Assignment(_PREFIX + entry.name, entry.value, entry.line) for entry in own]
    else:
        raise InterchangeError(text("no-smarthost"))
    builder = ImportBuilder(form, entries)
    if receivers:
        names = ", ".join(str(receiver.get("to", "?"))[:40] for receiver in receivers)
        builder.remark("", "receivers-differ", names=names)
    host, port = host_and_port(builder.text("smtp_smarthost") or "")
    builder.put("host", host, "smtp_smarthost")
    builder.put("port", port, "smtp_smarthost")
    required = builder.switch("smtp_require_tls", True)
    implicit = builder.switch("smtp_force_implicit_tls", None)
    # If unset, the port decides about implicit TLS.
    is_implicit = implicit or (implicit is None and port == "465")
    builder.put_link("ssl" if is_implicit else "tls" if required else "none")
    if is_implicit and required:
        builder.remark("encryption", "alertmanager-both")
    builder.take("domain", "smtp_hello")
    builder.default("domain", "localhost")
    builder.take_sender("smtp_from")
    _log_in(builder)
    if isinstance(config := builder.get("smtp_tls_config"), YamlMapping):
        _trust(builder, config)
    builder.report_leftovers(_PREFIX)
    return builder


def _with_own_server(data: YamlMapping) -> list[YamlMapping]:
    """Return the mail settings of receivers that name their own server."""
    receivers = [item for item in data.get("receivers") or () if isinstance(item, YamlMapping)]
    lists = [receiver.get("email_configs") for receiver in receivers]
    configs = [config for items in lists if isinstance(items, list) for config in items]
    return [
        config for config in configs if isinstance(config, YamlMapping) and "smarthost" in config
    ]


def _log_in(builder: ImportBuilder) -> None:
    builder.take("username", "smtp_auth_username")
    for name in ("smtp_auth_password", "smtp_auth_secret"):
        if builder.put_password_file(f"{name}_file") or builder.put_password(name):
            if name.endswith("secret"):
                builder.put("authentication", "cram-md5", name)
            else:
                builder.remark_own_choice("PLAIN, LOGIN")
            break
    builder.use("smtp_auth_secret", "smtp_auth_secret_file")


def _trust(builder: ImportBuilder, config: YamlMapping) -> None:
    inner = ImportBuilder(builder.form, config.entries())
    inner.take_each(ca_file="ca_file", client_certificate="cert_file", client_key="key_file")
    inner.take("server_name", "server_name")
    if inner.switch("insecure_skip_verify", False):
        inner.put("openssl_verify_mode", "none", "insecure_skip_verify")
    if minimum := inner.text("min_version"):
        inner.put("tls_minimum", _VERSIONS.get(minimum, minimum), "min_version")
    inner.report_leftovers("")
    builder.join(inner)


def write(out: ExportBuilder) -> str:
    """Export the global settings."""
    link, settings = out.link, out.settings
    # If unset, the port decides about implicit TLS.
    forced = None if (link == "ssl") == (settings.port == 465) else link == "ssl"
    if forced is not None:
        out.note("encryption", "alertmanager-forced")
    if out.given("from") is None:
        out.note("from", "needs-sender", name="smtp_from")
    lines = _lines(
        "  ",
        smtp_smarthost=out.host_with_port,
        smtp_from=out.sender or settings.sender,
        smtp_hello=out.given("domain"),
        smtp_require_tls=link == "tls",
        smtp_force_implicit_tls=forced,
        smtp_auth_username=out.username,
    )
    if out.wants_secret:
        name = "smtp_auth_secret" if out.mechanism == "cram-md5" else "smtp_auth_password"
        if out.secret is not None:
            lines += _lines("  ", **{name: out.secret})
        elif isinstance(out.source, FileSource):
            lines += _lines("  ", **{f"{name}_file": out.source.path})
        else:
            out.note("password", "secret-left-out", name=f"{name}_file")
            lines += [f"  # {text('secret-place', name=f'{name}_file')}", f"  # {name}_file:"]
    if config := _lines("    ", **dict(out.pairs())):
        lines += ["  smtp_tls_config:", *config]
    return "\n".join(["global:", *lines, ""])


def _lines(indent: str, **values: Any) -> list[str]:
    # YAML reads such JSON values the same way.
    return [
        f"{indent}{name}: {json.dumps(value, ensure_ascii=False)}"
        for name, value in values.items()
        if value is not None
    ]
