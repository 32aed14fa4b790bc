"""Format values as TOML, in the style of the value they replace.

The only importer of tomlkit, which formats values well but puts new keys in wrong places
(see `edit`).
"""

from __future__ import annotations

from smtp_tui.config.tablepath import spelled_key


def toml_value(value: object, like: str = "") -> str:
    """Format a value; `like` is the text it replaces, whose quotes are kept where possible."""
    match value:
        case str():
            return _text(value, like)
        case bool():
            return str(value).lower()
        case float():
            return repr(value)
        case int():
            base, digits = like[:2], like[2:].replace("_", "")
            if base in ("0x", "0o", "0b") and value >= 0:
                # `0x1F` keeps its capitals and its width.
                kind = "X" if base == "0x" and digits.isupper() else base[1]
                return f"{base}{value:0{len(digits)}{kind}}"
            return f"{value:_}" if "_" in like and base != "0x" else str(value)
        case list():
            return f"[{', '.join(toml_value(element) for element in value)}]"
        case dict():
            pairs = (f"{spelled_key(key)} = {toml_value(value[key])}" for key in value)
            return f"{{ {', '.join(pairs)} }}"
        case _:
            raise TypeError(f"no TOML value: {type(value).__name__}")


def _text(value: str, like: str) -> str:
    # Most texts need no escapes; importing tomlkit takes as long as a call without it.
    plain = value.isprintable() and '"' not in value and "\\" not in value
    if plain and like[:1] in ("", '"') and like[:3] != '"""':
        return f'"{value}"'
    import tomlkit

    # Escape unprintable characters, so that they are visible in the file. TOML has no escape for a
    # lone surrogate; the document rejects it.
    if not value.isprintable():
        return "".join(
            letter
            if letter.isprintable() or "\ud800" <= letter <= "\udfff"
            else f"\\u{ord(letter):04x}"
            if ord(letter) < 0x10000
            else f"\\U{ord(letter):08x}"
            for letter in tomlkit.string(value).as_string()
        )
    quotes = like[:3] if like[:3] in ('"""', "'''") else like[:1]
    try:
        quoted = tomlkit.string(value, literal=quotes[:1] == "'", multiline=len(quotes) == 3)
    except ValueError:
        quoted = tomlkit.string(value)
    return quoted.as_string()


def toml_value_like(old: object, new: object) -> object:
    """Convert a new number or boolean to the TOML type of `old`, if its meaning stays the same."""
    # An application that reads its port as a string would not start with a number there, nor with
    # the string `30.0` where it reads an integer.
    if isinstance(old, str) and isinstance(new, bool | int | float):
        is_whole = isinstance(new, float) and new.is_integer() and "." not in old
        return str(int(new) if is_whole else new).lower()
    if type(old) is int and isinstance(new, float) and new.is_integer():
        return int(new)
    if type(old) is float and type(new) is int:
        return float(new)
    return new
