"""Settings out and in again: the same, as far as the format can express them."""

from __future__ import annotations

import re
from email.utils import parseaddr
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from smtp_tui.interchange.export_builder import export_text
from smtp_tui.interchange.importer import import_text, recognise
from smtp_tui.interchange.spec import QUOTINGS, Exported, FormatSpec, InterchangeError, formats
from smtp_tui.settings.fields import BY_KEY
from smtp_tui.settings.parsers import parse_mailbox
from smtp_tui.settings.validate import parse_settings
from tests.interchange.awkward import HANDMADE, passwords
from tests.table import table

ALL = sorted(formats())
MECHANISMS = ["plain", "login", "cram-md5", "scram-sha-256", "xoauth2"]
FINGERPRINT = "ab" * 32
PATHS = st.sampled_from(["/etc/ssl/ca.pem", "/srv/with space/x.pem"])
# Formats in which the port alone says whether TLS comes first.
BY_PORT = {"grafana", "nextcloud", "supabase", "helm-nextcloud", "helm-grafana"}
# At this port TLS comes first, whatever else is said.
AT_465 = {"laravel", "node", "nextcloud-config", "symfony"}
# The display name has no place.
BARE_SENDER = {
    "nextcloud", "msmtp", "swaks", "gotosocial", "ntfy", "vikunja", "discourse", "nextcloud-config",
    "dma", "opensmtpd", "helm-nextcloud",
}  # fmt: skip
# Their variables may be those of any Node program.
LIKE_NODE = {"outline", "supabase"}
# Without TLS nothing says how a certificate would be verified.
OPEN_SAYS_NOTHING = {"msmtp", "postfix", "alertmanager", "swaks", "laravel", "symfony"}
OPEN_SAYS_NOTHING |= {"dma", "ssmtp", "nullmailer", "opensmtpd", "odoo"}

values = st.fixed_dictionaries(
    {
        "host": st.sampled_from(["mail.example.org", "192.0.2.7", "2001:db8::25"]),
        "port": st.sampled_from([25, 465, 587, 2525]),
        "encryption": st.sampled_from(["none", "tls", "ssl"]),
    },
    optional={
        "domain": st.sampled_from(["me.example.org", "[192.0.2.9]"]),
        "starttls_auto": st.booleans(),
        "authentication": st.sampled_from(["auto", *MECHANISMS]),
        "openssl_verify_mode": st.sampled_from(["none", "peer", "fail_if_no_peer_cert"]),
        "from": st.sampled_from(["a@example.org", "Ann O'Nym #1 <a@example.org>"]),
        "timeout": st.integers(1, 90),
        "ca_file": PATHS,
        "server_name": st.just("mx.example.org"),
        "tls_minimum": st.sampled_from(["1.0", "1.1", "1.2", "1.3"]),
        "tls_fingerprint": st.just(FINGERPRINT),
        "client_certificate": PATHS,
        "address_family": st.sampled_from(["ipv4", "ipv6"]),
        "source_address": st.just("192.0.2.1"),
    },
)
logins = st.fixed_dictionaries(
    {"username": st.sampled_from(["alice", "alice@example.org", "al ice$#"]), "password": passwords}
)


def expected(form: FormatSpec, given_values: dict[str, Any]) -> dict[str, Any]:
    """What of our values the format can express, as it then means them."""
    wanted = {key: value for key, value in given_values.items() if key in form.expresses}
    link = given_values["encryption"]
    if link == "none" and given_values.get("starttls_auto"):
        link = "auto"
    link = form.links[link]
    wanted["encryption"] = "none" if link == "auto" else link
    wanted["starttls_auto"] = link == "auto"
    mode = given_values.get("openssl_verify_mode", "peer")
    mode = "peer" if mode == "fail_if_no_peer_cert" and mode not in form.verify else mode
    wanted["openssl_verify_mode"] = mode if mode in form.verify else form.verify[0]
    if form.name == "outline" and link != "ssl":
        wanted["openssl_verify_mode"] = "none"
    if "tls_fingerprint" in wanted:
        wanted["openssl_verify_mode"] = "peer"  # of no account beside a fingerprint
    if "username" not in given_values:
        wanted.pop("password", None)
    elif given_values.get("authentication") in form.mechanisms:
        wanted["authentication"] = given_values["authentication"]
    if "from" in wanted and form.name in BARE_SENDER:
        wanted["from"] = parse_mailbox(wanted["from"]).address
    if "from" in wanted and form.title == "Grafana" and not parse_mailbox(wanted["from"]).name:
        wanted["from"] = f"Grafana <{wanted['from']}>"  # from_name has a default
    return wanted


def is_expressible(form: FormatSpec, given_values: dict[str, Any]) -> bool:
    """Leave out what changes its meaning on the way, which the notes tell."""
    link = form.links[given_values["encryption"]]
    if form.name in BY_PORT and (link == "ssl") != (given_values["port"] == 465):
        return False
    if form.name in AT_465 and link in ("tls", "auto") and given_values["port"] == 465:
        return False
    source, family = given_values.get("source_address"), given_values.get("address_family")
    if source and family == "ipv6":
        return False
    without_tls = given_values["encryption"] == "none"
    return not (without_tls and form.name in OPEN_SAYS_NOTHING)


def exported_if_it_fits(
    name: str, whole: dict[str, Any], quoting: str | None = None
) -> Exported | None:
    """Export with the password; None where it is refused, which other tests look at."""
    try:
        return export_text(name, whole, with_password=True, quoting=quoting)
    except InterchangeError:
        return None


def beside(text: str) -> dict[str, str]:
    """The files that an export holds as comments, each below a line that names it."""
    _, _, login = text.rpartition("\n# [")
    found = {"sasl_passwd": f"[{login}"}
    name = ""
    for line in text.partition("\n\n#")[2].split("\n"):
        if line.endswith(":") and (match := COMPANION.match(line)):
            name = match["name"]
            found[name] = ""
        elif name:
            found[name] += line.removeprefix("# ") + "\n"
    return found


COMPANION = re.compile(
    r"#? ?(?:/etc/mail/)?(?P<name>auth\.conf|passwd\.client|\w+\.conf\.\w+|secrets),"
)


def file_of(form: FormatSpec) -> str:
    """The usual name of a format's file, without which some files could be another program's."""
    return form.files[0].rpartition("/")[2].replace("*", "x") if form.files else ""


@pytest.mark.integration
@pytest.mark.parametrize("name", ALL)
@settings(max_examples=120)
@given(connection=values, login=st.one_of(st.just({}), logins))
def test_round_trip(name: str, connection: dict[str, Any], login: dict[str, Any]) -> None:
    form = formats()[name]
    whole = {**connection, **login}
    if not login:
        whole.pop("authentication", None)
    assume(is_expressible(form, whole))
    assume(parse_settings(whole).settings is not None)
    exported = exported_if_it_fits(name, whole)
    if exported is None:
        return
    # Without a login these may be those of another program.
    is_sure = name not in LIKE_NODE and (name not in ("nextcloud", "nodemailer") or bool(login))
    assert not is_sure or recognise(exported.text, file_of(form))[0].name == name
    imported = import_text(exported.text, name, beside=beside(exported.text))
    wanted = expected(form, whole)
    same(imported.values, wanted)
    lost = set(whole) - form.expresses - {"encryption", "starttls_auto"}
    lost -= {"authentication", "openssl_verify_mode", "username", "password"}
    assert lost <= {note.key for note in exported.notes}


def same(found: dict[str, Any], wanted: dict[str, Any]) -> None:
    settings_found = parse_settings(found).settings
    assert settings_found is not None
    for key, value in wanted.items():
        attribute = BY_KEY[key].attribute
        assert getattr(settings_found, attribute) == BY_KEY[key].parse(value), key


LINKS: dict[str, dict[str, Any]] = {
    "none": {"encryption": "none"},
    "auto": {"encryption": "none", "starttls_auto": True},
    "tls": {"encryption": "tls"},
    "ssl": {"encryption": "ssl"},
}
# Go refuses PLAIN where there is no TLS.
IN_GO = {"gitea", "grafana", "alertmanager", "supabase", "helm-gitea", "helm-grafana"}
# The display name has a key of its own.
OWN_NAME = {"grafana", "laravel", "vaultwarden", "vaultwarden-json", "keycloak", "home-assistant"}
OWN_NAME |= {"crowdsec", "supabase", "plausible", "metabase", "gitlab"}
OWN_NAME |= {"helm-vaultwarden", "helm-grafana"}
# Implicit TLS is at port 465 alone.
ONLY_465 = {"grafana", "supabase", "helm-grafana"}
SAFETY = {"none": 0, "auto": 1, "tls": 2, "ssl": 2}


def link_of(imported: dict[str, Any]) -> str:
    if imported.get("starttls_auto"):
        return "auto"
    return str(imported.get("encryption", "tls"))


@table("name", ALL)
@table("link", LINKS)
@table("port", [25, 465, 587, 2465])
@table("login", ["none", "auto", "plain", "cram-md5", "scram-sha-256"])
def test_what_changes_its_meaning_is_told(name: str, link: str, port: int, login: str) -> None:
    whole: dict[str, Any] = {"host": "a.example", "port": port, **LINKS[link]}
    whole |= {"username": "me", "password": "x", "authentication": login} if login != "none" else {}
    exported = exported_if_it_fits(name, whole)
    if exported is None:
        assert link in formats()[name].refuses or (name in ONLY_465 and link == "ssl")
        assert name not in ONLY_465 or port != 465
        return
    imported = import_text(exported.text, name, beside=beside(exported.text)).values
    found = link_of(imported)
    told = {note.key for note in exported.notes}
    warned = {note.key for note in exported.notes if note.weakens}
    assert imported["host"] == "a.example"
    assert imported.get("port", port) == port
    assert found == link or told & {"encryption", "port"}
    assert SAFETY[found] >= SAFETY[link] or "encryption" in warned
    if login != "none":
        mechanism = imported.get("authentication", "auto")
        assert mechanism == login or "authentication" in told
        assert (
            mechanism == login
            or not login.startswith(("cram", "scram"))
            or ("authentication" in warned)
        )
        # Where a check here would not send the password, the target that sends it is named.
        if link == "auto" and found == "auto":
            assert "starttls_auto" in warned
        if link == found == "none" and (login == "auto" or name in IN_GO):
            assert "encryption" in warned


@table(
    ("link", "port", "forced"),
    [("ssl", 465, None), ("ssl", 2465, True), ("tls", 587, None), ("tls", 465, False)],
)
def test_tls_from_the_first_byte_for_alertmanager(
    link: str, port: int, forced: bool | None
) -> None:
    exported = export_text("alertmanager", {"host": "a.example", "port": port, **LINKS[link]})
    line = f"  smtp_force_implicit_tls: {str(forced).lower()}\n"
    assert (line in exported.text) is (forced is not None)
    assert any("0.31.0" in note.text for note in exported.notes) is (forced is not None)
    imported = import_text(exported.text).values
    assert (link_of(imported), imported["port"]) == (link, port)


def test_grafana_gets_no_port_at_which_it_would_go_without_tls() -> None:
    with pytest.raises(InterchangeError, match="at port 2465 it would connect without TLS"):
        export_text("grafana", {"host": "a.example", "port": 2465, "encryption": "ssl"})


@table("written", ["Shop, Inc. <a@b.example>", '"Shop, Inc." <a@b.example>'])
@table("name", ALL)
def test_a_display_name_with_a_comma(name: str, written: str) -> None:
    exported = export_text(name, {"host": "a.example", "from": written})
    found = import_text(exported.text, name).values.get("from")
    if "from" not in formats()[name].expresses:
        assert found is None
    elif name in BARE_SENDER:
        assert found == "a@b.example"
    elif name in OWN_NAME:  # a key of its own, without quotes
        assert found == "Shop, Inc. <a@b.example>"
        assert not re.search(
            r"""[\\'(]"Shop, Inc.""", exported.text.replace('\\"', '"').replace('"""', "")
        )
    else:
        assert parseaddr(str(found)) == ("Shop, Inc.", "a@b.example")


def test_what_bounds_trust_is_not_lost_in_silence() -> None:
    whole = {"host": "a.example", "ca_file": "/ca.pem", "tls_minimum": "1.3"}
    whole["tls_fingerprint"] = FINGERPRINT
    for name, form in formats().items():
        warned = {note.key for note in export_text(name, whole).notes if note.weakens}
        assert {"ca_file", "tls_minimum", "tls_fingerprint"} - form.expresses <= warned


@given(password=passwords)
@table("quoting", QUOTINGS)
@table(
    "name",
    ["chatwoot", "mastodon", "vaultwarden", "laravel", "django", "node", "paperless", "ghost"],
)
def test_every_quoting(name: str, quoting: str, password: str) -> None:
    whole = {"host": "a.example", "port": 587, "encryption": "tls", "username": "al ice"}
    exported = exported_if_it_fits(name, {**whole, "password": password}, quoting)
    if exported is None:
        return
    imported = import_text(exported.text, name, quoting=quoting)
    assert imported.values["password"] == password
    assert imported.values["username"] == "al ice"


@table("name", ALL)
def test_without_the_password(name: str) -> None:
    whole = {"host": "a.example", "port": 587, "username": "alice", "password": "wonderland"}
    exported = export_text(name, whole)
    assert "wonderland" not in exported.text
    assert "password" in {note.key for note in exported.notes} or "SMTP_PASSWORD" in exported.text
    imported = import_text(exported.text, name)
    assert imported.values.get("password") in (None, {"env": "SMTP_PASSWORD"})


@table(
    ("name", "source", "found"),
    [
        ("django", {"env": "MAIL_SECRET"}, {"env": "MAIL_SECRET"}),
        ("rails", {"env": "MAIL_SECRET"}, {"env": "MAIL_SECRET"}),
        ("grafana", {"env": "MAIL_SECRET"}, {"env": "MAIL_SECRET"}),
        ("helm-grafana", {"env": "MAIL_SECRET"}, {"env": "MAIL_SECRET"}),
        ("grafana", {"file": "/run/secret"}, {"file": "/run/secret"}),
        ("alertmanager", {"file": "/run/secret"}, {"file": "/run/secret"}),
        ("msmtp", {"env": "MAIL_SECRET"}, {"env": "MAIL_SECRET"}),
        ("msmtp", {"file": "/run/a secret"}, {"file": "/run/a secret"}),
        ("msmtp", {"keyring": "mail"}, {"keyring": "mail"}),
        ("msmtp", {"command": ["pass", "a b"]}, {"command": ["pass", "a b"]}),
        ("msmtp", {"command": ["sh", "-c", "a | b"]}, {"command": ["sh", "-c", "a | b"]}),
        ("msmtp", {"ask": True}, None),
    ],
)
def test_a_reference_to_a_password(name: str, source: Any, found: Any) -> None:
    whole = {"host": "a.example", "port": 587, "username": "alice", "password": source}
    imported = import_text(export_text(name, whole).text, name)
    assert imported.values.get("password") == found


def test_msmtp_gets_the_token_of_a_sign_in() -> None:
    whole = {"host": "a.example", "port": 587, "username": "alice", "authentication": "xoauth2"}
    exported = export_text("msmtp", {**whole, "password": {"oauth": "support"}})
    assert "auth xoauth2\nuser alice\npasswordeval smtp-tui token FILE\n" in exported.text
    assert "put the absolute path of the settings file" in str(exported.notes)


def test_the_password_itself_is_needed_for_an_export_with_it() -> None:
    whole = {"host": "a.example", "username": "alice", "password": {"env": "X"}}
    with pytest.raises(InterchangeError, match="no password to export"):
        export_text("rails", whole, with_password=True)
    exported = export_text("rails", whole, with_password=True, secret="wonderland")
    assert "password: 'wonderland'" in exported.text


REFUSED = {
    "chatwoot": {"'$(id)", "'\\n"},
    "mastodon": {"'$(id)", "'\\n"},
    "gitea": {"%(x)s"},
    "grafana": {"%(x)s", "${HOME}", "$__env{X}"},
    "postfix": {"trail "},
    "swaks": {"-x", "<>"},
    "exim": {" lead", "trail "},
    "odoo": {" lead", "trail "},
    "opensmtpd": {" lead", "trail "},
    "ssmtp": {"a #b", "a#b", "#a", " lead", "trail ", "a  b", "=", "a=b", "#{1+1}", "a='b\"c"}
    | {'say "no"'},
    "crowdsec": {"$HOME", "${HOME}", "$__env{X}"},
    "keycloak": {"${HOME}"},
    "spring": {"${HOME}"},
    "spring-properties": {"${HOME}"},
    "discourse-conf": {" lead", "trail "},
    "helm-gitea": {"'q'", '"q"', '"""', " lead", "trail ", "%(x)s"},
    "helm-grafana": {"%(x)s", "${HOME}", "$__env{X}"},
}


@table("name", ALL)
def test_which_passwords_do_not_fit(name: str) -> None:
    refused = set()
    for password in HANDMADE:
        whole = {"host": "a.example", "username": "alice", "password": password}
        try:
            export_text(name, whole, with_password=True)
        except InterchangeError as error:
            refused.add(password)
            reason = str(error)
            assert reason.isprintable()
            assert len(password) < 5 or password not in reason
    assert refused == REFUSED.get(name, set())


@table("name", ALL)
def test_what_cannot_be_seen_is_refused(name: str) -> None:
    whole = {"host": "a.example", "username": "alice", "password": "a\u200bb"}
    with pytest.raises(InterchangeError, match="password contains an invisible character"):
        export_text(name, whole, with_password=True)
    assert export_text(name, whole).text


@table("name", ALL)
def test_a_unix_socket(name: str) -> None:
    values = {"host": "unix:/run/mail.sock", "encryption": "none", "from": "a@example.org"}
    if not formats()[name].sockets:
        with pytest.raises(InterchangeError, match="does not connect to UNIX sockets"):
            export_text(name, values)
        return
    again = import_text(export_text(name, values).text, name).values
    assert (again["host"], again["encryption"]) == (values["host"], "none")


@pytest.mark.parametrize("name", ["msmtp", "nodemailer", "swaks"])
def test_lmtp_and_a_proxy(name: str) -> None:
    values = {"host": "a.example", "port": 24, "encryption": "none", "protocol": "lmtp"}
    proxy = {"proxy": "socks5://proxy.example:1081"}
    exported = export_text(name, {**values, **(proxy if name != "swaks" else {})})
    again = import_text(exported.text, name).values
    assert (again["protocol"], again["port"]) == ("lmtp", 24)
    if name != "swaks":
        assert again["proxy"] == proxy["proxy"]
    needs = any("proxy_socks_module" in note.text for note in exported.notes)
    assert needs is (name == "nodemailer")


def test_msmtp_uses_no_http_proxy() -> None:
    exported = export_text("msmtp", {"host": "a.example", "proxy": "http://proxy.example"})
    assert "proxy" not in exported.text
    assert any("SOCKS proxies only" in note.text for note in exported.notes)
