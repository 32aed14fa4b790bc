"""Failed tests as the form meets them: verdicts with fixes, and the certificates behind them."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path

from smtp_tui.diagnosis.verdict import Fix, Verdict
from smtp_tui.smtp.certificates import Certificate
from smtp_tui.smtp.events import Event, Stage, TlsFailed
from tests.tui.driving import DIALOGUE

ENCRYPTION = Fix(field="encryption", value="ssl", why="Tried: it works.")
ELSEWHERE = Fix(field="port", value=587, more={"encryption": "tls"}, why="Tried: it works.")
PASSWORD = Fix(field="password", value=None, why="Only you know the right one.")
NAME = Fix(field="server_name", value="mx.example.net", why="Tried: it works.", trusts=True)
OPEN = Fix(field="openssl_verify_mode", value="none", why="WEAKENS: any will do.", weakens=True)
AUTHORITY = Fix(field="ca_file", value=None, why="It would be trusted.", trusts=True)


def certificate(subject: str, *names: str, issuer: str = "CN=Acme CA") -> Certificate:
    """A certificate of which only the facts count."""
    der = subject.encode()
    return Certificate(
        subject=subject,
        names=names,
        issuer=issuer,
        not_before=datetime(2020, 1, 1, tzinfo=UTC),
        not_after=datetime(2120, 1, 1, tzinfo=UTC),
        sha256=hashlib.sha256(der).hexdigest(),
        has_san=bool(names),
        signature="ecdsa-with-SHA256",
        der=der,
    )


LEAF = certificate("CN=mx.example.net", "mx.example.net")
ROOT = certificate("CN=Acme CA", issuer="CN=Acme CA")
PIN = Fix(field="tls_fingerprint", value=LEAF.sha256, why="It alone.", trusts=True)


def failing(
    *fixes: Fix, cause: str = "certificate-unknown-issuer", stage: Stage = Stage.TLS
) -> Verdict:
    """A verdict of failure that proposes these."""
    return Verdict(
        seconds=0.2,
        ok=False,
        stage=stage,
        cause=cause,
        summary=f"It failed with {cause}.",
        fixes=fixes,
    )


def script(verdict: Verdict, *chain: Certificate) -> tuple[Event | Verdict, ...]:
    """A check that ends so, after the server has shown a chain."""
    shown = (TlsFailed(seconds=0.15, chain=chain),) if chain else ()
    return (*DIALOGUE, *shown, verdict)


def certificates(folder: Path) -> list[Path]:
    """The certificates that were saved in a folder."""
    return list(folder.glob("*.pem"))
