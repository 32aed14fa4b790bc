"""Set a tap up: where it listens, its certificate, and what its user must know."""

from __future__ import annotations

from collections.abc import Iterator

from smtp_tui.settings.fields import Settings
from smtp_tui.settings.parsers import ascii_name
from smtp_tui.smtp.ehlo import own_name
from smtp_tui.smtp.starttls import load_context
from smtp_tui.smtp.transcript import endpoint
from smtp_tui.tap.certificates import TapCertificate, make_certificate
from smtp_tui.tap.credentials import SecretRegistry
from smtp_tui.tap.differences import OwnCheck
from smtp_tui.tap.relay import CannotListen, ListenAddress, Tap, parse_listen
from smtp_tui.tap.session import TapPlan

LISTEN = "127.0.0.1:2525"
_LOCAL = ("localhost", "127.0.0.1", "::1")


def listen_address(text: str, *, may_be_reached: bool = False) -> ListenAddress:
    """Parse where to listen; CannotListen if other machines could connect, unless they may."""
    address = parse_listen(text)
    if not (address.is_loopback or may_be_reached):
        raise CannotListen(
            f"other machines could use {address} to reach the server: smtp-tui tap "
            "--listen-anywhere allows it"
        )
    return address


def refuse_server(settings: Settings, address: ListenAddress) -> None:
    """CannotListen if the server of the settings is the tap itself, or does not speak SMTP."""
    if settings.is_lmtp:
        raise CannotListen(
            "applications speak SMTP, and the tap does not translate it into LMTP: set protocol "
            "to smtp, and name a server that speaks SMTP"
        )
    if settings.host in (*_LOCAL, address.host) and settings.port == address.port:
        raise CannotListen(
            f"the settings name {settings.host} port {settings.port}, where the tap itself would "
            "listen: name the real server"
        )


def certificate_for(settings: Settings, address: ListenAddress) -> TapCertificate:
    """Make a certificate for every name that the application may use; may raise NoCertificate."""
    server = () if settings.is_socket else (settings.host,)
    tls_name = (settings.tls_name,) if settings.tls_name else ()
    return make_certificate(*_LOCAL, *server, *tls_name, address.host)


async def make_plan(
    settings: Settings, secret: str | None, certificate: TapCertificate | None
) -> TapPlan:
    """Return the plan for a tap; `secret` is the password to compare with, if it is known.

    TlsContextError if the settings name a file for TLS that cannot be used.
    """
    await load_context(settings, settings.timeout)
    name = settings.domain or await own_name() or ""
    return TapPlan(
        own=OwnCheck(
            settings=settings,
            ehlo_name=name if name.startswith("[") or not name else ascii_name(name),
            secret=secret,
        ),
        secrets=SecretRegistry(settings.host, settings.username, secret),
        certificate=certificate,
    )


def opening_lines(settings: Settings, address: ListenAddress) -> Iterator[str]:
    """Yield what the admin must know when a tap begins to listen."""
    server = endpoint(settings.host, settings.port)
    yield f"The tap listens on {address} and passes everything on to {server}."
    if settings.client_certificate:
        yield "Every program that connects to it uses the client certificate of the settings."


def trust_lines(ca_file: str) -> Iterator[str]:
    """Yield how an application trusts the tap."""
    yield f"For TLS, the application must trust {ca_file}."
    yield "OpenSSL, Python and Ruby read the file named in SSL_CERT_FILE,"
    yield "Node.js in NODE_EXTRA_CA_CERTS; Java needs keytool."


def closing_line(tap: Tap) -> str:
    """Return how many clients came, and how many of them differ from a check."""
    clients = "1 client" if tap.clients == 1 else f"{tap.clients} clients"
    differ = "differ" if tap.differing > 1 else "differs"
    text = f"{tap.differing or 'none'} {differ} from a check with the settings"
    if tap.failed_at:  # then a dialogue ended before it could be compared
        failed = "the server could not be used"
        text = f"{text}; {failed}" if tap.differing else failed
    return f"{clients}; {text}"
