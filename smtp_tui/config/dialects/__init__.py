"""Applications' TOML: which file is whose, and how their keys translate to and from ours."""
