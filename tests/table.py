"""A table of cases as one test: thousands of tests cost more than what they test."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pytest


def table(
    names: str | Sequence[str],
    rows: Iterable[Any] | Callable[[], Iterable[Any]],
    ids: object = None,
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Call a test for each row of a table, as `pytest.mark.parametrize` does, but as one test.

    Every row that fails is reported, with its values. A table on top of a table crosses them.
    Fixtures are shared by all rows. Rows that depend on the time of day are a function's: minutes
    may pass before the test's turn. Below Hypothesis's `given` each example meets all rows, and is
    made only once.
    """
    columns = [name.strip() for name in names.split(",")] if isinstance(names, str) else [*names]
    fixed = None if callable(rows) else _cases(rows, columns)

    def decorate(test: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(test)
        def run(*args: Any, **fixtures: Any) -> None:
            failures: list[Exception] = []
            given = {**dict(zip(shared, args, strict=False)), **fixtures}
            cases = _cases(rows(), columns) if callable(rows) else fixed or []
            for case in cases:
                row = dict(zip(columns, case, strict=True))
                try:
                    test(**given, **row)
                except Exception as error:
                    error.add_note(f"in the row {row!r:.500}")
                    failures.append(error)
            if failures:
                raise ExceptionGroup(f"{len(failures)} of {len(cases)} rows fail", failures)

        signature = inspect.signature(test)
        others = [each for name, each in signature.parameters.items() if name not in columns]
        shared = [each.name for each in others]
        run.__dict__["__signature__"] = signature.replace(parameters=others)
        return run

    return decorate


def _cases(rows: Iterable[Any], columns: list[str]) -> list[tuple[Any, ...]]:
    cases = [_values(row, len(columns)) for row in rows]
    assert cases, f"the table of {columns} is empty"
    return cases


_PARAMETERS = type(pytest.param())


def _values(row: Any, count: int) -> tuple[Any, ...]:
    if isinstance(row, _PARAMETERS):
        return tuple(row.values)
    return (row,) if count == 1 else tuple(row)
