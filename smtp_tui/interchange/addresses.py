"""Hosts and ports that stand in one word."""

from __future__ import annotations


def host_and_port(value: str) -> tuple[str, str | None]:
    """Split `host:port`, `[host]:port` or a host alone; an IPv6 address needs its brackets."""
    value = value.strip()
    if value.startswith("["):
        host, _, rest = value[1:].partition("]")
        return host, rest.removeprefix(":") or None
    host, sign, port = value.rpartition(":")
    return (host, port or None) if sign and ":" not in host else (value, None)
