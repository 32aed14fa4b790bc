"""The authorities that a process trusts, in the place where its own runtime reads them."""

from __future__ import annotations

import os
import shutil
import ssl
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from smtp_tui.places.place import PlaceKind, open_place
from smtp_tui.places.trust import TrustStore, usable_certificates
from tests.places.spaces import NOBODY, RESIDENT, process_in_namespaces, resident
from tests.smtp import pki
from tests.survey.running_settings import wait_for_exec

SSL_FOLDER = "/usr/lib/ssl"
RUN = f"import ssl, runpy; runpy.run_path({str(RESIDENT)!r}, run_name='__main__')"
PYTHON = (sys.executable, "-IS", "-c", RUN)


@pytest.fixture(scope="module")
def authorities() -> Sequence[pki.Issued]:
    return [pki.issue(f"Example CA {number}", is_authority=True) for number in range(3)]


@pytest.fixture
def bundle(tmp_path: Path, authorities: Sequence[pki.Issued]) -> Path:
    """A file with one authority, which OpenSSL does not read by itself."""
    file = tmp_path / "ca.pem"
    file.write_bytes(authorities[0].pem)
    return file


def text(*issued: pki.Issued) -> str:
    return "\n".join(each.pem.decode().strip() for each in issued)


@contextmanager
def trust_in(pid: int) -> Iterator[TrustStore]:
    with open_place(PlaceKind.PROCESS, str(pid)) as place:
        yield place.trust


def make_ssl(folder: Path, authorities: Sequence[pki.Issued]) -> Path:
    """OpenSSL's folder: one authority in the file, the same and another in the folder."""
    certs = folder / "certs"
    certs.mkdir(parents=True)
    (folder / "cert.pem").write_bytes(authorities[0].pem)
    (certs / "first.pem").write_bytes(authorities[0].pem)
    (certs / "second.pem").write_bytes(authorities[1].pem)
    (certs / "00000000.0").symlink_to("first.pem")
    (certs / "11111111.0").symlink_to(f"{SSL_FOLDER}/certs/second.pem")
    # OpenSSL does not read what has no hash for a name.
    (certs / "third.pem").write_bytes(authorities[2].pem)
    return folder


@pytest.mark.skipif(not Path(SSL_FOLDER).is_dir(), reason="OpenSSL is not Debian's")
@pytest.mark.parametrize("program", [PYTHON, (sys.executable, "-IS", str(RESIDENT))])
def test_python_reads_openssl_s_folder(
    tmp_path: Path, authorities: Sequence[pki.Issued], program: Sequence[str]
) -> None:
    """With OpenSSL loaded, and before that."""
    folder = make_ssl(tmp_path / "ssl", authorities)
    with (
        process_in_namespaces(mounts={SSL_FOLDER: folder}, program=program) as pid,
        trust_in(pid) as trust,
    ):
        assert trust.runtime == "Python's ssl"
        assert trust.paths == (f"{SSL_FOLDER}/cert.pem", f"{SSL_FOLDER}/certs")
        assert trust.pem == text(*authorities[:2])
        assert (trust.count, trust.unreadable) == (2, ())


def test_an_empty_folder_is_a_fact(tmp_path: Path) -> None:
    variables = {"SSL_CERT_FILE": "/nowhere", "SSL_CERT_DIR": str(tmp_path)}
    with resident(variables=variables, program=PYTHON) as pid, trust_in(pid) as trust:
        assert (trust.pem, trust.count) == ("", 0)
        assert trust.paths == ("/nowhere", str(tmp_path))


def test_the_variables_name_others(bundle: Path, authorities: Sequence[pki.Issued]) -> None:
    # A relative path starts in the process's own folder.
    variables = {"SSL_CERT_FILE": bundle.name, "SSL_CERT_DIR": "/nowhere:/nor/there"}
    setup = [f"cd {bundle.parent}"]
    with resident(variables=variables, program=PYTHON, setup=setup) as pid, trust_in(pid) as trust:
        assert trust.pem == text(authorities[0])
        assert trust.paths == (str(bundle), "/nowhere", "/nor/there")


def test_more_files_than_are_read_say_nothing(
    tmp_path: Path, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("00000000.0", "11111111.0"):
        (tmp_path / name).symlink_to(bundle)
    monkeypatch.setattr("smtp_tui.places.trust._MOST_FILES", 1)
    variables = {"SSL_CERT_FILE": "/nowhere", "SSL_CERT_DIR": str(tmp_path)}
    with resident(variables=variables, program=PYTHON) as pid, trust_in(pid) as trust:
        assert (trust.pem, trust.paths) == (None, ("/nowhere", str(tmp_path)))


def test_what_its_user_may_not_read(bundle: Path) -> None:
    bundle.chmod(0o600)
    variables = {"SSL_CERT_FILE": str(bundle), "SSL_CERT_DIR": "/nowhere"}
    with (
        process_in_namespaces(variables=variables, program=PYTHON, user=NOBODY) as pid,
        trust_in(pid) as trust,
    ):
        assert (trust.pem, trust.count, trust.unreadable) == ("", 0, (str(bundle),))


def test_certifi_is_another_library(tmp_path: Path, bundle: Path) -> None:
    packages = tmp_path / "venv/lib/python3.11/site-packages/certifi"
    packages.mkdir(parents=True)
    shutil.copy(bundle, packages / "cacert.pem")
    variables = {"VIRTUAL_ENV": str(tmp_path / "venv")}
    own = tmp_path / "venv/bin/python"  # this one's environment has a certifi of its own
    own.parent.mkdir()
    own.symlink_to(Path(sys.executable).resolve())
    program = (str(own), *PYTHON[1:])
    with resident(variables=variables, program=program) as pid, trust_in(pid) as trust:
        assert trust.other
        assert trust.other.runtime == "certifi"
        assert trust.other.paths == (f"{packages}/cacert.pem",)
        assert trust.other.count == 1


@pytest.mark.skipif(not shutil.which("node"), reason="Node is not installed")
def test_node_has_a_list_of_its_own(bundle: Path, authorities: Sequence[pki.Issued]) -> None:
    with node() as pid, trust_in(pid) as trust:
        assert trust == TrustStore(runtime="Node's built-in list", paths=(), pem=None)
    with node(NODE_EXTRA_CA_CERTS=str(bundle)) as pid, trust_in(pid) as trust:
        assert trust.runtime == "Node's built-in list and NODE_EXTRA_CA_CERTS"
        assert (trust.paths, trust.count) == ((str(bundle),), 1)
        assert trust.pem
        assert trust.pem.endswith(text(authorities[0]))
    variables = {"NODE_OPTIONS": "--use-openssl-ca", "SSL_CERT_FILE": str(bundle)}
    with node(**variables, SSL_CERT_DIR="/nowhere") as pid, trust_in(pid) as trust:
        assert (trust.runtime, trust.pem) == ("OpenSSL", text(authorities[0]))


@pytest.mark.parametrize(
    ("content", "words", "is_with_system"),
    [
        (b"", ["--use-system-ca"], True),
        (b"NODE_USE_SYSTEM_CA", [], True),
        (b"", [], False),
    ],
    ids=["option", "variable", "older"],
)
def test_node_may_add_the_system_s_list(
    content: bytes, words: list[str], is_with_system: bool, tmp_path: Path, bundle: Path
) -> None:
    """A program of this name stands for one: older ones know neither."""
    program = tmp_path / "node"
    program.write_bytes(Path("/bin/cat").read_bytes() + content)
    program.chmod(0o755)
    variables = {"NODE_USE_SYSTEM_CA": "1", "SSL_CERT_FILE": str(bundle), "SSL_CERT_DIR": "/none"}
    variables["NODE_OPTIONS"] = " ".join(words)
    with (
        running(program, variables) as pid,
        trust_in(pid) as trust,
    ):
        assert trust.runtime == "Node's built-in list" + " and the system's CAs" * is_with_system
        assert trust.paths == ((str(bundle), "/none") if is_with_system else ())


@contextmanager
def node(**variables: str) -> Iterator[int]:
    """A Node that waits for the end of its input."""
    script = "process.stdin.resume(); console.log('ready')"
    with resident(program=["node", "-e", script], variables=variables) as pid:
        yield pid


@pytest.mark.integration
@pytest.mark.skipif(not shutil.which("java"), reason="Java is not installed")
def test_java_s_store_is_named_and_not_read(tmp_path: Path) -> None:
    source = tmp_path / "App.java"
    source.write_text(
        "class App { public static void main(String[] a) throws Exception "
        '{ System.out.println("ready"); System.in.read(); } }'
    )
    variables = {"JAVA_HOME": "/opt/another"}  # of which the running Java takes no notice
    with (
        resident(program=["java", str(source)], variables=variables) as pid,
        trust_in(pid) as trust,
    ):
        (path,) = trust.paths
        assert (trust.runtime, trust.pem) == ("Java", None)
        assert path.endswith("/lib/security/cacerts")
        assert Path(path).exists()
    words = ["java", "-Djavax.net.ssl.trustStore=/etc/app.jks", str(source)]
    with resident(program=words) as pid, trust_in(pid) as trust:
        assert trust.paths == ("/etc/app.jks",)
    variables = {"_JAVA_OPTIONS": "-Djavax.net.ssl.trustStore=/etc/last.jks"}
    with resident(program=words, variables=variables) as pid, trust_in(pid) as trust:
        assert trust.paths == ("/etc/last.jks",)


def test_go_reads_a_list_of_files(tmp_path: Path, bundle: Path) -> None:
    """A program with the mark that Go's linker leaves stands for one."""
    program = tmp_path / "app"
    shutil.copy("/bin/cat", program)
    with program.open("ab") as file:
        file.write(b"\xff Go buildinf:")
    program.chmod(0o755)
    variables = {"SSL_CERT_FILE": str(bundle), "SSL_CERT_DIR": "/nowhere"}
    with running(program, variables) as pid, trust_in(pid) as trust:
        assert (trust.runtime, trust.count) == ("Go", 1)
    with running(program, {}) as pid, trust_in(pid) as trust:
        assert trust.paths[1:] == ("/etc/ssl/certs", "/etc/pki/tls/certs")


@contextmanager
def running(program: Path, variables: dict[str, str]) -> Iterator[int]:
    """Run a program that waits for its input."""
    with subprocess.Popen([program], env=variables, stdin=subprocess.PIPE) as started:
        try:
            wait_for_exec(started.pid)
            yield started.pid
        finally:
            started.kill()


def test_a_program_that_shows_no_runtime(tmp_path: Path) -> None:
    variables = {"SSL_CERT_FILE": "/nowhere", "SSL_CERT_DIR": "/nowhere"}
    with running(Path("/bin/cat"), variables) as pid, trust_in(pid) as trust:
        assert (trust.is_known, trust.pem, trust.count) == (False, "", 0)


def test_a_bundle_with_a_fault_is_loaded_as_by_openssl(
    tmp_path: Path, authorities: Sequence[pki.Issued]
) -> None:
    """Not at all; and what is hostile costs little time."""
    begin, end = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
    first, second = map(text, authorities[:2])
    junk = "".join(f"{begin}\n{number}\n{end}\n" for number in range(5000))
    file = tmp_path / "ca.pem"
    cases = {
        f"{first}\n{begin * 150_000}": first,
        f"{first}\n" + f"{begin}\n" * 150_000: "",
        f"{first}\n{begin}\njunk\n{second}": "",
        f"{begin}\njunk\n{first}": "",
        f"{begin} junk\n{first}": first,
        f"{first}\n{junk}\n{second}": "",
        f"# a comment\n{first}\n\n{second}": f"{first}\n{second}",
    }
    for content, loaded in cases.items():
        file.write_text(content)
        own = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        with suppress(ssl.SSLError):
            own.load_verify_locations(file)
        usable = usable_certificates([content], skips_faults=False)
        assert "\n".join(usable) == loaded
        assert len(usable) == len(own.get_ca_certs())
    # Go leaves out what has a fault.
    content = f"{first}\n{begin}\njunk\n{end}\n{second}"
    assert usable_certificates([content], skips_faults=True) == [first, second]


def test_what_is_no_file_is_not_read_as_one(
    tmp_path: Path, authorities: Sequence[pki.Issued]
) -> None:
    """All of it lies in the folder that OpenSSL reads, beside a good file."""
    folder = tmp_path / "certs"
    (folder / "00000000.0").mkdir(parents=True)
    os.mkfifo(folder / "00000000.1")
    (folder / "00000000.2").symlink_to("/dev/zero")
    (folder / "00000000.3").symlink_to("/proc/self/environ")
    (folder / "00000000.4").write_bytes(authorities[0].pem)
    (folder / "00000000.5").touch()
    variables = {"SSL_CERT_FILE": "/nowhere", "SSL_CERT_DIR": str(folder)}
    with resident(variables=variables, program=PYTHON) as pid:
        os.truncate(folder / "00000000.5", 1 << 40)
        with trust_in(pid) as trust:
            assert trust.pem is None  # it was not read to its end
        os.truncate(folder / "00000000.5", 0)
        with trust_in(pid) as trust:
            assert trust.pem == text(authorities[0])
        # The kernel's file about the reader.
        assert trust.unreadable == (f"{folder}/00000000.3",)
