"""The command lines of other programs: what they say, and what they leave out."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest

from smtp_tui.checks.equivalents import EquivalentCommand, equivalent_commands
from smtp_tui.diagnosis.comparison import PlaceSummary
from smtp_tui.diagnosis.verdict import CheckSummary
from smtp_tui.settings.fields import Settings
from smtp_tui.smtp.events import AuthStarted, Connected, Event, Sent, ServerCapabilities
from tests.diagnosis.examples import settings
from tests.table import table

PLAIN = {"username": "alice", "authentication": "plain"}
AUTO = {"encryption": "none", "starttls_auto": True}


def made(*events: Event, **values: Any) -> dict[str, EquivalentCommand]:
    """The command of each program."""
    facts = CheckSummary()
    for event in events:
        facts.add(event)
    return {one.program: one for one in equivalent_commands(settings(**values), facts)}


def words(*events: Event, **values: Any) -> dict[str, list[str]]:
    """The words of each program, as a shell reads them."""
    return {name: shlex.split(one.line) for name, one in made(*events, **values).items()}


def value_of(option: str, line: list[str]) -> str | None:
    """The word behind an option, None where the option is not there."""
    return line[line.index(option) + 1] if option in line else None


def notes(program: str, *events: Event, **values: Any) -> str:
    """All that is said beside a program's line."""
    return "\n".join(made(*events, **values)[program].notes)


def test_a_usual_login() -> None:
    lines = {name: one.line for name, one in made(domain="client.example", **PLAIN).items()}
    assert lines == {
        "swaks": "swaks --server mail.example --port 587 --helo client.example -tls "
        "--tls-sni mail.example --tls-protocol tlsv1_2,tlsv1_3 --tls-verify "
        "--auth PLAIN --auth-user alice --auth-hide-password --protect-prompt --quit-after AUTH",
        "openssl": "openssl s_client -connect mail.example:587 -starttls smtp "
        "-name client.example -servername mail.example -verify_hostname mail.example "
        "-verify_return_error -min_protocol TLSv1.2 </dev/null",
        "curl": "curl -v --globoff --max-time 30 --ssl-reqd --tlsv1.2 "
        "--login-options AUTH=PLAIN --user alice "
        "--request NOOP --url smtp://mail.example:587/client.example",
    }


def test_every_note_is_written_without_a_name_left_open() -> None:
    for values in (PLAIN, {"encryption": "none"}, {"tls_fingerprint": "ab" * 32, **PLAIN}):
        for one in made(**values).values():
            assert all("{" not in note and note.endswith(".") for note in one.notes)


@table(
    ("values", "swaks", "openssl", "curl"),
    [
        ({"encryption": "tls"}, "-tls", "-starttls", "--ssl-reqd"),
        ({"encryption": "ssl"}, "--tls-on-connect", None, None),
        ({"encryption": "none"}, None, None, None),
        (AUTO, "--tls-optional-strict", "-starttls", "--ssl"),
    ],
)
def test_encryption(
    values: dict[str, Any], swaks: str | None, openssl: str | None, curl: str | None
) -> None:
    lines = words(**values)
    links = {
        "-tls",
        "--tls-optional-strict",
        "--tls-on-connect",
        "-starttls",
        "--ssl-reqd",
        "--ssl",
    }
    for program, wanted in (("swaks", swaks), ("openssl", openssl), ("curl", curl)):
        assert links & set(lines[program]) == ({wanted} if wanted else set())
    scheme = "smtps://" if values["encryption"] == "ssl" else "smtp://"
    assert lines["curl"][-1].startswith(scheme)


def test_without_tls_openssl_has_nothing_to_do() -> None:
    command = made(encryption="none")["openssl"]
    assert (command.line, len(command.notes)) == ("", 1)


@table("authentication", ["plain", "login", "auto", "xoauth2"])
def test_no_password_is_given_away_where_starttls_may_be_missing(authentication: str) -> None:
    values = {"username": "alice", "authentication": authentication}
    lines = words(**AUTO, **values)
    assert "-tls" in lines["swaks"]
    assert "--ssl-reqd" in lines["curl"]
    said = notes("curl", **AUTO, **values)
    assert "stops before the login" in said


def test_a_digest_may_go_over_an_open_link() -> None:
    values = {"username": "alice", "authentication": "cram-md5"}
    lines = words(**AUTO, **values)
    assert "--tls-optional-strict" in lines["swaks"]
    assert "--ssl" in lines["curl"]
    assert "try to crack" in notes("swaks", **AUTO, **values)


def test_a_password_in_clear_is_said_to_be() -> None:
    for program in ("swaks", "curl"):
        assert "anyone on the network path" in notes(program, encryption="none", **PLAIN)
        assert "anyone on the network path" not in notes(program, **PLAIN)


@table(
    ("authentication", "swaks", "curl"),
    [
        ("plain", "PLAIN", "AUTH=PLAIN"),
        ("login", "LOGIN", "AUTH=LOGIN"),
        ("cram-md5", "CRAM-MD5", "AUTH=CRAM-MD5"),
        ("auto", "PLAIN,LOGIN", "AUTH=PLAIN;AUTH=LOGIN"),
        ("scram-sha-256", None, "AUTH=SCRAM-SHA-256"),
        ("xoauth2", None, "AUTH=XOAUTH2"),
        ("oauthbearer", None, "AUTH=OAUTHBEARER"),
        ("none", None, None),
    ],
)
def test_mechanisms(authentication: str, swaks: str | None, curl: str | None) -> None:
    values = {"username": "alice", "authentication": authentication}
    lines = words(**values)
    assert value_of("--auth", lines["swaks"]) == swaks
    assert value_of("--quit-after", lines["swaks"]) == ("AUTH" if swaks else "HELO")
    assert value_of("--login-options", lines["curl"]) == curl
    assert value_of("--user", lines["curl"]) == ("alice" if curl else None)
    is_told = "swaks does not support" in notes("swaks", **values)
    assert is_told is (swaks is None and authentication != "none")


def test_auto_on_an_open_link() -> None:
    lines = words(encryption="none", username="alice")
    assert value_of("--auth", lines["swaks"]) == "CRAM-MD5"
    assert value_of("--login-options", lines["curl"]) == "AUTH=CRAM-MD5"


def test_tokens_come_from_standard_input() -> None:
    line = words(username="alice", authentication="xoauth2")["curl"]
    assert value_of("--config", line) == "-"
    assert "oauth2-bearer" in notes("curl", username="alice", authentication="xoauth2")


def test_external_needs_no_password() -> None:
    values = {"authentication": "external", "client_certificate": "me.pem", "username": "alice"}
    line = words(**values)["curl"]
    assert value_of("--user", line) == "alice:"
    assert "asks for the password" not in notes("curl", **values)


def offered(*mechanisms: str) -> ServerCapabilities:
    return ServerCapabilities(seconds=0.1, encrypted=True, keywords=(), mechanisms=mechanisms)


def test_what_a_check_did_is_done_again() -> None:
    events = (
        Sent(seconds=0.1, text="EHLO seen.example"),
        offered("LOGIN", "PLAIN"),
        AuthStarted(seconds=0.2, mechanism="LOGIN", reason="r"),
    )
    lines = words(*events, username="alice")
    assert value_of("--auth", lines["swaks"]) == "LOGIN"
    assert value_of("--login-options", lines["curl"]) == "AUTH=LOGIN"
    assert value_of("--helo", lines["swaks"]) == "seen.example"
    assert value_of("-name", lines["openssl"]) == "seen.example"
    assert lines["curl"][-1].endswith(":587/seen.example")
    assert "own choice" not in notes("swaks", *events, username="alice")


def test_scram_taken_by_auto_gives_way_to_what_is_offered_beside_it() -> None:
    events = (
        offered("LOGIN", "SCRAM-SHA-256"),
        AuthStarted(seconds=0.2, mechanism="SCRAM-SHA-256", reason="r"),
    )
    lines = words(*events, username="alice")
    assert value_of("--auth", lines["swaks"]) == "LOGIN"
    assert value_of("--login-options", lines["curl"]) == "AUTH=LOGIN"
    said = notes("swaks", *events, username="alice")
    assert "prefers SCRAM" in said
    assert "counts twice" not in said


def test_verification() -> None:
    lines = words(ca_file="ca.pem")
    assert value_of("--tls-ca-path", lines["swaks"]) == "ca.pem"
    assert value_of("-CAfile", lines["openssl"]) == "ca.pem"
    assert value_of("--cacert", lines["curl"]) == "ca.pem"
    lines = words(openssl_verify_mode="none")
    assert "--tls-verify" not in lines["swaks"]
    assert "-verify_return_error" not in lines["openssl"]
    assert "--insecure" in lines["curl"]
    for program in lines:
        assert "turn certificate verification off" in notes(program, openssl_verify_mode="none")


def test_a_fingerprint_never_turns_the_checks_off() -> None:
    values = {"tls_fingerprint": "ab" * 32, "openssl_verify_mode": "none"}
    lines = words(**values)
    assert "--tls-verify" in lines["swaks"]
    assert "--insecure" not in lines["curl"]
    line = made(**values)["openssl"].line
    assert line.endswith("</dev/null | openssl x509 -noout -fingerprint -sha256")
    assert "ab" * 32 in notes("openssl", **values)
    for program in ("swaks", "curl"):
        assert "cannot compare" in notes(program, **values)


def test_another_name_for_tls() -> None:
    lines = words(host="192.0.2.1", server_name="mail.example.")
    assert value_of("--tls-sni", lines["swaks"]) == "mail.example"
    assert value_of("--tls-verify-target", lines["swaks"]) == "mail.example"
    assert value_of("-servername", lines["openssl"]) == "mail.example"
    assert value_of("-verify_hostname", lines["openssl"]) == "mail.example"
    assert value_of("--connect-to", lines["curl"]) == "::192.0.2.1:587"
    assert lines["curl"][-1] == "smtp://mail.example:587/"


def test_addresses() -> None:
    lines = words(host="[2001:db8::25]", source_address="2001:db8::1", address_family="ipv6")
    assert value_of("--server", lines["swaks"]) == "2001:db8::25"
    assert value_of("-connect", lines["openssl"]) == "[2001:db8::25]:587"
    assert value_of("-bind", lines["openssl"]) == "[2001:db8::1]"
    assert value_of("-verify_ip", lines["openssl"]) == "2001:db8::25"
    assert "-noservername" in lines["openssl"]
    assert "--tls-sni" not in lines["swaks"]
    assert lines["curl"][-1] == "smtp://[2001:db8::25]:587/"
    assert all("-6" in line for line in lines.values())
    assert words(host="fe80::1%eth0")["curl"][-1] == "smtp://[fe80::1%25eth0]:587/"


def test_international_names_are_sent_in_ascii() -> None:
    lines = words(host="bücher.example", domain="münchen.example")
    assert value_of("--server", lines["swaks"]) == "xn--bcher-kva.example"
    assert lines["curl"][-1] == "smtp://xn--bcher-kva.example:587/xn--mnchen-3ya.example"


def test_an_address_literal_as_domain() -> None:
    lines = words(domain="[IPv6:2001:db8::1]")
    assert value_of("--helo", lines["swaks"]) == "[IPv6:2001:db8::1]"
    assert lines["curl"][-1].endswith("/%5BIPv6:2001:db8::1%5D")


@pytest.mark.parametrize(
    ("minimum", "swaks", "openssl", "curl"),
    [
        ("1.0", "tlsv1,tlsv1_1,tlsv1_2,tlsv1_3", "TLSv1", "--tlsv1.0"),
        ("1.2", "tlsv1_2,tlsv1_3", "TLSv1.2", "--tlsv1.2"),
        ("1.3", "tlsv1_3", "TLSv1.3", "--tlsv1.3"),
    ],
)
def test_tls_versions(minimum: str, swaks: str, openssl: str, curl: str) -> None:
    lines = words(tls_minimum=minimum)
    assert value_of("--tls-protocol", lines["swaks"]) == swaks
    assert value_of("-min_protocol", lines["openssl"]) == openssl
    assert curl in lines["curl"]
    for line in lines.values():
        assert ("DEFAULT@SECLEVEL=0" in line) is (minimum == "1.0")


def test_client_certificates() -> None:
    lines = words(client_certificate="c:1.pem")
    assert value_of("--tls-key", lines["swaks"]) == "c:1.pem"
    assert value_of("--cert", lines["curl"]) == r"c\:1.pem"
    lines = words(client_certificate="c.pem", client_key="k.pem")
    keys = {"swaks": "--tls-key", "openssl": "-key", "curl": "--key"}
    assert {value_of(option, lines[name]) for name, option in keys.items()} == {"k.pem"}


def test_user_names_that_a_program_would_misread() -> None:
    line = words(username="--help", authentication="plain")["swaks"]
    assert "--help" not in line
    assert "asks for the username too" in notes("swaks", username="-x", authentication="plain")
    for program, user in (("curl", "a:b"), ("curl", ";a"), ("swaks", "<>")):
        assert user not in words(username=user, authentication="plain")[program]
        assert "before the login" in notes(program, username=user, authentication="plain")


def test_the_secret_is_in_no_line() -> None:
    for authentication in ("plain", "auto", "cram-md5", "xoauth2"):
        values: dict[str, Any] = {"username": "alice", "authentication": authentication}
        for password in ("wonderland", {"env": "wonderland"}, {"command": ["wonderland"]}):
            assert "wonderland" not in str(made(password=password, **values))


def test_settings_alone_are_enough() -> None:
    found: Settings = settings()
    assert [one.program for one in equivalent_commands(found)] == ["swaks", "openssl", "curl"]


def place(**changed: Any) -> PlaceSummary:
    """A container with a network of its own."""
    return PlaceSummary(
        kind="container",
        name="web",
        engine="podman",
        pid=4711,
        command="puma",
        user=33,
        runtime="OpenSSL",
        trusts=(),
        certificates=1,
        name_servers=(),
        **changed,
    )


def inside(
    base: Path = Path("/srv"), *, of: PlaceSummary, **values: Any
) -> list[EquivalentCommand]:
    facts = CheckSummary()
    facts.add(Connected(seconds=0, address="192.0.2.7", port=587, local_address=None))
    return list(equivalent_commands(settings(**values), facts, base, of))


def test_commands_run_in_the_network_of_a_place_to_the_address_that_it_found() -> None:
    written = inside(of=place(), ca_file="/etc/ca.pem", client_certificate="own.pem")
    for one in written:
        enter, net, program, *_ = words = shlex.split(one.line)
        assert (enter, net, program) == ("nsenter", "--net=/proc/4711/ns/net", one.program)
        assert "/proc/4711/root/etc/ca.pem" in words
        assert "/srv/own.pem" in words
        assert "container web, which needs root" in one.notes[0]
    swaks, openssl, curl = (shlex.split(one.line) for one in written)
    assert value_of("--server", swaks) == "192.0.2.7"
    assert value_of("--tls-verify-target", swaks) == "mail.example"
    assert value_of("-connect", openssl) == "192.0.2.7:587"
    assert value_of("-verify_hostname", openssl) == "mail.example"
    assert value_of("--connect-to", curl) == "::192.0.2.7:587"


def test_a_place_without_a_network_of_its_own_needs_no_root() -> None:
    for one in inside(of=place(has_own_network=False)):
        assert one.line.startswith(one.program)
        assert one.notes[0].startswith("container web has this machine's network.")


def test_relative_paths_in_the_variables_of_a_place_are_its_own() -> None:
    swaks, *_ = inside(Path("/app"), of=place(settings_from="container web"), ca_file="ca.pem")
    assert "/proc/4711/root/app/ca.pem" in swaks.line


def test_a_host_that_the_place_did_not_find_is_said_to_be_looked_up_here() -> None:
    for one in equivalent_commands(settings(), None, Path("/"), place()):
        assert "mail.example" in one.line
        assert one.notes[1].startswith(f"{one.program} looks the host up with this machine's")


def test_a_unix_socket() -> None:
    host = "unix:/run/mail/a b.sock"
    lines = words(host=host, domain="me.example", address_family="ipv4", source_address="127.0.0.1")
    assert lines["swaks"][:3] == ["swaks", "--socket", "/run/mail/a b.sock"]
    assert lines["curl"][-1] == "smtp://localhost/me.example"
    assert value_of("--unix-socket", lines["curl"]) == "/run/mail/a b.sock"
    assert not {"-4", "--interface", "--local-interface", "--port"} & {
        *lines["curl"],
        *lines["swaks"],
    }
    inside = words(host=host, encryption="tls", server_name="mail.example")
    assert inside["openssl"][:4] == ["openssl", "s_client", "-unix", "/run/mail/a b.sock"]
    assert "--connect-to" not in inside["curl"]
    assert inside["curl"][-1].startswith("smtp://mail.example/")


def test_a_proxy() -> None:
    socks = made(proxy="socks5://127.0.0.1", **PLAIN)
    assert value_of("--proxy", shlex.split(socks["curl"].line)) == "socks5h://127.0.0.1:1080"
    assert "--proxytunnel" not in socks["curl"].line
    for program in ("swaks", "openssl"):
        assert (socks[program].line, len(socks[program].notes)) == ("", 1)
    http = made(proxy="http://[::1]:8080")
    assert "--proxy 'http://[::1]:8080' --proxytunnel" in http["curl"].line
    assert "-proxy '[::1]:8080'" in http["openssl"].line


def test_lmtp() -> None:
    lines = made(protocol="lmtp")
    assert "--protocol LMTP" in lines["swaks"].line
    assert "-starttls lmtp" in lines["openssl"].line
    assert (lines["curl"].line, lines["curl"].notes) == ("", ("curl does not speak LMTP.",))
