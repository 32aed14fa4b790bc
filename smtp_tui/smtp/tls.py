"""Create the same TLS contexts on every Python, and read data that `ssl` does not expose."""

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
"""Bytes; an operating system's CA certificates take a fortieth of this."""


class TlsContextError(Exception):
    """The settings cannot be used for TLS; `key` is the field, empty if no field is the cause."""

    def __init__(self, key: str, message: str) -> None:
        super().__init__(message)
        self.key = key

    def __str__(self) -> str:
        """The field and what is wrong with it."""
        message = super().__str__()
        return f"{self.key}: {message}" if self.key else message


class AnchorPem(str):
    """The PEM text of a certificate that ends a chain though it need not be a root (DANE-TA)."""

    __slots__ = ()


class FileReader:
    """Passes files to OpenSSL; `waits_for` is the field and path of the file being read."""

    def __init__(self) -> None:
        self.waits_for: tuple[str, str] | None = None
        self.read_pipe = False

    @contextmanager
    def path_for(self, key: str, path: str) -> Iterator[str]:
        """Yield a path that OpenSSL reads without waiting: the file, or a copy of a pipe's content.

        A shell passes a pipe for `<(pass show key)`. TlsContextError if it is neither or too large.
        """
        self.waits_for = key, path
        copy = None
        try:
            status = Path(path).stat()
            size = status.st_size
            if stat.S_ISDIR(status.st_mode):
                raise TlsContextError(key, f"{path} is a folder; name a file")
            if not stat.S_ISREG(status.st_mode):
                if not stat.S_ISFIFO(status.st_mode) or not hasattr(os, "memfd_create"):
                    raise TlsContextError(key, f"{path} is not a regular file")
                with Path(path).open("rb") as pipe:
                    content = pipe.read(LARGEST_FILE + 1)
                size, self.read_pipe = len(content), True
                copy = os.memfd_create("smtp-tui", os.MFD_CLOEXEC)
                with open(copy, "wb", closefd=False) as file:
                    file.write(content)
            if size > LARGEST_FILE:
                raise TlsContextError(key, f"{path} is larger than {LARGEST_FILE >> 20} MiB")
            yield path if copy is None else f"/proc/self/fd/{copy}"
        except OSError as error:
            raise TlsContextError(key, f"{path}: {error.strerror}") from None
        finally:
            if copy is not None:
                os.close(copy)
        self.waits_for = None

    def late(self, seconds: float) -> TlsContextError | None:
        """Return the error for a file not read in time; None if no file is being read."""
        if self.waits_for is None:
            return None
        key, path = self.waits_for
        return TlsContextError(key, f"{path} was not read within {seconds:.1f} s; it may be a pipe")


_VERSIONS = {
    TlsVersion.V1_0: ssl.TLSVersion.TLSv1,
    TlsVersion.V1_1: ssl.TLSVersion.TLSv1_1,
    TlsVersion.V1_2: ssl.TLSVersion.TLSv1_2,
    TlsVersion.V1_3: ssl.TLSVersion.TLSv1_3,
}


# OpenSSL's X509_R_… and SSL_R_… reasons, by their names in Python.
_KEY_PROBLEMS = {
    "KEY_VALUES_MISMATCH": "do not belong together",
    "EE_KEY_TOO_SMALL": "are rejected by OpenSSL: the key is too short",
    "CA_MD_TOO_WEAK": "are rejected by OpenSSL: the signature is too weak",
}


def verifies_chain(settings: Settings) -> bool:
    """Whether OpenSSL checks chain, dates and name: on the client both modes but `none` do."""
    return settings.openssl_verify_mode is not VerifyMode.NONE and settings.tls_fingerprint is None


def client_context(
    settings: Settings, files: FileReader | None = None, trust: str | None = None
) -> ssl.SSLContext:
    """Return a context for the settings; TlsContextError if they cannot be applied.

    `trust` is the PEM text of the authorities to trust instead of this machine's, unless the
    settings name a file.
    """
    files = files or FileReader()
    old = settings.tls_minimum in (TlsVersion.V1_0, TlsVersion.V1_1)
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        # OpenSSL 3 signs TLS 1.0 and 1.1 handshakes with SHA-1, which it allows only at level 0.
        context.set_ciphers("DEFAULT@SECLEVEL=0" if old else "DEFAULT")
    except ssl.SSLError as error:
        # For example in FIPS mode without the FIPS module.
        reason = (error.reason or str(error)).replace("_", " ").lower()
        place = os.environ.get("OPENSSL_CONF")
        where = f"its configuration{f', OPENSSL_CONF={place}' if place else ''}"
        text = f"OpenSSL on this machine cannot do TLS ({reason}); check {where}"
        raise TlsContextError("", text) from None
    watch_certificate_requests(context)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version = _VERSIONS[settings.tls_minimum]
    except ValueError:
        text = f"this machine's OpenSSL does not support TLS {settings.tls_minimum.value}"
        raise TlsContextError("tls_minimum", text) from None
    if verifies_chain(settings):
        _load_trust(context, settings.ca_file, files, trust)
    else:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if settings.client_certificate:
        _load_own_certificate(context, settings.client_certificate, settings.client_key, files)
    return context


def _load_trust(
    context: ssl.SSLContext, ca_file: str | None, files: FileReader, trust: str | None
) -> None:
    if ca_file is None and trust is not None:
        if trust:  # OpenSSL rejects an empty text
            context.load_verify_locations(cadata=trust)
        if isinstance(trust, AnchorPem):
            context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        return
    if ca_file is None:
        # OpenSSL reads this file now, and those of SSL_CERT_DIR during a handshake.
        path = os.environ.get("SSL_CERT_FILE")
        own = ssl.get_default_verify_paths().openssl_cafile
        files.waits_for = ("SSL_CERT_FILE", path) if path else ("the system's CA file", own)
        context.set_default_verify_paths()
        files.waits_for = None
        return
    with files.path_for("ca_file", ca_file) as path:
        try:
            context.load_verify_locations(cafile=path)
        except ssl.SSLError:
            raise TlsContextError("ca_file", f"{ca_file} contains no PEM certificate") from None
        except OSError as error:
            raise TlsContextError("ca_file", f"{ca_file}: {error.strerror}") from None


def _load_own_certificate(
    context: ssl.SSLContext, certificate: str, key: str | None, files: FileReader
) -> None:
    def reject_encrypted_key() -> str:
        raise TlsContextError(
            "client_key", "the key is encrypted; smtp-tui needs an unencrypted key"
        )

    with ExitStack() as stack:
        path = stack.enter_context(files.path_for("client_certificate", certificate))
        key_path = stack.enter_context(files.path_for("client_key", key)) if key else None
        try:
            context.load_cert_chain(path, key_path, password=reject_encrypted_key)
        except ssl.SSLError as error:
            problem = _KEY_PROBLEMS.get(error.reason or "", "are not a PEM certificate and its key")
            text = f"{certificate} and {key or certificate} {problem}"
            raise TlsContextError("client_certificate", text) from None
        except OSError as error:
            paths = certificate if key is None else f"{certificate} or {key}"
            raise TlsContextError("client_certificate", f"{paths}: {error.strerror}") from None


def sni_name(settings: Settings) -> str:
    """Return the name for SNI (RFC 6066, section 3) and the certificate check (RFC 9525).

    TlsContextError if TLS cannot carry it.
    """
    try:
        return ascii_name(settings.tls_name).removesuffix(".").partition("%")[0]
    except ValueError as error:
        raise TlsContextError(
            "server_name" if settings.server_name else "host", str(error)
        ) from None


class _TlsObject(ssl.SSLObject):
    asked_for_certificate = False


def asked_for_certificate(tls: ssl.SSLObject) -> bool:
    """Whether the server asked for a client certificate in the handshake."""
    return isinstance(tls, _TlsObject) and tls.asked_for_certificate


def watch_certificate_requests(context: ssl.SSLContext) -> None:
    """Make a context's connections record whether the server asks for a client certificate.

    OpenSSL reports this only to its debug callback.
    """
    context.sslobject_class = _TlsObject
    # Private; without it, requests go unnoticed. The wrapper in `ssl` turns each number into an
    # enum member, 50 times a handshake.
    callback: Any = getattr(ssl.SSLContext.__base__, "_msg_callback", None)
    if callback is not None:
        callback.__set__(context, _note_request)


def _note_request(
    tls: object, direction: str, _version: int, kind: int, message: int, _: bytes
) -> None:
    handshake, certificate_request = 22, 13  # RFC 8446, appendix B
    is_request = (direction, kind, message) == ("read", handshake, certificate_request)
    if is_request and isinstance(tls, _TlsObject):
        tls.asked_for_certificate = True


def peer_certificates(tls: ssl.SSLObject) -> list[Certificate]:
    """Return the certificates that the peer sent, its own first, verified or not.

    Python 3.13 has a public call that returns DER; this one exists since 3.10 and decodes too.
    """
    inner: Any = getattr(tls, "_sslobj")  # noqa: B009 - private, and used only here
    encoding = 2  # _ssl.ENCODING_DER, which the public module does not name
    chain = []
    for sent in inner.get_unverified_chain() or ():
        der = bytes(sent.public_bytes(encoding))
        try:
            chain.append(certificate_from(sent.get_info(), der))
        except (ValueError, ssl.SSLError):
            chain.append(unreadable_certificate(der))
    return chain
