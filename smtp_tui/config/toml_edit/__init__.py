"""Edit keys in TOML text without changing any other byte."""
