"""Edits of TOML text that change the wanted keys and no other byte."""
