"""Build and start smtp-tui.pyz, one file to copy to a machine without Internet."""
