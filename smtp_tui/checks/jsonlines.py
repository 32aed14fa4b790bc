"""Events and verdicts as JSON objects: ASCII only, keys always there, null where empty."""

from __future__ import annotations

import json
from typing import Any, assert_never

from smtp_tui.checks.many import Summary
from smtp_tui.diagnosis.verdict import TlsSummary, Verdict
from smtp_tui.smtp.certificates import Certificate
from smtp_tui.smtp.events import (
    Accepted,
    Answered,
    AuthStarted,
    Capabilities,
    Connected,
    Connecting,
    Entered,
    Event,
    Experiment,
    Finished,
    Note,
    Received,
    Resolved,
    Sent,
    TlsEstablished,
    TlsRefused,
)
from smtp_tui.smtp.replies import Reply

Object = dict[str, Any]


def json_line(told: Event | Verdict, file: str | None, table: str | None) -> str | None:
    """Return the line of an event or a verdict; None for what only frames the dialogue."""
    content = _verdict(told) if isinstance(told, Verdict) else _event(told)
    if content is None:
        return None
    name = content.pop("event")
    seconds = {"seconds": round(told.seconds, 6)}
    return json.dumps({"event": name, "file": file, "table": table, **content, **seconds})


def summary_line(summary: Summary) -> str:
    """Return the line that ends the checks of several tables."""
    content = {
        "event": "summary",
        "file": None,
        "table": None,
        "ok": summary.ok,
        "tables": len(summary.outcomes),
        "passed": len(summary.outcomes) - len(summary.failed),
        "failed": [
            {
                "file": one.subject.file,
                "table": one.subject.table,
                "stage": one.verdict.stage,
                "cause": one.verdict.cause,
            }
            for one in summary.failed
        ],
        "seconds": round(summary.seconds, 6),
    }
    return json.dumps(content)


def _event(event: Event) -> Object | None:
    match event:
        case Entered() | Answered() | Accepted() | Finished():
            return None
        case Resolved(host=host, addresses=addresses):
            return {"event": "resolved", "host": host, "addresses": list(addresses)}
        case Connecting(address=address, port=port):
            return {"event": "connecting", "address": address, "port": port}
        case Connected(address=address, port=port, local_address=local):
            return {"event": "connected", "address": address, "port": port, "local_address": local}
        case Sent(text=text):
            return {"event": "sent", "text": text}
        case Received(reply=reply, decoded=decoded):
            return {"event": "received", **_reply(reply), "decoded": decoded}
        case TlsEstablished() | TlsRefused():
            return {"event": "tls", **_link(event)}
        case Capabilities(encrypted=encrypted, keywords=keywords, mechanisms=mechanisms):
            return {
                "event": "capabilities",
                "encrypted": encrypted,
                "keywords": [f"{name} {rest}".rstrip() for name, rest in keywords],
                "mechanisms": list(mechanisms),
            }
        case AuthStarted(mechanism=mechanism, reason=reason):
            return {"event": "auth", "mechanism": mechanism, "reason": reason}
        case Note(text=text, warning=warning):
            return {"event": "note", "text": text, "warning": warning}
        case Experiment(name=name, outcome=outcome, text=text):
            return {"event": "experiment", "name": name, "outcome": outcome, "text": text}
        case _:
            assert_never(event)


def _verdict(verdict: Verdict) -> Object:
    return {
        "event": "verdict",
        "ok": verdict.ok,
        "stage": verdict.stage,
        "cause": verdict.cause,
        "also": list(verdict.also),
        "warnings": list(verdict.warnings),
        "summary": verdict.summary,
        "reply": _reply(verdict.reply) if verdict.reply else None,
        "protocol": verdict.protocol,
        "fixes": [
            {
                "field": fix.field,
                "value": fix.value,
                "more": dict(fix.more) if fix.more else None,
                "why": fix.why,
                "weakens": fix.weakens,
            }
            for fix in verdict.fixes
        ],
        "address": verdict.address,
        "tls": _tls(verdict.tls) if verdict.tls else None,
        "mechanisms": list(verdict.mechanisms),
        "recipients": [
            {"address": one.address, "code": one.code, "text": one.text}
            for one in verdict.recipients
        ],
        "queue_id": verdict.queue_id,
    }


def _reply(reply: Reply) -> Object:
    return {"code": reply.code, "enhanced": reply.enhanced, "text": reply.text}


def _link(event: TlsEstablished | TlsRefused) -> Object:
    agreed = event if isinstance(event, TlsEstablished) else None
    return {
        "version": agreed.version if agreed else None,
        "cipher": agreed.cipher if agreed else None,
        "verified": agreed.verified if agreed else False,
        "certificate": _certificate(event.chain[0] if event.chain else None),
        "chain": [_in_full(one) for one in event.chain],
    }


def _tls(tls: TlsSummary) -> Object:
    return {
        "version": tls.version,
        "cipher": tls.cipher,
        "verified": tls.verified,
        "peer_would": tls.peer_would,
        "certificate": _certificate(tls.certificate),
    }


def _certificate(certificate: Certificate | None) -> Object | None:
    if certificate is None:
        return None
    return {
        "subject": certificate.subject,
        "names": list(certificate.names),
        "issuer": certificate.issuer,
        "not_after": certificate.not_after.isoformat(),
        "sha256": certificate.sha256,
    }


def _in_full(certificate: Certificate) -> Object:
    key = certificate.key
    return {
        **(_certificate(certificate) or {}),
        "not_before": certificate.not_before.isoformat(),
        "days_left": certificate.days_left(),
        "key": {"type": key.type, "bits": key.bits, "curve": key.curve or None} if key else None,
        "signature": certificate.signature or None,
    }
