"""A machine on its own: it has a name, and nobody asks the system's resolver for another."""

from __future__ import annotations

import socket

import pytest

from smtp_tui.smtp import client

NAME = "client.example.test"


def stay_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail whoever looks a name up in any way but by the name server of the test."""
    real = socket.getaddrinfo

    def refuse(host: object, *more: object, **named: object) -> object:
        text = host.decode() if isinstance(host, bytes) else str(host)
        if text[:1].isdigit() or ":" in text:
            return real(host, *more, **named)  # type: ignore[arg-type]
        raise AssertionError(f"the system was asked for {host!r}")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket, "getfqdn", lambda _name="": NAME)
    monkeypatch.setattr(client, "QUIT_LIMIT", 0.05)
