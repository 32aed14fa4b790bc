"""Edit, explain and test SMTP settings from one terminal screen, or from a Python program.

`docs/python.md` describes the functions; they are loaded at their first use.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from smtp_tui.api import (
        DocumentError,
        Event,
        Fix,
        Recording,
        RecordingError,
        Stage,
        Verdict,
        as_json,
        check,
        check_async,
        check_events,
        exit_status,
        read_recording,
    )

    __version__: str

__all__ = (
    "DocumentError",
    "Event",
    "Fix",
    "Recording",
    "RecordingError",
    "Stage",
    "Verdict",
    "__version__",
    "as_json",
    "check",
    "check_async",
    "check_events",
    "exit_status",
    "read_recording",
)


def __getattr__(name: str) -> object:
    """Look up the interface and `__version__` lazily: they would cost a check most of its start."""
    if name == "__version__":
        return _version()
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from smtp_tui.lazy import load

    return load(f"api:{name}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("smtp-tui")
    except PackageNotFoundError:  # run from a tree that was never installed
        return "0+unknown"
