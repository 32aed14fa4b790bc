"""Detect the application that a TOML file belongs to, and translate its keys to and from ours."""
