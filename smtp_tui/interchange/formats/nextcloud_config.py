"""Import and export Nextcloud's `config.php`: an array of literals, never run."""

from __future__ import annotations

from urllib.parse import urlsplit

from smtp_tui.interchange.export_builder import ExportBuilder
from smtp_tui.interchange.import_builder import Assignment, ImportBuilder, WrittenValue
from smtp_tui.interchange.php_values import ARRAY, PhpReader, php_value, statements
from smtp_tui.interchange.spec import FormatSpec, ImportSource, InterchangeError, text


def _all(content: str) -> list[WrittenValue]:
    """Return the entries of $CONFIG's array and, without a name, its end."""
    starts = [one.start for one in statements(content, "CONFIG") if not one.name]
    if len(starts) > 1:
        raise InterchangeError(text("several-config-arrays"))
    opened = ARRAY.match(content, starts[0]) if starts else None
    if opened is None:
        raise InterchangeError(text("no-config-array"))
    return [*PhpReader(content).array(opened.end())]


def _set_alone(content: str) -> list[Assignment]:
    """Return what `$CONFIG['key'] = …` sets, besides the array."""
    return [
        Assignment(one.name, one.value, one.line)
        for one in statements(content, "CONFIG")
        if one.name
    ]


_ABOUT_MAIL = ("mail_smtp", "mail_domain", "mail_from_address", "mail_sendmailmode")


def keys_in(content: str, form: FormatSpec) -> list[str]:
    """Return the settings about mail; a name in a string or a comment is none."""
    del form
    names: list[str] = []
    for one in statements(content, "CONFIG"):
        opened = None if one.name else ARRAY.match(content, one.start)
        inner = PhpReader(content).array(opened.end()) if opened else ()
        names += [one.name, *(written.entry.name for written in inner)]
    return [name for name in dict.fromkeys(names) if name.startswith(_ABOUT_MAIL)]


SEPARATOR = " "
CAN_REFER = True


def written_values(content: str, form: FormatSpec | None = None) -> list[WrittenValue]:
    """Return the entries of $CONFIG, the last of each name."""
    del form
    return [*{one.entry.name: one for one in _all(content) if one.entry.name}.values()]


def place_for_new(content: str, form: FormatSpec) -> int:
    """Return where the array ends."""
    del form
    return _all(content)[-1].start


def read(source: ImportSource, form: FormatSpec) -> ImportBuilder:
    """Import the array, with Nextcloud's defaults."""
    entries = [written.entry for written in written_values(source.text)]
    builder = ImportBuilder(form, [*entries, *_set_alone(source.text)])
    if builder.text("mail_smtpmode") not in (None, "smtp"):
        builder.reject("mail_smtpmode", "not-smtp")
    builder.take_each(host="mail_smtphost", port="mail_smtpport")
    builder.default("host", "127.0.0.1")
    builder.default("port", 25)
    # Symfony's mailer uses implicit TLS at this port, whatever is set; other words are ignored.
    if builder.text("mail_smtpsecure") == "ssl" or builder.values.get("port") == 465:
        builder.put_link("ssl")
    else:
        builder.put_link("auto")
        builder.remark("encryption", "symfony-auto")
    if builder.switch("mail_smtpauth", False):
        builder.take("username", "mail_smtpname")
        builder.remark_own_choice("CRAM-MD5, LOGIN, PLAIN")
        builder.put_password("mail_smtppassword")
    else:
        builder.use("mail_smtpname", "mail_smtppassword")
        if "mail_smtpauth" in builder:
            builder.put("authentication", "none", "mail_smtpauth")
    _take_trust(builder)
    builder.put_timeout("mail_smtptimeout")
    builder.default("timeout", 10)
    local, domain = builder.text("mail_from_address"), builder.text("mail_domain")
    if local and domain:
        builder.put_sender(f"{local}@{domain}", None, "mail_from_address")
    if host := _host_of(builder.text("overwrite.cli.url") or ""):
        builder.values["domain"] = host
        builder.remark("domain", "nextcloud-hello")
    builder.report_leftovers("mail_smtp")
    return builder


def _host_of(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def _take_trust(builder: ImportBuilder) -> None:
    options = builder.get("mail_smtpstreamoptions")
    tls = options.get("ssl") if isinstance(options, dict) else None
    if isinstance(tls, dict) and tls.get("verify_peer") is False:
        builder.put("openssl_verify_mode", "none", "mail_smtpstreamoptions")
    elif isinstance(tls, dict) and tls.get("verify_peer_name") is False:
        builder.reject("mail_smtpstreamoptions", "any-name")
    elif isinstance(tls, dict) and tls.get("allow_self_signed"):
        builder.reject("mail_smtpstreamoptions", "self-signed")


def statement(name: str, value: object, form: FormatSpec) -> str:
    """Return the line that sets a value."""
    del form
    return f"'{name}' => {php_value(value)},"


def write(out: ExportBuilder) -> str:
    """Write a file of the folder `config`, which Nextcloud reads besides config.php."""
    lines = [f"  {statement(name, value, out.form)}" for name, value in out.pairs()]
    if out.lacks_secret:
        name = out.secret_name
        out.note("password", "secret-left-out", name=name)
        lines += [f"  // {text('secret-place', name=name)}"]
    return "\n".join(["<?php", "$CONFIG = array (", *lines, ");", ""])


def spelled(name: str, value: object, form: FormatSpec) -> str:
    """Return a value as the file holds it."""
    del name, form
    return php_value(value)
