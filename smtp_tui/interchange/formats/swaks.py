"""swaks: a command line of the SMTP test tool; a password in it is never repeated."""

from __future__ import annotations

import shlex

from smtp_tui.interchange.addresses import host_and_port
from smtp_tui.interchange.intake import Intake
from smtp_tui.interchange.known import Format
from smtp_tui.interchange.outlet import Outlet
from smtp_tui.interchange.results import Exported, Imported, InterchangeError
from smtp_tui.interchange.shell_words import words
from smtp_tui.interchange.source import Source
from smtp_tui.interchange.swaks_options import options_of
from smtp_tui.interchange.texts import text

_VERSIONS = {"tlsv1": "1.0", "tlsv1_0": "1.0", "tlsv1_1": "1.1", "tlsv1_2": "1.2", "tlsv1_3": "1.3"}
_VERSION_NAMES = {"1.0": "tlsv1", "1.1": "tlsv1_1", "1.2": "tlsv1_2", "1.3": "tlsv1_3"}
_UNITS = {"s": 1, "m": 60, "h": 3600}


def read(source: Source, form: Format) -> Imported:
    """Read the first swaks command of a text."""
    start = source.text.find("swaks")
    if start < 0:
        raise InterchangeError(text("no-swaks"))
    _, *rest = words(source.text[start:])
    taken = Intake(form, options_of(rest))
    host, port = host_and_port(taken.text("server") or "")
    if host:
        taken.put("host", host, "server")
    if not taken.take("port", "port") and port:
        taken.put("port", port, "server")
    link = _link(taken)
    taken.put_link(link)
    _trust(taken, link)
    _log_in(taken)
    taken.take("domain", "helo")
    if taken.text("from") != "<>":
        taken.put_sender(taken.text("from"), None, "from")
    if timeout := taken.text("timeout"):
        number, unit = timeout[:-1], timeout[-1]
        number, unit = (timeout, "s") if unit not in _UNITS else (number, unit)
        is_number = number.isascii() and number.isdigit() and len(number) < 6
        taken.put("timeout", int(number) * _UNITS[unit] if is_number else timeout, "timeout")
    if family := {"4": "ipv4", "6": "ipv6"}.get("4" if "4" in taken else "6" * ("6" in taken)):
        taken.put("address_family", family, "4")
    taken.take("source_address", "local-interface")
    taken.default("port", 465 if link == "ssl" else 25)
    taken.use("4", "6")
    taken.leftovers("")
    return taken.done()


def _link(taken: Intake) -> str:
    for name, link in (("tls-on-connect", "ssl"), ("tls", "tls")):
        if name in taken:
            taken.use("tls", "tls-optional", "tls-optional-strict", "tls-on-connect")
            return link
    is_optional = "tls-optional" in taken or "tls-optional-strict" in taken
    taken.use("tls-optional", "tls-optional-strict")
    return "auto" if is_optional else "none"


def _trust(taken: Intake, link: str) -> None:
    verifies = [
        name for name in ("tls-verify", "tls-verify-ca", "tls-verify-host") if name in taken
    ]
    taken.use("tls-verify", "tls-verify-ca", "tls-verify-host")
    if link != "none" and not verifies:
        taken.default("openssl_verify_mode", "none")
    elif verifies and "tls-verify" not in verifies and len(verifies) == 1:
        taken.refuse(verifies[0], "half-verified")
    taken.take("ca_file", "tls-ca-path")
    taken.take("client_certificate", "tls-cert")
    taken.take("client_key", "tls-key")
    taken.take("server_name", "tls-verify-target", "tls-sni")
    taken.use("tls-sni", "tls-verify-target")
    versions = [one.strip().casefold() for one in (taken.text("tls-protocol") or "").split(",")]
    known = sorted(_VERSIONS[one] for one in versions if one in _VERSIONS)
    if known and len(known) == len(versions):
        taken.put("tls_minimum", known[0], "tls-protocol")
    elif "tls-protocol" in taken:
        taken.refuse("tls-protocol", "no-single-minimum")


def _log_in(taken: Intake) -> None:
    wants = "auth" in taken or "auth-user" in taken or "auth-password" in taken
    if not wants:
        taken.put("authentication", "none")
        return
    taken.take("username", "auth-user")
    if not taken.put_password("auth-password") and "auth-password" not in taken:
        taken.remark("password", "swaks-asks")
    listed = taken.text("auth") or "true"
    if listed != "true" and "," not in listed:
        taken.put_mechanism("auth")
    elif listed != "true":
        taken.remark("authentication", "own-choice", program="swaks", names=listed)


def write(out: Outlet) -> Exported:
    """Write a command that connects, logs in and quits; swaks asks for the password."""
    link = out.link
    minimum = out.given("tls_minimum")
    allowed = [name for version, name in _VERSION_NAMES.items() if minimum and version >= minimum]
    sender = out.mailbox
    if sender and sender.name:
        out.note("from", "no-sender-name", program="swaks")
    family = {"ipv4": "-4", "ipv6": "-6"}.get(str(out.given("address_family")))
    has_tls = link != "none"
    pairs: list[tuple[str, str | None]] = [
        ("--server", out.host),
        ("--port", str(out.settings.port)),
        (family or "", "" if family else None),
        ("--local-interface", out.given("source_address")),
        ("--timeout", out.whole_seconds),
        ("--helo", out.given("domain")),
        ("--from", sender.address if sender else None),
        ({"tls": "-tls", "ssl": "--tls-on-connect"}.get(link, "--tls-optional-strict"),
         "" if has_tls else None),
        ("--tls-verify", "" if has_tls and out.verifies else None),
        ("--tls-sni", out.given("server_name") if has_tls else None),
        ("--tls-verify-target", out.given("server_name") if has_tls and out.verifies else None),
        ("--tls-protocol", ",".join(allowed) if allowed and has_tls else None),
        ("--tls-ca-path", out.given("ca_file") if has_tls else None),
        ("--tls-cert", out.given("client_certificate") if has_tls else None),
        ("--tls-key", out.given("client_key") if has_tls else None),
        *_auth(out),
        ("--quit-after", "AUTH" if out.wants_secret else "HELO"),
    ]  # fmt: skip
    there = [word for name, value in pairs if value is not None for word in (name, value) if word]
    return out.done(" ".join(["swaks", *map(shlex.quote, there)]) + "\n")


def _auth(out: Outlet) -> list[tuple[str, str | None]]:
    if not out.wants_secret:
        return []
    mechanism = out.mechanism
    username = out.username or ""
    for key, value in (("username", username), ("password", out.secret or "")):
        # Even behind an equals sign swaks takes such a word for an option, and <> for nothing.
        if value.startswith("-") or value == "<>":
            raise InterchangeError(text("swaks-word", key=key))
    if out.secret is None:
        out.note("password", "swaks-asks")
    else:
        out.note("password", "swaks-shows")
    named = mechanism.upper() if mechanism else ""
    return [("--auth", named), ("--auth-user", username), ("--auth-password", out.secret)]
