"""Completion of the command line, for the shells."""
