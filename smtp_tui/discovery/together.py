"""Waiting for several at once, so that none is left behind when one fails or all are stopped."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def together(*waiting: Coroutine[Any, Any, T]) -> list[T]:
    """Return what each gives, in order."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one) for one in waiting]
    return [task.result() for task in tasks]
