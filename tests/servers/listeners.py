"""The ports on which the servers listen; a new one is a name and a row in the table."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from tests.servers import tokens
from tests.servers.authority import Certificate
from tests.servers.dovecot import MECHANISMS


class Listener(StrEnum):
    """The name of a port, and with it of its behaviour."""

    PLAIN = "plain"
    STARTTLS_OFFERED = "starttls-offered"
    STARTTLS_REQUIRED = "starttls-required"
    IMPLICIT_TLS = "implicit-tls"
    STARTTLS_WRONG_NAME = "starttls-wrong-name"
    IMPLICIT_TLS_WRONG_NAME = "implicit-tls-wrong-name"
    STARTTLS_EXPIRED = "starttls-expired"
    STARTTLS_SELF_SIGNED = "starttls-self-signed"
    WITHOUT_AUTH = "without-auth"
    LOGIN_ONLY = "login-only"
    WITH_TOKENS = "with-tokens"
    PLAIN_TOKENS_ONLY = "plain-tokens-only"


class Tls(StrEnum):
    """When a listener speaks TLS."""

    NEVER = "never"
    OFFERED = "offered"
    REQUIRED = "required"
    IMPLICIT = "implicit"


@dataclass(frozen=True)
class Service:
    """What a listener offers; `parameters` are further ones of main.cf, for this port alone."""

    tls: Tls
    auth: bool = True
    mechanisms: tuple[str, ...] = MECHANISMS
    certificate: Certificate = Certificate.RIGHT
    parameters: Mapping[str, str] = field(default_factory=dict)


SERVICES: Mapping[Listener, Service] = {
    Listener.PLAIN: Service(Tls.NEVER),
    Listener.STARTTLS_OFFERED: Service(Tls.OFFERED),
    Listener.STARTTLS_REQUIRED: Service(Tls.REQUIRED),
    Listener.IMPLICIT_TLS: Service(Tls.IMPLICIT),
    Listener.STARTTLS_WRONG_NAME: Service(Tls.OFFERED, certificate=Certificate.WRONG_NAME),
    Listener.IMPLICIT_TLS_WRONG_NAME: Service(Tls.IMPLICIT, certificate=Certificate.WRONG_NAME),
    Listener.STARTTLS_EXPIRED: Service(Tls.OFFERED, certificate=Certificate.EXPIRED),
    Listener.STARTTLS_SELF_SIGNED: Service(Tls.OFFERED, certificate=Certificate.SELF_SIGNED),
    Listener.WITHOUT_AUTH: Service(Tls.OFFERED, auth=False),
    # As Debian's master.cf has it for submission.
    Listener.LOGIN_ONLY: Service(
        Tls.OFFERED,
        parameters={"smtpd_client_restrictions": "permit_sasl_authenticated, reject"},
    ),
    Listener.WITH_TOKENS: Service(Tls.OFFERED, mechanisms=MECHANISMS + tokens.MECHANISMS),
    Listener.PLAIN_TOKENS_ONLY: Service(Tls.NEVER, mechanisms=tokens.MECHANISMS),
}
