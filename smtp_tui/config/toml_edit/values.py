"""How values are spelled in TOML, in the manner of the value they replace.

The only importer of tomlkit, which spells values exactly but puts new keys in wrong places
(see `edit`).
"""

from __future__ import annotations

from smtp_tui.config.tablepath import spelled_key


def toml_value(value: object, like: str = "") -> str:
    """Spell a value; `like` is the text it replaces, whose quotes are kept where they can be."""
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
                # `0x1F` stays in capitals, and as wide as it was.
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
    # Most texts are spelled as they are; tomlkit takes as long to load as a call without it.
    plain = value.isprintable() and '"' not in value and "\\" not in value
    if plain and like[:1] in ("", '"') and like[:3] != '"""':
        return f'"{value}"'
    import tomlkit

    # What does not print is escaped, so that whoever opens the file sees it. A lone surrogate has
    # no escape in TOML; the document refuses it.
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
        kept = tomlkit.string(value, literal=quotes[:1] == "'", multiline=len(quotes) == 3)
    except ValueError:
        kept = tomlkit.string(value)
    return kept.as_string()


def toml_value_like(old: object, new: object) -> object:
    """Give a new number or switch the TOML type of the old one, if that changes no meaning."""
    # An application that reads its port as text would not start with a number there, nor with the
    # text `30.0` where it reads a whole number.
    if isinstance(old, str) and isinstance(new, bool | int | float):
        is_whole = isinstance(new, float) and new.is_integer() and "." not in old
        return str(int(new) if is_whole else new).lower()
    if type(old) is int and isinstance(new, float) and new.is_integer():
        return int(new)
    if type(old) is float and type(new) is int:
        return float(new)
    return new
