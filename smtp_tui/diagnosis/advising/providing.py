"""What does not fit the provider whose server the host is, as `providers` knows it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from smtp_tui.diagnosis.advising.hits import Hit
from smtp_tui.diagnosis.advising.link import clash
from smtp_tui.diagnosis.given import Given
from smtp_tui.providers.known import provider_of, providers_naming
from smtp_tui.providers.provider import Provider, User
from smtp_tui.settings.choices import Authentication

AMAZON_SES = "amazon-ses"
_IAM_SECRET = 40  # characters; an SMTP password of the same provider has 44


def hits(given: Given) -> Iterator[Hit]:
    """Yield what holds."""
    host = given["host"]
    if not host or given.is_near:
        return
    provider = provider_of(host)
    if provider is not None:
        yield from _way(given, provider)
        yield from _login(given, provider)
    else:
        yield from _wrong_host(host)


def _way(given: Given, provider: Provider) -> Iterator[Hit]:
    port, encryption = given["port"], given["encryption"]
    if None in (port, encryption) or provider.offers(port, encryption) or clash(port, encryption):
        return
    if provider.more_ways:  # what no source tells of may work all the same
        return
    ways = [f"{way.port} with {way.encryption}" for way in provider.ways]
    yield Hit("provider-way", {"provider": provider.name, "ways": _listed(ways)})


def _login(given: Given, provider: Provider) -> Iterator[Hit]:
    names = {"provider": provider.name}
    username, mechanism = given["username"], given.mechanism
    if given["authentication"] is Authentication.NONE and "authentication" in given.present:
        if Authentication.NONE not in provider.authentication:
            yield Hit("provider-wants-a-login", names)
    elif provider.user is User.NONE and mechanism:
        yield Hit("provider-without-login", names)
    if provider.user is User.NONE or mechanism in (None, Authentication.EXTERNAL):
        return
    if username and not provider.takes_username(username):
        yield Hit("provider-username", names | {"wanted": provider.username_is})
    if not provider.takes_mechanism(mechanism):
        told = _listed(provider.authentication)
        yield Hit("provider-authentication", names | {"mechanisms": told})
    if provider.id == AMAZON_SES and len(given.secret or "") == _IAM_SECRET:
        yield Hit("password-of-iam")


def _listed(words: Sequence[str]) -> str:
    *most, last = words
    return f"{', '.join(most)} or {last}" if most else last


def _wrong_host(host: str) -> Iterator[Hit]:
    name = host.casefold().rstrip(".")
    for provider in providers_naming(host):
        names = {"provider": provider.name, "right": provider.host or "its submission server"}
        if name in provider.domains:
            yield Hit("host-is-a-mail-domain", names)
        elif provider.takes_mail_at(host):
            yield Hit("host-takes-incoming-mail", names)
        else:
            continue
        return
