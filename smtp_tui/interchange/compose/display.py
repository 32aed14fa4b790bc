"""Show a compose file with its secrets masked, as `config.diff` does a TOML file."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator

from smtp_tui.config.mask import MASK, is_secret, looks_secret, without_secrets
from smtp_tui.interchange import yaml_tree
from smtp_tui.interchange.compose.interpolation import only_variable
from smtp_tui.interchange.compose.services import PROGRAM, TAGS
from smtp_tui.interchange.yaml_tree import (
    YamlMapping,
    YamlNode,
    YamlScalar,
    YamlSequence,
)
from smtp_tui.safe_text import mask_secrets

# A shorter secret may also be a common word; masking it in comments would reveal it.
_SHORTEST = 4
_ENTRY = re.compile(r"(?P<name>[A-Za-z_][\w.-]*)=(?P<value>.*)", re.DOTALL)


class ComposeForDisplay:
    """A valid compose file to be shown with its secrets masked.

    `secret_keys` hold secrets, whatever their names look like; `secrets` are the text's secrets
    that are long enough to be recognised in comments.
    """

    def __init__(self, text: str, secret_keys: Collection[str] = ()) -> None:
        self.text = text
        self._secret_keys = secret_keys
        self._hidden: set[str] = set()
        roots = yaml_tree.parse(text, PROGRAM, most=1, tags=TAGS, exact=True)
        self._shown = sorted(part for root in roots for part in self._parts(root, ()))
        self.secrets = frozenset(found for found in self._hidden if len(found) >= _SHORTEST)

    def masked(self, known: Iterable[str]) -> str:
        """Return the text with secrets masked and its line ends kept."""
        secrets = sorted(known, key=len, reverse=True)
        pieces = []
        at = 0
        for start, end, shown in self._shown:
            pieces += [_mask_comments(self.text[at:start], secrets), shown]
            at = end
        return "".join((*pieces, _mask_comments(self.text[at:], secrets)))

    def _parts(self, node: YamlNode, keys: tuple[str, ...]) -> Iterator[tuple[int, int, str]]:
        """Yield the places of all scalars, with what is shown there."""
        if isinstance(node, YamlSequence):
            for item in node.items:
                yield from self._parts(item, keys)
        elif isinstance(node, YamlMapping):
            for key, value in node.pairs:
                name = key.text if isinstance(key, YamlScalar) else ""
                yield from self._parts(value, (*keys, name))
        elif isinstance(node, YamlScalar):
            yield node.start, node.end, self._scalar(node, keys)

    def _scalar(self, node: YamlScalar, keys: tuple[str, ...]) -> str:
        raw = self.text[node.start : node.end]
        entry = _ENTRY.fullmatch(node.text)
        keys = (*keys, entry["name"]) if entry else keys
        value = entry["value"] if entry else node.text
        name = keys[-1] if keys else ""
        clean = str(without_secrets(value, name))
        if self._is_secret(keys, value):
            self._hidden.update((value, *value.split("\n"), value.replace("$$", "$")))
            clean = MASK
        if clean == value:
            return raw
        shown = f"{name}={clean}" if entry else clean
        # The mask has as many lines as the value.
        return "\n".join([f'"{shown}"', *[MASK] * raw.count("\n")])

    def _is_secret(self, keys: tuple[str, ...], value: str) -> bool:
        # `${NAME}` names the place of a password.
        if not value or not keys or only_variable(value):
            return False
        *above, name = keys
        # `secrets:` lists the files of secrets.
        return is_secret({name: value}, (name,), self._secret_keys) or any(
            looks_secret(key) for key in above if key != "secrets"
        )


def _mask_comments(text: str, secrets: Iterable[str]) -> str:
    def mask(comment: re.Match[str]) -> str:
        masked = mask_secrets(comment.group())
        for secret in secrets:
            masked = masked.replace(secret, MASK)
        return masked

    return re.sub(r"#[^\r\n]*", mask, text)
