"""Import and export the mail settings of Alertmanager's alertmanager.yml."""

from __future__ import annotations

import json
from typing import Any

from smtp_tui.interchange import yaml_tree
from smtp_tui.interchange.export_builder import ExportBuilder
from smtp_tui.interchange.import_builder import Assignment, ImportBuilder, host_and_port
from smtp_tui.interchange.spec import FormatSpec, ImportSource, InterchangeError, text
from smtp_tui.interchange.yaml_tree import YamlTable
from smtp_tui.settings.password_sources import FileSource


def load(content: str) -> YamlTable:
    """Parse a file; InterchangeError if it is no YAML, or no mapping."""
    roots = yaml_tree.parse(content, "Alertmanager")
    data = yaml_tree.plain_data(roots[0]) if roots else None
    if not isinstance(data, YamlTable):
        raise InterchangeError(text("no-smarthost"))
    return data


_PREFIX = "smtp_"
# A receiver's settings have the global names without the prefix.
_OWN = (
    "smarthost", "from", "hello", "require_tls", "tls_config", "force_implicit_tls",
    "auth_username", "auth_password", "auth_password_file", "auth_secret", "auth_secret_file",
    "auth_identity",
)  # fmt: skip
_VERSIONS = {"TLS10": "1.0", "TLS11": "1.1", "TLS12": "1.2", "TLS13": "1.3"}


def keys_in(content: str, form: FormatSpec) -> list[str]:
    """Return the settings, where Alertmanager has them."""
    del form
    data = _configuration(load(content))
    table = data.get("global")
    if isinstance(table, YamlTable) and "smtp_smarthost" in table:
        return [name for name in table if name.startswith(_PREFIX)]
    return ["smarthost"] if _with_own_server(data) else []


def read(source: ImportSource, form: FormatSpec) -> ImportBuilder:
    """Import the global settings or a receiver's, with Alertmanager's defaults."""
    data = _configuration(load(source.text))
    receivers = _with_own_server(data)
    table = data.get("global")
    if isinstance(table, YamlTable) and "smtp_smarthost" in table:
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
    if isinstance(config := builder.get("smtp_tls_config"), YamlTable):
        _trust(builder, config)
    builder.report_leftovers(_PREFIX)
    return builder


# Where the values of the charts alertmanager and kube-prometheus-stack have the file.
_IN_CHARTS = (("config",), ("alertmanager", "config"))


def _configuration(data: YamlTable) -> YamlTable:
    """Return the configuration, which the values of a Helm chart have further down."""
    for path in ((), *_IN_CHARTS):
        place: Any = data
        for step in path:
            place = place.get(step) if isinstance(place, YamlTable) else None
        if not isinstance(place, YamlTable):
            continue
        table = place.get("global")
        has_server = isinstance(table, YamlTable) and "smtp_smarthost" in table
        if has_server or isinstance(place.get("receivers"), list):
            return place
    return data


def _with_own_server(data: YamlTable) -> list[YamlTable]:
    """Return the mail settings of receivers that name their own server."""
    receivers = [item for item in data.get("receivers") or () if isinstance(item, YamlTable)]
    lists = [receiver.get("email_configs") for receiver in receivers]
    configs = [config for items in lists if isinstance(items, list) for config in items]
    return [config for config in configs if isinstance(config, YamlTable) and "smarthost" in config]


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


def _trust(builder: ImportBuilder, config: YamlTable) -> None:
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
