"""The services that run, from a stand-in for systemctl: no systemd runs in these tests."""

from __future__ import annotations

from collections.abc import Sequence

from smtp_tui.places.units import RunningUnit, running_units

SHOWN = """\
MainPID=4711
Id=mastodon-web.service
EnvironmentFiles=/etc/default/mail (ignore_errors=yes)
EnvironmentFiles=/srv/my files/app.env (ignore_errors=no)
NeedDaemonReload=yes

MainPID=1
Id=plain.service
NeedDaemonReload=no

Id=without-process.service
junk
"""


def test_a_service_has_its_files_in_order() -> None:
    calls = []

    def run(argv: Sequence[str]) -> str:
        calls.append(argv)
        return SHOWN

    assert running_units(run) == (
        RunningUnit(
            "mastodon-web.service",
            4711,
            ("/etc/default/mail", "/srv/my files/app.env"),
            needs_reload=True,
        ),
        RunningUnit("plain.service", 1),
    )
    running_units(run, of_user=True)
    assert [("--user" in argv) for argv in calls] == [False, True]


def test_junk_is_no_service() -> None:
    for junk in ("", "\n\n\n", "Id=x\nMainPID=\n", "Id=x\nMainPID=²\n", "MainPID=1\n"):

        def run(_: Sequence[str], answer: str = junk) -> str:
            return answer

        assert running_units(run) == ()
