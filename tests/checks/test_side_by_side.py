"""A check from where an application runs, next to the same check from here, in real networks."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from tests.checks.far_server import ADDRESS, ADDRESS_6, HOST, IGNORANT, ONLY_IPV6, PASSWORD, USER
from tests.checks.two_networks import Networks, networks, require_networks, serving
from tests.places.spaces import NOBODY, Podman, make_podman, resident

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Networks]:
    """A mail server, and this program's way to it."""
    require_networks()
    with networks(tmp_path_factory.mktemp("networks")) as made:
        yield made


@pytest.fixture(scope="module")
def podman(tmp_path_factory: pytest.TempPathFactory) -> Podman:
    """The real podman, with a store of its own."""
    return make_podman(tmp_path_factory.mktemp("podman"))


def verdict_of(lines: list[dict[str, Any]]) -> dict[str, Any]:
    """The last line, which is the verdict."""
    assert lines[-1]["event"] == "verdict"
    return lines[-1]


def check(world: Networks, pid: int, *more: str, host: str = HOST) -> dict[str, Any]:
    """The verdict of a check of the server, as a process."""
    words = ("--set", f"host={host}", "--timeout", "3", "--json", "--as-pid", str(pid), *more)
    status, lines, text = world.check(*words)
    assert status != 70, text
    return verdict_of(lines) | {"status": status}


def explaining(verdict: dict[str, Any]) -> list[str]:
    """The ids of the differences that explain the failure."""
    return [each["id"] for each in verdict["comparison"]["differences"] if each["explains"]]


def others(verdict: dict[str, Any]) -> list[str]:
    """The ids of the other differences."""
    return [each["id"] for each in verdict["comparison"]["differences"] if not each["explains"]]


def trusting(world: Networks) -> dict[str, str]:
    """The variable that makes an application trust the server's authority."""
    return {"SSL_CERT_FILE": str(world.authority)}


def test_equal_sides_show_no_difference(world: Networks) -> None:
    with world.there(variables=trusting(world)) as there:
        verdict = check(world, there.pid)
    assert verdict["ok"]
    assert verdict["status"] == 0
    assert verdict["comparison"]["here"]["ok"]
    assert verdict["comparison"]["differences"] == []


def test_a_network_without_a_cable(world: Networks) -> None:
    with world.there(cabled=False) as there:
        verdict = check(world, there.pid, host=ADDRESS)
    assert (verdict["status"], verdict["cause"]) == (6, "network-unreachable")
    assert explaining(verdict) == ["place-no-network"]


def test_a_network_without_routes(world: Networks) -> None:
    with world.there(routed=False) as there:
        verdict = check(world, there.pid, host=ADDRESS)
    assert (verdict["status"], verdict["cause"]) == (6, "network-unreachable")
    assert explaining(verdict) == ["place-no-route"]
    (difference,) = verdict["comparison"]["differences"]
    assert difference["status"] == 6
    assert difference["command"].endswith(f"/ns/net ip route get {ADDRESS}")


def test_a_network_without_ipv6(world: Networks) -> None:
    with world.there(ipv6=False) as there:
        verdict = check(world, there.pid, host=ONLY_IPV6)
    assert (verdict["status"], verdict["stage"]) == (6, "connect")
    assert explaining(verdict) == ["place-no-ipv6"]


def test_ipv6_missing_where_ipv4_works_is_no_reason(world: Networks) -> None:
    with world.there(ipv6=False, variables=trusting(world)) as there:
        verdict = check(world, there.pid)
    assert verdict["ok"]
    assert explaining(verdict) == []
    assert set(others(verdict)) <= {"place-no-ipv6"}


def test_a_name_server_that_does_not_know_the_name(world: Networks) -> None:
    with world.there(resolv_conf=f"nameserver {IGNORANT}\n") as there:
        verdict = check(world, there.pid)
    assert (verdict["status"], verdict["cause"]) == (5, "host-not-found")
    assert explaining(verdict) == ["place-name-unknown"]
    assert verdict["comparison"]["place"]["name_servers"] == [IGNORANT]


def test_a_name_server_that_does_not_answer(world: Networks) -> None:
    resolv_conf = "nameserver 10.77.9.7\noptions timeout:1 attempts:1\n"
    with world.there(resolv_conf=resolv_conf) as there:
        verdict = check(world, there.pid)
    assert (verdict["status"], verdict["cause"]) == (5, "resolver-failed")
    assert explaining(verdict) == ["place-resolver-failed"]


def test_a_lookup_that_takes_long_is_named_before_it_ends(world: Networks) -> None:
    resolv_conf = "nameserver 10.77.9.7\noptions timeout:2 attempts:1\n"
    with world.there(resolv_conf=resolv_conf) as there:
        process = world.start("--set", f"host={HOST}", "--as-pid", str(there.pid))
        try:
            assert process.stdout
            first = process.stdout.readline()
            assert process.poll() is None
        finally:
            process.kill()
            process.communicate()
    assert f"looking up {HOST} in process {there.pid}; name servers: 10.77.9.7" in first


def test_a_name_server_without_a_route_to_it(world: Networks) -> None:
    with world.there(routed=False) as there:
        verdict = check(world, there.pid)
    assert (verdict["status"], verdict["cause"]) == (5, "resolver-failed")
    assert explaining(verdict) == ["place-resolver-no-route"]
    (difference, *_) = verdict["comparison"]["differences"]
    assert f"it has no route to its name server {ADDRESS}." in difference["what"]


def test_a_name_server_on_its_own_loopback(world: Networks) -> None:
    with world.there(resolv_conf="nameserver 127.0.0.53\n") as there:
        verdict = check(world, there.pid)
    assert explaining(verdict) == ["place-loopback-resolver"]


def test_another_name_server_that_agrees(world: Networks) -> None:
    resolv_conf = f"nameserver {ADDRESS_6}\nnameserver {ADDRESS}\n"
    with world.there(resolv_conf=resolv_conf, variables=trusting(world)) as there:
        verdict = check(world, there.pid)
    assert verdict["ok"]
    assert (explaining(verdict), others(verdict)) == ([], ["place-resolver"])


def test_a_line_in_its_hosts_file(world: Networks) -> None:
    with world.there(hosts=f"{IGNORANT} {HOST.upper()}  # old\n") as there:
        verdict = check(world, there.pid)
    assert (verdict["status"], verdict["stage"]) == (6, "connect")
    assert explaining(verdict) == ["place-hosts-entry"]


def test_a_line_that_only_this_machines_hosts_file_has(world: Networks) -> None:
    hosts = world.folder / "here" / "hosts"
    before = hosts.read_text()
    hosts.write_text(f"{before}{ADDRESS} relay.example.test\n")
    try:
        with world.there() as there:
            verdict = check(world, there.pid, host="relay.example.test")
    finally:
        hosts.write_text(before)
    assert (verdict["status"], verdict["cause"]) == (5, "host-not-found")
    assert explaining(verdict) == ["place-hosts-missing"]


def test_a_name_server_that_answers_with_another_address(world: Networks) -> None:
    resolv_conf = "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n"
    with world.there(resolv_conf=resolv_conf) as there:
        inside = ["nsenter", "--target", str(there.pid), "--net"]
        with resident(prefix=inside, names={HOST: IGNORANT}):
            verdict = check(world, there.pid)
    assert (verdict["status"], verdict["cause"]) == (6, "connection-refused")
    assert explaining(verdict) == ["place-addresses-differ"]


def test_a_hostname_that_only_this_machine_has(world: Networks) -> None:
    hosts = world.folder / "here" / "hosts"
    before = hosts.read_text()
    hosts.write_text(f"127.0.1.1 here.example.test {socket.gethostname()}\n{before}")
    try:
        with world.there(variables=trusting(world)) as there:
            verdict = check(world, there.pid)
    finally:
        hosts.write_text(before)
    assert verdict["ok"]
    assert others(verdict) == ["place-ehlo-name"]
    (difference,) = verdict["comparison"]["differences"]
    assert difference["here"] == "EHLO here.example.test"


def test_another_server_that_answers_there(world: Networks, tmp_path: Path) -> None:
    certificate = tmp_path / "other.pem"
    trustme.CA().issue_cert(HOST).private_key_and_cert_chain_pem.write_to_path(certificate)
    hosts = f"127.0.0.1 {HOST}\n"
    with (
        world.there(hosts=hosts, variables=trusting(world)) as there,
        serving(there, certificate, "127.0.0.1"),
    ):
        verdict = check(world, there.pid)
    assert (verdict["status"], verdict["stage"]) == (8, "tls")
    assert explaining(verdict) == ["place-hosts-entry", "place-other-certificate"]


def test_a_refused_login_is_not_compared(world: Networks) -> None:
    variables = {**trusting(world), "MAIL_SECRET": "wrong-secret-1"}
    with world.there(variables=variables) as there:
        words = ("--set", f"username={USER}", "--set", 'password={env="MAIL_SECRET"}')
        verdict = check(world, there.pid, *words)
    assert (verdict["status"], verdict["cause"]) == (9, "auth-rejected")
    assert verdict["comparison"]["differences"] == []
    assert verdict["comparison"]["not_compared"][0].startswith("the login")


def test_localhost_is_somebody_else(world: Networks) -> None:
    certificate = world.folder / "server.pem"
    with serving(world.here, certificate, "127.0.0.1"), world.there() as there:
        verdict = check(world, there.pid, host="127.0.0.1")
    assert (verdict["status"], verdict["cause"]) == (6, "connection-refused")
    assert explaining(verdict) == ["place-own-loopback"]


@pytest.mark.parametrize(
    ("chain", "rule", "cause", "identity"),
    [
        ("input", "tcp sport 587 drop", "connect-timeout", "place-connect-timeout"),
        (
            *("output", "tcp dport 587 reject with tcp reset"),
            *("connection-refused", "place-connect-refused"),
        ),
        # Linux reports the ICMP error of its own firewall as if the server had refused.
        ("output", "tcp dport 587 reject", "connection-refused", "place-connect-denied"),
    ],
)
def test_a_firewall(world: Networks, chain: str, rule: str, cause: str, identity: str) -> None:
    with world.there() as there:
        hook = f"type filter hook {chain} priority 0"
        there.run("nft", f"table inet t {{\nchain c {{\n{hook};\n{rule}\n}}\n}}")
        verdict = check(world, there.pid, host=ADDRESS)
    assert (verdict["status"], verdict["cause"]) == (6, cause)
    assert explaining(verdict) == [identity]


def test_a_firewall_of_the_server(world: Networks) -> None:
    """It is not this machine's rule, though Linux reports the ICMPv6 error like one."""
    with world.there() as there:
        rule = "ip6 saddr fd77::/16 tcp dport 587 reject with icmpx admin-prohibited"
        hook = "type filter hook input priority 0"
        world.server.run(
            "nft", f"table inet t {{\nchain c {{\n{hook};\niifname s1 accept\n{rule}\n}}\n}}"
        )
        try:
            verdict = check(world, there.pid, host=ADDRESS_6)
        finally:
            world.server.run("nft", "delete", "table", "inet", "t")
    assert (verdict["status"], verdict["cause"]) == (6, "connection-refused")
    assert explaining(verdict) == ["place-connect-refused"]


def test_a_firewall_that_says_unreachable_is_no_missing_route(world: Networks) -> None:
    with world.there() as there:
        hook = "type filter hook output priority 0"
        rule = "tcp dport 587 reject with icmp type host-unreachable"
        there.run("nft", f"table ip t {{\nchain c {{\n{hook};\n{rule}\n}}\n}}")
        verdict = check(world, there.pid, host=ADDRESS)
    assert (verdict["status"], verdict["cause"]) == (6, "network-unreachable")
    assert explaining(verdict) == ["place-unreachable"]


def test_a_forbidden_destination(world: Networks) -> None:
    with world.there() as there:
        there.run("ip", "route", "add", "prohibit", f"{ADDRESS}/32")
        verdict = check(world, there.pid, host=ADDRESS)
    assert verdict["cause"] == "connect-denied-locally"
    assert explaining(verdict) == ["place-connect-denied"]


def test_an_authority_that_is_not_trusted_there(world: Networks) -> None:
    with world.there(variables={"SSL_CERT_FILE": str(world.stranger)}) as there:
        verdict = check(world, there.pid)
    assert (verdict["status"], verdict["stage"]) == (8, "tls")
    assert explaining(verdict) == ["place-ca-missing"]
    (difference,) = verdict["comparison"]["differences"]
    assert str(world.stranger) in difference["why"]
    assert f"or process {there.pid} has no list of public CAs" in verdict["why"]
    assert "install ca-certificates there" in verdict["to_do"]


def test_no_authorities_at_all(world: Networks) -> None:
    variables = {"SSL_CERT_FILE": "/nonexistent", "SSL_CERT_DIR": "/nonexistent"}
    with world.there(variables=variables) as there:
        verdict = check(world, there.pid)
    assert explaining(verdict) == ["place-ca-empty"]


def test_an_authority_that_only_the_place_trusts(world: Networks) -> None:
    with world.there(variables=trusting(world)) as there:
        words = ("--set", f"host={HOST}", "--json", "--as-pid", str(there.pid))
        _, lines, _ = world.check(*words, SSL_CERT_FILE=str(world.stranger))
    verdict = verdict_of(lines)
    assert verdict["ok"]
    assert verdict["comparison"]["here"]["cause"].startswith("certificate-")
    assert others(verdict) == ["place-ca-other"]


def test_the_same_failure_on_both_sides_is_no_difference(world: Networks) -> None:
    with world.there(variables=trusting(world)) as there:
        verdict = check(world, there.pid, "--set", "port=588", host=ADDRESS)
    assert verdict["cause"] == verdict["comparison"]["here"]["cause"] == "connection-refused"
    assert verdict["comparison"]["differences"] == []


def test_settings_come_from_the_variables(world: Networks) -> None:
    variables = {
        **trusting(world),
        "SMTP_ADDRESS": HOST,
        "SMTP_PORT": "587",
        "SMTP_USERNAME": USER,
        "SMTP_PASSWORD": PASSWORD,
        "SMTP_AUTHENTICATION": "plain",
        "SMTP_ENABLE_STARTTLS_AUTO": "true",
        "SMTP_DOMAIN": "app.example.test",
    }
    with world.there(variables=variables) as there:
        status, lines, text = world.check("--as-pid", str(there.pid), "--json")
    verdict = verdict_of(lines)
    assert status == 0, text
    assert verdict["comparison"]["place"]["settings_from"] == f"process {there.pid}"
    assert any("settings from the variables of" in line.get("text", "") for line in lines)
    assert PASSWORD not in text


def test_variables_without_settings(world: Networks) -> None:
    with world.there() as there:
        status, _, text = world.check("--as-pid", str(there.pid))
    assert status == 3
    assert "hold no SMTP settings that smtp-tui knows" in text
    assert len(text.splitlines()) == 1


def test_the_password_is_the_places(world: Networks, tmp_path: Path) -> None:
    file = tmp_path / "mail.toml"
    file.write_text(
        f'[smtp]\nhost = "{HOST}"\nusername = "{USER}"\npassword = {{ env = "MAIL_SECRET" }}\n'
    )
    variables = {**trusting(world), "MAIL_SECRET": PASSWORD}
    with world.there(variables=variables) as there:
        status, _, text = world.check(str(file), "--as-pid", str(there.pid), MAIL_SECRET="wrong")
        assert status == 0, text
        assert PASSWORD not in text
    with world.there(variables=trusting(world)) as there:
        status, lines, text = world.check(
            str(file), "--json", "--as-pid", str(there.pid), MAIL_SECRET=PASSWORD
        )
    assert status == 4
    assert explaining(verdict_of(lines)) == ["place-variable-unset"]
    assert PASSWORD not in text


def test_no_login_from_here(world: Networks) -> None:
    variables = {**trusting(world), "MAIL_SECRET": PASSWORD}
    with world.there(variables=variables) as there:
        words = ("--set", f"host={HOST}", "--set", f"username={USER}", "--json")
        status, lines, text = world.check(
            *words, "--set", 'password={env="MAIL_SECRET"}', "--as-pid", str(there.pid)
        )
    assert status == 0, text
    assert verdict_of(lines)["stage"] == "auth"
    assert verdict_of(lines)["comparison"]["here"]["stage"] == "ehlo"


@pytest.mark.parametrize(
    "words", [("--all",), ("--watch", "5"), ("--domain-check",), ("--as-unit", "x"), ("--in", "x")]
)
def test_what_cannot_be_combined(world: Networks, words: tuple[str, ...]) -> None:
    status, _, text = world.check("--as-pid", "1", *words)
    assert status == 2
    assert len(text.splitlines()) == 1


# This program's files may lie below a folder of root: that alone this user may pass.
AS_NOBODY = (
    *("setpriv", "--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups"),
    *("--inh-caps", "+dac_read_search", "--ambient-caps", "+dac_read_search"),
)


def test_a_place_that_this_user_may_not_enter(world: Networks) -> None:
    with world.there() as there:
        words = ("--set", f"host={HOST}", "--as-pid", str(there.pid))
        status, _, text = world.check(*words, prefix=AS_NOBODY)
    assert status == 2
    (line,) = text.splitlines()
    assert line.startswith(f"smtp-tui: may not enter process {there.pid}: that needs root")
    command = f"{sys.executable} -P -m smtp_tui check --set host={HOST} --as-pid {there.pid}"
    assert line.endswith(f"; run: sudo {command}")


@pytest.mark.parametrize("pid", ["0", "4194305", "-1", "two"])
def test_no_such_process(world: Networks, pid: str) -> None:
    status, _, text = world.check("--set", f"host={HOST}", f"--as-pid={pid}")
    assert status == 2
    assert len(text.splitlines()) == 1


def test_its_user_may_not_read_the_authorities(world: Networks) -> None:
    private = world.folder / "private.pem"
    private.write_bytes(world.authority.read_bytes())
    private.chmod(0o600)
    variables = {"SSL_CERT_FILE": str(private), "SSL_CERT_DIR": "/nonexistent"}
    with world.there(variables=variables, user=NOBODY) as there:
        verdict = check(world, there.pid)
    assert verdict["comparison"]["place"]["user"] == NOBODY
    assert explaining(verdict) == ["place-ca-unreadable"]


def test_its_user_may_not_read_the_password(world: Networks, tmp_path: Path) -> None:
    secret = world.folder / "secret"
    secret.write_text(PASSWORD)
    secret.chmod(0o600)
    file = tmp_path / "mail.toml"
    file.write_text(
        f'[smtp]\nhost = "{HOST}"\nusername = "{USER}"\npassword = {{ file = "{secret}" }}\n'
    )
    with world.there(variables=trusting(world), user=NOBODY) as there:
        status, lines, text = world.check(str(file), "--json", "--as-pid", str(there.pid))
    assert status == 4, text
    assert explaining(verdict_of(lines)) == ["place-secret-unreadable"]


def test_the_variables_and_the_file_differ(world: Networks, tmp_path: Path) -> None:
    file = tmp_path / "mail.toml"
    file.write_text(
        f'[smtp]\nhost = "{HOST}"\nusername = "{USER}"\npassword = "{PASSWORD}"\n'
        'authentication = "plain"\n'
    )
    variables = {
        **trusting(world),
        "SMTP_ADDRESS": HOST,
        "SMTP_PORT": "25",
        "SMTP_USERNAME": USER,
        "SMTP_PASSWORD": "another-secret-9",
        "SMTP_AUTHENTICATION": "plain",
        "SMTP_OPENSSL_VERIFY_MODE": "peer",
    }
    with world.there(variables=variables) as there:
        status, lines, text = world.check(str(file), "--json", "--as-pid", str(there.pid))
    assert status == 0, text
    (difference,) = verdict_of(lines)["comparison"]["differences"]
    assert difference["id"] == "place-variables-differ"
    assert "port 25 instead of 587" in difference["what"]
    assert "another password" in difference["what"]
    assert "another-secret-9" not in text
    assert PASSWORD not in text


CHATWOOT = {
    "SMTP_ADDRESS": HOST,
    "SMTP_PORT": "587",
    "SMTP_USERNAME": USER,
    "SMTP_PASSWORD": PASSWORD,
    "SMTP_AUTHENTICATION": "plain",
    "SMTP_ENABLE_STARTTLS_AUTO": "true",
    "SMTP_DOMAIN": "app.example.test",
}


def test_a_container_with_its_own_settings_and_authorities(world: Networks, podman: Podman) -> None:
    variables = [word for name, value in CHATWOOT.items() for word in ("-e", f"{name}={value}")]
    with world.there() as there:
        network = f"ns:/proc/{there.pid}/ns/net"
        with podman.container("web", "--dns", ADDRESS, *variables, network=network):
            status, lines, text = world.check("--in", "web", "--json", **podman.environment)
        assert status == 8, text
        verdict = verdict_of(lines)
        assert explaining(verdict) == ["place-ca-empty"]
        assert verdict["comparison"]["here"]["ok"]
        (difference,) = verdict["comparison"]["differences"]
        assert f"--volume {world.authority}:{world.authority}:ro" in difference["to_do"]
        shutil.copy(world.authority, podman.tree / "etc" / "ca.pem")
        trusting = ("-e", "SSL_CERT_FILE=/etc/ca.pem", "--dns", ADDRESS)
        with podman.container("web", *trusting, *variables, network=network):
            status, _, text = world.check("--in", "podman:web", **podman.environment)
    assert status == 0, text
    assert "here: PASSED, without a login: " in text
    assert "in container web (podman, process " in text
    assert PASSWORD not in text


def test_a_container_without_a_network(world: Networks, podman: Podman) -> None:
    with podman.container("alone"):
        words = ("--in", "alone", "--set", f"host={ADDRESS}")
        status, _, text = world.check(*words, **podman.environment)
    assert status == 6, text
    assert "Difference: Container alone has no network" in text
    assert "Run the container with a network" in text


def test_a_container_that_is_not_there(world: Networks, podman: Podman) -> None:
    status, _, text = world.check("--in", "nothing-here", **podman.environment)
    assert status == 2
    assert len(text.splitlines()) == 1


def test_a_password_file_that_a_variable_names(world: Networks) -> None:
    """As docker's secrets are passed: the file is the place's, read as its user."""
    secret = world.folder / "mail-secret"
    secret.write_text(f"{PASSWORD}\n")
    variables = {
        **trusting(world),
        "SMTP_HOST": HOST,
        "SMTP_PORT": "587",
        "SMTP_SECURITY": "starttls",
        "SMTP_USERNAME": USER,
        "SMTP_PASSWORD_FILE": str(secret),
        "SMTP_FROM": "app@example.test",
    }
    with world.there(variables=variables) as there:
        status, lines, text = world.check("--as-pid", str(there.pid), "--json")
    assert status == 0, text
    assert verdict_of(lines)["stage"] == "auth"
    assert PASSWORD not in text


def test_variables_that_any_program_may_have(world: Networks) -> None:
    variables = {"SMTP_HOST": HOST, "SMTP_PORT": "587", "SMTP_USER": USER, "SMTP_PASSWORD": "x"}
    with world.there(variables={**trusting(world), **variables}) as there:
        status, _, text = world.check("--as-pid", str(there.pid))
    assert status == 3, text
    assert "has mail variables of a program that smtp-tui does not recognise" in text
    assert "as with --dialect node" in text


def test_a_certificate_file_of_the_place(world: Networks, tmp_path: Path) -> None:
    file = tmp_path / "mail.toml"
    missing = world.folder / "only-here" / "ca.pem"
    missing.parent.mkdir()
    shutil.copy(world.authority, missing)
    file.write_text(f'[smtp]\nhost = "{HOST}"\nca_file = "{missing}"\n')
    empty = tmp_path / "empty"
    empty.mkdir()
    with world.there() as there:
        status, _, text = world.check(str(file), "--as-pid", str(there.pid))
        assert status == 0, text
        there.mount(empty, missing.parent)
        status, lines, text = world.check(str(file), "--json", "--as-pid", str(there.pid))
    assert status == 3, text
    assert f"cannot read {missing}" in verdict_of(lines)["summary"]
    assert explaining(verdict_of(lines)) == ["place-file-missing"]


def test_a_password_file_that_the_place_lacks(world: Networks, tmp_path: Path) -> None:
    secret = tmp_path / "secrets" / "mail"
    secret.parent.mkdir()
    secret.write_text(PASSWORD)
    secret.parent.chmod(0o700)
    empty = tmp_path / "empty"
    empty.mkdir()
    file = tmp_path / "mail.toml"
    file.write_text(
        f'[smtp]\nhost = "{HOST}"\nusername = "{USER}"\npassword = {{ file = "{secret}" }}\n'
    )
    with world.there(variables=trusting(world)) as there:
        there.mount(empty, secret.parent)
        status, lines, text = world.check(str(file), "--json", "--as-pid", str(there.pid))
    assert status == 4, text
    assert explaining(verdict_of(lines)) == ["place-secret-missing"]
    assert PASSWORD not in text


def test_a_file_that_is_too_large_is_not_cut(world: Networks, tmp_path: Path) -> None:
    """A part of a password would be a wrong one, and a part of a bundle lacks a CA."""
    large = tmp_path / "large"
    large.write_text("x" * ((1 << 20) + 1))
    with world.there(variables=trusting(world)) as there:
        for setting, status in (("ca_file", 3), ("password.file", 4)):
            file = tmp_path / "mail.toml"
            file.write_text(f'[smtp]\nhost = "{HOST}"\nusername = "u"\n{setting} = "{large}"\n')
            found, _, text = world.check(str(file), "--as-pid", str(there.pid))
            assert (found, "ile too large" in text) == (status, True), text


def test_a_file_that_others_can_write_chooses_no_secret_of_the_place(
    world: Networks, tmp_path: Path
) -> None:
    file = tmp_path / "mail.toml"
    file.write_text(
        f'[smtp]\nhost = "{HOST}"\nusername = "{USER}"\npassword = {{ env = "MAIL_SECRET" }}\n'
    )
    file.chmod(0o666)
    with world.there(variables={**trusting(world), "MAIL_SECRET": PASSWORD}) as there:
        status, _, text = world.check(str(file), "--as-pid", str(there.pid))
    assert status == 4, text
    assert "every user can write" in text
    assert PASSWORD not in text


def test_a_container_that_ends_during_the_check(world: Networks) -> None:
    """Its sockets and its agent live on, so the check ends with a verdict."""
    resolv_conf = "nameserver 10.77.9.7\noptions timeout:2 attempts:1\n"
    with world.there(resolv_conf=resolv_conf) as there:
        words = ("--set", f"host={HOST}", "--timeout", "5", "--json", "--as-pid", str(there.pid))
        process = world.start(*words)
        there.kill()
        output, complaint = process.communicate(timeout=30)
    assert process.returncode in (2, 5), output + complaint
    assert "Traceback" not in complaint


def test_python_with_two_sets_of_authorities(world: Networks, tmp_path: Path) -> None:
    site = tmp_path / "lib" / "python3.11" / "site-packages" / "certifi"
    site.mkdir(parents=True)
    shutil.copy(world.stranger, site / "cacert.pem")
    program = tmp_path / "bin" / "python3"
    program.parent.mkdir()
    program.symlink_to(sys.executable)
    sleeps = (str(program), "-I", "-S", "-c", "import time; time.sleep(600)")
    with world.there(variables=trusting(world), program=sleeps) as there:
        verdict = check(world, there.pid)
    assert verdict["ok"]
    assert others(verdict) == ["place-ca-library"]
    with world.there(variables={"SSL_CERT_FILE": str(world.stranger)}, program=sleeps) as there:
        shutil.copy(world.authority, site / "cacert.pem")
        verdict = check(world, there.pid)
    assert explaining(verdict) == ["place-ca-missing", "place-ca-library"]


def test_a_shell_that_started_the_application_is_named_as_such(world: Networks) -> None:
    starts = ("sh", "-c", "sleep 600 & wait")
    with world.there(variables=trusting(world), program=starts) as there:
        words = ("--set", f"host={HOST}", "--json", "--as-pid", str(there.pid))
        _, lines, _ = world.check(*words)
        (child,) = Path(f"/proc/{there.pid}/task/{there.pid}/children").read_text().split()
        os.kill(int(child), signal.SIGKILL)
    noted = verdict_of(lines)["comparison"]["not_compared"]
    assert any(f"--as-pid {child}" in text for text in noted)
