"""What runs with other settings than a file has is found, and nothing else is said."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from smtp_tui.places.cgroup import ControlGroup
from smtp_tui.places.containers import Container
from smtp_tui.places.process import ProcessStatus
from smtp_tui.places.units import RunningUnit
from smtp_tui.survey.belonging import Relation
from smtp_tui.survey.drift import DriftFinding, DriftId, DriftReport, find_drift
from smtp_tui.survey.drift_text import finding_lines, holder_name, short_text, summary_lines
from smtp_tui.survey.holders import HolderKind, SettingsHolder, group_holders
from smtp_tui.survey.processes import FileUse, RunningProcess
from smtp_tui.survey.running import Running
from smtp_tui.survey.settings_file import read_settings
from tests.survey.running_settings import OTHER_SECRET, SECRET, VARIABLES, env_text

LONG_AGO = 1_000_000_000.0
NOW_RUNNING = time.time() + 3600


def holder(
    kind: HolderKind = HolderKind.PROCESS,
    variables: Mapping[str, str] | None = VARIABLES,
    *,
    name: str = "web",
    started: float = LONG_AGO,
    unit: RunningUnit | None = None,
    container: Container | None = None,
    uses: frozenset[FileUse] = frozenset(),
    is_damaged: bool = False,
) -> SettingsHolder:
    return SettingsHolder(
        kind=kind,
        name=name,
        started=started,
        pids=(4711,),
        command="puma",
        variables=variables,
        unit=unit,
        container=container,
        uses=uses,
        is_damaged=is_damaged,
    )


def report(path: Path, *holders: SettingsHolder) -> DriftReport:
    return find_drift(read_settings(path), Running(holders=holders, read=len(holders)))


def only(path: Path, found: SettingsHolder) -> DriftFinding:
    (finding,) = report(path, found).findings
    return finding


def env_file(folder: Path, name: str = "app.env", **changes: str) -> Path:
    path = folder / name
    path.write_text(env_text({**VARIABLES, **changes}))
    return path


def lines(finding: DriftFinding) -> str:
    return "\n".join(finding_lines(finding, "app.env"))


def unit(*files: Path, needs_reload: bool = False) -> RunningUnit:
    return RunningUnit("web.service", 4711, tuple(map(str, files)), needs_reload)


def service(
    found: RunningUnit, variables: Mapping[str, str] | None = VARIABLES, **more: Any
) -> SettingsHolder:
    made = holder(HolderKind.SERVICE, variables, name=found.name, unit=found)
    return replace(made, **more)


# A service that systemd gives the file's variables


def test_a_changed_port_is_found_with_the_command(tmp_path: Path) -> None:
    path = env_file(tmp_path, SMTP_PORT="587")
    finding = only(path, service(unit(path)))
    assert finding.id is DriftId.OTHER_VALUES
    assert [(found.key, found.here, found.there) for found in finding.fields] == [("port", 587, 25)]
    assert finding.command == "systemctl restart web.service"
    assert lines(finding) == (
        "web.service has other values than app.env:\n"
        "  port: 25; in the file 587\n"
        "  Why: systemd gives it the file's variables when it starts.\n"
        "  To do: systemctl restart web.service"
    )
    assert short_text(finding, "app.env") == (
        "web.service still has port 25: systemctl restart web.service"
    )


def test_equal_values_are_only_counted(tmp_path: Path) -> None:
    path = env_file(tmp_path)
    found = report(path, service(unit(path)))
    assert (found.findings, len(found.equal), found.has_drift) == ((), 1, False)
    assert next(summary_lines(found, "app.env")) == "web.service has the values of app.env."


def test_values_that_mean_the_same_are_equal(tmp_path: Path) -> None:
    path = env_file(tmp_path, SMTP_TLS="True")
    variables = {**VARIABLES, "SMTP_TLS": "true"}
    assert not report(path, service(unit(path), variables)).findings


def test_a_value_is_read_as_systemd_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "app.env"
    path.write_text(env_text(VARIABLES).replace(f"={SECRET}", f'="{SECRET}"'))
    assert not report(path, service(unit(path))).findings
    quoted = {**VARIABLES, "SMTP_PASSWORD": f'"{SECRET}"'}
    assert [found.key for found in only(path, service(unit(path), quoted)).fields] == ["password"]


def test_a_password_is_only_said_to_be_another(tmp_path: Path) -> None:
    path = env_file(tmp_path, SMTP_PASSWORD=OTHER_SECRET)
    found = report(path, service(unit(path)))
    (finding,) = found.findings
    (differing,) = finding.fields
    assert (differing.here, differing.there) == (None, None)
    for text in (repr(found), lines(finding), short_text(finding, "app.env")):
        assert SECRET not in text
        assert OTHER_SECRET not in text
    assert "password: differs" in lines(finding)


def test_starttls_where_offered_is_not_shown_as_no_encryption(tmp_path: Path) -> None:
    path = tmp_path / "app.toml"
    path.write_text('host = "mail.example.org"\nport = 587\nencryption = "tls"\nusername = "app"\n')
    variables = {
        "MAIL_MAILER": "smtp",
        "MAIL_HOST": "mail.example.org",
        "MAIL_PORT": "587",
        "MAIL_ENCRYPTION": "tls",
        "MAIL_USERNAME": "app",
    }
    finding = only(path, holder(HolderKind.PROCESS, variables))
    found = [(differing.key, differing.there) for differing in finding.fields]
    assert found == [("encryption", "none"), ("starttls_auto", True)]
    assert "  starttls_auto: true; in the file not set" in lines(finding)


def test_variables_that_the_service_lacks_are_found(tmp_path: Path) -> None:
    path = env_file(tmp_path)
    bare = {name: value for name, value in VARIABLES.items() if name != "SMTP_PASSWORD"}
    assert [found.key for found in only(path, service(unit(path), bare)).fields] == ["password"]
    assert only(path, service(unit(path), {})).command == "systemctl restart web.service"
    # Others may have been written over by a title.
    assert not report(path, service(unit(path), bare, is_damaged=True)).findings


def test_variables_that_only_the_service_has_are_not_the_files_matter(tmp_path: Path) -> None:
    path = env_file(tmp_path)
    more = {**VARIABLES, "SMTP_DOMAIN": "app.example.org"}
    assert not report(path, service(unit(path), more)).findings


def test_a_later_file_that_sets_the_value_is_named(tmp_path: Path) -> None:
    path = env_file(tmp_path, SMTP_PORT="587")
    later = tmp_path / "later.env"
    later.write_text("SMTP_PORT=25\n")
    finding = only(path, service(unit(path, later)))
    assert finding.id is DriftId.SET_ELSEWHERE
    assert finding.files == (str(later),)
    assert not finding.command
    assert "restart" not in short_text(finding, "app.env")
    assert only(path, service(unit(later, path))).id is DriftId.OTHER_VALUES


def test_no_restart_is_advised_to_what_began_after_the_change(tmp_path: Path) -> None:
    path = env_file(tmp_path, SMTP_PORT="587")
    finding = only(path, service(unit(path), started=NOW_RUNNING))
    assert finding.id is DriftId.SET_ELSEWHERE
    assert "To do" not in lines(finding)
    assert "started after the last change" in lines(finding)


def test_a_unit_file_that_systemd_has_not_read_again(tmp_path: Path) -> None:
    path = env_file(tmp_path)
    finding = only(path, service(unit(path, needs_reload=True)))
    assert finding.id is DriftId.UNIT_CHANGED
    assert finding.command == "systemctl daemon-reload && systemctl restart web.service"


def test_a_service_that_may_not_be_read_was_started_before(tmp_path: Path) -> None:
    path = env_file(tmp_path)
    finding = only(path, service(unit(path), None))
    assert finding.id is DriftId.STARTED_BEFORE
    assert not report(path, service(unit(path), None, started=NOW_RUNNING)).findings


def test_a_users_own_service_is_restarted_by_its_own_systemd(tmp_path: Path) -> None:
    path = env_file(tmp_path, SMTP_PORT="587")
    own = only(path, service(unit(path), user=os.geteuid()))
    assert own.command == "systemctl --user restart web.service"
    other = only(path, service(unit(path), user=4_000_000))
    assert other.command == "systemctl --user -M 4000000@ restart web.service"


def test_some_of_the_workers_are_older(tmp_path: Path) -> None:
    path = env_file(tmp_path, SMTP_PORT="587")
    older = replace(service(unit(path)), pids=(12, 13), total=12)
    assert lines(only(path, older)).startswith("2 of 12 processes of web.service (12, 13) has")


# Containers


def container(**more: Any) -> Container:
    return Container(engine="podman", name="web", pid=4711, **more)


def in_container(found: Container, variables: Mapping[str, str] = VARIABLES) -> SettingsHolder:
    return holder(HolderKind.CONTAINER, variables, container=found)


def compose_file(folder: Path, **changes: str) -> Path:
    values = {**VARIABLES, **changes, "SMTP_PASSWORD": "x"}
    own = "".join(f"      {name}: '{value}'\n" for name, value in values.items())
    path = folder / "compose.yaml"
    path.write_text(f"services:\n  web:\n    environment:\n{own}  worker:\n    environment:\n{own}")
    return path


def test_a_service_of_compose_is_made_again(tmp_path: Path) -> None:
    path = compose_file(tmp_path, SMTP_PORT="587")
    made = container(compose_files=(str(path),), service="web", project="shop")
    finding = only(path, in_container(made, {**VARIABLES, "SMTP_PASSWORD": "x"}))
    assert finding.group.name == "services.web"
    assert [found.key for found in finding.fields] == ["port"]
    assert finding.command == f"podman compose -f {path} -p shop up -d web"


def test_another_service_of_the_file_is_not_compared(tmp_path: Path) -> None:
    path = compose_file(tmp_path)
    made = container(compose_files=(str(path),), service="db", project="shop")
    assert not report(path, in_container(made)).findings


def test_a_container_of_another_compose_file_is_only_seen(tmp_path: Path) -> None:
    path = compose_file(tmp_path, SMTP_PORT="587")
    made = container(compose_files=("/srv/other/compose.yaml",), service="web", project="other")
    finding = only(path, in_container(made))
    assert finding.id is DriftId.OTHER_FILE
    assert not finding.is_drift
    assert "/srv/other/compose.yaml" in lines(finding)


def test_the_file_of_variables_of_a_compose_service(tmp_path: Path) -> None:
    path = env_file(tmp_path, SMTP_PORT="587")
    compose = tmp_path / "compose.yaml"
    compose.write_text("services:\n  web:\n    env_file: app.env\n")
    made = container(compose_files=(str(compose),), service="web", project="shop")
    finding = only(path, in_container(made))
    assert finding.related is Relation.ENV_FILE
    assert finding.command == f"podman compose -f {compose} -p shop up -d web"


def test_what_the_compose_file_sets_itself_is_not_the_file_of_variables(tmp_path: Path) -> None:
    path = env_file(tmp_path, SMTP_PORT="587", SMTP_DOMAIN="new.example")
    compose = tmp_path / "compose.yaml"
    own = "services:\n  web:\n    env_file: app.env\n    environment:\n      SMTP_PORT: '25'\n"
    compose.write_text(own)
    made = container(compose_files=(str(compose),), service="web", project="shop")
    port_only = {**VARIABLES, "SMTP_DOMAIN": "new.example"}
    finding = only(path, in_container(made, port_only))
    assert (finding.id, finding.files) == (DriftId.SET_ELSEWHERE, (str(compose),))
    assert not finding.command
    # Making it again helps against the other one.
    assert only(path, in_container(made)).id is DriftId.OTHER_VALUES


def test_variables_of_what_reads_the_file_by_itself_go_before_it(tmp_path: Path) -> None:
    path = env_file(tmp_path, SMTP_PORT="587")
    mounted = in_container(container(mounts={"/app/.env": str(path)}))
    named = replace(service(unit()), uses=frozenset((FileUse.ARGUMENT,)))
    for found in (only(path, mounted), only(path, named)):
        assert (found.id, found.command) == (DriftId.OVERRIDES, "")
        assert "variables usually go before a file" in lines(found)


def test_the_file_whose_variables_a_compose_file_uses(tmp_path: Path) -> None:
    path = env_file(tmp_path, ".env", SMTP_PORT="587")
    own = "".join(f"      {name}: ${{{name}}}\n" for name in VARIABLES)
    compose = tmp_path / "compose.yaml"
    compose.write_text(f"services:\n  web:\n    environment:\n{own}")
    made = container(compose_files=(str(compose),), service="web", project="shop")
    finding = only(path, in_container(made))
    assert (finding.related, finding.id) == (Relation.TEMPLATE, DriftId.OTHER_VALUES)
    assert finding.command == f"podman compose -f {compose} -p shop up -d web"
    # The container may have them by other names.
    renamed = {f"MAIL_{name}": value for name, value in VARIABLES.items()}
    finding = only(path, in_container(made, renamed))
    assert (finding.id, finding.fields) == (DriftId.STARTED_BEFORE, ())
    assert lines(finding).endswith(f"To do: podman compose -f {compose} -p shop up -d web")


def test_quotes_in_the_file_of_a_container_may_be_undone(tmp_path: Path) -> None:
    path = tmp_path / "app.env"
    path.write_text(env_text(VARIABLES).replace(f"={SECRET}", f"='{SECRET}'"))
    made = container(arguments=("run", f"--env-file={path}", "x"))
    assert not report(path, in_container(made)).findings


def test_podmans_own_command_names_the_file(tmp_path: Path) -> None:
    path = env_file(tmp_path, SMTP_PORT="587")
    for arguments in (("run", "--env-file", str(path), "x"), ("run", f"--env-file={path}", "x")):
        finding = only(path, in_container(container(arguments=arguments)))
        assert finding.related is Relation.ENV_FILE
        assert not finding.command
        assert "restarting a container keeps its variables" in lines(finding)
    quadlet = container(arguments=("run", f"--env-file={path}"), unit="web.service")
    assert only(path, in_container(quadlet)).command == "systemctl restart web.service"


def test_a_container_with_the_folder_of_the_file_is_only_seen(tmp_path: Path) -> None:
    path = toml_file(tmp_path)
    finding = only(path, in_container(container(mounts={"/conf": str(tmp_path)}), {}))
    assert (finding.id, finding.is_drift, finding.command) == (DriftId.STARTED_BEFORE, False, "")
    assert "does not know whether it reads the file" in lines(finding)
    for folder in ("/", "/etc", str(tmp_path.parent)):
        assert not report(path, in_container(container(mounts={"/conf": folder}), {})).findings


def test_a_container_that_sees_the_replaced_file(tmp_path: Path) -> None:
    path = tmp_path / "mail.toml"
    path.write_text('[smtp]\nhost = "mail.example.org"\nport = 587\n')
    mounted = in_container(container(mounts={"/etc/mail.toml": str(path)}), {})
    assert only(path, replace(mounted, sees_old_mount=True)).id is DriftId.OLD_FILE
    finding = only(path, mounted)
    assert finding.id is DriftId.STARTED_BEFORE
    assert finding.command == "podman restart web"
    assert "not needed if it reads the file again" in lines(finding)
    assert not report(path, replace(mounted, started=NOW_RUNNING)).findings


# Processes whose relation to the file is not certain


def test_the_same_application_with_the_same_login_is_likely(tmp_path: Path) -> None:
    path = env_file(tmp_path, SMTP_PORT="587")
    finding = only(path, holder())
    assert (finding.related, finding.id) == (Relation.SAME_LOGIN, DriftId.OTHER_VALUES)
    assert "To do: If its settings come from app.env: restart process web (puma)" in lines(finding)
    # What began after the change, and has other values all the same, has them from elsewhere.
    assert only(path, holder(started=NOW_RUNNING)).id is DriftId.SEEN


@pytest.mark.parametrize(
    "changes",
    [
        {"SMTP_USERNAME": "other@example.org"},
        {
            "SMTP_ADDRESS": "other.example",
            "SMTP_PASSWORD": OTHER_SECRET,
            "MAILER_SENDER_EMAIL": "b@example.org",
        },
    ],
)
def test_the_same_application_with_another_login_is_only_seen(
    tmp_path: Path, changes: dict[str, str]
) -> None:
    finding = only(env_file(tmp_path, SMTP_PORT="587"), holder(variables={**VARIABLES, **changes}))
    assert finding.id is DriftId.SEEN
    assert "smtp-tui does not know whether" in lines(finding)
    assert "To do" not in lines(finding)


def test_any_quoting_may_have_been_undone(tmp_path: Path) -> None:
    path = tmp_path / "app.env"
    path.write_text(env_text(VARIABLES).replace(f"={SECRET}", f"='{SECRET}'"))
    for value in (SECRET, f"'{SECRET}'"):
        assert not report(path, holder(variables={**VARIABLES, "SMTP_PASSWORD": value})).findings


def test_what_another_variable_decides_is_not_compared(tmp_path: Path) -> None:
    path = env_file(tmp_path, SMTP_PORT="${PORT}")
    assert not report(path, holder()).findings


def test_another_application_is_not_named(tmp_path: Path) -> None:
    path = env_file(tmp_path, SMTP_PORT="587")
    grafana = {"GF_SMTP_HOST": "mail.example.org:25", "GF_SMTP_USER": VARIABLES["SMTP_USERNAME"]}
    for variables in (grafana, {"SMTP_PORT": "25"}, {"MAIL": "/var/mail/root"}, {}):
        assert not report(path, holder(variables=variables)).findings


def test_a_dotenv_file_in_the_folder_of_the_process(tmp_path: Path) -> None:
    path = env_file(tmp_path, ".env", SMTP_PORT="587", SMTP_USERNAME="other@example.org")
    uses = frozenset((FileUse.IN_ITS_FOLDER,))
    assert only(path, holder(uses=uses)).related is Relation.FOLDER
    other = env_file(tmp_path, "app.env", SMTP_PORT="587", SMTP_USERNAME="other@example.org")
    assert only(other, holder(uses=uses)).id is DriftId.SEEN


def test_what_reads_the_variables_file_by_itself_is_not_said_to_have_its_values(
    tmp_path: Path,
) -> None:
    path = env_file(tmp_path)
    mounted = in_container(container(mounts={"/app/.env": str(path)}), {"SMTP_X": "1"})
    assert only(path, mounted).id is DriftId.STARTED_BEFORE
    found = report(path, replace(mounted, started=NOW_RUNNING))
    assert (found.findings, found.equal, len(found.newer)) == ((), (), 1)


def toml_file(folder: Path) -> Path:
    path = folder / "mail.toml"
    user = VARIABLES["SMTP_USERNAME"]
    path.write_text(
        f'[smtp]\nhost = "mail.example.org"\nusername = "{user}"\npassword = "{SECRET}"\n'
    )
    return path


def test_variables_with_the_login_of_a_toml_file_are_only_seen(tmp_path: Path) -> None:
    finding = only(toml_file(tmp_path), holder())
    assert (finding.id, finding.related) == (DriftId.SEEN, Relation.SAME_SERVER)
    # The port of the file is the default; the sender is not in it.
    assert [(found.key, found.here) for found in finding.fields] == [("port", 587)]
    other = holder(variables={**VARIABLES, "SMTP_USERNAME": "other@example.org"})
    assert not report(toml_file(tmp_path), other).findings


RELATIONS = {
    FileUse.ARGUMENT: "its command line names the file",
    FileUse.VARIABLE: "one of its variables names the file",
    FileUse.OPEN: "it has the file open",
}


@pytest.mark.parametrize("use", RELATIONS)
def test_what_reads_the_file_by_itself_may_have_its_old_content(
    tmp_path: Path, use: FileUse
) -> None:
    path = toml_file(tmp_path)
    uses = frozenset((use,))
    editor = only(path, holder(variables={}, uses=uses))
    assert not editor.is_drift  # it may be an editor
    assert lines(editor) == (
        f"Process web (puma) was started before app.env was changed.\n  Why: {RELATIONS[use]}."
    )
    served = replace(service(unit(), {}), uses=uses)
    assert only(path, served).id is DriftId.STARTED_BEFORE
    assert only(path, served).command == "systemctl restart web.service"
    found = report(path, replace(served, started=NOW_RUNNING))
    assert (found.findings, found.equal, len(found.newer)) == ((), (), 1)
    text = next(summary_lines(found, "app.env"))
    assert text == "web.service was started after app.env was changed."


def test_an_open_file_that_was_replaced(tmp_path: Path) -> None:
    served = replace(service(unit(), {}), uses=frozenset((FileUse.OPEN_OLD,)), started=NOW_RUNNING)
    assert only(toml_file(tmp_path), served).id is DriftId.OLD_FILE


def test_variables_that_go_before_a_file(tmp_path: Path) -> None:
    path = tmp_path / "grafana.ini"
    path.write_text(
        "[smtp]\nenabled = true\nhost = mail.example.org:587\nuser = alice\n"
        "from_address = g@example.org\n"
    )
    variables = {"GF_SMTP_HOST": "mail.example.org:25"}
    served = replace(service(unit(), variables), uses=frozenset((FileUse.ARGUMENT,)))
    finding = only(path, served)
    assert finding.id is DriftId.OVERRIDES
    assert [(found.key, found.there) for found in finding.fields] == [("port", 25)]


def test_what_could_not_be_read_is_counted(tmp_path: Path) -> None:
    running = Running(
        holders=(), read=1, unreadable=3, left_out=2, problems=("docker failed: \x1b[2J denied",)
    )
    found = find_drift(read_settings(env_file(tmp_path)), running)
    assert [*summary_lines(found, "app.env")] == [
        "Nothing that runs is known to use app.env.",
        "smtp-tui read 1 process; it may not read 3 more; it left out 2, to end in time.",
        "Incomplete: docker failed: \\x1b[2J denied.",
    ]


# Which processes belong together


def process(pid: int, parent: int = 1, group: ControlGroup | None = None) -> RunningProcess:
    status = ProcessStatus(command="puma", uid=0, gid=0, groups=(), started=LONG_AGO, parent=parent)
    return RunningProcess(
        pid=pid, status=status, group=group or ControlGroup(), variables=VARIABLES
    )


def test_children_with_the_same_variables_are_one_holder() -> None:
    (found,) = group_holders([process(10), process(11, 10), process(12, 11)], [], {})
    assert (found.name, found.pids) == ("10", (10, 11, 12))
    assert holder_name(found) == "process 10 (puma) and 2 of its children"


def test_processes_that_are_each_others_parent_end() -> None:
    assert group_holders([process(10, 11), process(11, 10)], [], {})


def test_a_user_cannot_pass_for_a_container_of_the_system() -> None:
    known = container(id="d" * 64)
    theirs = process(10, group=ControlGroup("", 4_000_000, "d" * 64))
    other, own = group_holders([theirs], [known], {})
    assert (other.name, other.container) == ("d" * 12, None)
    assert own.container is known
    system = process(10, group=ControlGroup("", None, "d" * 64))
    (only_one,) = group_holders([system], [known], {})
    assert (only_one.name, only_one.container) == ("web", known)


def test_ten_thousand_programs_are_compared_in_bounded_time(tmp_path: Path) -> None:
    path = env_file(tmp_path, SMTP_PORT="587")
    many = [holder(variables={**VARIABLES, "SMTP_X": str(number)}) for number in range(10_000)]
    found = find_drift(read_settings(path), Running(holders=(*many, service(unit(path)))))
    assert found.running.left_out == 9_001
    assert found.findings[0].holder.kind is HolderKind.SERVICE


# Hostile values


@pytest.mark.parametrize("value", ["\x1b[2J\x07", "2\u202e5", "x" * 60_000, "\udcff", "a\nb"])
def test_hostile_values_are_escaped_and_short(tmp_path: Path, value: str) -> None:
    path = env_file(tmp_path, SMTP_PORT="587")
    variables = {**VARIABLES, "SMTP_ADDRESS": value, "SMTP_DOMAIN": value}
    finding = only(path, service(unit(path), variables, command=value))
    text = lines(finding)
    assert all(line.isprintable() and len(line) < 400 for line in text.split("\n"))
    assert short_text(finding, "app.env").isprintable()


def test_a_secret_in_another_variable_is_masked(tmp_path: Path) -> None:
    path = env_file(tmp_path, SMTP_ADDRESS="a.example")
    variables = {**VARIABLES, "SMTP_ADDRESS": f"smtp://u:{SECRET}@mail.example.org"}
    assert SECRET not in lines(only(path, service(unit(path), variables)))
