"""A file is an application's only by keys of its own, with nothing in it that contradicts them."""

from __future__ import annotations

import tomllib
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smtp_tui.config.dialects.detect import all_headers, detect_dialect
from smtp_tui.config.dialects.plain import FLAGS, LABELS, NAMES, SWITCHES, WORDS
from smtp_tui.config.document import Document
from smtp_tui.config.errors import DocumentError, NoTableError
from smtp_tui.settings.fields import BY_KEY
from tests.config.dialect_samples import SAMPLES

NOWHERE = Path("/nonexistent")


def opened(folder: Path, text: str, name: str = "config.toml") -> Document:
    path = folder / name
    path.write_text(text)
    return Document.open(path)


OURS_OR_ANYBODYS = (
    '[smtp]\nhost = "a.example"\nfrom_name = "X"\n',
    '[smtp]\nhost = "a.example"\nfrom_email = "a@b.example"\n',
    '[smtp]\nhost = "a.example"\nfrom_name = "X"\nfrom_email = "a@b.example"\n[rabbit_mq]\n',
    '[smtp]\nsmtp_server = "a.example"\nfrom_email = "a@b.example"\n',
    '[email]\nsmtp_host = "a.example"\nsmtp_port = 587\n',
    '[email]\nsmtp_host = "a.example"\nuse_tls = true\n[authentication]\nfernet_key = 1\n',
    '[email]\nhost = "a.example"\nstarttls = true\n',
    '[email]\nhost = "a.example"\nfrom-address = "a@b.example"\nstarttls = true\n',
    '[email]\nsmtp_url = "smtps://u:p@a.example"\n',
    '[email]\nsmtp_url = "a.example"\nsmtp_from = "a@b.example"\n',
    '[mail]\nsmtp_server = "a.example"\nsender_mail = "a@b.example"\n',
    '[profiles.x]\nhost = "a.example"\ntls = true\nlogin = "u"\n',
    '[smtp]\nenabled = true\nhost = "a.example"\nuser = "u"\n[replay]\ndir = "x"\n',
    '[smtp]\nhost = "a.example"\ntls = true\nstarttls_policy = "mandatory"\n',
    '[api.smtp]\nhost = "a.example"\nfrom_address = "a@b.example"\nuser = "u"\n',
    '[auth.email.smtp]\nhost = "a.example"\nuser = "u"\nencryption = "tls"\n',
    '[smtp_options]\nhost = "a.example"\nport = 25\n',
    '[global.smtp]\nsender = "a@b.example"\nhost = "a.example"\n',
    '[email]\nsmtpAddr = "a.example"\nencryption = "tls"\n',
)


@pytest.mark.parametrize("text", OURS_OR_ANYBODYS)
def test_usual_keys_are_no_applications(tmp_path: Path, text: str) -> None:
    document = opened(tmp_path, text)
    assert document.recognition.dialect == "plain"
    assert str(document.recognition) == (
        "Read as plain TOML keys: nothing in the file points to a known application"
    )


PLAIN_KEYS = tuple(
    dict.fromkeys((*BY_KEY, *(name for names in NAMES.values() for name in names), *LABELS))
)
KEYS = (*PLAIN_KEYS, *WORDS, *FLAGS, *SWITCHES, "smtp_url", "reply_to", "to", "tls_skip_verify")


@given(
    st.sampled_from(["smtp", "email", "mail", "mailer", "notifications.smtp", "."]),
    st.lists(st.sampled_from(KEYS), unique=True, max_size=9),
    st.sampled_from(["config.toml", "settings.toml", "smtp.toml"]),
)
def test_no_plain_table_is_an_applications_by_usual_names(
    table: str, keys: list[str], name: str
) -> None:
    content: dict[str, Any] = dict.fromkeys(keys, "x")
    data: dict[str, Any] = content
    for step in reversed([] if table == "." else table.split(".")):
        data = {step: data}
    head, _ = detect_dialect(data, NOWHERE / name, "")
    assert head is None


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.dialect)
@pytest.mark.parametrize("key", ["encryption", "starttls_auto", "openssl_verify_mode"])
def test_a_key_of_ours_in_its_table_contradicts(tmp_path: Path, sample: Any, key: str) -> None:
    document = opened(tmp_path, sample.text, sample.name)
    data = tomllib.loads(sample.text)
    head = next(one for one in all_headers(NOWHERE)[0] if one.name == sample.dialect)
    table = data
    for step in [] if sample.table == "." else sample.table.split("."):
        table = table[step]
    table[key] = "tls"
    assert head.reason(data, sample.name) is None
    assert document.text == sample.text


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("config.toml", '[email]\nsmtpAddr = "a"\n', "[email] holds smtpAddr"),
        ("app.toml", '[smtp_options]\nserver = "a"\n', "it holds [smtp_options]"),
        (
            "lldap_config.toml",
            '[smtp_options]\nserver = "a"\n',
            "the file is named lldap_config.toml and it holds [smtp_options]",
        ),
        (
            "app.toml",
            '[job-queue]\n[email]\nhost = "a"\nfrom-address = "a@b.c"\n',
            "[email] holds host and the file has job-queue",
        ),
        ("app.toml", 'mail_relay = "smtp://a"\nmail_username = "u"\n', "the file holds mail_relay"),
        (
            "app.toml",
            '[email]\nsmtp_url = "a"\nstarttls_only = true\n',
            "[email] holds smtp_url and starttls_only",
        ),
    ],
)
def test_the_reason_is_given(tmp_path: Path, name: str, text: str, reason: str) -> None:
    recognition = opened(tmp_path, text, name).recognition
    assert recognition.reason == reason
    assert str(recognition) == f"Read as {recognition.application}: {reason}"


def test_another_dialect_can_be_chosen_and_the_choice_be_undone(tmp_path: Path) -> None:
    document = opened(tmp_path, '[email]\nsmtpAddr = "a.example"\n')
    plain = document.in_dialect("plain")
    assert (plain.dialect, plain.recognition.reason) == ("plain", "you chose it")
    assert plain.in_dialect("lldap").application == "lldap"
    assert plain.in_dialect("lldap").in_dialect(None).dialect == "vuls"
    assert document.dialect == "vuls"
    with pytest.raises(DocumentError, match="there is no dialect 'x'"):
        document.in_dialect("x")


def test_a_table_that_contradicts_can_be_read_in_the_chosen_dialect(tmp_path: Path) -> None:
    document = opened(tmp_path, '[email]\nhost = "a.example"\nencryption = "tls"\n')
    chosen = document.in_dialect("kitsune")
    assert chosen.default_table() == "email"
    assert chosen.unknown_keys("email") == ("encryption",)
    assert chosen.remarks("email") == ("Unknown keys in [email]: encryption.",)


TUWUNEL = """\
[global]
server_name = "example.org"

#[global.smtp]

# Connection URL for the outbound relay.
#
# example: "smtps://user:pass@mail.example.org:465"
#
#connection_uri =

# The sender.
#
#sender =

#require_email_for_registration = false

#[global.tls]

#certs =
"""
KITSUNE = """\
[database]
url = "postgres://localhost/kitsune"

# Email configuration
#
#[email]
#from-address = ""
#host = ""
#username = ""
#password = ""
#starttls = false # STARTTLS

# Embed configuration
#
#[embed]
#service-url = ""

[job-queue]
num-workers = 20
"""
SUPABASE = """\
[auth.email]
enable_signup = true

# Use a production-ready SMTP server
# [auth.email.smtp]
# enabled = true
# host = "smtp.sendgrid.net"
# port = 587
# user = "apikey"
# pass = "env(SENDGRID_API_KEY)"
# admin_email = "admin@email.com"
# sender_name = "Admin"

# Uncomment to customize email template
# [auth.email.template.invite]
# subject = "You have been invited"
"""
COMMENTED = (
    (
        "tuwunel.toml",
        TUWUNEL,
        "tuwunel",
        {"host": "a.example", "encryption": "ssl", "from": "a@b.example"},
        {
            "#[global.smtp]": "[global.smtp]",
            "#connection_uri =": 'connection_uri = "smtps://a.example"',
            "#sender =": 'sender = "a@b.example"',
        },
    ),
    (
        "conduwuit.toml",
        TUWUNEL,
        "tuwunel",
        {"host": "a.example", "encryption": "ssl"},
        {
            "#[global.smtp]": "[global.smtp]",
            "#connection_uri =": 'connection_uri = "smtps://a.example"',
        },
    ),
    (
        "config.toml",
        KITSUNE,
        "kitsune",
        {"host": "a.example", "from": "a@b.example", "encryption": "tls"},
        {
            "#[email]": "[email]",
            '#from-address = ""': 'from-address = "a@b.example"',
            '#host = ""': 'host = "a.example"',
            "#starttls = false # STARTTLS": "starttls = true",
        },
    ),
    (
        "config.toml",
        SUPABASE,
        "supabase",
        {"host": "a.example", "password": {"env": "X"}},
        {
            "# [auth.email.smtp]": "[auth.email.smtp]",
            '# host = "smtp.sendgrid.net"': 'host = "a.example"',
            '# pass = "env(SENDGRID_API_KEY)"': 'pass = "env(X)"',
        },
    ),
)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize(("name", "text", "dialect", "changes", "below"), COMMENTED)
def test_a_section_that_is_commented_out_is_made_in_its_place(
    tmp_path: Path,
    name: str,
    text: str,
    dialect: str,
    changes: dict[str, Any],
    below: dict[str, str],
    end: str,
) -> None:
    path = tmp_path / name
    path.write_bytes(text.replace("\n", end).encode())
    document = Document.open(path)
    table = document.new_table()
    assert document.recognition.dialect == dialect
    assert f"[{table}] is commented out in {name}" in document.recognition.reason
    assert document.lacks(table)
    assert document.tables() == ()
    with pytest.raises(NoTableError):
        document.default_table()
    with pytest.raises(NoTableError):
        document.changed(table, changes)
    document.save(table, changes, create=True)
    lines = []
    for line in text.splitlines():
        lines.append(line)
        if line in below:
            lines.append(below[line])
    assert path.read_bytes().decode() == end.join([*lines, ""])
    again = Document.open(path)
    assert (again.dialect, again.default_table()) == (dialect, table)
    values = again.values(table)
    assert {key: values[key] for key in changes} == changes


def test_a_section_with_other_keys_below_it_goes_to_the_end(tmp_path: Path) -> None:
    text = "[global]\n#[global.smtp]\n#connection_uri =\nserver_name = 'x'\n"
    document = opened(tmp_path, text, "tuwunel.toml")
    assert document.changed("global.smtp", {"host": "a.example"}, create=True) == (
        f'{text}\n[global.smtp]\nconnection_uri = "smtps://a.example"\n'
    )


def test_a_header_inside_a_text_is_no_commented_section(tmp_path: Path) -> None:
    text = 'about = """\n#[smtp]\n#host = \'a\'\n"""\n'
    document = opened(tmp_path, text, "app.toml")
    assert document.changed("smtp", {"host": "a.example"}, create=True) == (
        f'{text}\n[smtp]\nhost = "a.example"\n'
    )


def test_our_own_section_is_made_below_its_comment_too(tmp_path: Path) -> None:
    text = "[app]\nname = 'x'\n\n# Mail\n#[smtp]\n#host = 'a'\n#port = 25\n\n[end]\n"
    document = opened(tmp_path, text, "app.toml")
    assert document.changed("smtp", {"host": "b.example", "port": 26}, create=True) == (
        "[app]\nname = 'x'\n\n# Mail\n#[smtp]\n[smtp]\n#host = 'a'\nhost = \"b.example\"\n"
        "#port = 25\nport = 26\n\n[end]\n"
    )


def test_a_commented_section_in_a_file_of_another_name_shows_nothing(tmp_path: Path) -> None:
    assert opened(tmp_path, TUWUNEL, "app.toml").dialect == "plain"
    assert opened(tmp_path, "#[email]\n#host = ''\n#from-address = ''\n").dialect == "plain"


@pytest.mark.parametrize("text", ["", "\n", "# nothing\n", "[app]\nname = 'x'\n", "[smtp]\n"])
def test_a_file_without_a_table_gets_one(tmp_path: Path, text: str) -> None:
    document = opened(tmp_path, text, "smtp.toml")
    table = document.new_table()
    assert document.lacks(table) is ("[smtp]" not in text)
    assert document.unknown_keys(table) == document.remarks(table) == ()
    after = document.after(table, {"host": "a.example"}, create=True)
    assert after.values(table) == {"host": "a.example"}
    assert after.text.startswith(text.rstrip("\n"))
    assert document.text == text


@pytest.mark.parametrize(
    "text", ["", "# nothing\n", "verbose = true\n\n[ldaps_options]\nport = 6360\n"]
)
def test_an_applications_own_name_tells_where_there_is_no_mail_yet(
    tmp_path: Path, text: str
) -> None:
    document = opened(tmp_path, text, "lldap_config.toml")
    assert document.recognition.reason == "the file is named lldap_config.toml"
    assert document.new_table() == "smtp_options"
    assert document.changed("smtp_options", {"host": "a.example"}, create=True).endswith(
        '[smtp_options]\nserver = "a.example"\n'
    )
    new = Document.new(tmp_path / "mail_sender.toml")
    assert (new.dialect, new.new_table()) == ("kanidm", ".")
    assert new.changed(".", {"host": "a.example"}) == 'mail_relay = "smtps://a.example"\n'


@pytest.mark.parametrize("name", ["config.toml", "profiles.toml", "smtp.toml"])
def test_a_name_of_many_or_one_without_a_fixed_table_tells_nothing(
    tmp_path: Path, name: str
) -> None:
    assert opened(tmp_path, "x = 1\n", name).dialect == "plain"


def test_mail_settings_of_ours_in_such_a_file_stay_ours(tmp_path: Path) -> None:
    text = '[smtp]\nhost = "a.example"\nencryption = "tls"\n'
    assert opened(tmp_path, text, "lldap_config.toml").dialect == "plain"


def test_what_stands_in_the_way_of_a_table_is_not_written_over(tmp_path: Path) -> None:
    document = opened(tmp_path, "smtp = 'on'\n", "smtp.toml")
    assert not document.lacks("smtp")
    with pytest.raises(NoTableError):
        document.changed("smtp", {"host": "a.example"}, create=True)


HEADS = all_headers(NOWHERE)[0]
ANY_KEY = sorted({*KEYS, *(key for head in HEADS for key in head.known if "." not in key), "smtp"})
ANY_VALUE = (
    *('"x"', "1", "true", "[1]", "{a = 1}", "1.5", "[{a = 1}]", "1979-05-27", '"a@b.c"'),
    *('"a.example"', '"smtps://u:p@a.example"', '"smtp://u:p%ff@a.example:x"', '"a.example:25"'),
    '"X <a@b.c>"',
)
ANY_CHANGE: tuple[dict[str, Any], ...] = (
    {"host": "b.example"},
    {"from": "Y <y@b.example>"},
    {"encryption": "ssl"},
    {"password": "r"},
    {"username": None, "port": 26.0},
)


@pytest.mark.integration
@given(
    st.sampled_from([table for head in HEADS for table in head.tables if table not in (".", "**")]),
    st.dictionaries(st.sampled_from(ANY_KEY), st.sampled_from(ANY_VALUE), max_size=7),
    st.sampled_from([None, "plain", *(head.name for head in HEADS)]),
)
def test_whatever_a_table_holds_it_is_read_or_refused(
    table: str, content: dict[str, str], dialect: str | None
) -> None:
    table = table.replace("*", "x")
    lines = [f"[{table}]", *(f"{key} = {value}" for key, value in content.items()), ""]
    document = Document(Path("config.toml"), "\n".join(lines).encode(), dialect)
    assert {key.rpartition(".")[2] for key in document.unknown_keys(table)} <= {*content, "a"}
    assert document.given(table) <= document.values(table).keys()
    assert all("\n" not in one for one in (str(document.recognition), *document.remarks(table)))
    for changes in ANY_CHANGE:
        with suppress(DocumentError):
            text = document.changed(table, changes)
            assert Document(document.path, text.encode(), document.dialect).values(table)
