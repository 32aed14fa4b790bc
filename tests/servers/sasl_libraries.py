"""SASL servers of other projects, called as libraries: GNU SASL and Cyrus SASL."""

from __future__ import annotations

import ctypes
from ctypes import CFUNCTYPE, POINTER, byref, c_char_p, c_int, c_size_t, c_uint, c_ulong, c_void_p
from pathlib import Path
from typing import Any

REALM = "example.test"

_GSASL_AUTHID = 1
_GSASL_PASSWORD = 3
_GSASL_NO_CALLBACK = 51

_CYRUS_CONTINUE = 1
_CYRUS_GETOPT = 1
_CYRUS_CREATE = 1

_GsaslCallback = CFUNCTYPE(c_int, c_void_p, c_void_p, c_int)
_CyrusGetopt = CFUNCTYPE(c_int, c_void_p, c_char_p, c_char_p, POINTER(c_char_p), POINTER(c_uint))


class Rejected(Exception):
    """The library does not accept the login."""


def _library(name: str) -> Any:
    try:
        return ctypes.CDLL(name)
    except OSError:
        return None


GSASL = _library("libgsasl.so.18")
CYRUS = _library("libsasl2.so.2")


def gsasl_obstacle() -> str | None:
    """Why GNU SASL cannot judge here, or None if it can."""
    return None if GSASL else "GNU SASL is not installed (libgsasl18)"


def gsasl_saslprep(text: str) -> str | None:
    """The text as GNU SASL prepares it, or None if it cannot."""
    prepared = c_char_p()
    if GSASL.gsasl_saslprep(text.encode(), 0, byref(prepared), None) != 0:
        return None
    return (prepared.value or b"").decode()


class GsaslServer:
    """One login at GNU SASL, which knows one user."""

    def __init__(self, mechanism: str, username: str, password: str) -> None:
        self._known = username.encode(), password.encode()
        self._context, self._session = c_void_p(), c_void_p()
        self._callback = _GsaslCallback(self._supply)
        self._is_over = False
        GSASL.gsasl_property_fast.restype = c_char_p
        assert GSASL.gsasl_init(byref(self._context)) == 0
        GSASL.gsasl_callback_set(self._context, self._callback)
        name = mechanism.encode()
        assert GSASL.gsasl_server_start(self._context, name, byref(self._session)) == 0

    def _supply(self, _: int, session: int, wanted: int) -> int:
        username, password = self._known
        handle = c_void_p(session)
        if wanted != _GSASL_PASSWORD:
            return _GSASL_NO_CALLBACK
        if GSASL.gsasl_property_fast(handle, _GSASL_AUTHID) != username:
            return _GSASL_NO_CALLBACK
        GSASL.gsasl_property_set(handle, _GSASL_PASSWORD, password)
        return 0

    def step(self, response: bytes) -> bytes | None:
        """The challenge that follows the response, or None after a login that succeeded."""
        if self._is_over and response == b"":
            return None
        challenge, length = c_void_p(), c_size_t()
        found = GSASL.gsasl_step(
            self._session, response, c_size_t(len(response)), byref(challenge), byref(length)
        )
        if found not in (0, 1):
            raise Rejected(found)
        self._is_over = found == 0
        return ctypes.string_at(challenge, length.value) if challenge.value else b""

    def close(self) -> None:
        """Free what the library holds."""
        GSASL.gsasl_finish(self._session)
        GSASL.gsasl_done(self._context)


class _CyrusEntry(ctypes.Structure):
    _fields_ = (("id", c_ulong), ("function", c_void_p), ("context", c_void_p))


class CyrusServer:
    """Logins at Cyrus SASL, whose users stand in a database in the folder."""

    def __init__(self, folder: Path) -> None:
        self._options = {
            b"auxprop_plugin": b"sasldb",
            b"pwcheck_method": b"auxprop",
            b"sasldb_path": str(folder / "sasldb2").encode(),
        }
        self._getopt = _CyrusGetopt(self._option)
        self._entries = (_CyrusEntry * 2)(
            _CyrusEntry(_CYRUS_GETOPT, ctypes.cast(self._getopt, c_void_p), None)
        )
        assert CYRUS.sasl_server_init(self._entries, b"smtp-tui-tests") == 0
        self._connection = c_void_p()
        self._is_begun = False

    def _option(
        self, _: int, __: bytes, name: bytes, value: Any, length: Any
    ) -> int:  # what it points to stays alive in `_options`
        if name not in self._options:
            return -1
        value[0] = self._options[name]
        if length:
            length[0] = len(self._options[name])
        return 0

    def begin(self) -> None:
        """Forget the last login."""
        CYRUS.sasl_dispose(byref(self._connection))
        found = CYRUS.sasl_server_new(
            b"smtp", REALM.encode(), None, None, None, None, 0, byref(self._connection)
        )
        assert found == 0
        self._is_begun = False

    def add(self, username: str, password: str) -> None:
        """Let a user in with the password."""
        self.begin()
        secret = password.encode()
        found = CYRUS.sasl_setpass(
            self._connection, username.encode(), secret, len(secret), None, 0, _CYRUS_CREATE
        )
        assert found == 0, found

    def mechanisms(self) -> set[str]:
        """What the library's plugins offer."""
        self.begin()
        found = c_char_p()
        CYRUS.sasl_listmech(self._connection, None, b"", b" ", b"", byref(found), None, None)
        return set((found.value or b"").decode().split())

    def step(self, mechanism: str, response: bytes) -> bytes | None:
        """The challenge that follows the response, or None after a login that succeeded."""
        challenge, length = c_void_p(), c_uint()
        rest = (response, c_uint(len(response)), byref(challenge), byref(length))
        if self._is_begun:
            found = CYRUS.sasl_server_step(self._connection, *rest)
        else:
            self._is_begun = True
            found = CYRUS.sasl_server_start(self._connection, mechanism.encode(), *rest)
        if found not in (0, _CYRUS_CONTINUE):
            raise Rejected(found)
        if found == 0:
            return None
        return ctypes.string_at(challenge, length.value) if challenge.value else b""

    def close(self) -> None:
        """Free what the library holds."""
        CYRUS.sasl_dispose(byref(self._connection))
        CYRUS.sasl_done()


def cyrus_obstacle() -> str | None:
    """Why Cyrus SASL cannot judge here, or None if it can."""
    if not CYRUS:
        return "Cyrus SASL is not installed (libsasl2-2)"
    plugins = Path("/usr/lib").glob("*/sasl2/libscram.so")
    return None if any(plugins) else "Cyrus SASL has no SCRAM here (libsasl2-modules)"
