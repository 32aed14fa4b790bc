"""Steps of `read` in `formats.toml` that several programs share; `variables` has the others."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from smtp_tui.interchange.formats import helm
from smtp_tui.interchange.formats.rails import take_mail_gem
from smtp_tui.interchange.import_builder import ImportBuilder, host_and_port


def _switched(builder: ImportBuilder, rules: Sequence[Mapping[str, Any]]) -> None:
    """Set the encryption by the first rule whose switch is on, or off, or whose word is set."""
    # All are read, so that none counts as not understood.
    links = [rule["link"] for rule in rules if _holds(builder, rule)]
    builder.put_link(links[0], builder.form.goes_on)


def _holds(builder: ImportBuilder, rule: Mapping[str, Any]) -> bool:
    if "word" in rule:
        return bool(builder.text(rule["name"]) == rule["word"])
    return "name" not in rule or builder.switch(rule["name"], None) is rule.get("is", True)


def _switched_on(builder: ImportBuilder, name: str) -> None:
    """Remark that the program sends nothing unless this switch is on."""
    if not builder.switch(name, False):
        builder.remark("", "not-enabled")


def _verified(builder: ImportBuilder, name: str) -> None:
    if builder.switch(name, True) is False:
        builder.put("openssl_verify_mode", "none", name)


def _trusted(builder: ImportBuilder, name: str) -> None:
    """Turn verification off if the program trusts every host."""
    if builder.text(name) == "*":
        builder.put("openssl_verify_mode", "none", name)
    elif name in builder:
        builder.reject(name, "no-setting")


def _host_and_port(builder: ImportBuilder, name: str) -> None:
    if written := builder.text(name):
        builder.put_host_and_port(written, name)


def _mechanism(builder: ImportBuilder, spec: Mapping[str, Any]) -> None:
    """Set the mechanism by the program's word for it, or its default."""
    word = builder.choice(spec["name"], spec["words"], "")
    if "username" not in builder.values:
        return
    if word:
        builder.put("authentication", word, spec["name"])
    else:
        builder.default("authentication", spec["default"])


_UNITS = {"ms": 0.001, "s": 1, "second": 1, "m": 60, "minute": 60, "h": 3600, "hour": 3600}


def _duration(builder: ImportBuilder, name: str) -> None:
    """Set the timeout from a duration like 5s or 5 seconds; a bare number is in seconds."""
    value = builder.text(name)
    if value is None:
        return
    match = re.fullmatch(
        r"([0-9]{1,9}(?:\.[0-9]{1,9})?) ?(ms|s|m|h|seconds?|minutes?|hours?)?", value
    )
    if match is None:
        builder.reject(name, "bad-value", problem="is not a duration")
        return
    unit = match[2] or "s"
    seconds = float(match[1]) * _UNITS[unit if unit in _UNITS else unit.removesuffix("s")]
    if builder.put("timeout", int(seconds) if seconds.is_integer() else seconds, name):
        builder.remark("timeout", "timeout-a-step")


def _minimum(builder: ImportBuilder, spec: Mapping[str, Any]) -> None:
    if version := builder.text(spec["name"]):
        builder.put("tls_minimum", spec["words"].get(version, version), spec["name"])


def _percent_from(builder: ImportBuilder, spec: Mapping[str, str]) -> None:
    """Set the sender from Python's percent format with one name, `with` the value of a setting."""
    written = builder.text(spec["name"])
    filled = builder.text(spec["with"]) or spec["default"]
    if written:
        place = f"%({spec['with'].rpartition('.')[2].removesuffix('_name')})s"
        builder.put_sender(written.replace(place, filled).replace("%%", "%"), None, spec["name"])


def _authelia_server(builder: ImportBuilder, names: Mapping[str, str]) -> None:
    """Set the server; only the scheme, or the older key's port, decides about implicit TLS."""
    ports = {"smtp": 25, "submission": 587, "submissions": 465}
    if address := builder.text(names["address"]):
        scheme, sign, rest = address.rpartition("://")
        scheme = scheme if sign else "smtp"
        host, port = host_and_port(rest)
        builder.put("host", host, names["address"])
        if scheme not in ports:
            builder.reject(names["address"], "no-choice", choices=", ".join(ports))
        if port:
            builder.put("port", port, names["address"])
        builder.default("port", ports.get(scheme, 25))
    else:
        builder.take_each(host=names["host"], port=names["port"])
        builder.default("port", 25)
        scheme = "submissions" if builder.values.get("port") == 465 else "smtp"
    if scheme == "submissions":
        builder.use(names["open"], names["unrequired"])
        builder.put_link("ssl")
        return
    rules = [
        {"name": names["open"], "link": "none"},
        {"name": names["unrequired"], "link": "auto"},
        {"link": "tls"},
    ]
    _switched(builder, rules)


_MASK = re.compile(r"\*+")


def _keycloak_login(builder: ImportBuilder, names: Mapping[str, str]) -> None:
    """Take the login; an export of a realm has asterisks in place of the password."""
    if not builder.switch(names["auth"], False):
        builder.put("authentication", "none", names["auth"])
        builder.use(*names.values())
        return
    builder.take("username", names["user"])
    if (builder.text(names["type"]) or "basic") != "basic":
        builder.reject(names["type"], "keycloak-token")
        return
    builder.remark_own_choice("LOGIN, PLAIN, DIGEST-MD5, NTLM")
    if _MASK.fullmatch(builder.text(names["password"]) or ""):
        builder.reject(names["password"], "masked")
    else:
        builder.put_password(names["password"])


def _mail_gem(builder: ImportBuilder, symbols: list[str]) -> None:
    """Take the settings of Ruby's mail gem; YAML has its symbols as texts with a colon."""
    for name in symbols:
        if (entry := builder.entries.get(name)) and isinstance(entry.value, str):
            builder.entries[name] = replace(entry, value=entry.value.removeprefix(":"))
    take_mail_gem(builder)


STEPS: dict[str, Callable[[ImportBuilder, Any], object]] = {
    "switched": _switched,
    "switched_on": _switched_on,
    "verified": _verified,
    "trusted": _trusted,
    "host_and_port": _host_and_port,
    "mechanism": _mechanism,
    "duration": _duration,
    "minimum": _minimum,
    "percent_from": _percent_from,
    "authelia_server": _authelia_server,
    "keycloak_login": _keycloak_login,
    "mail_gem": _mail_gem,
    **helm.STEPS,
}
