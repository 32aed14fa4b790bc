"""Which choice is the best, and what it amounts to."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

from smtp_tui.discovery.candidates import default_candidates, distinct, preset_candidates
from smtp_tui.discovery.search import notes_of, reason_of, result_of, values_of
from smtp_tui.discovery.steps import OK, Candidate, CandidateSource, DiscoveryQuery, ProbeResult
from smtp_tui.providers import providers
from smtp_tui.settings.choices import Encryption
from smtp_tui.settings.fields import BY_KEY
from tests.providers.named import provider_named
from tests.table import table

SUBJECT = DiscoveryQuery("example.test", "me@example.test")


def knock(**more: Any) -> ProbeResult:
    """A knock without a fault."""
    whole: dict[str, Any] = {
        "seconds": 0,
        "took": 0,
        "address": "192.0.2.1",
        "cause": None,
        "encryption": Encryption.TLS,
        "version": "TLSv1.3",
        "trusted": OK,
        "before": (),
        "after": ("PLAIN",),
    }
    usual = {"host": "a.test", "port": 587, "source": CandidateSource.GUESS}
    place = {key: more.pop(key, value) for key, value in usual.items()}
    return ProbeResult(**{**whole, "candidate": Candidate(**place), **more})


def known(one: ProbeResult, **more: Any) -> ProbeResult:
    """The same knock with more that is known of its candidate."""
    return replace(one, candidate=replace(one.candidate, **more))


# The best first, each for one reason.
ORDER = [
    (knock(host="srv-ssl", port=465, source=CandidateSource.SRV, encryption=Encryption.SSL), 0),
    (knock(host="srv", source=CandidateSource.SRV), 0),
    (knock(host="srv-later", source=CandidateSource.SRV), 1),
    (knock(host="autoconfig", source=CandidateSource.AUTOCONFIG), 0),
    (knock(host="preset", source=CandidateSource.PRESET), 0),
    (knock(host="guess-ssl", port=465, encryption=Encryption.SSL), 0),
    (knock(host="guess"), 0),
    (knock(host="guess-2525", port=2525), 0),
    (knock(host="guess-25", port=25), 0),
    (knock(host="no-login", source=CandidateSource.SRV, after=()), 0),
    (knock(host="expired", cause="certificate-expired", trusted="certificate-expired"), 0),
    (knock(host="plain", encryption=Encryption.NONE, trusted=None, before=("PLAIN",)), 0),
    (knock(host="busy", cause="server-busy", trusted=None), 0),
]


def test_order() -> None:
    shuffled = [known(one, order=order) for one, order in ORDER]
    random.Random(7).shuffle(shuffled)
    found = [one.host for one in sorted(shuffled, key=lambda one: one.worth)]
    assert found == [one.host for one, _ in ORDER]


def test_what_was_not_reached_is_no_choice() -> None:
    silent = knock(encryption=None, cause="connect-timeout")
    assert result_of(SUBJECT, [silent], set()).values == {}


def chosen(one: ProbeResult, **more: Any) -> tuple[dict[str, object], str, list[str]]:
    """Values, reason and notes of the only choice."""
    one = known(one, **more)
    notes = list(notes_of(one, [one], SUBJECT))
    return values_of(one, SUBJECT), reason_of(one, SUBJECT), notes


@table("provider", providers(), ids=lambda one: one.id)
def test_values_of_a_preset_can_be_set(provider: object) -> None:
    one = knock(source=CandidateSource.PRESET)
    values, reason, notes = chosen(one, provider=provider)
    for key, value in values.items():
        assert BY_KEY[key].problem_with(value) is None
    assert reason.startswith("It is the server of ")
    assert any(note.startswith("Password: ") for note in notes)


def test_the_user_name_is_told_where_it_is_known() -> None:
    one = knock(source=CandidateSource.PRESET)
    assert chosen(one, provider=provider_named("gmail"))[0]["username"] == "me@example.test"
    assert chosen(one, provider=provider_named("sendgrid"))[0]["username"] == "apikey"
    assert "username" not in chosen(one)[0]
    assert chosen(one, provider=provider_named("outlook"))[0]["authentication"] == "xoauth2"


def test_notes() -> None:
    inside = knock(source=CandidateSource.SRV, host="mail.example.test")
    assert chosen(inside)[2] == []
    outside = knock(source=CandidateSource.SRV)
    assert "a.test is outside example.test" in chosen(outside)[2][0]
    assert chosen(outside, secure=True)[2] == []
    assert "no login" in chosen(knock(after=()))[2][0]


def test_the_other_family_is_told() -> None:
    one = knock()
    other = replace(one, address="2001:db8::1", cause="network-unreachable", encryption=None)
    notes = list(notes_of(one, [one, other], SUBJECT))
    assert notes[0].startswith("The server does not answer over IPv6: no route.")


def test_guesses() -> None:
    def hosts(name: str, exchange: str | None, *, is_domain: bool) -> list[str]:
        found = default_candidates(name, exchange, is_domain=is_domain, closed=frozenset())
        return list(dict.fromkeys(one.host for one in found))

    assert hosts("a.test", None, is_domain=True) == ["smtp.a.test", "mail.a.test", "a.test"]
    assert hosts("a.test", None, is_domain=False) == ["a.test", "smtp.a.test", "mail.a.test"]
    assert hosts("a.test", "mx.b.test", is_domain=True)[-1] == "mx.b.test"
    assert hosts("192.0.2.1", None, is_domain=False) == ["192.0.2.1"]
    found = list(default_candidates("a.test", "mx.b.test", is_domain=True, closed=frozenset({465})))
    assert {one.port for one in found if one.host == "mx.b.test"} == {587, 2525}
    assert {one.port for one in found if one.host == "a.test"} == {587, 2525, 25}


def test_each_port_once_as_its_best_source_knows_it() -> None:
    guess = Candidate(host="smtp.gmail.com", port=587, source=CandidateSource.GUESS)
    preset = list(preset_candidates(provider_named("gmail")))
    found = distinct([guess, *preset])
    assert [(one.port, one.source) for one in found] == [
        (465, CandidateSource.PRESET),
        (587, CandidateSource.PRESET),
    ]


def test_a_host_that_the_admin_must_choose_makes_no_place() -> None:
    assert list(preset_candidates(provider_named("amazon-ses"))) == []
    named = "email-smtp.eu-west-1.amazonaws.com"
    assert next(preset_candidates(provider_named("amazon-ses"), named)).host == named
