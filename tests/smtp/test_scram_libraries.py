"""SCRAM against GNU SASL and Cyrus SASL, which Exim and Postfix use."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smtp_tui.smtp.sasl import (
    MECHANISMS,
    PROVES_SERVER,
    ClientResponse,
    Credentials,
    MechanismUnusable,
)
from tests.servers.requirements import require
from tests.servers.sasl_libraries import (
    CyrusServer,
    GsaslServer,
    Rejected,
    cyrus_obstacle,
    gsasl_obstacle,
)
from tests.smtp.test_saslprep import ASSIGNED

Server = Callable[[bytes], bytes | None]

NAMES = sorted(PROVES_SERVER)
WORDS = st.text(ASSIGNED, min_size=1, max_size=12)


@pytest.fixture(scope="module")
def cyrus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CyrusServer]:
    """Cyrus SASL with a user whose name needs escaping."""
    require(cyrus_obstacle())
    with closing(CyrusServer(tmp_path_factory.mktemp("cyrus"))) as server:
        server.add("a=b,c", "pen cil")
        yield server


def log_in(name: str, username: str, password: str, server: Server) -> ClientResponse:
    """Log in, and return the last response; Rejected if the server does not accept it."""
    exchange = MECHANISMS[name](Credentials(username, password))
    response = next(exchange)
    assert response
    while (challenge := server(response.data)) is not None:
        following = exchange.send(challenge)
        assert following
        response = following
    return response


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=30)
@given(username=WORDS, password=WORDS)
def test_gnu_sasl_lets_every_user_in(name: str, username: str, password: str) -> None:
    require(gsasl_obstacle())
    with closing(GsaslServer(name, prepared(name, username), password)) as server:
        try:
            last = log_in(name, username, password, server.step)
        except MechanismUnusable:
            return
    assert last.server_proved


def prepared(name: str, username: str) -> str:
    """The username as it is sent, with nothing escaped."""
    try:
        first = next(MECHANISMS[name](Credentials(username, "pencil")))
    except MechanismUnusable:
        return username
    assert first
    sent = first.data.decode().removeprefix("n,,n=").rpartition(",r=")[0]
    return sent.replace("=2C", ",").replace("=3D", "=")


@pytest.mark.parametrize("name", NAMES)
def test_gnu_sasl_rejects_another_password(name: str) -> None:
    require(gsasl_obstacle())
    with closing(GsaslServer(name, "user", "pencil")) as server, pytest.raises(Rejected):
        log_in(name, "user", "Pencil", server.step)


@pytest.mark.parametrize("name", NAMES)
def test_cyrus_sasl_lets_the_user_in(name: str, cyrus: CyrusServer) -> None:
    cyrus.begin()
    last = log_in(name, "a=b,c", "pen cil", lambda response: cyrus.step(name, response))
    assert last.server_proved


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("username", "password"), [("a=b,c", "pencil"), ("nobody", "pen cil")])
def test_cyrus_sasl_rejects_others(
    name: str, username: str, password: str, cyrus: CyrusServer
) -> None:
    cyrus.begin()
    with pytest.raises(Rejected):
        log_in(name, username, password, lambda response: cyrus.step(name, response))
