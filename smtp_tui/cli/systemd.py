"""The `systemd-run` call that runs a command as a unit would: pure, from the unit's properties.

No secret stands in it, for any user of the machine can read a command line: the environment goes by
name, its values in the environment of `systemd-run` itself, and a credential that the unit holds
in itself goes in a file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field

from smtp_tui.records import record

# Properties whose text in `systemctl show` is what a unit file takes.
_AS_THEY_ARE = (
    "User",
    "Group",
    "SupplementaryGroups",
    "DynamicUser",
    "PassEnvironment",
    "UnsetEnvironment",
    "ImportCredential",
    "ProtectHome",
    "ProtectSystem",
    "ReadWritePaths",
    "ReadOnlyPaths",
    "InaccessiblePaths",
    "BindPaths",
    "BindReadOnlyPaths",
    "TemporaryFileSystem",
    "PrivateUsers",
    "PrivateNetwork",
    "NetworkNamespacePath",
    "IPAddressAllow",
    "IPAddressDeny",
    "RestrictAddressFamilies",
    "RestrictNetworkInterfaces",
    "NoNewPrivileges",
    "AmbientCapabilities",
    "SELinuxContext",
    "AppArmorProfile",
    "SmackProcessLabel",
)
_OF_DYNAMIC_USER = ("StateDirectory", "StateDirectoryMode")
_SPECIAL = (
    "Slice",
    "WorkingDirectory",
    "EnvironmentFiles",
    "CapabilityBoundingSet",
    "JoinsNamespaceOf",
)

# With these this program could not start, or they say too much for a line.
_LEFT_OUT = (
    "RootDirectory",
    "RootImage",
    "MountImages",
    "ExtensionImages",
    "ExtensionDirectories",
    "ExecPaths",
    "NoExecPaths",
    "SystemCallFilter",
    "PAMName",
)
PROPERTIES = ("Id", "LoadState", *_AS_THEY_ARE, *_OF_DYNAMIC_USER, *_SPECIAL, *_LEFT_OUT)
TYPED = (
    "Environment",
    "LoadCredential",
    "LoadCredentialEncrypted",
    "SetCredential",
    "SetCredentialEncrypted",
)
"""Properties that `systemctl show` cannot print so that they can be read back."""

_UNSET = frozenset({"", "no", "~", "[not set]", "[unprintable]"})
_ALL_CAPABILITIES = 41  # Linux 5.9; a set of fewer is a restriction

# The variables that `systemd-run`, its libraries and the loader obey themselves, by exact names
# (systemd(1), known-environment-variables.md, ld.so(8), mallopt(3), locale(7)). None of them holds
# a secret; another with the same beginning may.
_LOADER = (
    *("ASSUME_KERNEL", "AUDIT", "BIND_NOT", "BIND_NOW", "DEBUG", "DEBUG_OUTPUT", "DYNAMIC_WEAK"),
    *("HWCAP_MASK", "LIBRARY_PATH", "ORIGIN_PATH", "PREFER_MAP_32BIT_EXEC", "PRELOAD", "PROFILE"),
    *("PROFILE_OUTPUT", "SHOW_AUXV", "TRACE_LOADED_OBJECTS", "USE_LOAD_BIAS", "VERBOSE", "WARN"),
)
_SYSTEMD = (
    *("ADJUST_TERMINAL_TITLE", "BUS_TIMEOUT", "COLORS", "EMOJI", "IGNORE_CHROOT", "LESS"),
    *("LESSCHARSET", "LOG_COLOR", "LOG_LEVEL", "LOG_LOCATION", "LOG_RATELIMIT_KMSG", "LOG_TARGET"),
    *("LOG_TID", "LOG_TIME", "MEMPOOL", "OFFLINE", "PAGER", "PAGERSECURE", "TINT_BACKGROUND"),
    *("URLIFY", "UTF8"),
)
_MALLOC = (
    *("ARENA_MAX", "ARENA_TEST", "CHECK_", "MMAP_MAX_", "MMAP_THRESHOLD_", "PERTURB_"),
    *("TCACHE_COUNT", "TOP_PAD_", "TRACE", "TRIM_THRESHOLD_"),
)
_LOCALE = (
    *("ADDRESS", "ALL", "COLLATE", "CTYPE", "IDENTIFICATION", "MEASUREMENT", "MESSAGES"),
    *("MONETARY", "NAME", "NUMERIC", "PAPER", "TELEPHONE", "TIME"),
)
_ITS_OWN = frozenset(
    (
        *(f"LD_{name}" for name in _LOADER),
        *(f"SYSTEMD_{name}" for name in _SYSTEMD),
        *(f"MALLOC_{name}" for name in _MALLOC),
        *(f"LC_{name}" for name in _LOCALE),
        *("DBUS_SESSION_BUS_ADDRESS", "DBUS_SYSTEM_BUS_ADDRESS", "GLIBC_TUNABLES"),
        *("NOTIFY_SOCKET", "PATH", "XDG_RUNTIME_DIR"),
    )
)


@record(kw_only=True)
class Unit:
    """A service's properties: as `systemctl show` prints them, each line of a name one by one.

    `environment` and the credentials come in their own types: by id a path, or the content.
    """

    shown: Mapping[str, tuple[str, ...]]
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    loaded: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    inline: Mapping[str, Mapping[str, bytes]] = field(default_factory=dict, repr=False)

    @property
    def name(self) -> str:
        """Its full name."""
        return self.one("Id")

    def one(self, name: str) -> str:
        """Return the text of a property; empty where nothing is set."""
        text = " ".join(self.shown.get(name, ()))
        return "" if text in _UNSET else text


@record(kw_only=True)
class Transient:
    """What to run: the call, the variables that it needs, the files it reads by their names.

    `left_out` names what the unit has and the call does not.
    """

    argv: tuple[str, ...]
    environment: Mapping[str, str] = field(repr=False)
    files: Mapping[str, bytes] = field(repr=False)
    left_out: tuple[str, ...] = ()


def transient(
    unit: Unit, command: Sequence[str], folder: str, more: Mapping[str, str] | None = None
) -> Transient:
    """Return the call that runs `command` as `unit` would, with the variables of `more` beside.

    `folder` is where its files will be; only root may look into it.
    """
    environment = {**(more or {}), **unit.environment}
    files = {
        f"{folder}/{kind}-{number}": content
        for kind, by_id in unit.inline.items()
        for number, content in enumerate(by_id.values())
    }
    properties = [*_properties(unit), *_credentials(unit, folder)]
    argv = [
        "systemd-run",
        *("--quiet", "--wait", "--pipe", "--collect", "--service-type=exec"),
        *(f"--slice={slice_}" for slice_ in [unit.one("Slice")] if slice_),
        *(f"--property={one}" for one in properties),
        *(_variable(name, value) for name, value in environment.items()),
        "--",
        # Every version expands variables in the command, and takes a doubled sign for one.
        *(word.replace("$", "$$") for word in command),
    ]
    return Transient(
        argv=tuple(argv),
        environment={name: value for name, value in environment.items() if name not in _ITS_OWN},
        files=files,
        left_out=tuple(name for name in _LEFT_OUT if unit.one(name)),
    )


def _properties(unit: Unit) -> Iterator[str]:
    names: tuple[str, ...] = _AS_THEY_ARE
    if unit.one("DynamicUser"):
        names += _OF_DYNAMIC_USER
    for name in names:
        text = unit.one(name)
        if text:
            yield f"{name}={text}"
    if unit.one("PrivateNetwork"):
        # Its own network, if it runs, and not another empty one.
        yield f"JoinsNamespaceOf={unit.name} {unit.one('JoinsNamespaceOf')}".rstrip()
    folder = unit.one("WorkingDirectory")
    if folder:
        yield f"WorkingDirectory={f'-{folder[1:]}' if folder.startswith('!') else folder}"
    for line in unit.shown.get("EnvironmentFiles", ()):
        path, _, ignored = line.rpartition(" (ignore_errors=")
        if path:
            yield f"EnvironmentFile={'-' if ignored.startswith('yes') else ''}{path}"
    capabilities = unit.one("CapabilityBoundingSet")
    if len(capabilities.split()) < _ALL_CAPABILITIES and "CapabilityBoundingSet" in unit.shown:
        yield f"CapabilityBoundingSet={capabilities}"


def _credentials(unit: Unit, folder: str) -> Iterator[str]:
    for kind, paths in unit.loaded.items():
        for name, path in paths.items():
            yield f"{kind}={name}:{path}" if path else f"{kind}={name}"
    for kind, contents in unit.inline.items():
        for number, name in enumerate(contents):
            yield f"{kind.replace('Set', 'Load')}={name}:{folder}/{kind}-{number}"


def _variable(name: str, value: str) -> str:
    return f"--setenv={name}={value}" if name in _ITS_OWN else f"--setenv={name}"
