"""Make a certificate for the tap, and a CA for the application to trust, for a few days."""

from __future__ import annotations

import os
import ssl
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from smtp_tui.lazy import load
from smtp_tui.records import record

if TYPE_CHECKING:
    from smtp_tui.tap.issuing import IssuedCertificate

# PEM readers skip text before a certificate. The line marks a file that a tap may replace.
MARK = b"# CA of smtp-tui tap. It signed one certificate, and its key is gone.\n"


class NoCertificate(Exception):
    """The tap cannot make a certificate, or write its CA; the text says why."""


@record
class TapCertificate:
    """A TLS context with the tap's certificate, and the PEM of the CA that signed it."""

    context: ssl.SSLContext
    authority: bytes

    def write_authority(self, file: Path) -> None:
        """Write the CA; NoCertificate if the file exists and is not an earlier CA of a tap."""
        try:
            if file.is_symlink() or (file.exists() and not _is_earlier(file)):
                raise NoCertificate(f"{file} exists; --ca-out writes a new file")
            file.unlink(missing_ok=True)
            handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644)
            with os.fdopen(handle, "wb") as opened:
                # The application may run as another user, whatever the umask is.
                os.fchmod(handle, 0o644)
                opened.write(MARK + self.authority)
        except OSError as error:
            raise NoCertificate(f"{file} cannot be written: {error.strerror}") from None


def _is_earlier(file: Path) -> bool:
    if not file.is_file():
        return False
    with file.open("rb") as opened:
        return opened.read(len(MARK)) == MARK


def make_certificate(*names: str) -> TapCertificate:
    """Return a certificate for these names and addresses, signed by a CA made for it.

    The CA's key is never stored. NoCertificate without the library `cryptography`.
    """
    try:
        # Takes 60 ms, and the single-file program is without it.
        issue: Callable[[Sequence[str]], IssuedCertificate] = load("tap.issuing:issue")
    except ImportError:
        raise NoCertificate(
            "the tap offers no TLS to the application: pip install cryptography"
        ) from None
    issued = issue(names)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    # OpenSSL reads keys from files only; the folder is private and goes at once.
    with tempfile.TemporaryDirectory(prefix="smtp-tui-") as folder:
        file = Path(folder, "key.pem")
        file.touch(mode=0o600)
        file.write_bytes(issued.key_and_certificate)
        context.load_cert_chain(file)
    return TapCertificate(context, issued.authority)
