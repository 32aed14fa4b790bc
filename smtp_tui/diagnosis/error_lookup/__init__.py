"""Errors as other programs word them, and what they mean for the settings."""
