"""Entry point: while the rest of the program loads, Ctrl+C ends it without a word."""

import gc

# Built into Python; `signal` takes 5 ms to load, in which Ctrl+C would print a traceback. It has no
# stub for mypy, so it is imported by name.
signal = __import__("_signal")


def run() -> None:
    """Run one call as the installed command does, and leave at once with its exit status."""
    # Python's own handler would print a traceback wherever the loading was interrupted. A caller
    # who has the signal ignored, as nohup does, is obeyed.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    # What is loaded stays to the end: to look through it for garbage would cost a tenth of a check.
    gc.disable()
    from smtp_tui.program import run_and_leave  # the door that this module is for

    run_and_leave()


if __name__ == "__main__":
    run()
