"""`discover`, `presets` and `--domain-check`, as they are called."""

from __future__ import annotations

import json
import shlex
import signal
import socketserver
import subprocess
import threading
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from smtp_tui.cli.discover import resolver_of
from smtp_tui.discovery import autoconfig
from smtp_tui.providers import providers
from smtp_tui.settings.validate import parse_settings
from tests.cli.program import COMMAND, Outcome
from tests.dns.alone import stay_alone
from tests.dns.server import SERVFAIL, SILENT, Zone, name_server
from tests.providers.test_reading import GOOD
from tests.servers.listeners import Listener
from tests.servers.mail import MailServers
from tests.test_floors import loaded, weights

Call = Callable[..., Outcome]

DOMAIN = "example.test"
LOCALHOST: Zone = {"localhost": {"A": ["127.0.0.1"]}}


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask nobody but the name server of the test."""
    stay_alone(monkeypatch)


def zone_of(servers: MailServers) -> Zone:
    """A domain whose SRV records name the servers."""
    ports = servers.ports
    implicit, required = ports[Listener.IMPLICIT_TLS], ports[Listener.STARTTLS_REQUIRED]
    expired = ports[Listener.STARTTLS_EXPIRED]
    return {
        **LOCALHOST,
        f"_submissions._tcp.{DOMAIN}": {"SRV": [f"0 0 {implicit} localhost."]},
        f"_submission._tcp.{DOMAIN}": {
            "SRV": [f"0 0 {required} localhost.", f"1 0 {expired} localhost."]
        },
        DOMAIN: {"MX": ["10 mx.example.test."]},
    }


def objects(outcome: Outcome) -> list[dict[str, Any]]:
    """The lines of a JSON output."""
    assert outcome.out.isascii()
    return [json.loads(line) for line in outcome.out.splitlines()]


def test_found(call: Call, trusted: MailServers, tmp_path: Path) -> None:
    with name_server(zone_of(trusted)) as server:
        outcome = call("discover", DOMAIN, "--resolver", server.where)
    port = trusted.ports[Listener.IMPLICIT_TLS]
    assert (outcome.status, outcome.err) == (0, "")
    lines = outcome.out.splitlines()
    assert max(map(len, lines)) <= 80
    found = lines.index(f"FOUND localhost port {port}, encryption ssl")
    table = next(number for number, line in enumerate(lines) if line.startswith("localhost ("))
    assert lines[found + 1].startswith("  Why: An SRV record of example.test names it;")
    assert found < table
    rows = {line.split()[0]: line for line in lines[table + 2 :] if " v4 " in line}
    assert "TLSv1.3 valid" in rows[str(port)]
    assert "expired" in rows[str(trusted.ports[Listener.STARTTLS_EXPIRED])]
    # What is offered can be taken as it stands, and a check passes with it.
    (taken,) = (line for line in lines if "Use it: " in line)
    words = shlex.split(taken.partition("Use it: smtp-tui ")[2])
    file = tmp_path / "mail.toml"
    file.write_text("[smtp]\n")
    assert words[:2] == ["set", "FILE"]
    assert call("set", str(file), *words[2:]).status == 0
    values = tomllib.loads(file.read_text())["smtp"]
    assert values == {"host": "localhost", "port": port, "encryption": "ssl"}


def test_found_in_json(call: Call, trusted: MailServers) -> None:
    with name_server(zone_of(trusted)) as server:
        outcome = call("discover", f"me@{DOMAIN}", "--json", "--resolver", server.where)
    told = objects(outcome)
    events = [one["event"] for one in told]
    assert events[-1] == "result"
    assert events.index("knocking") > events.index("finding")
    assert events.index("knock") > events.index("knocking")
    result = told[-1]
    assert (outcome.status, result["ok"]) == (0, True)
    assert (result["host"], result["encryption"], result["username"]) == ("localhost", "ssl", None)
    assert result["source"] == "srv"
    for event in {"finding", "knock"}:
        keys = [tuple(one) for one in told if one["event"] == event]
        assert len(set(keys)) == 1
    knocks = {one["port"]: one for one in told if one["event"] == "knock"}
    expired = knocks[trusted.ports[Listener.STARTTLS_EXPIRED]]
    assert (expired["ok"], expired["trusted"]) == (False, "certificate-expired")
    assert expired["mechanisms"]
    assert all(one["seconds"] >= 0 for one in told)


@pytest.mark.parametrize(
    ("zone", "status", "cause"),
    [
        ({}, 1, "host-not-found"),
        ({name: {"*": SERVFAIL} for name in (DOMAIN, "smtp.example.test", "mail.example.test",
          f"_submission._tcp.{DOMAIN}", f"_submissions._tcp.{DOMAIN}")}, 5, "resolver-failed"),
    ],
)  # fmt: skip
def test_nothing_found(call: Call, zone: Zone, status: int, cause: str) -> None:
    with name_server(zone) as server:
        outcome = call("discover", DOMAIN, "--resolver", server.where)
        as_json = call("discover", DOMAIN, "--json", "--resolver", server.where)
    assert outcome.status == as_json.status == status
    assert "NOTHING FOUND: " in outcome.out
    assert "Use it:" not in outcome.out
    result = objects(as_json)[-1]
    assert (result["ok"], result["host"], result["cause"]) == (False, None, cause)


def test_the_nearest(call: Call, mail_servers: MailServers) -> None:
    """Nobody trusts the authority here."""
    with name_server(zone_of(mail_servers)) as server:
        outcome = call("discover", DOMAIN, "--resolver", server.where)
    assert outcome.status == 1
    port = mail_servers.ports[Listener.IMPLICIT_TLS]
    assert "NOTHING WORKS; the closest is localhost port" in outcome.out
    assert f"host=localhost port={port} encryption=ssl" in outcome.out
    assert "unknown issuer" in outcome.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("discover",), "an argument is missing"),
        (("discover", "a b"), "discover needs a domain, an address or a host"),
        (("discover", "me@"), "discover needs a domain, an address or a host"),
        (("discover", "a", "b"), "too many arguments"),
        (("discover", DOMAIN, "--timeout", "0"), "--timeout needs a number of seconds"),
        (("discover", DOMAIN, "--resolver", "ns.example.test"), "--resolver needs a name server's"),
        (("discover", DOMAIN, "--resolver", "127.0.0.1:0"), "--resolver needs a name server's"),
        (("discover", DOMAIN, "--resolver", "[::1"), "--resolver needs a name server's"),
        (("discover", DOMAIN, "--to", "a@b"), "the command discover has no option --to"),
        (("check", "--set", "host=a", "--dkim", "x"), "--dkim needs --domain-check"),
        (("check", "--set", "host=a", "--resolver", "::1"), "--resolver needs --domain-check"),
        (("check", "a.toml", "b.toml", "--domain-check"), "--domain-check checks one table"),
        (("check", "--all", "--domain-check"), "--domain-check checks one table"),
    ],
)
def test_refused(call: Call, words: tuple[str, ...], said: str) -> None:
    outcome = call(*words)
    assert (outcome.status, outcome.out) == (2, "")
    assert said in outcome.err
    assert outcome.err.count("\n") == 1


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("192.0.2.1", ("192.0.2.1", 53)),
        ("192.0.2.1:5353", ("192.0.2.1", 5353)),
        ("2001:db8::1", ("2001:db8::1", 53)),
        ("[2001:db8::1]", ("2001:db8::1", 53)),
        ("[2001:db8::1]:5353", ("2001:db8::1", 5353)),
    ],
)
def test_a_name_server(text: str, where: tuple[str, int]) -> None:
    assert resolver_of(text).server == where


def test_autoconfig_says_what_it_needs(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("smtp_tui.cli.discover.is_available", lambda: False)
    outcome = call("discover", DOMAIN, "--autoconfig")
    assert outcome.status == 2
    assert "pip install 'smtp-tui[autoconfig]'" in outcome.err
    assert autoconfig.is_available()


@contextmanager
def greeting(data: bytes) -> Iterator[int]:
    """A server that says this and no more."""

    class Greeter(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.sendall(data)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Greeter) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


def test_what_servers_say_is_hostile(call: Call) -> None:
    with greeting(b"554 \x1b[2Jgo\xe2\x80\xae away\r\n") as port:
        zone: Zone = {
            f"_submission._tcp.{DOMAIN}": {"SRV": [f"0 0 {port} localhost."]},
            **LOCALHOST,
            DOMAIN: {"MX": ["1 \\027[2Jmx.test."]},
        }
        with name_server(zone) as server:
            outcome = call("discover", DOMAIN, "--resolver", server.where)
            as_json = call("discover", DOMAIN, "--json", "--resolver", server.where)
    assert "go" in outcome.out
    assert outcome.out.replace("\n", "").isprintable()
    assert as_json.out.isascii()
    assert "\x1b" not in as_json.out


def test_an_interrupt_ends_it_in_one_line() -> None:
    names = (DOMAIN, f"_submission._tcp.{DOMAIN}", f"_submissions._tcp.{DOMAIN}")
    with name_server({name: {"*": SILENT} for name in names}) as server:
        words = [*COMMAND, "discover", DOMAIN, "--resolver", server.where]
        pipe = subprocess.PIPE
        with subprocess.Popen(words, stdout=pipe, stderr=pipe, text=True) as running:
            assert server.is_asked.wait(20)
            running.send_signal(signal.SIGINT)
            _, err = running.communicate(timeout=20)
    assert (running.returncode, err) == (130, "")


def test_presets(call: Call) -> None:
    outcome = call("presets")
    assert outcome.status == 0
    lines = outcome.out.splitlines()
    named = [line.split()[0] for line in lines if not line.startswith(" ")]
    assert named == [one.id for one in providers()]
    assert max(map(len, lines)) <= 80
    told = objects(call("presets", "--json"))
    assert [one["id"] for one in told] == [one.id for one in providers()]
    assert not any(one["own"] for one in told)


@pytest.mark.parametrize("identity", [one.id for one in providers()])
def test_a_preset_is_our_toml(call: Call, identity: str) -> None:
    outcome = call("presets", identity)
    assert outcome.status == 0
    values = tomllib.loads(outcome.out)["smtp"]
    whole = {"host": "a.example", "username": "a@example.org", **values}
    assert parse_settings(whole).problems == ()
    assert objects(call("presets", identity, "--json"))[0]["settings"] == values


def test_no_such_preset(call: Call) -> None:
    assert call("presets", "gmial") == Outcome(
        1, "", "smtp-tui: there is no provider 'gmial'; did you mean gmail?\n"
    )


def test_own_presets(call: Call, private_home: Path) -> None:
    folder = private_home / ".config" / "smtp-tui" / "providers"
    folder.mkdir(parents=True)
    (folder / "ours.toml").write_text(GOOD)
    (folder / "faulty.toml").write_text("x = [")
    outcome = call("presets", "OURS")
    assert tomllib.loads(outcome.out)["smtp"]["host"] == "relay.example.org"
    assert outcome.err.count("\n") == 1
    assert "faulty.toml is ignored: " in outcome.err
    (ours, *_) = objects(call("presets", "--json"))
    assert (ours["id"], ours["own"]) == ("ours", True)


def test_own_presets_are_searched(call: Call, private_home: Path) -> None:
    folder = private_home / ".config" / "smtp-tui" / "providers"
    folder.mkdir(parents=True)
    (folder / "ours.toml").write_text(f'{GOOD}\ndomains = ["{DOMAIN}"]\n')
    with name_server({"relay.example.org": {"A": ["127.0.0.1"]}}) as server:
        outcome = call("discover", DOMAIN, "--resolver", server.where)
    assert "Addresses in example.test belong to Our relay." in outcome.out


MAIL: Zone = {
    DOMAIN: {"MX": ["1 mx.example.test."]},
    f"_dmarc.{DOMAIN}": {"TXT": ['"v=DMARC1; p=\\027none"']},
    f"s1._domainkey.{DOMAIN}": {"TXT": ['"v=DKIM1; p=x"']},
}


def checking(servers: MailServers, *more: str) -> list[str]:
    """The words of a check that passes."""
    values = {
        "host": "127.0.0.1",
        "port": servers.ports[Listener.STARTTLS_OFFERED],
        "from": f"me@{DOMAIN}",
    }
    given = [word for key, value in values.items() for word in ("--set", f"{key}={value}")]
    return ["check", *given, *more]


def test_domain_check(call: Call, trusted: MailServers) -> None:
    with name_server(MAIL) as server:
        more = ("--domain-check", "--dkim", "s1", "--dkim", "s2", "--resolver", server.where)
        outcome = call(*checking(trusted, *more))
    assert outcome.status == 0
    lines = outcome.out.splitlines()
    passed = next(number for number, line in enumerate(lines) if line.startswith("PASSED"))
    first = next(number for number, line in enumerate(lines) if line.startswith("  + mx"))
    assert first > passed
    facts = "\n".join(lines[first:])
    assert "  + mx: Replies and bounces reach example.test:" in facts
    assert "  ! spf: example.test has no SPF record" in facts
    assert "  ! dmarc: The DMARC record at _dmarc.example.test is not valid" in facts
    assert "  + dkim: DKIM key s1 of example.test exists" in facts
    assert "  ! dkim: DKIM key s2 of example.test does not exist" in facts
    assert "  ? ptr: This machine connects from 127.0.0.1, which is private" in facts
    assert max(map(len, facts.splitlines())) <= 80


def test_domain_check_in_json(call: Call, trusted: MailServers) -> None:
    with name_server(MAIL) as server:
        more = ("--domain-check", "--json", "--resolver", server.where)
        told = objects(call(*checking(trusted, *more)))
    assert [one["event"] for one in told[-2:]] == ["domain", "verdict"]
    facts = told[-2]["facts"]
    assert {tuple(one) for one in facts} == {("subject", "id", "weight", "text", "record")}
    assert [one["id"] for one in facts][:2] == ["mx", "spf-none"]


def test_a_defect_of_the_domain_check_costs_no_verdict(
    call: Call, trusted: MailServers, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: Any, **__: Any) -> None:
        raise RecursionError("with the password in it")

    monkeypatch.setattr("smtp_tui.discovery.domain._mx", fail)
    told = objects(call(*checking(trusted, "--domain-check", "--json")))
    assert [one["event"] for one in told[-2:]] == ["domain", "verdict"]
    assert told[-1]["ok"]
    (fact,) = told[-2]["facts"]
    assert (fact["id"], "RecursionError at test_discover.py" in fact["text"]) == (
        "internal-error",
        True,
    )
    assert "password" not in fact["text"]


def test_a_failed_check_asks_nobody(call: Call) -> None:
    with name_server(MAIL) as server:
        more = ("--domain-check", "--resolver", server.where)
        outcome = call("check", "--set", "host=127.0.0.1", "--set", "port=1", *more)
        assert outcome.status == 6
        assert server.asked == []


def test_what_is_loaded(tmp_path: Path) -> None:
    words = ("check", "--set", "host=127.0.0.1", "--set", "port=1")
    modules = loaded(tmp_path, *words, status=6)
    assert not [name for name in modules if name.split(".")[0] == "dns"]
    assert not [name for name in modules if name.startswith("smtp_tui.discovery")]
    with name_server({}) as server:
        modules = loaded(tmp_path, "discover", DOMAIN, "--resolver", server.where, status=1)
    assert weights(modules) == {"idna"}  # which dnspython wants
    assert "defusedxml" not in modules
    modules = loaded(tmp_path, "presets", status=0)
    assert weights(modules) == set()
    assert modules & {"asyncio", "dns", "ssl"} == set()
