"""Use the network of a place through its agent."""

from __future__ import annotations

import errno
import socket
from collections.abc import Mapping
from typing import Any

from smtp_tui.places.agent_process import AgentProcess
from smtp_tui.places.messages import close
from smtp_tui.smtp.addresses import Network


class AgentNetwork(Network):
    """The network of a process, from inside its namespaces."""

    def __init__(self, agent: AgentProcess) -> None:
        self._agent = agent

    def addresses(
        self, name: str, port: int, family: socket.AddressFamily
    ) -> list[tuple[socket.AddressFamily, tuple[object, ...]]]:
        """Return a name's families and socket addresses, as the place's resolver finds them."""
        answer = self._look_up({"ask": "addresses", "name": name, "port": port, "family": family})
        if "gaierror" in answer:
            raise socket.gaierror(answer["gaierror"], _resolver_text(answer["gaierror"]))
        return [
            (socket.AddressFamily(family), tuple(address)) for family, *address in answer["found"]
        ]

    def new_socket(self, family: socket.AddressFamily) -> socket.socket:
        """Return a new stream socket of the place's network."""
        _, (descriptor, *others) = self._agent.ask({"ask": "socket", "family": family})
        close(others)
        return socket.socket(fileno=descriptor)

    has_own_files = False

    def connected_socket(self, path: str) -> socket.socket:
        """Return a socket connected to a UNIX socket among the place's files, as its user."""
        _, (descriptor, *others) = self._agent.ask({"ask": "unix", "path": path})
        close(others)
        return socket.socket(fileno=descriptor)

    def own_name(self) -> str:
        """Return the place's name."""
        return str(self._look_up({"ask": "name"})["name"])

    def _look_up(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        # As long as the resolver takes: the caller waits in a thread, and as long as it likes.
        answer, descriptors = self._agent.ask(request, None)
        close(descriptors)
        return answer


def lacks_route(network: Network, address: str, port: int) -> bool:
    """Whether the kernel has no route to an address; it says so before it sends anything."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with network.new_socket(family) as made:
            made.setblocking(False)
            return made.connect_ex((address, port)) == errno.ENETUNREACH
    except OSError:
        return False


def _resolver_text(code: int) -> str:
    # Python has no gai_strerror; these are the usual ones (netdb.h).
    return {
        socket.EAI_AGAIN: "Temporary failure in name resolution",
        socket.EAI_FAIL: "Non-recoverable failure in name resolution",
        socket.EAI_NONAME: "Name or service not known",
    }.get(code, f"resolver error {code}")
