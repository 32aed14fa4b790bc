"""Find the authorities that a process trusts, where its own runtime reads them."""

from __future__ import annotations

import mmap
import os
import re
import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import PurePosixPath

from smtp_tui.places.errors import PlaceError
from smtp_tui.places.process import ProcessHandle
from smtp_tui.places.root import RootReader
from smtp_tui.records import record

_MOST_LIBRARY = 32 << 20
_PEM = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
_OPENSSL_DIR = re.compile(rb'OPENSSLDIR: "([^"\0]+)"')
_GO_BUILD = b"\xff Go buildinf:"
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


@record(kw_only=True)
class TrustStore:
    """The authorities that a runtime trusts: as PEM text, None if smtp-tui cannot read them.

    `paths` are the files and folders that the runtime reads, as the process sees them; `other` is
    what its other library trusts, such as certifi beside Python's own `ssl`.
    """

    runtime: str
    paths: tuple[str, ...]
    pem: str | None
    count: int = 0
    other: TrustStore | None = None


def trust_of(process: ProcessHandle, root: RootReader, variables: Mapping[str, str]) -> TrustStore:
    """Return what a process trusts; `root` reads its files as it sees them."""
    maps = _mapped_files(process)
    program = PurePosixPath(process.executable)
    words = process.command_line
    options = f"{' '.join(words)} {variables.get('NODE_OPTIONS', '')}"
    if any(path.endswith("/libjvm.so") for path in maps):
        return _java(program, words, variables)
    if program.name == "node" and "--use-openssl-ca" not in options:
        return _node(root, variables)
    if _contains(process, _GO_BUILD):
        return _go(root, variables)
    folder = _openssl_folder(process, root, maps)
    is_python = program.name.startswith("python")
    name = "Python's ssl" if is_python else "OpenSSL"
    if not is_python and not any("/libcrypto" in path for path in maps):
        name = "a runtime that smtp-tui does not know; OpenSSL's usual place"
    own = _openssl(name, root, variables, folder)
    # A virtual environment's program is a link, which only the command line names.
    named = PurePosixPath(words[0] if words else "")
    prefixes = (
        str(named.parent.parent),
        variables.get("VIRTUAL_ENV", ""),
        str(program.parent.parent),
    )
    other = _certifi(root, maps, prefixes) if is_python else None
    return TrustStore(
        runtime=own.runtime, paths=own.paths, pem=own.pem, count=own.count, other=other
    )


def _openssl(
    runtime: str, root: RootReader, variables: Mapping[str, str], folder: str
) -> TrustStore:
    """Return what OpenSSL trusts: SSL_CERT_FILE and SSL_CERT_DIR, each else its built-in place."""
    file = variables.get("SSL_CERT_FILE") or f"{folder}/cert.pem"
    folders = (variables.get("SSL_CERT_DIR") or f"{folder}/certs").split(":")
    return _store(runtime, root, [file], folders, _HASHED_NAME)


def _go(root: RootReader, variables: Mapping[str, str]) -> TrustStore:
    first = next(filter(root.exists, _GO_FILES), _GO_FILES[0])
    file = variables.get("SSL_CERT_FILE") or first
    folders = variables.get("SSL_CERT_DIR", "").split(":") if variables.get("SSL_CERT_DIR") else []
    return _store("Go", root, [file], folders or _GO_FOLDERS, re.compile(".+"))


def _node(root: RootReader, variables: Mapping[str, str]) -> TrustStore:
    """Node trusts its built-in list, which cannot be read here, and one file more."""
    extra = variables.get("NODE_EXTRA_CA_CERTS", "")
    if not extra:
        return TrustStore(runtime="Node's built-in list", paths=(), pem=None)
    return _store("Node's built-in list and NODE_EXTRA_CA_CERTS", root, [extra], [], _HASHED_NAME)


def _java(program: PurePosixPath, words: Sequence[str], variables: Mapping[str, str]) -> TrustStore:
    home = variables.get("JAVA_HOME") or str(program.parent.parent)
    path = f"{home}/lib/security/cacerts"
    for word in words:
        name, _, value = word.partition("=")
        if name == "-Djavax.net.ssl.trustStore" and value:
            path = value
    return TrustStore(runtime="Java", paths=(path,), pem=None)


def _certifi(root: RootReader, maps: Sequence[str], prefixes: Sequence[str]) -> TrustStore | None:
    """Return what certifi trusts, which Python's HTTP libraries use; None if it is not there."""
    for folder in _package_folders(root, maps, prefixes):
        path = f"{folder}/certifi/cacert.pem"
        if root.exists(path):
            return _store("certifi", root, [path], [], _HASHED_NAME)
    return None


def _package_folders(
    root: RootReader, maps: Sequence[str], prefixes: Sequence[str]
) -> Iterator[str]:
    for path in maps:
        if found := re.match(r".*/(?:site|dist)-packages(?=/)", path):
            yield found[0]
    for prefix in filter(None, prefixes):
        with suppress(OSError):
            for name in root.names(f"{prefix}/lib"):
                if name.startswith("python"):
                    yield f"{prefix}/lib/{name}/site-packages"
                    yield f"{prefix}/lib/{name}/dist-packages"


def _store(
    runtime: str,
    root: RootReader,
    files: Sequence[str],
    folders: Sequence[str],
    wanted: re.Pattern[str],
) -> TrustStore:
    texts = []
    paths = [
        *files,
        *(
            f"{folder}/{name}"
            for folder in folders
            for name in _names(root, folder)
            if wanted.fullmatch(name)
        ),
    ]
    for path in paths:
        with suppress(OSError):
            texts.append(root.read(path).decode("ascii", "replace"))
    certificates = list(
        dict.fromkeys(certificate for text in texts for certificate in _PEM.findall(text))
    )
    usable = _usable(certificates)
    return TrustStore(
        runtime=runtime,
        paths=(*files, *folders),
        pem="\n".join(usable),
        count=len(usable),
    )


def _names(root: RootReader, folder: str) -> list[str]:
    with suppress(OSError):
        return root.names(folder)
    return []


def _usable(certificates: Sequence[str]) -> list[str]:
    """Return the certificates that OpenSSL accepts; it would reject all for one."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        if certificates:
            context.load_verify_locations(cadata="\n".join(certificates))
        return list(certificates)
    except (ssl.SSLError, ValueError):
        if len(certificates) == 1:
            return []
    return [good for certificate in certificates for good in _usable([certificate])]


def _mapped_files(process: ProcessHandle) -> list[str]:
    try:
        lines = process.read("maps").decode("utf-8", "surrogateescape").splitlines()
    except PlaceError:
        return []
    paths = (line.split(None, 5)[5] for line in lines if line.count("/") and len(line.split()) > 5)
    return list(dict.fromkeys(path.removesuffix(" (deleted)") for path in paths))


def _openssl_folder(process: ProcessHandle, root: RootReader, maps: Sequence[str]) -> str:
    """Return OPENSSLDIR of the libcrypto that the process uses; Debian's where none is found."""
    for path in maps:
        if "/libcrypto" in path:
            with suppress(OSError):
                if found := _OPENSSL_DIR.search(root.read(path, _MOST_LIBRARY)):
                    return found[1].decode("utf-8", "surrogateescape")
    if found := _search(process, _OPENSSL_DIR):
        return found[1].decode("utf-8", "surrogateescape")
    return "/usr/lib/ssl"


def _contains(process: ProcessHandle, text: bytes) -> bool:
    return _search(process, re.compile(re.escape(text))) is not None


def _search(process: ProcessHandle, pattern: re.Pattern[bytes]) -> re.Match[bytes] | None:
    """Search the program that the process runs."""
    try:
        program = process.open("exe")
    except PlaceError:
        return None
    try:
        with mmap.mmap(program, 0, prot=mmap.PROT_READ) as content:
            found = pattern.search(content)
            # The match must outlive the mapping.
            return pattern.match(bytes(found[0])) if found else None
    except (OSError, ValueError):
        return None
    finally:
        os.close(program)
