"""Look for one message in a mailbox by IMAP (RFC 3501), and read it.

The calls wait for the server: run them in a daemon thread, one at a time. The session never lists
or reads other messages.
"""

from __future__ import annotations

import base64
import binascii
import imaplib
import re
import ssl
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import field
from enum import StrEnum
from typing import Literal, NoReturn
from urllib.parse import unquote, urlsplit

from smtp_tui.arrival.headers import LARGEST_MESSAGE
from smtp_tui.diagnosis.delivery import FolderPlace
from smtp_tui.diagnosis.tokens import challenge_text
from smtp_tui.records import record
from smtp_tui.safe_text import escape_controls, shortened
from smtp_tui.settings import parsers
from smtp_tui.smtp.message import PROOF_FIELD
from smtp_tui.smtp.redaction import Redactor
from smtp_tui.smtp.sasl import MECHANISMS, Credentials

MOST_FOLDERS = 200
# Seconds for one reply of the server.
REPLY_LIMIT = 10.0
_CURES = {
    "certificate": "If a private CA issued the certificate of the IMAP server, name it in ca_file.",
    "login": "Check the user and the password of the mailbox. Many providers require an app "
    "password, or that IMAP is switched on first.",
    "port": "Check the host and the port of the mailbox. IMAP usually listens on 993 (imaps://) or "
    "143 (imap://).",
    "tls": "Use imaps:// for a port with implicit TLS (993), and imap:// for one with STARTTLS "
    "(143).",
}
_CONNECTING = "connecting"
_TOKEN_MECHANISMS = ("XOAUTH2", "OAUTHBEARER")
_LIST_LINE = re.compile(rb'\((?P<flags>[^)]*)\) (?:NIL|"(?:[^"\\]|\\.)*") ?(?P<name>.*)', re.DOTALL)
_UTF7 = re.compile(r"&([^-]*)-")
_JUNK_NAMES = {
    *("junk", "spam", "junk e-mail", "junk email", "junk mail", "bulk", "bulk mail"),
    *("spamverdacht", "junk-e-mail", "unerwünscht", "courrier indésirable", "correo no deseado"),
}
# Their copies come from the sending side, so that a message there has not arrived.
_OWN_COPIES = {rb"\sent", rb"\drafts", rb"\all", rb"\flagged", rb"\noselect", rb"\nonexistent"}
_SENT_NAMES = {
    *("sent", "sent items", "sent messages", "sent mail", "drafts", "outbox", "gesendet"),
    *("gesendete elemente", "gesendete objekte", "entwürfe", "postausgang", "all mail"),
}


class Security(StrEnum):
    """How the connection is encrypted; the values are the URL's schemes."""

    IMPLICIT = "imaps"
    STARTTLS = "imap"


_PORTS = {Security.IMPLICIT: 993, Security.STARTTLS: 143}


@record(kw_only=True)
class MailboxAddress:
    """A user's mailbox: `imaps://user@host[:port]`."""

    security: Security
    user: str
    host: str
    port: int

    def __str__(self) -> str:
        """The mailbox as the admin knows it."""
        return f"{self.user} at {self.host}"


def parse_mailbox_address(text: str) -> MailboxAddress:
    """Parse the URL of a mailbox; ValueError says what is wrong, without the URL."""
    parts = urlsplit(parsers.text(text))
    if parts.scheme not in list(Security):
        raise ValueError("must begin with imaps:// or imap://")
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError("must end after the host or the port")
    # The user is often an address with an unencoded @, so that the last @ ends it.
    login, sign, _ = parts.netloc.rpartition("@")
    if ":" in login:
        raise ValueError("must not contain a password; use --prove-password")
    user = unquote(login)
    if not sign or not user:
        raise ValueError("needs a user, such as imaps://alice@imap.example.org")
    if not user.isprintable():
        raise ValueError("contains a control character in the user")
    security = Security(parts.scheme)
    host = parsers.host(urlsplit(f"//{parts.netloc.rpartition('@')[2]}").hostname or "")
    port = parsers.port(parts.port or _PORTS[security])
    return MailboxAddress(security=security, user=user, host=host, port=port)


class MailboxError(Exception):
    """The mailbox cannot be searched; `is_final` if another try would fail too.

    `cure` says what to do, where more is known than that.
    """

    def __init__(self, message: str, *, is_final: bool = False, cure: str = "") -> None:
        super().__init__(message)
        self.is_final, self.cure = is_final, cure


@record
class Folder:
    """A folder: its name for the server and for people, and what it is for."""

    name: bytes
    shown: str
    place: FolderPlace


@record(kw_only=True)
class Found:
    """A message in a folder; `message` has at most its first mebibyte."""

    folder: Folder
    uid: bytes
    message: bytes = field(repr=False)


class MailboxSession:
    """A session with the IMAP server of one mailbox."""

    def __init__(
        self, address: MailboxAddress, context: ssl.SSLContext, secret: str, *, is_token: bool
    ) -> None:
        self.address = address
        self._context = context
        self._secret = secret
        self._is_token = is_token
        self._imap: imaplib.IMAP4 | None = None
        self._redactor = Redactor(address.user, secret)
        self._features: frozenset[str] = frozenset()

    def folders(self, limit: float) -> tuple[Folder, ...]:
        """Log in if necessary and return the folders in which mail can arrive, the inbox first."""
        imap = self._session(limit)
        with self._errors("listing the folders"):
            names = list(_listed(imap.list()[1]))[:MOST_FOLDERS]
        inbox = Folder(b"INBOX", "INBOX", "inbox")
        return inbox, *(folder for folder in names if folder.name.upper() != b"INBOX")

    def find(self, token: str, folders: Sequence[Folder], limit: float) -> Found | None:
        """Return the message with the token, from the first of the folders that has it."""
        imap = self._session(limit)
        with self._errors("searching the mailbox"):
            for folder in folders:
                if imap.select(_quoted(folder.name), readonly=True)[0] != "OK":
                    continue
                # Amazon SES replaces the Message-ID, but not a field of one's own.
                by_field = ("HEADER", PROOF_FIELD, token)
                status, data = imap.uid("SEARCH", "OR", "HEADER", "Message-ID", token, *by_field)
                uids = (data[0] or b"").split() if status == "OK" and data else []
                if uids and uids[-1].isdigit():
                    return self._fetched(imap, folder, uids[-1])
        return None

    def _fetched(self, imap: imaplib.IMAP4, folder: Folder, uid: bytes) -> Found:
        part = f"(BODY.PEEK[]<0.{LARGEST_MESSAGE}>)"
        data = imap.uid("FETCH", uid.decode(), part)[1]
        texts = [item[1] for item in data if isinstance(item, tuple)]
        return Found(folder=folder, uid=uid, message=texts[0] if texts else b"")

    def remove(self, found: Found, limit: float) -> bool:
        """Remove this one message; False if the server cannot expunge a single one."""
        imap = self._session(limit)
        if "UIDPLUS" not in self._features:
            return False
        uid = found.uid.decode()
        with self._errors("removing the message"):
            if imap.select(_quoted(found.folder.name))[0] != "OK":
                return False
            stored = imap.uid("STORE", uid, "+FLAGS.SILENT", r"(\Deleted)")[0] == "OK"
            return stored and imap.uid("EXPUNGE", uid)[0] == "OK"

    def close(self) -> None:
        """End the connection at once, also under a call that still waits in its thread."""
        imap, self._imap = self._imap, None
        if imap is not None:
            with suppress(OSError, imaplib.IMAP4.error, AttributeError):
                imap.shutdown()

    def _session(self, limit: float) -> imaplib.IMAP4:
        seconds = max(0.1, min(REPLY_LIMIT, limit))
        if self._imap is not None:
            self._imap.sock.settimeout(seconds)
            return self._imap
        with self._errors(_CONNECTING):
            imap = self._connected(seconds)
        try:
            with self._errors("logging in"):
                self._log_in(imap)
        except MailboxError as error:
            with suppress(OSError, imaplib.IMAP4.error):
                imap.shutdown()
            cure = error.cure or _CURES["login"]
            raise MailboxError(str(error), is_final=True, cure=cure) from None
        self._imap = imap
        return imap

    def _connected(self, seconds: float) -> imaplib.IMAP4:
        address = self.address
        host = parsers.ascii_name(address.host)
        if address.security is Security.IMPLICIT:
            return imaplib.IMAP4_SSL(host, address.port, ssl_context=self._context, timeout=seconds)
        imap = imaplib.IMAP4(host, address.port, timeout=seconds)
        try:
            if "STARTTLS" in imap.capabilities:
                imap.starttls(self._context)
            elif not parsers.is_this_machine(address.host):
                raise MailboxError(
                    "the server does not offer STARTTLS, and smtp-tui sends no password "
                    "unencrypted; use imaps://",
                    is_final=True,
                )
        except BaseException:
            # A handshake that failed has closed the socket already.
            with suppress(OSError):
                imap.shutdown()
            raise
        return imap

    def _log_in(self, imap: imaplib.IMAP4) -> None:
        user, offered = self.address.user, imap.capabilities
        if self._is_token:
            self._log_in_with_token(imap, offered)
        elif "AUTH=PLAIN" in offered:
            plain = f"\0{user}\0{self._secret}".encode()
            imap.authenticate("PLAIN", lambda _: plain)
        elif "LOGINDISABLED" in offered:
            raise MailboxError("the server accepts no password here", is_final=True)
        else:
            imap.login(user, self._secret)
        listed = imap.capability()[1][0] or b""
        self._features = frozenset(listed.decode("ascii", "replace").upper().split())

    def _log_in_with_token(self, imap: imaplib.IMAP4, offered: Sequence[str]) -> None:
        address = self.address
        name = next((name for name in _TOKEN_MECHANISMS if f"AUTH={name}" in offered), None)
        if name is None:
            raise MailboxError(
                "the server accepts no access token: it offers neither XOAUTH2 nor OAUTHBEARER",
                is_final=True,
            )
        credentials = Credentials(address.user, self._secret, address.host, address.port)
        responses = MECHANISMS[name](credentials)
        error: list[bytes] = []

        def respond(challenge: bytes) -> bytes | None:
            # The server's error comes as a challenge, before the negative reply.
            error.extend(filter(None, [challenge]))
            # None cancels an exchange that goes on for too long.
            response = next(responses, None)
            return None if response is None else response.data

        try:
            imap.authenticate(name, respond)
        except imaplib.IMAP4.error as failure:
            text = f"the server rejected the access token ({self._reply_in(failure)})"
            said = challenge_text(error[0].decode("utf-8", "backslashreplace")) if error else ""
            raise MailboxError(f"{text}; {said}" if said else text, is_final=True) from None

    def _errors(self, doing: str) -> _Translated:
        return _Translated(self, doing)

    def fail(self, error: BaseException, doing: str) -> NoReturn:
        """Raise MailboxError for an error of the library, without the secret."""
        self.close()
        if isinstance(error, ssl.SSLCertVerificationError):
            text = error.verify_message or "the certificate is not valid"
            text = f"{doing}: the certificate: {text}"
            raise MailboxError(text, is_final=True, cure=_CURES["certificate"]) from None
        cure = ""
        if isinstance(error, TimeoutError):
            text, cure = "the server did not reply in time", _CURES["port"]
        elif isinstance(error, ssl.SSLEOFError) and doing != _CONNECTING:
            text = "the server closed the connection"
        elif isinstance(error, ssl.SSLError):
            text, cure = "TLS failed: the server answers in another way", _CURES["tls"]
        elif isinstance(error, OSError):
            text, cure = error.strerror or str(error), _CURES["port"]
        else:
            raise MailboxError(f"{doing}: {self._reply_in(error)}") from None
        raise MailboxError(f"{doing}: {self._safe(text)}", cure=cure) from None

    def _reply_in(self, error: BaseException) -> str:
        """Return the reply that an error of imaplib has as its text, in bytes."""
        text = str(error)
        with suppress(IndexError, AttributeError):
            text = error.args[0].decode("utf-8", "backslashreplace")
        return self._safe(text)

    def _safe(self, text: str) -> str:
        safe = self._redactor.text(" ".join(text.split()).rstrip("."))
        return shortened(escape_controls(safe))


class _Translated:
    """Turns errors of the library and the connection into MailboxError."""

    def __init__(self, mailbox: MailboxSession, doing: str) -> None:
        self._mailbox = mailbox
        self._doing = doing

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, _: object, error: BaseException | None, __: object) -> Literal[False]:
        """Raise MailboxError instead of an error of the library."""
        known = (imaplib.IMAP4.error, OSError, ValueError, AttributeError, UnicodeError)
        if isinstance(error, known):
            self._mailbox.fail(error, self._doing)
        return False


def _listed(lines: Sequence[object]) -> Iterator[Folder]:
    """Yield the folders of a LIST reply in which mail can arrive, junk folders first."""
    others = []
    for line in lines:
        # A name in a literal comes as a tuple.
        head, name = (line[0], line[1]) if isinstance(line, tuple) else (line, None)
        match = _LIST_LINE.match(head) if isinstance(head, bytes) else None
        if match is None:
            continue
        raw = _unquoted(match["name"]) if name is None else name
        shown, flags = _decoded(raw), {flag.lower() for flag in match["flags"].split()}
        base = re.split(r"[/.]", shown.casefold())[-1]
        if flags & _OWN_COPIES or base in _SENT_NAMES or re.search(rb"[\x00-\x1f\x7f]", raw):
            continue
        if rb"\junk" in flags or base in _JUNK_NAMES:
            yield Folder(raw, shown, "junk")
        else:
            others.append(Folder(raw, shown, "other"))
    yield from others


def _unquoted(name: bytes) -> bytes:
    if name[:1] == name[-1:] == b'"' and len(name) > 1:
        return re.sub(rb"\\(.)", rb"\1", name[1:-1])
    return name


def _quoted(name: bytes) -> str:
    return '"' + name.decode("latin-1").replace("\\", "\\\\").replace('"', '\\"') + '"'


def _decoded(name: bytes) -> str:
    """Return a name in modified UTF-7 (RFC 3501, section 5.1.3) as text for people."""

    def letters(match: re.Match[str]) -> str:
        if not match[1]:
            return "&"
        coded = match[1].replace(",", "/")
        try:
            raw = base64.b64decode(coded + "=" * (-len(coded) % 4), validate=True)
            return raw.decode("utf-16-be")
        except (binascii.Error, UnicodeDecodeError):
            return match[0]

    text = name.decode("utf-8", "backslashreplace")
    return shortened(escape_controls(_UTF7.sub(letters, text)))
