"""Edit, explain and test SMTP settings from one terminal screen."""


def __getattr__(name: str) -> str:
    """Look up `__version__` lazily: it would cost a check a third of its start."""
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("smtp-tui")
    except PackageNotFoundError:  # run from a tree that was never installed
        return "0+unknown"
