"""All processes are read, within limits, and none that is hostile stops that."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from smtp_tui.places.process import ProcessHandle
from smtp_tui.survey import processes
from smtp_tui.survey.processes import (
    FileUse,
    ProcessSurvey,
    RunningProcess,
    SurveyLimits,
    survey_processes,
)
from tests.servers.requirements import require
from tests.survey.running_settings import SECRET, VARIABLES, program


def found(survey: ProcessSurvey, pid: int) -> RunningProcess:
    (process,) = (process for process in survey.processes if process.pid == pid)
    return process


def test_mail_variables_are_found_and_no_others() -> None:
    with program({**VARIABLES, "PATH": "/bin", "API_TOKEN": "x"}) as pid:
        process = found(survey_processes(), pid)
    assert process.variables == VARIABLES
    assert process.status.parent == os.getpid()
    assert SECRET not in repr(process)


def test_this_program_and_its_shell_are_left_out() -> None:
    survey = survey_processes(wanted=[os.getpid(), os.getppid()])
    assert not {os.getpid(), os.getppid()} & {process.pid for process in survey.processes}


def test_a_process_without_mail_variables_is_only_counted() -> None:
    with program({"PATH": "/bin"}) as pid:
        survey = survey_processes()
        assert pid not in {process.pid for process in survey.processes}
        assert survey.read > 0
        assert found(survey_processes(wanted=[pid]), pid).variables == {}


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({b"SMTP_PORT": b"\xff\xfe\x1b[2J\x07"}, "\udcff\udcfe\x1b[2J\x07"),
        ({b"SMTP_PORT": "2\u202e5".encode()}, "2\u202e5"),
        ({b"SMTP_PORT": b"25\n26"}, "25\n26"),
        ({b"SMTP_PORT": b"2" * 100_000}, None),
        ({b"SMTP_PORT": b""}, ""),
    ],
)
def test_hostile_values_are_kept_as_they_are_or_left_out(
    environment: dict[bytes, bytes], expected: str | None
) -> None:
    with program({**environment, b"SMTP_ADDRESS": b"a.example"}) as pid:
        variables = found(survey_processes(), pid).variables
    assert variables is not None
    assert variables.get("SMTP_PORT") == expected


def test_many_variables_are_bounded() -> None:
    many = {f"SMTP_{number}": "x" for number in range(5_000)}
    with program(many) as pid:
        variables = found(survey_processes(), pid).variables
    assert variables is not None
    assert len(variables) == 1_000


def test_a_process_that_wrote_over_its_variables_is_marked() -> None:
    require(None if shutil.which("perl") else "perl is not installed")
    # Perl writes a title over its arguments and variables, as Ruby and PostgreSQL do.
    titled = subprocess.Popen(
        ["perl", "-e", '$0 = "a title " x 8; syswrite STDOUT, "x"; sysread STDIN, $_, 1'],
        env={"A": "b" * 20, **VARIABLES},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert titled.stdout
    try:
        titled.stdout.read(1)
        assert found(survey_processes(wanted=[titled.pid]), titled.pid).is_damaged
    finally:
        titled.kill()
        titled.communicate()


def test_a_process_that_ends_meanwhile_is_of_no_interest(monkeypatch: pytest.MonkeyPatch) -> None:
    with program() as pid:
        read = ProcessHandle.read

        def read_after_its_end(handle: ProcessHandle, name: str, most: int = 1 << 16) -> bytes:
            if handle.pid == pid and name == "environ":
                os.kill(pid, 9)
                os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
                os.waitpid(pid, 0)
            return read(handle, name, most)

        monkeypatch.setattr(ProcessHandle, "read", read_after_its_end)
        survey = survey_processes(wanted=[pid])
    assert pid not in {process.pid for process in survey.processes}


# Loads all that it needs while it still may.
AS_NOBODY = """
import os
import sys
from smtp_tui.survey.processes import survey_processes

survey_processes()
os.setgroups([])
os.setresgid(65534, 65534, 65534)
os.setresuid(65534, 65534, 65534)
survey = survey_processes()
print(survey.unreadable, int(sys.argv[1]) in {process.pid for process in survey.processes})
"""


def test_what_may_not_be_read_is_counted_and_not_named() -> None:
    require(None if os.geteuid() == 0 else "only root can give up its rights")
    with program() as pid:
        answer = subprocess.run(
            [sys.executable, "-c", AS_NOBODY, str(pid)], capture_output=True, text=True, check=True
        )
    unreadable, is_listed = answer.stdout.split()
    assert int(unreadable) >= 1
    assert is_listed == "False"


@pytest.mark.parametrize(
    "limits",
    [SurveyLimits(processes=0), SurveyLimits(bytes=0), SurveyLimits(seconds=-1.0)],
)
def test_what_is_over_the_limits_is_counted(limits: SurveyLimits) -> None:
    with program():
        survey = survey_processes(limits=limits)
    assert survey.read == 0
    assert survey.left_out > 0


def test_a_process_that_uses_the_file_is_found(tmp_path: Path) -> None:
    path = tmp_path / "mail.toml"
    path.touch()
    names = [str(path)]
    for argument in (
        str(path),
        f"--config={path}",
        "mail.toml",
        "../" + tmp_path.name + "/mail.toml",
    ):
        with program({}, argument, folder=tmp_path) as pid:
            assert FileUse.ARGUMENT in found(survey_processes(names), pid).uses
    with program({"APP_CONFIG": str(path), "OLDPWD": "/"}) as pid:
        assert found(survey_processes(names), pid).uses == {FileUse.VARIABLE}
    with program({"OLDPWD": str(path), "_": str(path)}) as pid:
        assert pid not in {process.pid for process in survey_processes(names).processes}
    with program({}, "other.toml", folder=tmp_path) as pid:
        assert found(survey_processes(names), pid).uses == {FileUse.IN_ITS_FOLDER}
    with program({}, "mail.toml", folder=Path("/")) as pid:
        assert pid not in {process.pid for process in survey_processes(names).processes}


def test_a_machine_without_proc_is_a_problem(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(processes, "PROC", tmp_path / "proc")
    survey = survey_processes()
    assert survey.problem.endswith("cannot be read: no such file or directory")
    assert survey.read == survey.left_out == 0


def test_an_open_file_is_found_and_an_old_one_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "mail.toml"
    path.touch()
    with path.open() as file, program({}, keeps=[file.fileno()]) as pid:
        assert FileUse.OPEN in found(survey_processes([str(path)]), pid).uses
        (tmp_path / "new").touch()
        (tmp_path / "new").replace(path)
        assert FileUse.OPEN_OLD in found(survey_processes([str(path)]), pid).uses
