"""Explain other programs' errors in terms of the settings."""
