"""Import and export Action Mailer's `smtp_settings`, a literal Ruby hash, never run."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from smtp_tui.interchange.export_builder import ExportBuilder
from smtp_tui.interchange.formats.variables import gem_link, gem_login
from smtp_tui.interchange.import_builder import (
    Assignment,
    EnvRef,
    ImportBuilder,
    UnresolvedVariable,
)
from smtp_tui.interchange.spec import FormatSpec, ImportSource, InterchangeError, text

_SPACE = re.compile(r"(?:\s|#[^\n]*)*")
_KEY = re.compile(
    r"""(?:(?P<word>[A-Za-z_]\w*)|"(?P<double>[^"\\#]*)"|'(?P<single>[^'\\]*)'):(?!:)
    |(?::(?P<symbol>[A-Za-z_]\w*)|:?"(?P<text>[^"\\#]*)"|:?'(?P<other>[^'\\]*)')\s*=>""",
    re.VERBOSE,
)
_STRING = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"", re.DOTALL)
_SYMBOL = re.compile(r":(?:([A-Za-z_]\w*)|\"([^\"\\#]*)\"|'([^'\\]*)')")
# No setting has more digits, and int() is slow on many.
_NUMBER = re.compile(r"(?![-.\d]{19})-?\d+(?:\.\d+)?")
# OpenSSL::SSL::VERIFY_PEER parses like smtp-tui's own choices.
_CONSTANT = re.compile(r"(?:true|false|nil)\b|OpenSSL::SSL::VERIFY_\w*(?:::\w+)*")
_ENV = re.compile(
    r"""ENV(?:\[\s*(?P<q1>['"])(?P<name1>\w+)(?P=q1)\s*\]
    |\.fetch\(\s*(?P<q2>['"])(?P<name2>\w+)(?P=q2)\s*(?:,\s*(?P<default>[^(){}]*?)\s*)?\)
    (?:\s*\{\s*(?P<block>[^(){}]*?)\s*\})?)(?:\.(?:to_i|to_s|to_sym|presence|strip))*""",
    re.VERBOSE,
)
_CONSTANTS: dict[str, Any] = {"true": True, "false": False, "nil": None}
_LETTERS = {"n": "\n", "t": "\t", "r": "\r", "s": " ", "e": "\x1b", "0": "\0"}
_OPEN, _CLOSE = "([{", ")]}"


def _pairs(source: str, at: int) -> list[Assignment]:
    """Return the pairs of the hash whose content starts at `at`."""
    found: list[Assignment] = []
    line, counted = 1, 0
    while True:
        at = _skip(source, at)
        if source[at : at + 1] in ("}", ""):
            return found
        line, counted = line + source.count("\n", counted, at), at
        key = _KEY.match(source, at)
        start = _skip(source, key.end()) if key else at
        value, end = _value(source, start)
        if key:
            name = next(group for group in key.groups() if group is not None)
            found.append(Assignment(name, value, line))
        else:
            found.append(Assignment("", UnresolvedVariable("computed", {"program": "Ruby"}), line))
        at = _skip(source, end)
        at += source[at : at + 1] == ","


def _skip(source: str, at: int) -> int:
    match = _SPACE.match(source, at)
    return match.end() if match else at


def _value(source: str, at: int) -> tuple[Any, int]:
    """Return one value and the position after it."""
    for value, end in literals(source, at):
        behind = _skip(source, end)
        if source[behind : behind + 1] in (",", "}", ""):
            return value, end
    return UnresolvedVariable("computed"), _end_of_expression(source, at)


def literals(source: str, at: int) -> Iterator[tuple[Any, int]]:
    """Yield what may be a literal value here, or a variable, each with the position after it."""
    for pattern, convert in _LITERALS:
        if match := pattern.match(source, at):
            yield convert(match), match.end()


def _string(match: re.Match[str]) -> str | UnresolvedVariable:
    inner = match[0][1:-1]
    if match[0][0] == "'":
        return re.sub(r"\\([\\'])", r"\1", inner)
    if re.search(r"(?<!\\)(?:\\\\)*#[{$@]", inner):
        return UnresolvedVariable("computed")
    if re.search(r"\\[^nrtse0\"\\#'$ ]", inner):
        return UnresolvedVariable("ruby-escape")
    return re.sub(r"\\(.)", lambda escape: _LETTERS.get(escape[1], escape[1]), inner)


def _variable(match: re.Match[str]) -> EnvRef:
    written = match["default"] or match["block"] or ""
    default, end = _value(written, 0) if written else (None, 0)
    is_literal = end == len(written) and isinstance(default, str | int | bool)
    return EnvRef(match["name1"] or match["name2"], default if is_literal else None)


_LITERALS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], Any]], ...] = (
    (_STRING, _string),
    (_ENV, _variable),
    (_SYMBOL, lambda match: next(filter(None, match.groups()), "")),
    (_NUMBER, lambda match: float(match[0]) if "." in match[0] else int(match[0])),
    (_CONSTANT, lambda match: _CONSTANTS.get(match[0], match[0])),
)


def _end_of_expression(source: str, at: int) -> int:
    depth = 0
    while at < len(source):
        letter = source[at]
        if letter in "'\"":
            match = _STRING.match(source, at)
            if match is None:
                return len(source)  # an unterminated string
            at = match.end()
            continue
        if depth == 0 and letter in ",}":
            break
        depth += (letter in _OPEN) - (letter in _CLOSE)
        at += 1
    return at


_HASH = re.compile(r"^(?P<lead>[^#\n]*?)smtp_settings\s*=\s*\{", re.MULTILINE)
_OPTIONS = re.compile(
    r"^[^#\n]*?\bdefault(?:_options\s*=\s*\{|_options\s*\(|\s)(?=\s*:?from)", re.M
)
_OFF = re.compile(r"^[^#\n]*?\bperform_deliveries\s*+=\s*+false\b", re.MULTILINE)
_METHOD = re.compile(r"^[^#\n]*?delivery_method\s*=\s*:(\w+)", re.MULTILINE)
# Ruby's numbers for the modes; for a client, 2 alone acts like 1.
_MODES = {0: "none", 1: "peer", 2: "fail_if_no_peer_cert", 3: "fail_if_no_peer_cert"}


def read(source: ImportSource, form: FormatSpec) -> ImportBuilder:
    """Import the hash, with the mail gem's defaults."""
    match = _HASH.search(source.text)
    if match is None:
        raise InterchangeError(text("no-smtp-settings"))
    found = _pairs(source.text, match.end())
    options = _OPTIONS.search(source.text)
    if options:
        sender = next(iter(_pairs(source.text, options.end())), None)
        found += [sender] if sender and sender.name == "from" else []
    if method := _METHOD.search(source.text):
        line = source.text.count("\n", 0, method.start(1)) + 1
        found.append(Assignment("delivery_method", method[1], line))
    builder = ImportBuilder(form, found)
    if _OFF.search(source.text):
        builder.remark("", "not-enabled")
    take_mail_gem(builder)
    builder.report_leftovers("")
    return builder


def take_mail_gem(builder: ImportBuilder) -> None:
    """Take the settings of Ruby's mail gem, with its defaults."""
    builder.expect("delivery_method", "smtp")
    builder.take_each(host="address", port="port", domain="domain")
    tls = bool(builder.switch("tls", None) or builder.switch("ssl", None))
    auto = builder.switch("enable_starttls_auto", None)
    if (required_word := builder.text("enable_starttls")) in ("auto", "always"):
        auto = required_word == "auto"
        required = None if auto else True
    else:
        required = builder.switch("enable_starttls", None)
    gem_link(builder, tls=tls, required=required, auto=auto)
    gem_login(builder, ["user_name", "password", "authentication"])
    mode = builder.get("openssl_verify_mode")
    if mode is not None:
        builder.put("openssl_verify_mode", _MODES.get(mode, mode), "openssl_verify_mode")
    builder.take("ca_file", "ca_file")
    builder.take_sender("from")
    for name in ("open_timeout", "read_timeout"):
        if name in builder:
            builder.reject(name, "timeout-one-step")
    builder.default("host", "localhost")
    builder.default("port", 25)
    builder.default("domain", "localhost.localdomain")


# Names with bare values; authentication is a symbol, others are strings.
_BARE = frozenset({"port", "tls", "enable_starttls", "enable_starttls_auto"})


def write(out: ExportBuilder) -> str:
    """Export the hash, for config/environments/production.rb or an initializer."""
    lines = ["ActionMailer::Base.delivery_method = :smtp", "ActionMailer::Base.smtp_settings = {"]
    for name, value in out.pairs():
        written = f":{value}" if name == "authentication" else quoted(str(value))
        lines.append(f"  {name}: {str(value).lower() if name in _BARE else written},")
    if out.lacks_secret:
        lines.append(f"  password: ENV.fetch({quoted(out.variable)}),")
    lines.append("}")
    if sender := out.sender:
        lines.append(f"ActionMailer::Base.default_options = {{ from: {quoted(sender)} }}")
    return "\n".join([*lines, ""])


def quoted(value: str) -> str:
    """Return a single-quoted string, in which only quotes and backslashes are escaped."""
    return "'" + re.sub(r"([\\'])", r"\\\1", value) + "'"
