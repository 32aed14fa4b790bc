"""Import and export the formats that `formats.toml` declares in tables `read` and `write`.

`read` lists the steps in order: a settings key with the names that it is read from, or a step of
`_STEPS`. `write` has a line for each name, with the value to write (see
`interchange.export_builder`). Only what is peculiar to a program needs code here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from smtp_tui.interchange.envfile import export_env, import_env
from smtp_tui.interchange.export_builder import ExportBuilder
from smtp_tui.interchange.import_builder import EnvRef, FileRef, ImportBuilder
from smtp_tui.interchange.spec import FormatSpec, ImportSource
from smtp_tui.settings.fields import BY_KEY


def read(source: ImportSource, form: FormatSpec) -> ImportBuilder:
    """Import the variables as the format declares."""
    builder = import_env(form, source)
    read_declared(builder)
    return builder


def write(out: ExportBuilder) -> str:
    """Export the variables as the format declares."""
    return export_env(out, out.pairs())


def read_declared(
    builder: ImportBuilder,
    steps: Mapping[str, Callable[[ImportBuilder, Any], object]] | None = None,
    table: Mapping[str, Any] | None = None,
) -> None:
    """Run the steps of `table`, or else the format's `read`; `steps` has more than those here."""
    for step, names in (builder.form.read if table is None else table).items():
        if carry_out := (steps or {}).get(step) or _STEPS.get(step):
            carry_out(builder, names)
        elif step in BY_KEY:
            builder.take(step, *([names] if isinstance(names, str) else names))
        else:
            raise AssertionError(f"formats.toml has a step {step} that no code knows")


def _expect(builder: ImportBuilder, words: Mapping[str, list[str]]) -> None:
    for name, accepted in words.items():
        builder.expect(name, *accepted)


def _enabled(builder: ImportBuilder, name: str) -> None:
    if builder.switch(name, True) is False:
        builder.remark("", "not-enabled")


def _without_smtp(builder: ImportBuilder, name: str) -> None:
    if builder.switch(name, False):
        builder.reject(name, "not-smtp")


def _link(builder: ImportBuilder, spec: Mapping[str, Any]) -> None:
    """Set the encryption by a word; in some programs port 465 takes precedence."""
    choose = builder.exact_choice if spec.get("exact") else builder.choice
    chosen = choose(spec["name"], spec["words"], spec["default"])
    is_ssl = spec.get("at_465") and builder.values.get("port") == 465
    builder.put_link("ssl" if is_ssl else chosen, builder.form.goes_on)


def _switches(builder: ImportBuilder, names: Mapping[str, str]) -> None:
    """Set the encryption by a switch for each kind; `default` is the kind that is on if unset.

    With `both`, the program does not start with two of them on.
    """
    is_on = {
        link: bool(builder.switch(names[link], link in ("auto", names.get("default"))))
        for link in ("ssl", "tls", "auto")
        if link in names
    }
    if any(builder.is_unknown(names[link]) for link in is_on):
        return
    if is_on["ssl"] and is_on.get("tls") and "both" in names:
        builder.reject(names["tls"], "both-refused", other=names["ssl"])
    chosen = next((link for link, on in is_on.items() if on), "none")
    builder.put_link(chosen, builder.form.goes_on)


def _ssl_at_465(builder: ImportBuilder, otherwise: str) -> None:
    link = "ssl" if builder.values.get("port") == 465 else otherwise
    builder.put_link(link, builder.form.goes_on)


def _references(builder: ImportBuilder, prefixes: list[str]) -> None:
    """Take values like env://NAME and file:///PATH for what they name."""
    for name, entry in builder.entries.items():
        if not name.startswith(tuple(prefixes)) or not isinstance(entry.value, str):
            continue
        try:
            url = urlsplit(entry.value)
        except ValueError:
            continue
        if url.scheme == "env":
            value: object = EnvRef(url.netloc, url.query or None)
        elif url.scheme == "file":
            value = FileRef(url.path)
        else:
            continue
        builder.entries[name] = replace(entry, value=value)


def _elsewhere(builder: ImportBuilder, reasons: Mapping[str, str]) -> None:
    """Reject variables that name the server other than by host and port."""
    for name, why in reasons.items():
        if builder.text(name):
            builder.reject(name, why)


def _user_is_sender(builder: ImportBuilder, _: object) -> None:
    user = builder.values.get("username")
    if user and BY_KEY["from"].problem_with(user) is None:
        builder.default("from", user)


def _only_true(builder: ImportBuilder, names: list[str]) -> None:
    """Turn switches off that are neither true nor false: yes and 1 count as off."""
    for name in names:
        word = builder.text(name)
        if word is not None and word.casefold() not in ("true", "false"):
            builder.reject(name, "only-true", program=builder.form.title)
            builder.entries[name] = replace(builder.entries[name], value=False)


def _outline_link(builder: ImportBuilder, names: list[str]) -> None:
    name, without_starttls = names
    # An empty value is not the default but false.
    is_empty = name in builder and builder.get(name) is None
    is_on = not is_empty and builder.switch(name, True)
    if builder.is_unknown(name):
        return
    if not is_on:
        builder.put("openssl_verify_mode", "none", name)
    is_open = builder.switch(without_starttls, False)
    builder.put_link("ssl" if is_on else "none" if is_open else "auto", builder.form.goes_on)


_PLAUSIBLE_PORTS = {"Bamboo.Mua": 587, "Bamboo.SMTPAdapter": 25}


def _plausible_link(builder: ImportBuilder, name: str) -> None:
    adapter = builder.text("MAILER_ADAPTER") or ""
    is_on, is_unknown = builder.switch(name, None), builder.is_unknown(name)
    if is_on is None:
        is_on = builder.values.get("port") == 465 and adapter != "Bamboo.SMTPAdapter"
    if not is_unknown:
        builder.put_link("ssl" if is_on else "auto", builder.form.goes_on)
    if adapter in _PLAUSIBLE_PORTS:
        builder.default("port", _PLAUSIBLE_PORTS[adapter])
    elif "port" not in builder.values:
        builder.remark("port", "plausible-port")


def _sender(builder: ImportBuilder, names: str | list[str]) -> None:
    """Set the sender; a second name is for the display name."""
    address, *display = [names] if isinstance(names, str) else names
    builder.take_sender(address, display="".join(display))


def _unverified(builder: ImportBuilder, names: list[str]) -> None:
    """Turn verification off if one of these switches is on."""
    if any(builder.switch(name, False) for name in names):
        builder.put("openssl_verify_mode", "none", names[0])


def _client_key(builder: ImportBuilder, names: Mapping[str, str]) -> None:
    if builder.switch(names["switch"], False):
        builder.take_each(client_certificate=names["certificate"], client_key=names["key"])
    builder.use(names["certificate"], names["key"])


def _defaults(builder: ImportBuilder, values: Mapping[str, Any]) -> None:
    for key, value in values.items():
        # A table has a default for each encryption.
        link = builder.values.get("encryption", "none")
        link = "auto" if builder.values.get("starttls_auto") else link
        builder.default(key, value[link] if isinstance(value, dict) else value)


def gem_link(
    builder: ImportBuilder, *, tls: bool, required: bool | None, auto: bool | None
) -> None:
    """Set the encryption that Ruby's mail gem derives from its switches.

    `required` is `enable_starttls` if set, `auto` is `enable_starttls_auto`, which defaults to
    on. If STARTTLS is only allowed, the gem continues, and logs in, unencrypted.
    """
    link = "none"
    if tls:
        link = "ssl"
        if required or auto:
            builder.remark("encryption", "ruby-both")
    elif required is not None:
        link = "tls" if required else "none"
    elif auto is None or auto:
        link = "auto"
    builder.put_link(link, "auto-goes-on")


def _gem_link(builder: ImportBuilder, names: Mapping[str, str]) -> None:
    auto = builder.switch(names["auto"], True)
    tls, ssl = (builder.switch(names[kind], None) for kind in ("tls", "ssl"))
    gem_link(builder, tls=bool(tls or ssl), required=None, auto=auto)


def gem_login(builder: ImportBuilder, names: list[str]) -> None:
    """Take username, password and mechanism; the gem's default is PLAIN."""
    user, password, mechanism = names
    has_user = builder.take("username", user)
    builder.put_password(password)
    if not builder.put_mechanism(mechanism) and has_user:
        builder.default("authentication", "plain")


def _mastodon_link(builder: ImportBuilder, names: Mapping[str, Any]) -> None:
    tls = "true" in [builder.text(name) for name in names["tls"]]
    words = {"always": "tls", "never": "none", "auto": "auto"}
    chosen = builder.choice(names["starttls"], words, "")
    auto = builder.text(names["auto"]) != "false"
    required = {"tls": True, "none": False}.get(chosen)
    gem_link(builder, tls=tls, required=required, auto=chosen == "auto" if chosen else auto)


def _mastodon_login(builder: ImportBuilder, names: list[str]) -> None:
    user, password, mechanism = names
    if builder.text(mechanism) != "none":
        gem_login(builder, names)
    elif builder.text(user):
        # Without a mechanism the mail gem still logs in if there is a username.
        builder.remark("authentication", "none-logs-in")
        gem_login(builder, [user, password, ""])
    else:
        builder.put("authentication", "none", mechanism)


def _vaultwarden_link(builder: ImportBuilder, words: Mapping[str, str]) -> None:
    if "SMTP_SECURITY" in builder:
        builder.use("SMTP_SSL", "SMTP_EXPLICIT_TLS")
        link = builder.choice("SMTP_SECURITY", words, "tls")
    # The older pair of switches, which the program still reads:
    elif builder.switch("SMTP_EXPLICIT_TLS", False):
        builder.use("SMTP_SSL")
        link = "ssl"
    else:
        link = "tls" if builder.switch("SMTP_SSL", True) else "none"
    builder.put_link(link)


def _vaultwarden_mechanism(builder: ImportBuilder, name: str) -> None:
    listed = (builder.text(name) or "").replace('"', "").strip()
    if listed and "," not in listed:
        builder.put("authentication", listed, name)
    else:
        builder.remark_own_choice("PLAIN, LOGIN")


def _vaultwarden_trust(builder: ImportBuilder, names: list[str]) -> None:
    certificates, hostnames = names
    if builder.switch(certificates, False):
        builder.put("openssl_verify_mode", "none", certificates)
    elif builder.switch(hostnames, False):
        builder.reject(hostnames, "any-name")
    builder.use(hostnames)


def _nextcloud_server(builder: ImportBuilder, names: list[str]) -> None:
    word, host, port = names
    secure = builder.choice(word, {"ssl": "ssl", "tls": "tls"}, "")
    builder.take_each(host=host, port=port)
    builder.default("port", 465 if secure else 25)
    # Symfony uses implicit TLS on this port, whatever is set.
    if secure == "ssl" or builder.values.get("port") == 465:
        builder.put_link("ssl")
    else:
        builder.put_link("auto")
        builder.remark("encryption", "symfony-auto")


def _nextcloud_password(builder: ImportBuilder, names: list[str]) -> None:
    file, literal = names
    if not builder.put_password_file(file):
        builder.put_password(literal)


def _nextcloud_sender(builder: ImportBuilder, names: list[str]) -> None:
    local, domain = map(builder.text, names)
    if local and domain:
        builder.put_sender(f"{local}@{domain}", None, names[0])
    else:
        builder.remark("from", "nextcloud-sender")


# Prefixes of variables that many Node programs, by convention, pass to nodemailer.
_NODE_PREFIXES = ("SMTP_", "MAIL_", "EMAIL_SERVER_", "EMAIL_")
# Programs differ on what these mean; SMTP_SECURE means nodemailer's `secure`.
_NODE_UNSURE = ("TLS", "SSL", "STARTTLS", "ENCRYPTION", "USE_TLS", "USE_SSL")


def _node(builder: ImportBuilder, suffixes: Mapping[str, list[str]]) -> None:
    """Import variables by the suffixes of their names, after any usual prefix."""
    host_name = _node_take(builder, "host", suffixes["host"])
    _node_take(builder, "port", suffixes["port"])
    _node_link(builder)
    if _node_take(builder, "username", suffixes["username"]):
        mechanisms = "PLAIN, LOGIN, CRAM-MD5"
        builder.remark("authentication", "own-choice", program="nodemailer", names=mechanisms)
    builder.put_password(*_node_named(builder, *suffixes["password"]))
    for name in _node_named(builder, "REJECT_UNAUTHORIZED", "TLS_REJECT_UNAUTHORIZED"):
        if builder.switch(name, True) is False:
            builder.put("openssl_verify_mode", "none", name)
    sender = _node_named(builder, *suffixes["from"])
    display = builder.text(*_node_named(builder, "FROM_NAME"))
    builder.put_sender(builder.text(*sender), display, *sender)
    prefixes = [
        prefix for prefix in _NODE_PREFIXES if host_name.startswith(prefix) or not host_name
    ]
    builder.report_leftovers(prefixes[0])


def _node_named(builder: ImportBuilder, *suffixes: str) -> list[str]:
    names = [f"{prefix}{suffix}" for prefix in _NODE_PREFIXES for suffix in suffixes]
    return [name for name in names if name in builder]


def _node_take(builder: ImportBuilder, key: str, suffixes: list[str]) -> str:
    """Take the first of these, reject those that differ, and return the first name."""
    names = _node_named(builder, *suffixes)
    builder.take(key, *names)
    for name in names[1:]:
        if builder.text(name) not in (None, builder.text(names[0])):
            builder.reject(name, "other-taken", other=names[0])
    return names[0] if names else ""


def _node_link(builder: ImportBuilder) -> None:
    """Set the encryption, if the variables are unambiguous."""
    names = _node_named(builder, "SECURE")
    word = (builder.text(*names) or "").casefold()
    secure = {"true": True, "false": False}.get(word)
    port = builder.values.get("port")
    is_at_465 = port == 465
    unsure = [
        name for name in _node_named(builder, *_NODE_UNSURE) if builder.text(name) is not None
    ]
    # On 465 a word like ssl is unambiguous; `false` contradicts the port.
    if word and ((secure is None and not is_at_465) or (secure is False and is_at_465)):
        unsure += names[:1]
    for name in unsure:
        builder.reject(name, "node-secure")

    def is_on(suffix: str) -> bool:
        return any(builder.switch(name, False) for name in _node_named(builder, suffix))

    if secure or (is_at_465 and secure is None):
        builder.put_link("ssl")
        if port == 587:
            builder.remark("encryption", "node-587", name=names[0])
    elif is_on("REQUIRE_TLS"):
        builder.put_link("tls")
    elif is_on("IGNORE_TLS"):
        builder.put_link("none")
    elif not unsure:
        builder.put_link("auto")
        builder.remark("starttls_auto", "auto-goes-on", program="nodemailer")
    if not unsure:
        builder.default("port", 465 if secure else 587)


_STEPS: dict[str, Callable[[ImportBuilder, Any], object]] = {
    "expect": _expect,
    "enabled": _enabled,
    "without_smtp": _without_smtp,
    "link": _link,
    "switches": _switches,
    "ssl_at_465": _ssl_at_465,
    "references": _references,
    "elsewhere": _elsewhere,
    "user_is_sender": _user_is_sender,
    "only_true": _only_true,
    "outline_link": _outline_link,
    "plausible_link": _plausible_link,
    "own_choice": ImportBuilder.remark_own_choice,
    "password": ImportBuilder.put_password,
    "password_file": ImportBuilder.put_password_file,
    "timeout": ImportBuilder.put_timeout,
    "from": _sender,
    "unverified": _unverified,
    "client": _client_key,
    "defaults": _defaults,
    "others": lambda builder, prefixes: builder.report_leftovers(*prefixes),
    "gem_link": _gem_link,
    "gem_login": gem_login,
    "mastodon_link": _mastodon_link,
    "mastodon_login": _mastodon_login,
    "vaultwarden_link": _vaultwarden_link,
    "vaultwarden_mechanism": _vaultwarden_mechanism,
    "vaultwarden_trust": _vaultwarden_trust,
    "nextcloud_server": _nextcloud_server,
    "nextcloud_password": _nextcloud_password,
    "nextcloud_sender": _nextcloud_sender,
    "node": _node,
}
