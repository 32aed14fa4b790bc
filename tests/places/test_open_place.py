"""A place is opened: names, sockets, files and authorities are those of the process."""

from __future__ import annotations

import errno
import os
import socket
from pathlib import Path

import pytest

from smtp_tui.places.errors import PlaceError
from smtp_tui.places.place import PlaceKind, open_place
from tests.places.spaces import NOBODY, make_etc, process_in_namespaces, resident
from tests.table import table

ANY = socket.AF_UNSPEC
SECRET = "correct horse"


def test_the_network_is_that_of_the_process() -> None:
    with (
        process_in_namespaces(greets=[("127.0.0.1", 2525)]) as pid,
        open_place(PlaceKind.PROCESS, str(pid)) as place,
    ):
        with place.network.new_socket(socket.AF_INET) as inside:
            inside.connect(("127.0.0.1", 2525))
            assert inside.recv(64) == b"220 inside.example.test\r\n"
        with socket.socket() as outside:
            assert outside.connect_ex(("127.0.0.1", 2525)) == errno.ECONNREFUSED


def test_names_come_from_its_hosts_and_its_name_server(tmp_path: Path) -> None:
    etc = make_etc(
        tmp_path / "etc",
        hosts="192.0.2.7 by-hosts.example.test\n",
        resolv_conf="search example.test\nnameserver 127.0.0.1\noptions timeout:1 attempts:1\n",
        nsswitch_conf="hosts: mymachines files [!UNAVAIL=return] resolve [!UNAVAIL=return] dns\n",
    )
    names = {"mail.example.test": "192.0.2.8"}
    with (
        process_in_namespaces(etc, names=names) as pid,
        open_place(PlaceKind.PROCESS, str(pid)) as place,
    ):
        found = place.network.addresses("by-hosts.example.test", 25, ANY)
        assert found == [(socket.AF_INET, ("192.0.2.7", 25))]
        # nsswitch.conf says to stop after the files.
        with pytest.raises(socket.gaierror):
            place.network.addresses("mail.example.test", 25, ANY)
        assert place.resolver.nameservers == ("127.0.0.1",)
        assert place.resolver.search == ("example.test",)
        assert place.resolver.options == ("timeout:1", "attempts:1")
        assert place.resolver.left_out == ("mymachines", "resolve")
        assert place.notes == (
            "smtp-tui looks names up by files and DNS there, without mymachines, resolve.",
        )
    (etc / "nsswitch.conf").unlink()
    with (
        process_in_namespaces(etc, names=names) as pid,
        open_place(PlaceKind.PROCESS, str(pid)) as place,
    ):
        for name in ("mail.example.test", "mail"):
            found = place.network.addresses(name, 25, socket.AF_INET)
            assert found == [(socket.AF_INET, ("192.0.2.8", 25))]
        with pytest.raises(socket.gaierror, match="Name or service not known"):
            place.network.addresses("other.example.test", 25, socket.AF_INET)


def test_no_name_server_and_no_route_there(tmp_path: Path) -> None:
    etc = make_etc(tmp_path / "etc", resolv_conf="nameserver 192.0.2.53\noptions attempts:1\n")
    with (
        process_in_namespaces(etc) as pid,
        open_place(PlaceKind.PROCESS, str(pid)) as place,
    ):
        with pytest.raises(socket.gaierror, match="Temporary failure in name resolution"):
            place.network.addresses("mail.example.test", 25, ANY)
        with place.network.new_socket(socket.AF_INET) as inside:
            assert inside.connect_ex(("192.0.2.1", 25)) == errno.ENETUNREACH
        with place.network.new_socket(socket.AF_INET6) as inside:
            code = inside.connect_ex(("2001:db8::1", 25))
            assert code in (errno.EADDRNOTAVAIL, errno.ENETUNREACH)


def test_its_hostname_and_its_user(tmp_path: Path) -> None:
    etc = make_etc(tmp_path / "etc", hosts="127.0.0.1 app.example.test app\n", secret=SECRET)
    (etc / "secret").chmod(0o600)
    with (
        process_in_namespaces(etc, hostname="app", user=NOBODY) as pid,
        open_place(PlaceKind.PROCESS, str(pid)) as place,
    ):
        assert (place.status.uid, place.status.gid, place.status.groups) == (
            NOBODY,
            NOBODY,
            (NOBODY,),
        )
        assert place.network.own_name() == "app.example.test"
        assert place.files.read("/etc/hosts").startswith(b"127.0.0.1 app")
        # Only root may read it, and the application is not root.
        with pytest.raises(PermissionError):
            place.files.read("/etc/secret")
        with place.network.new_socket(socket.AF_INET) as inside:
            # A firewall sees whose socket it is.
            assert os.fstat(inside.fileno()).st_uid == NOBODY


def test_no_secret_of_its_variables_is_shown() -> None:
    with (
        process_in_namespaces(variables={"SMTP_PASSWORD": SECRET}) as pid,
        open_place(PlaceKind.PROCESS, str(pid)) as place,
    ):
        assert place.environment.variables["SMTP_PASSWORD"] == SECRET
        assert SECRET not in f"{place!r} {place.environment!r} {place.status!r}"
        assert "SMTP_PASSWORD" not in os.environ
        assert place.title == f"process {pid}"
        assert (place.engine, place.libc) == ("", "glibc")


def test_a_process_that_shares_all_with_us_uses_our_resolver() -> None:
    with resident() as pid, open_place(PlaceKind.PROCESS, str(pid)) as place:
        assert place.notes == ()
        found = place.network.addresses("localhost", 25, socket.AF_INET)
        assert found == [(socket.AF_INET, ("127.0.0.1", 25))]
        inside = place.network.new_socket(socket.AF_INET)
        with socket.create_server(("127.0.0.1", 0)) as server, inside:
            assert inside.connect_ex(server.getsockname()) == 0


@table(
    ("word", "said"),
    [
        ("0", "0 is no number of a process"),
        ("-1", "-1 is no number of a process"),
        ("web", "web is no number of a process"),
        ("4194305", "process 4194305 does not exist"),
    ],
)
def test_no_such_process(word: str, said: str) -> None:
    with pytest.raises(PlaceError) as refused, open_place(PlaceKind.PROCESS, word):
        pass
    assert str(refused.value).startswith(said)


def test_a_process_that_ends_is_not_taken_for_another() -> None:
    with process_in_namespaces() as pid:
        opened = open_place(PlaceKind.PROCESS, str(pid))
        place = opened.__enter__()
    with pytest.raises(PlaceError, match=f"process {pid} does not exist"):
        place.process.read("environ")
    # What is open goes on: the namespace lives as long as someone is in it.
    with place.network.new_socket(socket.AF_INET) as inside:
        assert inside.connect_ex(("127.0.0.1", 1)) == errno.ECONNREFUSED
    opened.__exit__(None, None, None)


def test_a_unix_socket_is_the_one_among_its_files(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    path = tmp_path / "here/s"
    with (
        process_in_namespaces(
            mounts={str(tmp_path / "here"): tmp_path}, sockets=[str(path)]
        ) as pid,
        open_place(PlaceKind.PROCESS, str(pid)) as place,
    ):
        with place.network.connected_socket(str(path)) as inside:
            inside.setblocking(True)
            assert inside.recv(64) == b"220 inside.example.test\r\n"
        assert not path.exists()
        with pytest.raises(FileNotFoundError):
            place.network.connected_socket(str(tmp_path / "here/other"))


def test_a_unix_socket_answers_the_user_of_the_process(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        with (
            process_in_namespaces(user=NOBODY) as pid,
            open_place(PlaceKind.PROCESS, str(pid)) as place,
        ):
            path.chmod(0o600)
            with pytest.raises(PermissionError):
                place.network.connected_socket(str(path))
