"""An edit that went wrong is caught, whatever went wrong."""

import tomllib
from collections.abc import Callable
from typing import Any

import pytest

from smtp_tui.config.document import Document
from smtp_tui.config.errors import DocumentError
from smtp_tui.config.errors import DocumentError as Refused
from smtp_tui.config.toml_edit import edit
from smtp_tui.config.toml_edit.edit import same_data, verify_edit
from tests.table import table

OLD = "# c\n[smtp]\nhost = 'a' # h\nport = 1\n[x]\nhost = 'a'\n"
NEW = OLD.replace("port = 1", "port = 2")


def proved(new: str) -> dict[str, Any]:
    return verify_edit(OLD, new, tomllib.loads(OLD), ("smtp",), {"port": 2})


def test_a_right_edit_passes() -> None:
    assert proved(NEW) == tomllib.loads(NEW)


@table(
    ("new", "message"),
    [
        (OLD, "affect other keys"),
        (NEW.replace("[x]", "[x"), "not be valid TOML"),
        (NEW.replace("port = 2", "port = '2'"), "affect other keys"),
        (NEW.replace("'a' # h", "'b' # h"), "affect other keys"),
        (NEW + "port = 2\n", "affect other keys"),
        (NEW.replace("# c\n", ""), "lines of other keys"),
        (NEW.replace(" # h", ""), "lines of other keys"),
        (NEW.replace("host = 'a'\n", 'host = "a"\n'), "lines of other keys"),
        (NEW.replace("[x]", "[x]\r"), "lines of other keys"),
        (NEW.replace("[x]", "# d\n[x]"), "lines of other keys"),
    ],
)
def test_a_wrong_edit_is_refused(new: str, message: str) -> None:
    with pytest.raises(Refused, match=message):
        proved(new)


def test_the_document_says_that_the_file_was_left_alone(
    document: Callable[[str], Document], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(edit, "apply_edits", lambda text, *_: text.replace("# c\n", ""))
    opened = document(OLD)
    with pytest.raises(DocumentError, match=r"was not changed: the change would .*in an editor"):
        opened.save("smtp", {"port": 2})
    assert opened.path.read_text() == OLD


@table(
    ("one", "other"),
    [(1, True), (1, 1.0), (0.0, -0.0), ("1", 1), ([1], [1, 2]), ({"a": 1}, {"b": 1}), ([1], [2])],
)
def test_values_that_python_confuses_differ(one: object, other: object) -> None:
    assert not same_data(one, other)


@pytest.mark.parametrize("value", [float("nan"), {"a": [1, {"b": float("inf")}]}])
def test_values_are_the_same_as_themselves(value: object) -> None:
    assert same_data(value, value)
