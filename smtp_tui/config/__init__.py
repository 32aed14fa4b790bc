"""Where settings live: TOML files, their paths, and the places passwords are kept in."""
