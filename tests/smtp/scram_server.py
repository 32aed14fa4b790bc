"""The server's side of SCRAM, as steps of a script."""

from __future__ import annotations

from base64 import b64decode, b64encode

from scramp import ScramMechanism

from tests.smtp.scripted import Peer, Step


def scram(name: str, username: str, secret: str, *, lies: bool = False) -> Step:
    """Authenticate by SCRAM and say 235; a server that `lies` cannot prove that it knows."""

    async def step(peer: Peer) -> None:
        mechanism = ScramMechanism(name)
        known = mechanism.make_auth_info(secret, iteration_count=4096)
        server = mechanism.make_server(lambda name: known if name == username else None)
        line = await peer.line()
        assert line.startswith(f"AUTH {name} ")
        server.set_client_first(b64decode(line.rpartition(" ")[2]).decode())
        await peer.send(challenge(server.get_server_first()))
        server.set_client_final(b64decode(await peer.line()).decode())
        final = server.get_server_final()
        await peer.send(challenge("v=" + "A" * 43 + "=" if lies else final))
        if await peer.line() == "":
            await peer.send(b"235 2.7.0 ok\r\n")
        else:
            await peer.send(b"501 5.7.0 cancelled\r\n")

    return step


def challenge(text: str) -> bytes:
    """A 334 reply that carries the text."""
    return b"334 " + b64encode(text.encode()) + b"\r\n"
