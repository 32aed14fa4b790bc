"""Import and export msmtp's configuration, whose accounts can inherit."""

from __future__ import annotations

import re
import shlex

from smtp_tui.interchange.export_builder import ExportBuilder
from smtp_tui.interchange.import_builder import Assignment, ImportBuilder, UnresolvedVariable
from smtp_tui.interchange.spec import (
    FormatSpec,
    ImportAccountError,
    ImportSource,
    InterchangeError,
    listed,
    text,
)
from smtp_tui.settings.password_sources import (
    AskSource,
    CommandSource,
    EnvironmentSource,
    FileSource,
    KeyringSource,
    OAuthSource,
)

_Account = dict[str, Assignment]
_SWITCHES = frozenset({"tls", "tls_starttls", "tls_certcheck", "auth"})


def _parse_accounts(content: str) -> dict[str, _Account]:
    """Return the accounts by name, in the file's order; empty ones are left out."""
    defaults: _Account = {}
    accounts: dict[str, _Account] = {}
    current = accounts.setdefault("default", {})
    for number, line in enumerate(content.split("\n"), 1):
        stripped = line.strip(" \t\r")
        if not stripped or stripped.startswith("#"):
            continue
        written, argument = re.split(r"[ \t]+|$", stripped, maxsplit=1)
        name = written.casefold()
        if len(argument) > 1 and argument[0] == argument[-1] == '"':
            argument = argument[1:-1]
        if name == "defaults":
            current = defaults
        elif name == "account":
            account_name, _, parents = argument.partition(":")
            current = dict(defaults)
            for parent in filter(None, re.split(r"[\s,]+", parents)):
                current |= accounts.get(parent, {})
            accounts[account_name.strip()] = current
        else:
            value: object = "on" if name in _SWITCHES and not argument else argument
            value = UnresolvedVariable("computed") if name == "eval" else value
            current[name or f"line {number}"] = Assignment(name, value, number)
    return {name: account for name, account in accounts.items() if account}


# Commands of mpop, which fetches mail and has most of msmtp's other commands.
_MPOP = re.compile(r"^[ \t]*+(?:delivery|keep|killsize|skipsize|uidls_file)[ \t]", re.MULTILINE)


def keys_in(content: str, form: FormatSpec) -> list[str]:
    """Return the commands; those of mpop are none."""
    del form
    if _MPOP.search(content):
        return []
    return [name for account in _parse_accounts(content).values() for name in account]


_LONGEST = 4096
"""Characters of a command to parse here; a longer one is left to a shell."""
# Characters that need a shell, not only word splitting.
_NEEDS_SHELL = re.compile(r"[|&;<>()$`\\\"'*?\[#~=%{\n]")


def accounts(content: str, form: FormatSpec) -> tuple[str, ...]:
    """Return the names of the accounts; one that only stands for another is left out."""
    del form
    found = _parse_accounts(content)
    named = {name: account for name, account in found.items() if name != "default"}
    own = found.get("default")
    return (*named, *(["default"] if own and own not in named.values() else []))


def read(source: ImportSource, form: FormatSpec) -> ImportBuilder:
    """Import the named account, else msmtp's default one, else the first."""
    accounts = _parse_accounts(source.text)
    if not accounts:
        raise InterchangeError(text("no-account"))
    name = source.account or ("default" if "default" in accounts else next(iter(accounts)))
    if name not in accounts:
        raise ImportAccountError(
            text("no-such-account", name=repr(name[:40]), names=listed(accounts))
        )
    builder = ImportBuilder(form, accounts[name].values())
    others = [other for other in accounts if other != name and accounts[other] != accounts[name]]
    if others and source.account is None:
        builder.remark("", "account-chosen", name=name, others=", ".join(others))
    builder.expect("protocol", "smtp", "lmtp")
    if builder.text("protocol") == "lmtp":
        builder.put("protocol", "lmtp", "protocol")
    if path := builder.text("socket"):
        builder.put("host", f"unix:{path}", "socket")
        builder.use("host", "port")
    else:
        builder.take_each(host="host", port="port")
    if proxy := builder.text("proxy_host"):
        url = f"socks5://{f'[{proxy}]' if ':' in proxy else proxy}"
        port = builder.text("proxy_port")
        builder.put("proxy", f"{url}:{port}" if port else url, "proxy_host")
    builder.use("proxy_port")
    for key in ("domain", "from"):
        if "%" in (builder.text(key) or ""):
            builder.reject(key, "msmtp-pattern")
        else:
            builder.take(key, key)
    tls, starttls = builder.switch("tls", False), builder.switch("tls_starttls", True)
    builder.put_link(link := ("tls" if starttls else "ssl") if tls else "none")
    if not builder.switch("tls_certcheck", True):
        builder.put("openssl_verify_mode", "none", "tls_certcheck")
        builder.use("tls_fingerprint")
    else:
        builder.take("tls_fingerprint", "tls_fingerprint")
    if builder.text("tls_trust_file") not in (None, "system"):
        builder.take("ca_file", "tls_trust_file")
    _log_in(builder)
    builder.take_each(client_certificate="tls_cert_file", client_key="tls_key_file")
    builder.take_each(server_name="tls_host_override", source_address="source_ip")
    if builder.text("timeout") != "off":
        builder.put_timeout("timeout")
    if builder.values.get("protocol") != "lmtp" or link == "ssl":
        builder.default("port", 465 if link == "ssl" else 25)
    builder.default("domain", "localhost")
    builder.report_leftovers("")
    return builder


def _log_in(builder: ImportBuilder) -> None:
    method = (builder.text("auth") or "off").casefold()
    if method == "off":
        builder.put("authentication", "none", "auth")
        if "user" in builder:
            builder.remark("username", "msmtp-no-auth")
    elif method != "on":
        builder.put_mechanism("auth")
    builder.take("username", "user")
    has_password = builder.put_password("password")
    if command := builder.text("passwordeval"):
        builder.put("password", _source(command, builder.values.get("username")), "passwordeval")
    elif not has_password and method not in ("off", "external"):
        builder.remark("password", "msmtp-elsewhere")


def _source(command: str, username: object) -> dict[str, object]:
    """Turn a shell command into a password source, with plain argv if no shell is needed."""
    needs_shell = len(command) > _LONGEST or _NEEDS_SHELL.search(re.sub(r"'[^']*'", "", command))
    words = [] if needs_shell else shlex.split(command)
    match words:
        case ["printenv", name] if "=" not in name:
            return {"env": name}
        case ["cat", path] if path:
            return {"file": path}
        case ["keyring", "get", service, user] if user == username and service:
            return {"keyring": service}
        case [program, *_] if program:
            return {"command": words}
    return {"command": ["sh", "-c", command]}


def write(out: ExportBuilder) -> str:
    """Export one account, the default one."""
    pairs = out.pairs()
    if command := _password_command(out):
        pairs.append(("passwordeval", shlex.join(command)))
    return "".join(f"{name} {_quoted(str(value))}\n" for name, value in pairs)


def _password_command(out: ExportBuilder) -> list[str] | None:
    if not out.lacks_secret:
        return None
    match out.source:
        case EnvironmentSource(name):
            return ["printenv", name]
        case FileSource(path):
            return ["cat", path]
        case CommandSource(argv):
            return list(argv)
        case KeyringSource(service):
            return ["keyring", "get", service, out.username or ""]
        case OAuthSource():
            out.note("password", "msmtp-token")
            return ["smtp-tui", "token", "FILE"]
        case AskSource():
            out.note("password", "msmtp-asks")
            return None
        case _:
            out.note("password", "becomes-variable", name=out.variable)
            return ["printenv", out.variable]


def _quoted(value: str) -> str:
    """Quote an argument that is empty, or begins or ends with a blank or a quote."""
    edges = value[:1] + value[-1:]
    return f'"{value}"' if set(edges) & set(' \t"') or not value else value
