"""The terminal front end: form, sidebar and log on one screen."""

from smtp_tui.tui.app import SmtpApp, run_app

__all__ = ["SmtpApp", "run_app"]
