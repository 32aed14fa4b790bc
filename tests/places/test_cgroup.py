"""The service and the container of a process, from its control group."""

from __future__ import annotations

import os

from smtp_tui.places.cgroup import ControlGroup, control_group_of, parse_control_group
from smtp_tui.places.process import ProcessHandle
from tests.table import table

ID = "d825ac4bb41a67dd102b1512baf679201d3b3ef7190bbf612b52b09ba8beef2f"


@table(
    ("path", "unit", "user", "container"),
    [
        ("/system.slice/mastodon-web.service", "mastodon-web.service", None, ""),
        ("/system.slice/system-app.slice/app@1.service/worker", "app@1.service", None, ""),
        (f"/system.slice/docker-{ID}.scope", "", None, ID),
        (f"/docker/{ID}", "", None, ID),
        (f"/machine.slice/libpod-{ID}.scope/container", "", None, ID),
        (f"/libpod_parent/libpod-{ID}", "", None, ID),
        (f"/system.slice/web.service/libpod-payload-{ID}", "web.service", None, ID),
        (f"/machine.slice/libpod-conmon-{ID}.scope", "", None, ""),
        (f"/kubepods.slice/pod7.slice/cri-containerd-{ID}.scope", "", None, ID),
        ("/user.slice/user-1000.slice/session-3.scope", "", None, ""),
        ("/user.slice/user-1000.slice/user@1000.service/init.scope", "", None, ""),
        (
            "/user.slice/user-1000.slice/user@1000.service/app.slice/web.service",
            "web.service",
            1000,
            "",
        ),
        (
            f"/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-{ID}.scope",
            "",
            1000,
            ID,
        ),
        ("/lxc.payload.web/system.slice/app.service", "", None, ""),
        (
            "/machine.slice/systemd-nspawn@web.service/payload/system.slice/app.service",
            "",
            None,
            "",
        ),
        (f"/system.slice/docker-{ID}.scope/system.slice/app.service", "", None, ID),
        ("/", "", None, ""),
    ],
)
def test_a_group_names_service_and_container(
    path: str, unit: str, user: int | None, container: str
) -> None:
    expected = ControlGroup(unit, user, container)
    assert parse_control_group(f"0::{path}\n") == expected
    assert parse_control_group(f"9:name=systemd:{path}\n0::{path}\n") == expected


@table("content", ["", "junk", "0::", "\x1b[2J\n", "::::\n"])
def test_junk_names_nothing(content: str) -> None:
    assert parse_control_group(content) == ControlGroup()


def test_this_process_has_a_group() -> None:
    with ProcessHandle(os.getpid()) as process:
        control_group_of(process)
