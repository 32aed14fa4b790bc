"""Find the authorities that a process trusts, where its own runtime reads them."""

from __future__ import annotations

import errno
import re
import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import chain
from pathlib import PurePosixPath
from typing import TypeGuard

from smtp_tui.places.agent_process import text_of
from smtp_tui.places.errors import PlaceError
from smtp_tui.places.files import PlaceFiles
from smtp_tui.places.process import ProcessHandle
from smtp_tui.places.root import MOST_BYTES
from smtp_tui.records import record

# A distribution ships 150; each is tried by OpenSSL.
_MOST_CERTIFICATES = 2000
_MOST_FILES = 1000
# The variables come from the process, and may be megabytes long.
_MOST_FOLDERS, _LONGEST_PATH = 16, 4096
_BEGIN, _END = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
_BEGIN_LINE = re.compile(rf"^{_BEGIN}[ \t\r]*$", re.MULTILINE)
_OPENSSL_DIR = rb'OPENSSLDIR: "([^"\0]+)"'
_LIBCRYPTO = re.compile(r"libcrypto\.so.*")
_LIBRARY_FOLDERS = ("/usr/lib64", "/usr/lib", "/lib")
_GO_BUILD = rb"\xff Go buildinf:"
# Go's crypto/x509/root_linux.go, in its order; it takes the first file, then reads the folders.
_GO_FILES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/tls/cacert.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
)
_GO_FOLDERS = ("/etc/ssl/certs", "/etc/pki/tls/certs")
_HASHED_NAME = re.compile(r"[0-9a-f]{8}\.\d+")  # as `openssl rehash` names them
_JAVA_OPTIONS = ("JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS")
_ANY_NAME = re.compile(".+")


@record(kw_only=True)
class TrustStore:
    """The authorities that a runtime trusts: as PEM text, None if smtp-tui cannot read them.

    `paths` are the files and folders that the runtime reads, as the process sees them, and
    `unreadable` those that its user may not read; `other` is what its other library trusts, such as
    certifi beside Python's own `ssl`. Unless `is_known`, the program shows no runtime, and the
    paths are OpenSSL's usual ones.
    """

    runtime: str
    paths: tuple[str, ...]
    pem: str | None
    count: int = 0
    unreadable: tuple[str, ...] = ()
    other: TrustStore | None = None
    is_known: bool = True


def trust_of(process: ProcessHandle, files: PlaceFiles, variables: Mapping[str, str]) -> TrustStore:
    """Return what a process trusts; `files` are as it sees them."""
    try:
        return _Runtime(process, files, variables).trust()
    except OSError as error:  # its file system hangs, or the agent has ended
        return TrustStore(runtime=f"unknown: {text_of(error)}", paths=(), pem=None)


class _Runtime:
    """What a process runs, and where that reads its authorities."""

    def __init__(
        self, process: ProcessHandle, files: PlaceFiles, variables: Mapping[str, str]
    ) -> None:
        self._process = process
        self._files = files
        self._variables = variables
        self._maps = mapped_files(process)
        self._program = PurePosixPath(process.executable)
        self._words = process.command_line

    def trust(self) -> TrustStore:
        options = f"{' '.join(self._words)} {self._variables.get('NODE_OPTIONS', '')}"
        name = self._program.name
        for path in self._maps:
            if path.endswith("/libjvm.so"):
                return _java(PurePosixPath(path), self._words, self._variables)
        if name in ("node", "nodejs") and "--use-openssl-ca" not in options:
            return self._node(with_system="--use-system-ca" in options or self._has_system_ca())
        if self._search(_GO_BUILD) is not None:
            return self._go()
        if name.startswith("python"):
            return self._openssl("Python's ssl", self._certifi())
        if self._loaded_libcrypto() or self._search(_OPENSSL_DIR):
            return self._openssl("OpenSSL")
        return replace(self._openssl("OpenSSL"), is_known=False)

    def _openssl(self, runtime: str, other: TrustStore | None = None) -> TrustStore:
        file, folders = self._openssl_places()
        return self._store(runtime, [file], folders, _HASHED_NAME, other)

    def _openssl_places(self) -> tuple[str, list[str]]:
        """Return what SSL_CERT_FILE and SSL_CERT_DIR name, each else OpenSSL's built-in place."""
        folder = self._openssl_folder()
        file = self._variables.get("SSL_CERT_FILE") or f"{folder}/cert.pem"
        folders = self._variables.get("SSL_CERT_DIR") or f"{folder}/certs"
        return file, folders.split(":")

    def _go(self) -> TrustStore:
        present = self._files.read_all(_GO_FILES)
        first = next((path for path in _GO_FILES if _is_there(present[path])), _GO_FILES[0])
        file = self._variables.get("SSL_CERT_FILE") or first
        folders = self._variables.get("SSL_CERT_DIR", "")
        return self._store("Go", [file], folders.split(":") if folders else _GO_FOLDERS, _ANY_NAME)

    def _has_system_ca(self) -> bool:
        """Whether a variable asks for the system's CAs, in a Node that is new enough to know it."""
        name = "NODE_USE_SYSTEM_CA"
        return self._variables.get(name) == "1" and self._search(name.encode()) is not None

    def _node(self, *, with_system: bool) -> TrustStore:
        """Node adds files to its built-in list, for which this machine's CAs stand in.

        `with_system`: --use-system-ca adds OpenSSL's file and every file in its folder.
        """
        names, files, folders = ["Node's built-in list"], list[str](), list[str]()
        if with_system:
            file, folders = self._openssl_places()
            names.append("the system's CAs")
            files.append(file)
        if extra := self._variables.get("NODE_EXTRA_CA_CERTS", ""):
            names.append("NODE_EXTRA_CA_CERTS")
            files.append(extra)
        name = " and ".join(names)
        if not files:
            return TrustStore(runtime=name, paths=(), pem=None)
        found = self._store(name, files, folders, _ANY_NAME)
        own = ssl.create_default_context().get_ca_certs(binary_form=True)
        pem = "\n".join([*map(ssl.DER_cert_to_PEM_cert, own), found.pem or ""])
        return replace(found, pem=pem)

    def _certifi(self) -> TrustStore | None:
        """Return what certifi trusts, which Python's HTTP libraries use; None without it."""
        folders = dict.fromkeys(self._package_folders())
        paths = [f"{folder}/certifi/cacert.pem" for folder in folders]
        present = self._files.read_all(paths) if paths else {}
        for path in paths:
            if _is_there(present[path]):
                return self._store("certifi", [path], [], _HASHED_NAME)
        return None

    def _package_folders(self) -> Iterator[str]:
        for path in self._maps:
            if found := re.match(r".*/(?:site|dist)-packages(?=/)", path):
                yield found[0]
        # A virtual environment's program is a link, which only the command line names.
        named = PurePosixPath(self._words[0] if self._words else "")
        prefixes = (
            str(named.parent.parent),
            self._variables.get("VIRTUAL_ENV", ""),
            str(self._program.parent.parent),
        )
        for prefix in filter(None, prefixes):
            for name in self._names(f"{prefix}/lib"):
                if name.startswith("python"):
                    yield f"{prefix}/lib/{name}/site-packages"
                    yield f"{prefix}/lib/{name}/dist-packages"

    def _store(
        self,
        runtime: str,
        files: Sequence[str],
        folders: Sequence[str],
        wanted: re.Pattern[str],
        other: TrustStore | None = None,
    ) -> TrustStore:
        files = list(map(self._absolute, files))
        folders = list(map(self._absolute, folders[:_MOST_FOLDERS]))
        names = [f"{folder}/{name}" for folder in folders for name in self._names(folder, wanted)]
        read = self._files.read_all([*files, *names[:_MOST_FILES]])
        parts = [part for part in read.values() if _is_there(part)]
        if len(names) > _MOST_FILES or sum(map(len, parts)) >= MOST_BYTES:
            # What was not read may be what counts.
            return TrustStore(runtime=runtime, paths=(*files, *folders), pem=None, other=other)
        texts = [part.decode("ascii", "replace") for part in parts]
        skips = not runtime.startswith(("OpenSSL", "Python", "certifi"))
        usable = usable_certificates(texts, skips_faults=skips)
        return TrustStore(
            runtime=runtime,
            paths=(*files, *folders),
            pem="\n".join(usable),
            count=len(usable),
            unreadable=tuple(path for path, part in read.items() if _is_forbidden(part)),
            other=other,
        )

    def _absolute(self, path: str) -> str:
        with suppress(PlaceError):
            return str(PurePosixPath(self._process.folder, path[:_LONGEST_PATH]))
        return path[:_LONGEST_PATH]

    def _names(self, folder: str, wanted: re.Pattern[str] | None = None) -> list[str]:
        try:
            names = self._files.names(folder)
        except TimeoutError:  # the next file would hang too
            raise
        except OSError:
            return []
        return [name for name in names if wanted is None or wanted.fullmatch(name)]

    def _openssl_folder(self) -> str:
        """Return OPENSSLDIR of the libcrypto that the process uses; Debian's if none is found."""
        for path in (*self._loaded_libcrypto(), "", *self._installed_libcrypto()):
            if found := self._search(_OPENSSL_DIR, path):
                return found
        return "/usr/lib/ssl"

    def _loaded_libcrypto(self) -> list[str]:
        return [path for path in self._maps if "/libcrypto" in path]

    def _installed_libcrypto(self) -> Iterator[str]:
        """Find the library that the process has not loaded yet."""
        multiarch = [f"/usr/lib/{name}" for name in self._names("/usr/lib") if "-linux-" in name]
        for folder in (*multiarch, *_LIBRARY_FOLDERS):
            for name in self._names(folder, _LIBCRYPTO):
                yield f"{folder}/{name}"

    def _search(self, pattern: bytes, path: str = "") -> str | None:
        try:
            return self._files.search(pattern, path)
        except TimeoutError:
            raise
        except OSError:
            return None


def _java(library: PurePosixPath, words: Sequence[str], variables: Mapping[str, str]) -> TrustStore:
    """Name the store beside libjvm, of which JAVA_HOME says nothing, or what an option names."""
    own = next((folder for folder in library.parents if folder.name == "lib"), library.parent)
    path = f"{own}/security/cacerts"
    # The Java virtual machine reads the first and the last, and the later option counts.
    first, *last = (variables.get(name, "")[:_LONGEST_PATH].split() for name in _JAVA_OPTIONS)
    for word in (*first, *words, *chain.from_iterable(last)):
        name, _, value = word.partition("=")
        if name == "-Djavax.net.ssl.trustStore" and value:
            path = value[:_LONGEST_PATH]
    return TrustStore(runtime="Java", paths=(path,), pem=None)


def _is_there(content: bytes | OSError) -> TypeGuard[bytes]:
    return isinstance(content, bytes)


def _is_forbidden(content: bytes | OSError) -> bool:
    return isinstance(content, OSError) and content.errno in (errno.EACCES, errno.EPERM)


def usable_certificates(texts: Sequence[str], *, skips_faults: bool) -> list[str]:
    """Return the certificates that a runtime loads from files.

    OpenSSL loads none of a file with a fault in it (by_file.c).
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    is_good: dict[str, bool] = {}
    usable: dict[str, None] = {}
    for text in texts:
        found = []
        for part in _BEGIN_LINE.split(text)[1:]:
            body, end, _ = part.partition(_END)
            certificate = f"{_BEGIN}{body}{end}"
            # Most are in the file and in the folder.
            if certificate not in is_good:
                if len(is_good) == _MOST_CERTIFICATES:
                    break
                is_good[certificate] = _loads(context, certificate)
            found.append(certificate)
        if skips_faults or all(map(is_good.get, found)):
            usable |= dict.fromkeys(filter(is_good.get, found))
    return list(usable)


def _loads(context: ssl.SSLContext, certificate: str) -> bool:
    try:
        context.load_verify_locations(cadata=certificate)
    except (ssl.SSLError, ValueError):
        return False
    return True


def mapped_files(process: ProcessHandle) -> list[str]:
    """Return the paths of the files that a process has mapped; empty if that may not be read."""
    try:
        lines = process.read("maps").decode("utf-8", "surrogateescape").splitlines()
    except PlaceError:
        return []
    paths = (line.split(None, 5)[5] for line in lines if "/" in line and len(line.split()) > 5)
    return list(dict.fromkeys(process.inside(path.removesuffix(" (deleted)")) for path in paths))
