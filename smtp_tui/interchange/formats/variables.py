"""Formats that are declared as data: an entry of `formats.toml` has a table `read` and one `write`.

`read` has the steps in their order: one of our keys with the names that it is read from, or a step
of the table below. `write` has a line for each name, with what is written there. Code stands here
only for what a program does in a way of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from smtp_tui.interchange.envfile import export_env, import_env
from smtp_tui.interchange.export_builder import ExportBuilder
from smtp_tui.interchange.import_builder import ImportBuilder
from smtp_tui.interchange.results import Exported, Imported
from smtp_tui.interchange.spec import FormatSpec, Source
from smtp_tui.settings.fields import BY_KEY
from smtp_tui.settings.mailbox import parse_mailbox


def read(source: Source, form: FormatSpec) -> Imported:
    """Read the variables as the format's entry says."""
    taken = import_env(form, source)
    read_declared(taken)
    return taken.done()


def read_declared(taken: ImportBuilder) -> None:
    """Take the steps of the format's entry."""
    for step, names in taken.form.read.items():
        if step in _STEPS:
            _STEPS[step](taken, names)
        elif step in BY_KEY:
            taken.take(step, *([names] if isinstance(names, str) else names))
        else:
            raise AssertionError(f"formats.toml has a step {step} that no code knows")


def _expect(taken: ImportBuilder, words: Mapping[str, list[str]]) -> None:
    for name, accepted in words.items():
        taken.expect(name, *accepted)


def _enabled(taken: ImportBuilder, switches: Mapping[str, bool]) -> None:
    for name, default in switches.items():
        if taken.switch(name, default) is False:
            taken.remark("", "not-enabled", program=taken.form.title)


def _without_smtp(taken: ImportBuilder, name: str) -> None:
    if taken.switch(name, False):
        taken.refuse(name, "not-smtp")


def _link(taken: ImportBuilder, spec: Mapping[str, Any]) -> None:
    """Set how the connection is protected, by a word; some programs go by the port first."""
    chosen = taken.choice(spec["name"], spec["words"], spec["default"])
    link = "ssl" if spec.get("at_465") and taken.values.get("port") == 465 else chosen
    taken.put_link(link)
    if link == "auto":
        taken.remark("starttls_auto", taken.form.goes_on, program=taken.form.title)


def own_choice(taken: ImportBuilder, mechanisms: str) -> None:
    """Say where a program that logs in chooses the mechanism itself."""
    if "username" in taken.values:
        program = taken.form.title
        taken.remark("authentication", "own-choice", program=program, names=mechanisms)


def _password(taken: ImportBuilder, names: str | list[str]) -> None:
    taken.put_password(*([names] if isinstance(names, str) else names))


def _password_file(taken: ImportBuilder, name: str) -> None:
    if path := taken.text(name):
        taken.put("password", {"file": path}, name)


def _sender(taken: ImportBuilder, names: str | list[str]) -> None:
    """Set the sender; a second name has the display name."""
    address, *display = [names] if isinstance(names, str) else names
    taken.put_sender(taken.text(address), taken.text(*display) if display else None, address)


def _unverified(taken: ImportBuilder, names: list[str]) -> None:
    """Set what these switches say: that no certificate is checked."""
    if any(taken.switch(name, False) for name in names):
        taken.put("openssl_verify_mode", "none", names[0])


def _client_key(taken: ImportBuilder, names: Mapping[str, str]) -> None:
    if taken.switch(names["switch"], False):
        taken.take("client_certificate", names["certificate"])
        taken.take("client_key", names["key"])
    taken.use(names["certificate"], names["key"])


def _defaults(taken: ImportBuilder, values: Mapping[str, Any]) -> None:
    for key, value in values.items():
        # A table has the default for each way to connect.
        link = taken.values.get("encryption", "none")
        link = "auto" if taken.values.get("starttls_auto") else link
        taken.default(key, value[link] if isinstance(value, dict) else value)


def gem_link(taken: ImportBuilder, *, tls: bool, required: bool | None, auto: bool | None) -> None:
    """Set what Ruby's mail gem makes of its switches.

    `required` is `enable_starttls` where it is set, `auto` `enable_starttls_auto`, which is on
    unless it is set. With STARTTLS only allowed, the gem goes on, and logs in, unencrypted.
    """
    link = "none"
    if tls:
        link = "ssl"
        if required or auto:
            taken.remark("encryption", "ruby-both")
    elif required is not None:
        link = "tls" if required else "none"
    elif auto is None or auto:
        link = "auto"
        taken.remark("starttls_auto", "auto-goes-on", program=taken.form.title)
    taken.put_link(link)


def _gem_link(taken: ImportBuilder, names: Mapping[str, str]) -> None:
    auto = taken.switch(names["auto"], True)
    tls, ssl = taken.switch(names["tls"], None), taken.switch(names["ssl"], None)
    gem_link(taken, tls=bool(tls or ssl), required=None, auto=auto)


def gem_login(taken: ImportBuilder, names: list[str]) -> None:
    """Take username, password and mechanism; the gem uses PLAIN where it is told none."""
    user, password, mechanism = names
    has_user = taken.take("username", user)
    taken.put_password(password)
    if not taken.put_mechanism(mechanism) and has_user:
        taken.default("authentication", "plain")


def gem_mechanism(out: ExportBuilder) -> str | None:
    """Return the mechanism as the gem spells it; None where PLAIN, its default, is left to it."""
    if out.username is not None and out.mechanism is None:
        out.note("authentication", "ruby-plain")
    return (out.mechanism or "").replace("-", "_") or None


def _mastodon_link(taken: ImportBuilder, _: object) -> None:
    tls = taken.text("SMTP_TLS") == "true" or taken.text("SMTP_SSL") == "true"
    words = {"always": "tls", "never": "none", "auto": "auto"}
    chosen = taken.choice("SMTP_ENABLE_STARTTLS", words, "")
    auto = taken.text("SMTP_ENABLE_STARTTLS_AUTO") != "false"
    required = {"tls": True, "none": False}.get(chosen)
    gem_link(taken, tls=tls, required=required, auto=chosen == "auto" if chosen else auto)


def _mastodon_login(taken: ImportBuilder, names: list[str]) -> None:
    user, password, mechanism = names
    if taken.text(mechanism) != "none":
        gem_login(taken, names)
    elif taken.text(user):
        # Without a mechanism the mail gem logs in all the same, where there is a username.
        taken.remark("authentication", "none-logs-in")
        gem_login(taken, [user, password, ""])
    else:
        taken.put("authentication", "none", mechanism)


def _vaultwarden_link(taken: ImportBuilder, words: Mapping[str, str]) -> None:
    if "SMTP_SECURITY" in taken:
        taken.use("SMTP_SSL", "SMTP_EXPLICIT_TLS")
        link = taken.choice("SMTP_SECURITY", words, "tls")
    # The older pair of switches, which the program still reads.
    elif taken.switch("SMTP_EXPLICIT_TLS", False):
        taken.use("SMTP_SSL")
        link = "ssl"
    else:
        link = "tls" if taken.switch("SMTP_SSL", True) else "none"
    taken.put_link(link)


def _vaultwarden_mechanism(taken: ImportBuilder, name: str) -> None:
    listed = (taken.text(name) or "").replace('"', "").strip()
    if listed and "," not in listed:
        taken.put("authentication", listed, name)
    else:
        own_choice(taken, "PLAIN, LOGIN")


def _vaultwarden_trust(taken: ImportBuilder, names: list[str]) -> None:
    certificates, hostnames = names
    if taken.switch(certificates, False):
        taken.put("openssl_verify_mode", "none", certificates)
    elif taken.switch(hostnames, False):
        taken.refuse(hostnames, "any-name")
    taken.use(hostnames)


def _nextcloud_server(taken: ImportBuilder, names: list[str]) -> None:
    word, host, port = names
    secure = taken.choice(word, {"ssl": "ssl", "tls": "tls"}, "")
    taken.take("host", host)
    taken.take("port", port)
    taken.default("port", 465 if secure else 25)
    # Symfony has TLS from the first byte at this port, whatever is set.
    if secure == "ssl" or taken.values.get("port") == 465:
        taken.put_link("ssl")
    else:
        taken.put_link("auto")
        taken.remark("encryption", "symfony-auto", program=taken.form.title)


def _nextcloud_password(taken: ImportBuilder, names: list[str]) -> None:
    file, literal = names
    if taken.text(file):
        _password_file(taken, file)
    else:
        taken.put_password(literal)


def _nextcloud_sender(taken: ImportBuilder, names: list[str]) -> None:
    local, domain = map(taken.text, names)
    if local and domain:
        taken.put_sender(f"{local}@{domain}", None, names[0])
    else:
        taken.remark("from", "nextcloud-sender")


# The variables that Node programs hand to nodemailer: a habit of many, no one program's own.
_NODE_PREFIXES = ("SMTP_", "MAIL_", "EMAIL_SERVER_", "EMAIL_")
# Programs differ on what these mean; SMTP_SECURE has its meaning from nodemailer's `secure`.
_NODE_UNSURE = ("TLS", "SSL", "STARTTLS", "ENCRYPTION", "USE_TLS", "USE_SSL")


def _node(taken: ImportBuilder, ends: Mapping[str, list[str]]) -> None:
    """Read variables by the ends of their names, behind any of the usual beginnings."""
    host_name = _node_take(taken, "host", ends["host"])
    _node_take(taken, "port", ends["port"])
    _node_link(taken)
    if _node_take(taken, "username", ends["username"]):
        own = "PLAIN, LOGIN, CRAM-MD5"
        taken.remark("authentication", "own-choice", program="nodemailer", names=own)
    taken.put_password(*_node_named(taken, *ends["password"]))
    for name in _node_named(taken, "REJECT_UNAUTHORIZED", "TLS_REJECT_UNAUTHORIZED"):
        if taken.switch(name, True) is False:
            taken.put("openssl_verify_mode", "none", name)
    sender = _node_named(taken, *ends["from"])
    display = taken.text(*_node_named(taken, "FROM_NAME"))
    taken.put_sender(taken.text(*sender), display, *sender)
    prefixes = [one for one in _NODE_PREFIXES if host_name.startswith(one) or not host_name]
    taken.leftovers(prefixes[0])


def _node_named(taken: ImportBuilder, *ends: str) -> list[str]:
    names = [f"{prefix}{end}" for prefix in _NODE_PREFIXES for end in ends]
    return [name for name in names if name in taken]


def _node_take(taken: ImportBuilder, key: str, ends: list[str]) -> str:
    """Take the first of these; one that says otherwise is listed. Return the first one's name."""
    names = _node_named(taken, *ends)
    taken.take(key, *names)
    for name in names[1:]:
        if taken.text(name) not in (None, taken.text(names[0])):
            taken.refuse(name, "other-taken", other=names[0])
    return names[0] if names else ""


def _node_link(taken: ImportBuilder) -> None:
    """Set how the connection is protected, where the variables leave no doubt about it."""
    names = _node_named(taken, "SECURE")
    word = (taken.text(*names) or "").casefold()
    secure = {"true": True, "false": False}.get(word)
    port = taken.values.get("port")
    is_at_465 = port == 465
    unsure = [name for name in _node_named(taken, *_NODE_UNSURE) if taken.text(name) is not None]
    # At 465 a word like ssl can mean one thing only; `false` there contradicts the port.
    if word and ((secure is None and not is_at_465) or (secure is False and is_at_465)):
        unsure += names[:1]
    for name in unsure:
        taken.refuse(name, "node-secure")

    def is_on(end: str) -> bool:
        return any(taken.switch(name, False) for name in _node_named(taken, end))

    if secure or (is_at_465 and secure is None):
        taken.put_link("ssl")
        if port == 587:
            taken.remark("encryption", "node-587", name=names[0])
    elif is_on("REQUIRE_TLS"):
        taken.put_link("tls")
    elif is_on("IGNORE_TLS"):
        taken.put_link("none")
    elif not unsure:
        taken.put_link("auto")
        taken.remark("starttls_auto", "auto-goes-on", program="nodemailer")
    if not unsure:
        taken.default("port", 465 if secure else 587)


_STEPS: dict[str, Callable[[ImportBuilder, Any], object]] = {
    "expect": _expect,
    "ignore": lambda taken, names: taken.use(*names),
    "enabled": _enabled,
    "without_smtp": _without_smtp,
    "link": _link,
    "own_choice": own_choice,
    "password": _password,
    "password_file": _password_file,
    "timeout": lambda taken, name: taken.put_timeout(name),
    "from": _sender,
    "unverified": _unverified,
    "client": _client_key,
    "defaults": _defaults,
    "others": lambda taken, prefixes: taken.leftovers(*prefixes),
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


def write(out: ExportBuilder) -> Exported:
    """Write the variables as the format's entry says, the password last."""
    *pairs, (secret_name, _) = write_declared(out)
    return export_env(out, pairs, secret_name)


def write_declared(out: ExportBuilder) -> list[tuple[str, str | None]]:
    """Return the names and values of the format's entry; without a value where none is written.

    Notes stand in the order in which they are made, so an entry says what is looked at `first`.
    """
    for look in out.form.first:
        _FIRST[look](out)
    return [(name, _value(out, source)) for name, source in out.form.write.items()]


def _value(out: ExportBuilder, source: str | Mapping[str, Any]) -> str | None:
    if isinstance(source, str):
        return _VALUES[source](out) if source in _VALUES else out.given(source)
    ((kind, words),) = source.items()
    if kind in ("link", "mechanism", "verifies"):
        word: str | None = words.get(str(getattr(out, kind)).lower())
        return word
    is_written = kind == "always" or out.given(kind)
    return str(words) if is_written else None


def _note_needed_sender(out: ExportBuilder) -> None:
    if not out.settings.sender:
        name = next(name for name, source in out.form.write.items() if source == "own_sender")
        out.note("from", "needs-sender", program=out.form.title, name=name)


def _note_nextcloud_sender(out: ExportBuilder) -> None:
    sender = parse_mailbox(out.settings.sender) if out.settings.sender else None
    if sender is None:
        out.note("from", "nextcloud-sender")
    elif sender.name:
        out.note("from", "no-sender-name", program=out.form.title)


def _note_port_465(out: ExportBuilder) -> None:
    if out.link != "ssl" and out.settings.port == 465:
        out.note("port", "port-means-tls", program=out.form.title)


def _warn_port_465(out: ExportBuilder) -> None:
    if out.link != "ssl" and out.settings.port == 465:
        out.warn("port", "node-465")


_FIRST: dict[str, Callable[[ExportBuilder], object]] = {
    "link": lambda out: out.link,
    "mechanism": lambda out: out.mechanism,
    "own_ways": ExportBuilder.note_own_ways,
    "needed_sender": _note_needed_sender,
    "nextcloud_sender": _note_nextcloud_sender,
    "465_is_ssl": _note_port_465,
    "465_may_be_ssl": _warn_port_465,
}


def _sender_part(part: str) -> Callable[[ExportBuilder], str | None]:
    def value(out: ExportBuilder) -> str | None:
        return getattr(out.mailbox, part) or None if out.mailbox else None

    return value


def _own_sender(part: str) -> Callable[[ExportBuilder], str | None]:
    """Return a part of the sender, of the one that smtp-tui makes where none is set."""

    def value(out: ExportBuilder) -> str | None:
        made = parse_mailbox(out.settings.sender) if out.settings.sender else None
        sender = out.mailbox or made
        return getattr(sender, part) or None if sender else None

    return value


def _mail_part(place: int) -> Callable[[ExportBuilder], str]:
    def value(out: ExportBuilder) -> str:
        address = parse_mailbox(out.settings.sender).address if out.settings.sender else ""
        return address.rpartition("@")[place]

    return value


_VALUES: dict[str, Callable[[ExportBuilder], str | None]] = {
    "host": lambda out: out.host,
    "host_with_port": lambda out: out.host_with_port,
    "port": lambda out: str(out.settings.port),
    "verify_mode": lambda out: str(out.settings.openssl_verify_mode),
    "username": lambda out: out.username,
    "password": lambda out: out.secret if out.wants_secret else None,
    "timeout": lambda out: out.whole_seconds,
    "from": lambda out: out.sender,
    "sender_address": _sender_part("address"),
    "sender_name": _sender_part("name"),
    "own_sender": _own_sender("address"),
    "own_sender_name": _own_sender("name"),
    "local_part": _mail_part(0),
    "mail_domain": _mail_part(2),
    # A certificate's file may hold its key too.
    "client_key": lambda out: out.given("client_key") or out.given("client_certificate"),
    "gem_mechanism": gem_mechanism,
    "gem_login": lambda out: gem_mechanism(out) if out.username else "none",
}
