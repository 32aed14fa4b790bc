"""Edit, explain and test SMTP settings from one terminal screen."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("smtp-tui")
except PackageNotFoundError:  # run from a tree that was never installed
    __version__ = "0+unknown"
