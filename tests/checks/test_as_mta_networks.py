"""`check --as-mta` on port 25, in a network with its own name server, hosts and CA."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.checks.two_networks import ROOT, Space, require_networks, space
from tests.discovery.test_dane import record_of
from tests.events import validate
from tests.smtp import pki

pytestmark = pytest.mark.integration

DOMAIN, FIRST, SECOND = "example.test", "mx1.example.test", "mx2.example.test"
GOOD, WRONG, SIX, DEAD, WEB = "10.78.0.1", "10.78.0.2", "fd78::1", "10.78.0.3", "10.78.0.4"
AUTHORITY = pki.issue("Test CA", is_authority=True)
ONE = pki.issue(FIRST, FIRST, issuer=AUTHORITY)
TWO = pki.issue(FIRST, FIRST, issuer=AUTHORITY)
OTHER = pki.issue("other.test", "other.test", issuer=AUTHORITY)
STS = pki.issue("sts", f"mta-sts.{DOMAIN}", issuer=AUTHORITY)
POLICY = f"version: STSv1\r\nmode: enforce\r\nmx: {FIRST}\r\nmax_age: 86400\r\n"
ZONE = {
    DOMAIN: {"MX": [f"10 {FIRST}.", f"20 {SECOND}."]},
    FIRST: {"A": [GOOD, WRONG], "AAAA": [SIX]},
    SECOND: {"A": [DEAD]},
    f"_25._tcp.{FIRST}": {"TLSA": [record_of(3, 1, 1, ONE)]},
    f"_mta-sts.{DOMAIN}": {"TXT": ['"v=STSv1; id=20260101"']},
    f"mta-sts.{DOMAIN}": {"A": [WEB]},
}
Check = Callable[..., tuple[int, str]]


@contextmanager
def domain_in(folder: Path, place: Space) -> Iterator[None]:
    """Run the servers of the domain in a network."""
    files = {}
    for issued in (ONE, TWO, OTHER, STS):
        files[issued.sha256] = folder / f"{issued.sha256}.pem"
        files[issued.sha256].write_bytes(issued.key_pem() + issued.pem)
    for address in (GOOD, WRONG, DEAD, WEB):
        place.run("ip", "address", "add", f"{address}/32", "dev", "lo")
    place.run("ip", "address", "add", f"{SIX}/128", "dev", "lo", "nodad")
    wanted = {
        "zone": ZONE,
        "vouches": True,
        "web": (WEB, str(files[STS.sha256]), POLICY),
        "mail": {
            GOOD: (FIRST, str(files[ONE.sha256])),
            WRONG: (FIRST, str(files[OTHER.sha256])),
            SIX: (FIRST, str(files[TWO.sha256])),
        },
    }
    process = subprocess.Popen(
        [
            *("nsenter", "--target", str(place.pid), "--net", sys.executable),
            *("-m", "tests.checks.mail_domain", json.dumps(wanted)),
        ],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    try:
        assert process.stdout.readline() == "serving\n"
        yield
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Space, Path]]:
    """The domain's network, and the folder of its files."""
    require_networks()
    folder = tmp_path_factory.mktemp("domain")
    (folder / "ca.pem").write_bytes(AUTHORITY.pem)
    with (
        space(folder / "space", resolv_conf="nameserver 127.0.0.1\n") as place,
        domain_in(folder, place),
    ):
        yield place, folder


@pytest.fixture
def check(network: tuple[Space, Path]) -> Check:
    """Run `check --as-mta` in the domain's network."""
    place, folder = network

    def run(*words: str) -> tuple[int, str]:
        done = subprocess.run(
            [
                *("nsenter", "--target", str(place.pid), "--net", "--mount", "--wdns=/"),
                *(sys.executable, "-P", "-m", "smtp_tui", "check", "--as-mta", *words),
            ],
            env={
                **os.environ,
                "PYTHONPATH": str(ROOT),
                "HOME": str(folder),
                "SSL_CERT_FILE": str(folder / "ca.pem"),
                "SSL_CERT_DIR": str(folder / "none"),
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert not done.stderr, done.stderr
        return done.returncode, done.stdout

    return run


def test_every_address_is_seen_side_by_side(check: Check) -> None:
    status, text = check(DOMAIN, "--json")
    assert status == 1
    for line in text.splitlines():
        validate(line)
    *sides, whole = map(json.loads, text.splitlines())
    found = {side["address"]: side for side in sides}

    def of(address: str) -> list[Any]:
        side = found[address]
        return [side["cause"], side["certificate_state"], *side["senders"].values()]

    assert of(GOOD) == [None, "ok", "delivers", "delivers", "delivers"]
    # A valid certificate of another key: a node that the TLSA record forgot.
    assert of(SIX) == [None, "ok", "delivers", "fails", "delivers"]
    wrong = [None, "certificate-name-mismatch", "delivers", "fails", "fails"]
    assert of(WRONG) == wrong
    assert of(DEAD) == ["connection-refused", None, "fails", "fails", "fails"]
    assert found[SIX]["right_record"] == f"_25._tcp.{FIRST}. IN TLSA {record_of(3, 1, 1, TWO)}"
    assert [side["sts_allows"] for side in sides] == [True, True, True, False]
    assert whole["senders"] == {"plain": "delivers", "dane": "delivers", "mta_sts": "delivers"}
    assert whole["sts_policy"]["mx"] == [FIRST]
    assert (whole["servers"], whole["addresses"], whole["dnssec"]) == (2, 4, True)


def test_the_table_fits_eighty_columns(check: Check) -> None:
    status, text = check(DOMAIN)
    assert status == 1
    lines = text.splitlines()
    assert lines[0].split() == ["TLS", "certificate", "plain", "DANE", "MTA-STS"]
    assert lines[1] == f"{FIRST} (10)"
    rows = [line.split() for line in lines[2:5]]
    assert [GOOD, "TLSv1.3", "valid", "delivers", "delivers", "delivers"] in rows
    assert [WRONG, "TLSv1.3", "wrong", "name", "delivers", "fails", "fails"] in rows
    # A record to paste stands on a line of its own, however long.
    assert all(len(line) < 80 for line in lines if "IN TLSA" not in line)
    assert f"    _25._tcp.{FIRST}. IN TLSA {record_of(3, 1, 1, TWO)}" in lines
    assert "FAILED: senders cannot deliver at every address" in text
    assert check(DOMAIN, "--quiet")[1].startswith("FAILED: ")


def test_a_port_that_nothing_leaves_by_is_not_called_a_dead_domain(
    check: Check, network: tuple[Space, Path]
) -> None:
    place, _ = network
    place.run("nft", "add", "table", "inet", "closed")
    chain = "{ type filter hook output priority 0; }"
    place.run("nft", "add", "chain", "inet", "closed", "out", chain)
    place.run("nft", "add", "rule", "inet", "closed", "out", "tcp", "dport", "25", "drop")
    try:
        status, text = check(DOMAIN, "--timeout", "3")
    finally:
        place.run("nft", "delete", "table", "inet", "closed")
    assert status == 6
    assert "FAILED: no mail server of example.test answers on port 25." in text
    assert "smtp-tui cannot tell which" in " ".join(text.split())
