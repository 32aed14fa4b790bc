"""The variables that Node programs hand to nodemailer: a habit of many, no one program's own."""

from __future__ import annotations

from smtp_tui.interchange.envfile.env_format import exported, intake
from smtp_tui.interchange.export_builder import ExportBuilder
from smtp_tui.interchange.import_builder import ImportBuilder
from smtp_tui.interchange.results import Exported, Imported
from smtp_tui.interchange.spec import FormatSpec, Source

_BEGINNINGS = ("SMTP_", "MAIL_", "EMAIL_SERVER_", "EMAIL_")
_HOSTS = ("HOST", "SERVER")
_USERS = ("USER", "USERNAME", "AUTH_USER")
_PASSWORDS = ("PASS", "PASSWORD", "AUTH_PASS")
_SENDERS = ("FROM", "FROM_EMAIL")
# Programs differ on what these mean; SMTP_SECURE has its meaning from nodemailer's `secure`.
_UNSURE = ("TLS", "SSL", "STARTTLS", "ENCRYPTION", "USE_TLS", "USE_SSL")
_SWITCH = {"true": True, "false": False}


def read(source: Source, form: FormatSpec) -> Imported:
    """Read the variables, with what nodemailer takes where they are not set."""
    taken = intake(form, source)
    host_name = _take(taken, "host", _HOSTS)
    _take(taken, "port", ("PORT",))
    _link(taken)
    if _take(taken, "username", _USERS):
        names = "PLAIN, LOGIN, CRAM-MD5"
        taken.remark("authentication", "own-choice", program="nodemailer", names=names)
    taken.put_password(*_named(taken, _PASSWORDS))
    for name in _named(taken, ("REJECT_UNAUTHORIZED", "TLS_REJECT_UNAUTHORIZED")):
        if taken.switch(name, True) is False:
            taken.put("openssl_verify_mode", "none", name)
    sender = _named(taken, _SENDERS)
    taken.put_sender(taken.text(*sender), taken.text(*_named(taken, ("FROM_NAME",))), *sender)
    taken.leftovers(next(one for one in _BEGINNINGS if host_name.startswith(one) or not host_name))
    return taken.done()


def _named(taken: ImportBuilder, ends: tuple[str, ...]) -> list[str]:
    """Return the variables with these ends that are set."""
    return [
        f"{beginning}{end}"
        for beginning in _BEGINNINGS
        for end in ends
        if f"{beginning}{end}" in taken
    ]


def _take(taken: ImportBuilder, key: str, ends: tuple[str, ...]) -> str:
    """Take the first of these; one that says otherwise is listed. Return the first one's name."""
    names = _named(taken, ends)
    taken.take(key, *names)
    for name in names[1:]:
        if taken.text(name) not in (None, taken.text(names[0])):
            taken.refuse(name, "other-taken", other=names[0])
    return names[0] if names else ""


def _link(taken: ImportBuilder) -> None:
    """Set how the connection is protected, where the variables leave no doubt about it."""
    names = _named(taken, ("SECURE",))
    word = (taken.text(*names) or "").casefold()
    secure = _SWITCH.get(word)
    port = taken.values.get("port")
    is_at_465 = port == 465
    unsure = [name for name in _named(taken, _UNSURE) if taken.text(name) is not None]
    # At 465 a word like ssl can mean one thing only; `false` there contradicts the port.
    if word and ((secure is None and not is_at_465) or (secure is False and is_at_465)):
        unsure += names[:1]
    for name in unsure:
        taken.refuse(name, "node-secure")
    if secure or (is_at_465 and secure is None):
        taken.put_link("ssl")
        if port == 587:
            taken.remark("encryption", "node-587", name=names[0])
    elif _is_on(taken, "REQUIRE_TLS"):
        taken.put_link("tls")
    elif _is_on(taken, "IGNORE_TLS"):
        taken.put_link("none")
    elif not unsure:
        taken.put_link("auto")
        taken.remark("starttls_auto", "auto-goes-on", program="nodemailer")
    if not unsure:
        taken.default("port", 465 if secure else 587)


def _is_on(taken: ImportBuilder, end: str) -> bool:
    return any(taken.switch(name, False) for name in _named(taken, (end,)))


def write(out: ExportBuilder) -> Exported:
    """Write the variables that most programs know."""
    link = out.link
    out.note_own_ways()
    if link != "ssl" and out.settings.port == 465:
        out.warn("port", "node-465")
    pairs = [
        ("SMTP_HOST", out.host),
        ("SMTP_PORT", str(out.settings.port)),
        ("SMTP_SECURE", str(link == "ssl").lower()),
        ("SMTP_FROM", out.sender),
        ("SMTP_USER", out.username),
    ]
    return exported(out, pairs, "SMTP_PASS")
