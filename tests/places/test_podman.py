"""Real containers of podman, found by name and entered."""

from __future__ import annotations

import errno
import json
import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from smtp_tui.places.cgroup import control_group_of
from smtp_tui.places.containers import find_container, running_containers
from smtp_tui.places.errors import PlaceError
from smtp_tui.places.place import PlaceKind, open_place
from tests.places.spaces import Podman, make_tree
from tests.smtp import pki

SECRET = "correct horse"
pytestmark = pytest.mark.integration


@contextmanager
def network_namespace() -> Iterator[str]:
    """Make a named network namespace with an address of its own."""
    name = f"smtp-tui-{os.getpid()}"
    subprocess.run(["ip", "netns", "add", name], check=True)
    try:
        for words in ("link set lo up", "address add 192.0.2.2/32 dev lo"):
            subprocess.run(["ip", "-n", name, *words.split()], check=True)
        yield f"/run/netns/{name}"
    finally:
        subprocess.run(["ip", "netns", "delete", name], check=True)


def test_a_container_without_a_network(podman: Podman) -> None:
    options = ("-e", "SMTP_HOST=mail.example.test", "-e", f"SMTP_PASSWORD={SECRET}")
    with (
        podman.container("web", *options),
        open_place(PlaceKind.CONTAINER, "web") as place,
    ):
        assert (place.title, place.engine, place.libc) == ("container web", "podman", "glibc")
        assert place.environment.variables["SMTP_PASSWORD"] == SECRET
        assert SECRET not in repr(place)
        assert place.container
        assert place.container.restart_command == "podman restart web"
        assert control_group_of(place.process).container == place.container.id
        with pytest.raises(socket.gaierror):
            place.network.addresses("mail.example.test", 25, socket.AF_UNSPEC)
        with place.network.new_socket(socket.AF_INET) as inside:
            assert inside.connect_ex(("192.0.2.1", 25)) == errno.ENETUNREACH


def test_a_container_in_a_network_of_its_own(podman: Podman, tmp_path: Path) -> None:
    tree = make_tree(tmp_path / "tree")
    (tree / "usr/lib/ssl").mkdir(parents=True)
    authority = pki.issue("Example CA", is_authority=True)
    (tree / "usr/lib/ssl/cert.pem").write_bytes(authority.pem)
    with (
        network_namespace() as path,
        podman.container(
            "mail", "--user", "1000", "--add-host=relay:192.0.2.2", network=f"ns:{path}", tree=tree
        ),
        open_place(PlaceKind.CONTAINER, "podman:mail") as place,
    ):
        assert place.status.uid == 1000
        assert place.network.addresses("relay", 25, socket.AF_INET) == [
            (socket.AF_INET, ("192.0.2.2", 25))
        ]
        with place.network.new_socket(socket.AF_INET) as inside:
            assert inside.connect_ex(("192.0.2.2", 25)) == errno.ECONNREFUSED
        assert place.trust.pem == authority.pem.decode().strip()
        assert place.trust.count == 1


def test_a_container_in_our_network_has_its_own_files(podman: Podman) -> None:
    with (
        podman.container("web", "--add-host=relay:192.0.2.9", network="host"),
        open_place(PlaceKind.CONTAINER, "web") as place,
    ):
        found = place.network.addresses("relay", 25, socket.AF_INET)
        assert found == [(socket.AF_INET, ("192.0.2.9", 25))]
        with socket.create_server(("127.0.0.1", 0)) as server:
            inside = place.network.new_socket(socket.AF_INET)
            with inside:
                assert inside.connect_ex(server.getsockname()) == 0


@pytest.mark.parametrize(("options", "may"), [((), True), (("--cap-drop=all",), False)])
def test_root_in_a_container_may_read_what_its_capabilities_allow(
    podman: Podman, tmp_path: Path, options: tuple[str, ...], may: bool
) -> None:
    tree = make_tree(tmp_path / "tree")
    secret = tree / "etc/secret"
    secret.write_text(SECRET)
    secret.chmod(0o600)
    os.chown(secret, 1000, 1000)
    with (
        podman.container("web", *options, tree=tree),
        open_place(PlaceKind.CONTAINER, "web") as place,
    ):
        assert place.status.uid == 0
        try:
            assert place.files.read("/etc/secret") == SECRET.encode()
            assert may
        except PermissionError:
            assert not may


def test_a_container_is_found_by_id_and_by_compose_service(podman: Podman) -> None:
    label = "--label=com.docker.compose.service=app"
    with podman.container("shop-app-1", label, "--label=com.docker.compose.project=shop"):
        found = find_container("app")
        assert (found.name, found.service, found.project) == ("shop-app-1", "app", "shop")
        assert find_container(found.id[:12]).pid == found.pid
        (listed,) = running_containers("podman")
        assert listed == found
        with podman.container("shop-app-2", label):
            names = (
                "podman:shop-app-1 and podman:shop-app-2|podman:shop-app-2 and podman:shop-app-1"
            )
            with pytest.raises(PlaceError, match=f"several containers: ({names})"):
                find_container("app")


def test_a_container_that_is_stopped(podman: Podman) -> None:
    with podman.container("web"):
        podman.run("stop", "-t", "0", "web")
        with pytest.raises(PlaceError, match="container web does not run") as refused:
            find_container("web")
        assert refused.value.command == "podman start web"


def test_a_container_that_stops_while_it_is_open(podman: Podman) -> None:
    with podman.container("web"), open_place(PlaceKind.CONTAINER, "web") as place:
        podman.run("stop", "-t", "0", "web")
        with pytest.raises(PlaceError, match="does not exist"):
            place.process.read("environ")
        with place.network.new_socket(socket.AF_INET) as inside:
            assert inside.connect_ex(("127.0.0.1", 1)) != 0


def test_a_paused_container_is_read(podman: Podman) -> None:
    with podman.container("web", "-e", "A=b"):
        state = json.loads(podman.run("inspect", "web"))[0]["State"]
        assert state["Status"] == "running"
        podman.run("pause", "web")
        try:
            with open_place(PlaceKind.CONTAINER, "web") as place:
                assert place.environment.variables["A"] == "b"
        finally:
            podman.run("unpause", "web")
