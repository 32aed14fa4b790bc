"""The login, as a test found it."""

from __future__ import annotations

from collections.abc import Iterator

from smtp_tui.diagnosis.facts import Facts
from smtp_tui.diagnosis.meanings.parts import Part
from smtp_tui.diagnosis.seen.offers import Finding, before_tls, inside_tls, mechanisms_of
from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.smtp.events import Stage
from smtp_tui.smtp.labels import label


def _login(facts: Facts, verdict: Verdict) -> Iterator[Part]:
    if not facts.mechanism:
        return
    names = {"mechanism": facts.mechanism}
    # Who got beyond the login had it accepted, whatever came after.
    if verdict.stage in (Stage.ENVELOPE, Stage.MESSAGE) or verdict.ok:
        yield Part("accepted", names)
    elif verdict.reply:
        yield Part("refused", names)
    elif verdict.cause:
        yield Part("ended", names | {"cause": label(verdict.cause)})


def _authentication(facts: Facts, verdict: Verdict) -> Iterator[Part]:
    before = before_tls(facts)
    inside = inside_tls(facts)
    if before is not None and (before.mechanisms or inside is None):
        yield Part("offered-open", {"open": mechanisms_of(before)})
    if inside is not None:
        yield Part("offered-inside", {"inside": mechanisms_of(inside)})
    yield from _login(facts, verdict)


OF: dict[str, Finding] = {
    "username": _login,
    "password": _login,
    "authentication": _authentication,
}
