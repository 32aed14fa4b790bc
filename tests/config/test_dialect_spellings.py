"""What an application's file may say besides what is well: told at the field, never guessed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from smtp_tui.config.document import Document
from smtp_tui.config.errors import DocumentError, NotExpressibleError
from smtp_tui.settings.parsers import UnreadableValue
from smtp_tui.settings.validate import parse_settings

LLDAP = '[smtp_options]\nserver = "a.example"\n'
VULS = '[email]\nsmtpAddr = "a.example"\n'
REVOLT = '[api.smtp]\nhost = "a.example"\nfrom_address = "a@b.example"\n'
TUWUNEL = '[global.smtp]\nsender = "a@b.example"\n'
HIMALAYA = '[accounts.x]\nsmtp.server = "a.example"\n'
KITSUNE = '[job-queue]\n[email]\nhost = "a.example"\nfrom-address = "a@b.example"\n'
SUPABASE = '[auth.email.smtp]\nhost = "a.example"\nuser = "u"\n'
SMTPC = '[profiles.x]\nhost = "a.example"\nlogin = "u"\nconnection_timeout = 5\n'
REVA = '[http.services]\n[x.smtpclient]\nsender_mail = "a@b.example"\n'
NOTIFICATIONS = "[serverless.services.notifications.handlers.email]\n"
HIMALAYA_1 = (
    '[accounts.x]\nmessage.send.backend.host = "a.example"\n'
    'message.send.backend.encryption.type = "tls"\n'
)
OPENTALK = '[rabbit_mq]\n[smtp]\nfrom_name = "X"\n'


def opened(folder: Path, text: str) -> tuple[Document, str]:
    path = folder / "config.toml"
    path.write_text(text)
    document = Document.open(path)
    return document, document.default_table()


def values(folder: Path, text: str) -> dict[str, Any]:
    document, table = opened(folder, text)
    return document.values(table)


@pytest.mark.parametrize(
    ("text", "field", "message"),
    [
        (
            LLDAP + 'smtp_encryption = "SSL"\n',
            "encryption",
            'smtp_encryption "SSL" is not one of the values that smtp-tui knows: "NONE", "TLS"',
        ),
        (LLDAP + 'smtp_encryption = "tls"\n', "encryption", 'smtp_encryption "tls" is not one of'),
        (LLDAP + "smtp_encryption = 1\n", "encryption", "smtp_encryption 1 is not one of"),
        (LLDAP + "password = { env = 'X' }\n", "password", "password is a table or a list"),
        (LLDAP + "port = 'x'\n", "port", "'x' is not a port"),
        (VULS + "smtpPort = 587\n", "port", "smtpPort 587 is not text"),
        (
            VULS + 'tlsMode = "tls"\n',
            "encryption",
            'tlsMode "tls" is not known to Vuls; use "None", "STARTTLS", "SMTPS"',
        ),
        (
            VULS + 'tlsInsecureSkipVerify = "yes"\n',
            "openssl_verify_mode",
            'tlsInsecureSkipVerify "yes" is not one of the values that smtp-tui knows: true, false',
        ),
        (
            REVOLT + "use_tls = false\nuse_starttls = true\n",
            "encryption",
            "use_tls = false and use_starttls = true contradict each other",
        ),
        (
            VULS + 'from = "Vuls <a@b.example>"\n',
            "from",
            'from "Vuls <a@b.example>" has a display name; the application accepts only an',
        ),
        (
            'mail_relay = "smtp://a.example"\nmail_from_address = "K <a@b.example>"\n',
            "from",
            "has a display name",
        ),
        (
            'mail_relay = "a.example"\nmail_from_address = "a@b.example"\n',
            "host",
            "mail_relay is not a URL that begins with smtp:// or smtps://",
        ),
        (
            REVA.replace("a@b", "R <a@b").replace('e"', 'e>"') + 'smtp_server = "a.example"\n',
            "from",
            "has a display name",
        ),
        (
            NOTIFICATIONS + 'smtp_server = "a.example"\n',
            "port",
            "is missing in smtp_server; Reva's notifications requires it there",
        ),
        (NOTIFICATIONS + 'smtp_server = "[::1]:25"\n', "host", "holds a colon"),
        (
            '[email]\nsmtp_url = "smtps://u:secret@a.example"\nstarttls_only = true\n',
            "host",
            "is a URL; the application accepts only a hostname",
        ),
        (
            HIMALAYA_1 + 'message.send.backend.auth.type = "oauth2"\n',
            "authentication",
            'message.send.backend.auth.type "oauth2" is not one of the values that smtp-tui knows',
        ),
        (
            HIMALAYA_1 + 'message.send.backend.auth.keyring = "x"\n',
            "password",
            "is a place that only the application can read",
        ),
        (KITSUNE, "encryption", "starttls is missing; Kitsune accepts true, false"),
        (
            TUWUNEL + 'connection_uri = "imap://u:secret@a.example"\n',
            "host",
            "connection_uri is not a URL that begins with smtp:// or smtps://",
        ),
        (TUWUNEL + 'connection_uri = "a.example"\n', "host", "connection_uri is not a URL"),
        (TUWUNEL + "connection_uri = 5\n", "host", "connection_uri is not a URL"),
        (TUWUNEL, "host", "is missing"),
        (
            TUWUNEL + 'connection_uri = "smtps://u:secret%ff@a.example"\n',
            "password",
            "the password in connection_uri contains percent-encoding that is not UTF-8",
        ),
        (
            TUWUNEL + 'connection_uri = "smtp://a.example?tls=maybe"\n',
            "encryption",
            'the tls in connection_uri "maybe" is not known to tuwunel',
        ),
        (
            HIMALAYA + "smtp.sasl.plain.username = 'u'\nsmtp.sasl.login.username = 'u'\n",
            "authentication",
            "smtp.sasl must hold exactly one mechanism",
        ),
        (
            HIMALAYA + "smtp.sasl.anonymous.message = 'u'\n",
            "authentication",
            "smtp.sasl.anonymous is not one of",
        ),
        (SUPABASE + 'admin_email = "x"\n', "from", "'x' is not an address"),
        (
            SUPABASE.replace('"u"', '"env(SMTP_USER)"'),
            "username",
            "is the environment variable SMTP_USER, which only the application can read",
        ),
        (SMTPC + "ssl = true\ntls = true\n", "encryption", "contradict each other"),
        (REVA + 'smtp_server = "http://a.example/"\n', "host", "smtp_server is not a hostname"),
        (OPENTALK + 'smtp_server = "localhost"\n', "host", "smtp_server is not a URL"),
    ],
)
def test_it_is_told_at_the_field(tmp_path: Path, text: str, field: str, message: str) -> None:
    found = {
        problem.key: problem.message for problem in parse_settings(values(tmp_path, text)).problems
    }
    assert message in found[field]
    assert "secret" not in str(found)
    assert all("\n" not in told for told in found.values())


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        (LLDAP, {"port": 587, "encryption": "ssl"}),
        (VULS + 'smtpPort = "465"\n', {"encryption": "ssl"}),
        (VULS + 'smtpPort = "25"\n', {"encryption": "none", "starttls_auto": True}),
        (VULS + 'smtpPort = "465"\ntlsMode = "None"\n', {"encryption": "none"}),
        (REVOLT + "use_tls = false\n", {"encryption": "none", "port": 465}),
        (REVOLT + "use_starttls = true\n", {"encryption": "tls"}),
        (KITSUNE + "starttls = false\n", {"encryption": "ssl"}),
        (SMTPC, {"encryption": "none"}),
        (SMTPC + "tls = true\n", {"port": 25, "openssl_verify_mode": "none"}),
        (HIMALAYA, {"encryption": "ssl", "authentication": "none"}),
        (HIMALAYA.replace("a.ex", "smtp://a.ex"), {"encryption": "none"}),
        (
            HIMALAYA + "smtp.sasl.plain.password.command = 'pass show x'\n",
            {"password": {"command": ["sh", "-c", "pass show x"]}},
        ),
        (
            HIMALAYA + "smtp.sasl.xoauth2.token.command = ['ortie', 'token']\n",
            {"password": {"command": ["ortie", "token"]}, "authentication": "xoauth2"},
        ),
        (TUWUNEL + 'connection_uri = "SMTPS://[2001:db8::1]:465"\n', {"host": "2001:db8::1"}),
        (TUWUNEL + 'connection_uri = "smtps://a@b@c.example"\n', {}),
        (TUWUNEL + 'connection_uri = "smtp://a.example?tls=required"\n', {"encryption": "tls"}),
        (
            TUWUNEL + 'connection_uri = "smtp://a.example?tls=opportunistic"\n',
            {"encryption": "none", "starttls_auto": True, "port": 587},
        ),
        (OPENTALK, {"host": "localhost", "port": 25, "encryption": "tls"}),
        (
            REVA + 'smtp_server = "a.example:2525"\n',
            {"host": "a.example", "port": 2525, "username": "a@b.example"},
        ),
        (
            REVA + 'smtp_server = "a.example"\ndisable_auth = true\n',
            {"encryption": "none", "authentication": "none"},
        ),
        (
            "[authentication]\nfernet_key='x'\n[email]\nsmtp_host = 'a.example'\n",
            {"encryption": "ssl"},
        ),
        (
            '[email]\nsmtp_url = "a.example"\nstarttls_only = true\n',
            {"encryption": "tls", "authentication": "auto"},
        ),
        (
            '[email]\nsmtp_url = "a.example"\ndanger_insecure = true\nsmtp_username = "u"\n',
            {"encryption": "none", "authentication": "none", "port": 1025},
        ),
    ],
)
def test_it_means_what_the_application_would_do(
    tmp_path: Path, text: str, meaning: dict[str, Any]
) -> None:
    found = values(tmp_path, text)
    assert {key: found.get(key) for key in meaning} == meaning


def test_a_password_in_an_unreadable_url_stays_hidden(tmp_path: Path) -> None:
    found = values(tmp_path, TUWUNEL + 'connection_uri = "imap://u:secret@a.example"\n')
    assert "secret" not in repr(found) + str(found["host"])


def test_an_unreadable_value_is_mended_in_its_place(tmp_path: Path) -> None:
    document, table = opened(tmp_path, LLDAP + 'smtp_encryption = "SSL"  # so\n')
    document.save(table, {"encryption": "ssl"})
    assert document.text == LLDAP + 'smtp_encryption = "TLS"  # so\n'
    document, table = opened(tmp_path, REVOLT + "use_tls = false\nuse_starttls = true\n")
    document.save(table, {"encryption": "tls"})
    assert document.text == REVOLT + "use_tls = true\nuse_starttls = true\n"


def test_an_unreadable_url_is_not_written_over(tmp_path: Path) -> None:
    document, table = opened(tmp_path, TUWUNEL + 'connection_uri = "imap://a.example"\n')
    with pytest.raises(NotExpressibleError, match="connection_uri is not a URL that begins with"):
        document.save(table, {"port": 465})


def test_an_unknown_value_of_another_key_stays(tmp_path: Path) -> None:
    document, table = opened(tmp_path, LLDAP + 'smtp_encryption = "SSL"\n')
    document.save(table, {"port": 465})
    assert document.text == LLDAP + 'smtp_encryption = "SSL"\nport = 465\n'


def test_a_port_that_moves_the_encryption_moves_it_where_nobody_set_it(tmp_path: Path) -> None:
    document, table = opened(tmp_path, VULS + 'smtpPort = "465"\n')
    document.save(table, {"port": 587})
    assert document.text == VULS + 'smtpPort = "587"\n'
    assert document.values(table)["starttls_auto"] is True
    document.save(table, {"port": 465, "encryption": "tls"})
    assert document.text == VULS + 'smtpPort = "465"\ntlsMode = "STARTTLS"\n'


def test_a_section_is_made_where_there_is_none(tmp_path: Path) -> None:
    document = Document.new(tmp_path / "new.toml", "teleport")
    changes = {"host": "a.example", "username": "u", "from": "a@b.example"}
    document.save(document.new_table(), changes)
    assert document.text == (
        '[smtp]\nhost = "a.example"\nusername = "u"\n\n[delivery]\nsender = "a@b.example"\n'
    )
    document = Document.new(tmp_path / "url.toml", "tuwunel")
    document.save("global.smtp", {"host": "a.example", "encryption": "tls", "username": "a@b"})
    assert document.text == (
        '[global.smtp]\nconnection_uri = "smtp://a%40b@a.example?tls=required"\n'
    )


def test_an_unknown_dialect_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.touch()
    with pytest.raises(DocumentError, match="there is no dialect 'chatwoot'; smtp-tui dialects"):
        Document.open(path, "chatwoot")


def test_a_url_where_a_hostname_belongs_is_not_written_over(tmp_path: Path) -> None:
    text = '[email]\nsmtp_url = "smtps://u:secret@a.example"\nstarttls_only = true\n'
    document, table = opened(tmp_path, text)
    with pytest.raises(NotExpressibleError, match="smtp_url holds a URL") as caught:
        document.save(table, {"host": "b.example"})
    assert "secret" not in str(caught.value)
    assert document.path.read_text() == text


AUTHCID = (
    '[accounts.x]\nsmtp.server = "smtps://a.example"\nsmtp.sasl.plain.authcid = "u"\n'
    'smtp.sasl.plain.passwd.raw = "p"\n'
)


def test_himalayas_other_names_are_read_and_kept(tmp_path: Path) -> None:
    document, table = opened(tmp_path, AUTHCID)
    found = document.values(table)
    assert (found["username"], found["password"]) == ("u", "p")
    assert document.unknown_keys(table) == ()
    assert document.changed(table, {"username": "v", "password": "q"}) == (
        AUTHCID.replace('"u"', '"v"').replace('"p"', '"q"')
    )
    assert document.changed(table, {"password": {"command": ["pass"]}}) == (
        AUTHCID.replace('passwd.raw = "p"', 'passwd.command = ["pass"]')
    )
    assert document.changed(
        table, {"username": None, "password": None, "authentication": "none"}
    ) == ('[accounts.x]\nsmtp.server = "smtps://a.example"\n')


def test_they_go_with_the_mechanism_that_has_them(tmp_path: Path) -> None:
    document, table = opened(tmp_path, AUTHCID)
    document.save(table, {"authentication": "login"})
    assert "authcid" not in document.text
    assert "passwd" not in document.text
    found = document.values(table)
    assert (found["username"], found["password"]) == ("u", "p")


HIMALAYA_BETA = (
    'email = "me@example.org"\nmessage.send.backend = "smtp"\nsmtp.host = "a.example"\n'
    'smtp.port = 465\nsmtp.login = "me@example.org"\n'
)


@pytest.mark.parametrize("table", ["accounts.x", "x"])
@pytest.mark.parametrize(
    ("word", "ours"),
    [
        ('"tls"', "ssl"),
        ('"ssl"', "ssl"),
        ("true", "ssl"),
        (None, "ssl"),
        ('"start-tls"', "tls"),
        ('"starttls"', "tls"),
        ('"none"', "none"),
        ("false", "none"),
    ],
)
def test_a_himalaya_beta_means_implicit_tls_by_tls(
    tmp_path: Path, table: str, word: str | None, ours: str
) -> None:
    line = f"smtp.encryption = {word}\n" if word else ""
    document, found = opened(tmp_path, f"[{table}]\n{HIMALAYA_BETA}{line}")
    assert (document.dialect, found) == ("himalaya-beta", table)
    assert document.values(found)["encryption"] == ours
    assert document.changed(found, {"encryption": ours}) == document.text


@pytest.mark.parametrize(
    "password",
    [
        'smtp.auth = "passwd"\nsmtp.passwd.raw = "p"\n',
        'smtp.password.raw = "p"\n',
        'smtp.auth.type = "password"\nsmtp.auth.raw = "p"\n',
    ],
)
def test_a_himalaya_betas_password_is_kept_where_it_stands(tmp_path: Path, password: str) -> None:
    text = f"[accounts.x]\n{HIMALAYA_BETA}{password}"
    document, table = opened(tmp_path, text)
    found = document.values(table)
    assert (found["username"], found["password"]) == ("me@example.org", "p")
    assert document.unknown_keys(table) == ()
    assert document.changed(table, {"password": "q"}) == text.replace('raw = "p"', 'raw = "q"')


def test_a_himalaya_betas_oauth_is_not_taken_for_a_password(tmp_path: Path) -> None:
    oauth = 'smtp.oauth2.method = "xoauth2"\nsmtp.oauth2.client-secret.raw = "hunter2!"\n'
    document, table = opened(tmp_path, f"[accounts.x]\n{HIMALAYA_BETA}{oauth}")
    found = document.values(table)["authentication"]
    assert found == UnreadableValue(
        "smtp.oauth2 is a kind of login that only the application can do", "********"
    )


def test_a_generic_account_is_no_himalayas(tmp_path: Path) -> None:
    text = (
        '[accounts.x.smtp]\nhost = "a.example"\nport = 587\nlogin = "u"\npassword = "p"\n'
        'encryption = "tls"\n'
    )
    document, table = opened(tmp_path, text)
    assert document.dialect == "plain"
    assert document.values(table)["encryption"] == "tls"


@pytest.mark.parametrize(
    "backend",
    [
        "message.send.backend.host = 'a.example'\nmessage.send.backend.port = 587\n",
        "message.send.backend.host = 'a.example'\nmessage.send.backend.encryption = 'none'\n",
    ],
)
def test_a_himalaya_table_that_is_not_understood_is_not_offered(
    tmp_path: Path, backend: str
) -> None:
    path = tmp_path / "config.toml"
    path.write_text(f"[accounts.x]\nbackend.host = 'i.example'\nbackend.port = 993\n{backend}")
    assert Document.open(path).tables() == ()


@pytest.mark.parametrize(
    ("lines", "port", "encryption"),
    [
        ("port = 465\n", 465, "ssl"),
        ("port = 465\nssl = false\n", 465, "ssl"),
        ("port = 465\ntls = true\n", 465, "tls"),
        ("port = 587\n", 587, "tls"),
        ("port = 587\nssl = true\n", 587, "ssl"),
        ("port = 2525\n", 2525, "none"),
        ("", 25, "none"),
        ("tls = true\n", 25, "tls"),
        ("ssl = true\n", 25, "ssl"),
    ],
)
def test_smtpcs_port_decides_where_nothing_else_does(
    tmp_path: Path, lines: str, port: int, encryption: str
) -> None:
    path = tmp_path / "profiles.toml"
    path.write_text(f'[profiles.x]\nhost = "a.example"\nlogin = "u"\n{lines}')
    values = Document.open(path).values("profiles.x")
    assert (values["port"], values["encryption"]) == (port, encryption)


def test_smtpc_is_not_moved_to_a_port_that_changes_its_tls(tmp_path: Path) -> None:
    path = tmp_path / "profiles.toml"
    path.write_text('[profiles.x]\nhost = "a.example"\nlogin = "u"\nport = 465\n')
    document = Document.open(path)
    with pytest.raises(NotExpressibleError, match="set the port too"):
        document.changed("profiles.x", {"encryption": "none"})
    text = document.changed("profiles.x", {"encryption": "ssl", "port": 2465})
    assert "port = 2465\nssl = true\n" in text
