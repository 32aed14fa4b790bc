"""Entry point: while the rest of the program loads, Ctrl+C ends it silently."""

import gc

# The built-in module: `signal` takes 5 ms to load, during which Ctrl+C would print a traceback.
# mypy has no stub for it, so it is imported by name.
signal = __import__("_signal")


def run() -> None:
    """Run one call as the installed command does, and exit at once with its status."""
    # Python's own handler would print a traceback if loading was interrupted. A signal that the
    # caller ignores, as shells do for background jobs, stays ignored.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    # Loaded objects stay to the end: scanning them for garbage would cost a tenth of a check.
    gc.disable()
    from smtp_tui.program import run_and_leave  # after the handler is set

    run_and_leave()


if __name__ == "__main__":
    run()
