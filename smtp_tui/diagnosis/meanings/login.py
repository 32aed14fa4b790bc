"""The login: who, with what, by which mechanism."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from smtp_tui.diagnosis.given import Given, Link
from smtp_tui.diagnosis.meanings.parts import Meaning, Part
from smtp_tui.providers.known import provider_of
from smtp_tui.providers.provider import Provider, User
from smtp_tui.settings.choices import Authentication
from smtp_tui.settings.sources import (
    Ask,
    Command,
    Environment,
    File,
    Keyring,
    Literal,
    PasswordSource,
)

_CLEAR = (Authentication.PLAIN, Authentication.LOGIN)
_TOKENS = (Authentication.XOAUTH2, Authentication.OAUTHBEARER)
_PLACES: dict[type[PasswordSource], str] = {
    Literal: "in-file",
    Keyring: "in-keyring",
    Environment: "in-variable",
    File: "in-another-file",
    Command: "by-program",
    Ask: "asked",
}


def _username(given: Given) -> Iterator[Part]:
    authentication = given["authentication"]
    if given["username"]:
        if authentication is Authentication.NONE:
            yield Part("idle")
        elif authentication is not None:
            yield Part("used", {"authentication": str(authentication)})
        return
    yield Part("nobody")
    if (provider := _provider(given)) and provider.user is not User.NONE:
        yield Part("at-provider", {"provider": provider.name, "wanted": provider.username_is})


def _password(given: Given) -> Iterator[Part]:
    source, is_wanted = given["password"], given.mechanism not in (None, Authentication.EXTERNAL)
    if source is not None:
        yield Part(_PLACES[type(source)])
        if given["authentication"] is not None and not is_wanted:
            yield Part("idle")
    elif is_wanted:
        yield Part("missing")
    else:
        yield Part("not-needed")
    provider = _provider(given)
    if provider and is_wanted:
        yield Part("at-provider", {"provider": provider.name, "wanted": provider.password_is})


def _authentication(given: Given) -> Iterator[Part]:
    mechanism = given.mechanism
    names = {"mechanism": str(given["authentication"]).upper()}
    if mechanism is None:
        is_auto = given["authentication"] is Authentication.AUTO
        yield Part("auto-for-nobody" if is_auto else "nobody")
    elif mechanism is Authentication.AUTO:
        yield from _auto(given.link)
    elif mechanism in _CLEAR:
        link = given.link or Link.TLS
        yield Part(f"clear-{link.value}", names)
    elif mechanism in _TOKENS:
        yield Part("token", names)
    elif mechanism is Authentication.EXTERNAL:
        yield Part("external")
    else:
        yield Part("proof", names)


def _auto(link: Link | None) -> Iterator[Part]:
    if link is not None:
        from smtp_tui.smtp.sasl import AUTO_ENCRYPTED, AUTO_OPEN

        names = {"encrypted": _listed(AUTO_ENCRYPTED), "open": _listed(AUTO_OPEN)}
        yield Part(f"auto-{link.value}", names)


def _listed(words: Sequence[str]) -> str:
    return f"{', '.join(words[:-1])} and {words[-1]}"


def _provider(given: Given) -> Provider | None:
    host = given["host"]
    return provider_of(host) if host and not given.is_near else None


OF: dict[str, Meaning] = {
    "username": _username,
    "password": _password,
    "authentication": _authentication,
}
