"""An application in a place of the tests' own; it runs by itself, with nothing but Python.

It greets on TCP ports and UNIX sockets, answers as a name server on port 53, becomes another user,
prints `ready` and ends with its standard input.
"""

import json
import os
import socket
import struct
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress


def greet(server: socket.socket) -> None:
    while True:
        connected, _ = server.accept()
        with connected, suppress(ConnectionError):
            connected.sendall(b"220 inside.example.test\r\n")


def name_server(server: socket.socket, names: Mapping[str, str]) -> None:
    """Answer questions for A records from a table; there are no other names."""
    while True:
        question, asker = server.recvfrom(512)
        labels, at = [], 12
        while length := question[at]:
            labels.append(question[at + 1 : at + 1 + length].decode())
            at += 1 + length
        end = at + 5
        address = names.get(".".join(labels))
        is_a = struct.unpack(">H", question[at + 1 : at + 3])[0] == 1
        answer = b""
        if address and is_a:
            answer = b"\xc0\x0c\0\1\0\1\0\0\0\5\0\4" + socket.inet_aton(address)
        flags = b"\x85\x80" if address else b"\x85\x83"
        counts = struct.pack(">HHHH", 1, bool(answer), 0, 0)
        server.sendto(question[:2] + flags + counts + question[12:end] + answer, asker)


def main() -> None:
    wanted = json.loads(sys.argv[1])
    for path in wanted["sockets"]:
        server = socket.socket(socket.AF_UNIX)
        server.bind(path)
        server.listen()
        threading.Thread(target=greet, args=(server,), daemon=True).start()
    for address, port in wanted["greets"]:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        server = socket.create_server((address, port), family=family)
        threading.Thread(target=greet, args=(server,), daemon=True).start()
    if wanted["names"] is not None:
        asked = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        asked.bind(("127.0.0.1", 53))
        threading.Thread(target=name_server, args=(asked, wanted["names"]), daemon=True).start()
    if wanted["hostname"]:
        socket.sethostname(wanted["hostname"])
    if (user := wanted["user"]) is not None:
        os.setgroups([user])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main()
