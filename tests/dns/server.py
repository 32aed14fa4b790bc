"""A name server on loopback: its zone is a table, and it can be slow, broken, or silent.

It runs in a thread of its own, so that a call which blocks the test's loop can ask it too.
"""

from __future__ import annotations

import socketserver
import struct
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

Zone = Mapping[str, Mapping[str, list[str] | str]]

TTL = 60
LARGEST = 65535
# In place of records: what is wrong with the name.
SERVFAIL, SILENT = "SERVFAIL", "SILENT"


@dataclass
class NameServer:
    """Where it listens, its zone, and what it was asked.

    `zone` maps names to types to records; `vouches` for all it says (the AD bit).
    """

    zone: dict[str, Mapping[str, list[str] | str]] = field(default_factory=dict)
    vouches: bool = False
    port: int = 0
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    is_asked: threading.Event = field(default_factory=threading.Event)

    @property
    def where(self) -> str:
        """Its place as `--resolver` takes it."""
        return f"127.0.0.1:{self.port}"

    def answer(self, wire: bytes, by: str) -> bytes | None:
        """Answer a question that came by UDP or TCP; None stays silent."""
        question = dns.message.from_wire(wire)
        reply = dns.message.make_response(question, recursion_available=True)
        if self.vouches:
            reply.flags |= dns.flags.AD
        name = question.question[0].name
        kind = dns.rdatatype.to_text(question.question[0].rdtype)
        self.asked.append((name.to_text(omit_final_dot=True), kind, by))
        self.is_asked.set()
        held = self._held(name, kind, reply)
        if held == SILENT:
            return None
        if held == SERVFAIL:
            reply.set_rcode(dns.rcode.SERVFAIL)
        elif isinstance(held, list) and held:
            reply.answer.append(dns.rrset.from_text_list(name, TTL, "IN", kind, held))
        try:
            return reply.to_wire(max_size=LARGEST if by == "tcp" else question.payload or 512)
        except dns.exception.TooBig:
            reply.answer.clear()
            reply.flags |= dns.flags.TC
            return reply.to_wire()

    def _held(self, name: dns.name.Name, kind: str, reply: dns.message.Message) -> list[str] | str:
        known = name.to_text(omit_final_dot=True).lower()
        types = self.zone.get(known)
        if types is None:
            if not any(other.endswith(f".{known}") for other in self.zone):
                reply.set_rcode(dns.rcode.NXDOMAIN)
            return []
        return types.get(kind, types.get("*", []))


@contextmanager
def name_server(
    zone: Zone, *, vouches: bool = False, address: str = "127.0.0.1", port: int = 0
) -> Iterator[NameServer]:
    """Serve a zone by UDP and TCP on one port."""
    server = NameServer(zone=dict(zone), vouches=vouches)

    class Datagrams(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            data, back = self.request
            if (answer := server.answer(data, "udp")) is not None:
                back.sendto(answer, self.client_address)

    class Streams(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            (length,) = struct.unpack("!H", self.rfile.read(2))
            if (answer := server.answer(self.rfile.read(length), "tcp")) is not None:
                self.wfile.write(struct.pack("!H", len(answer)) + answer)

    by_udp, by_tcp = _bound((address, port), Datagrams, Streams)
    server.port = by_udp.server_address[1]
    threads = [threading.Thread(target=one.serve_forever, args=(0.01,)) for one in (by_udp, by_tcp)]
    for thread in threads:
        thread.start()
    try:
        yield server
    finally:
        for one in (by_udp, by_tcp):
            one.shutdown()
            one.server_close()
        for thread in threads:
            thread.join()


def _bound(
    where: tuple[str, int], datagrams: type[Any], streams: type[Any]
) -> tuple[socketserver.UDPServer, socketserver.TCPServer]:
    for _ in range(100):
        by_udp = socketserver.UDPServer(where, datagrams)
        try:
            return by_udp, socketserver.TCPServer(by_udp.server_address, streams)
        except OSError:
            by_udp.server_close()
    raise OSError("no port is free for UDP and TCP")
