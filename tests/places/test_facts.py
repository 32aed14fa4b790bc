"""What the kernel says of a network, and what a hosts file says of a name."""

from __future__ import annotations

import os

from smtp_tui.places.facts import NetworkFacts, hosts_entries, is_listening, network_facts
from smtp_tui.places.process import ProcessHandle
from tests.places.spaces import process_in_namespaces

CABLE = (
    "ip link set lo up",
    "ip link add v0 type veth peer v1",
    "ip link set v0 up",
    "ip link set v1 up",
    "ip address add 192.0.2.7/24 dev v0",
)
IPV6 = "ip address add 2001:db8::7/64 dev v0 nodad"


def facts_of(pid: int) -> NetworkFacts | None:
    with ProcessHandle(pid) as process:
        return network_facts(process)


def test_a_network_of_nothing_but_loopback() -> None:
    with process_in_namespaces() as pid:
        assert facts_of(pid) == NetworkFacts(interfaces=(), ipv6_addresses=())


def test_an_address_that_only_its_link_has_is_none() -> None:
    with process_in_namespaces(setup=CABLE) as pid:
        facts = facts_of(pid)
    assert facts is not None
    assert "v0" in facts.interfaces
    assert facts.ipv6_addresses == ()
    assert not facts.has_ipv4_default


def test_a_default_route() -> None:
    with process_in_namespaces(setup=(*CABLE, "ip route add default via 192.0.2.1")) as pid:
        facts = facts_of(pid)
    assert facts is not None
    assert (facts.has_ipv4_default, facts.has_ipv6_default) == (True, False)


def test_an_ipv6_address() -> None:
    with process_in_namespaces(setup=(*CABLE, IPV6)) as pid:
        facts = facts_of(pid)
    assert facts is not None
    assert facts.ipv6_addresses == ("2001:db8::7",)


def test_a_name_server_listens_or_does_not() -> None:
    with (
        process_in_namespaces(names={"mail.example.test": "192.0.2.8"}) as pid,
        ProcessHandle(pid) as process,
    ):
        assert is_listening(process, 53)
        assert not is_listening(process, 54)


def test_entries_of_a_hosts_file() -> None:
    text = "192.0.2.1 Mail.Example.test. other # 192.0.2.9 mail.example.test\n\n# 192.0.2.2 x\n"
    text += "2001:db8::1\tmail.example.test\n192.0.2.3 mail.example.test.evil\n"
    assert hosts_entries(text, "mail.example.test") == ("192.0.2.1", "2001:db8::1")
    assert hosts_entries("", "mail.example.test") == ()


def test_this_process_can_be_read() -> None:
    assert facts_of(os.getpid()) is not None
