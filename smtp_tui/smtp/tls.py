"""TLS contexts, the same on every Python, the files they need, and what `ssl` keeps to itself."""

from __future__ import annotations

import os
import ssl
import stat
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from smtp_tui.settings.choices import TlsVersion, VerifyMode
from smtp_tui.settings.fields import Settings
from smtp_tui.settings.parsers import ascii_name
from smtp_tui.smtp.certificates import Certificate, certificate_from, unreadable_certificate

LARGEST_FILE = 8 * 1024 * 1024
"""Bytes; the certificates that an operating system trusts take a fortieth of it."""


class ContextError(Exception):
    """What the settings say cannot serve for TLS; `key` is the field, empty where it is none."""

    def __init__(self, key: str, message: str) -> None:
        super().__init__(message)
        self.key = key

    def __str__(self) -> str:
        """The field and what is wrong with it."""
        message = super().__str__()
        return f"{self.key}: {message}" if self.key else message


class FileReader:
    """Hands files to OpenSSL; `waits_for` is the field whose file is being read, and the file."""

    def __init__(self) -> None:
        self.waits_for: tuple[str, str] | None = None
        self.read_pipe = False

    @contextmanager
    def path_for(self, key: str, path: str) -> Iterator[str]:
        """Yield a path that OpenSSL reads without waiting: the file, or a copy of a pipe's content.

        A shell hands over a pipe for `<(pass show key)`. ContextError where it is neither, or too
        large.
        """
        self.waits_for = key, path
        copy = None
        try:
            status = Path(path).stat()
            size = status.st_size
            if stat.S_ISDIR(status.st_mode):
                raise ContextError(key, f"{path} is a folder; name a file")
            if not stat.S_ISREG(status.st_mode):
                if not stat.S_ISFIFO(status.st_mode) or not hasattr(os, "memfd_create"):
                    raise ContextError(key, f"{path} is not a regular file")
                with Path(path).open("rb") as pipe:
                    content = pipe.read(LARGEST_FILE + 1)
                size, self.read_pipe = len(content), True
                copy = os.memfd_create("smtp-tui", os.MFD_CLOEXEC)
                with open(copy, "wb", closefd=False) as file:
                    file.write(content)
            if size > LARGEST_FILE:
                raise ContextError(key, f"{path} is larger than {LARGEST_FILE >> 20} MiB")
            yield path if copy is None else f"/proc/self/fd/{copy}"
        except OSError as error:
            raise ContextError(key, f"{path}: {error.strerror}") from None
        finally:
            if copy is not None:
                os.close(copy)
        self.waits_for = None

    def late(self, seconds: float) -> ContextError | None:
        """The error for a file that did not answer in time; None where no file is waited for."""
        if self.waits_for is None:
            return None
        key, path = self.waits_for
        return ContextError(key, f"{path} was not read within {seconds:.1f} s; it may be a pipe")


_VERSIONS = {
    TlsVersion.V1_0: ssl.TLSVersion.TLSv1,
    TlsVersion.V1_1: ssl.TLSVersion.TLSv1_1,
    TlsVersion.V1_2: ssl.TLSVersion.TLSv1_2,
    TlsVersion.V1_3: ssl.TLSVersion.TLSv1_3,
}


# X509_V… and SSL_R_… of OpenSSL, by their names in Python.
_KEY_TROUBLE = {
    "KEY_VALUES_MISMATCH": "do not belong together",
    "EE_KEY_TOO_SMALL": "are rejected by OpenSSL: the key is too short",
    "CA_MD_TOO_WEAK": "are rejected by OpenSSL: the signature is too weak",
}


def verifies_chain(settings: Settings) -> bool:
    """Whether OpenSSL checks chain, dates and name: on the client both modes but `none` do."""
    return settings.openssl_verify_mode is not VerifyMode.NONE and settings.tls_fingerprint is None


def client_context(settings: Settings, files: FileReader | None = None) -> ssl.SSLContext:
    """Make the context the settings ask for; ContextError when they cannot be followed."""
    files = files or FileReader()
    old = settings.tls_minimum in (TlsVersion.V1_0, TlsVersion.V1_1)
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        # OpenSSL 3 signs TLS 1.0 and 1.1 handshakes with SHA-1, which it allows at level 0 alone.
        context.set_ciphers("DEFAULT@SECLEVEL=0" if old else "DEFAULT")
    except ssl.SSLError as error:
        # As in FIPS mode without the module for it.
        reason = (error.reason or str(error)).replace("_", " ").lower()
        place = os.environ.get("OPENSSL_CONF")
        where = f"its configuration{f', OPENSSL_CONF={place}' if place else ''}"
        text = f"OpenSSL on this machine cannot do TLS ({reason}); check {where}"
        raise ContextError("", text) from None
    watch_certificate_requests(context)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version = _VERSIONS[settings.tls_minimum]
    except ValueError:
        text = f"this machine's OpenSSL does not support TLS {settings.tls_minimum.value}"
        raise ContextError("tls_minimum", text) from None
    if verifies_chain(settings):
        _load_trust(context, settings.ca_file, files)
    else:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if settings.client_certificate:
        _load_own_certificate(context, settings.client_certificate, settings.client_key, files)
    return context


def _load_trust(context: ssl.SSLContext, ca_file: str | None, files: FileReader) -> None:
    if ca_file is None:
        files.waits_for = "SSL_CERT_FILE", os.environ.get("SSL_CERT_FILE", "")
        context.set_default_verify_paths()
        files.waits_for = None
        return
    with files.path_for("ca_file", ca_file) as path:
        try:
            context.load_verify_locations(cafile=path)
        except ssl.SSLError:
            raise ContextError("ca_file", f"{ca_file} contains no PEM certificate") from None
        except OSError as error:
            raise ContextError("ca_file", f"{ca_file}: {error.strerror}") from None


def _load_own_certificate(
    context: ssl.SSLContext, certificate: str, key: str | None, files: FileReader
) -> None:
    def refuse_to_ask() -> str:
        raise ContextError("client_key", "the key is encrypted; smtp-tui needs an unencrypted key")

    with ExitStack() as stack:
        path = stack.enter_context(files.path_for("client_certificate", certificate))
        key_path = stack.enter_context(files.path_for("client_key", key)) if key else None
        try:
            context.load_cert_chain(path, key_path, password=refuse_to_ask)
        except ssl.SSLError as error:
            trouble = _KEY_TROUBLE.get(error.reason or "", "are not a PEM certificate and its key")
            text = f"{certificate} and {key or certificate} {trouble}"
            raise ContextError("client_certificate", text) from None
        except OSError as error:
            named = certificate if key is None else f"{certificate} or {key}"
            raise ContextError("client_certificate", f"{named}: {error.strerror}") from None


def sni_name(settings: Settings) -> str:
    """The name for SNI (RFC 6066, section 3) and for the certificate's check (RFC 9525).

    ContextError when it has no form that TLS could carry.
    """
    try:
        return ascii_name(settings.tls_name).removesuffix(".").partition("%")[0]
    except ValueError as error:
        raise ContextError("server_name" if settings.server_name else "host", str(error)) from None


class _TlsLink(ssl.SSLObject):
    asked_for_certificate = False


def asked_for_certificate(link: ssl.SSLObject) -> bool:
    """Whether the server of a connection asked for a client certificate in the handshake."""
    return isinstance(link, _TlsLink) and link.asked_for_certificate


def watch_certificate_requests(context: ssl.SSLContext) -> None:
    """Have the links of a context note that the server asks for a client certificate.

    OpenSSL reports that to its debug callback alone.
    """
    context.sslobject_class = _TlsLink
    # Private; where it does not exist, nothing is known of a request. What `ssl` wraps it in turns
    # each number into an enumeration's member, 50 times a handshake.
    callback: Any = getattr(ssl.SSLContext.__base__, "_msg_callback", None)
    if callback is not None:
        callback.__set__(context, _note_request)


def _note_request(
    link: object, direction: str, _version: int, kind: int, message: int, _: bytes
) -> None:
    handshake, certificate_request = 22, 13  # RFC 8446, appendix B
    is_request = (direction, kind, message) == ("read", handshake, certificate_request)
    if is_request and isinstance(link, _TlsLink):
        link.asked_for_certificate = True


def peer_certificates(link: ssl.SSLObject) -> list[Certificate]:
    """Return what the peer sent, its own certificate first, verified or not.

    Python 3.13 has a public call that returns DER; this one is there since 3.10 and decodes too.
    """
    inner: Any = getattr(link, "_sslobj")  # noqa: B009 - private, and reached here alone
    encoding = 2  # _ssl.ENCODING_DER, which the public module does not name
    chain = []
    for sent in inner.get_unverified_chain() or ():
        der = bytes(sent.public_bytes(encoding))
        try:
            chain.append(certificate_from(sent.get_info(), der))
        except (ValueError, ssl.SSLError):
            chain.append(unreadable_certificate(der))
    return chain
