"""`rx.event` under names and types that a checker understands.

A checker takes a class whose ``__new__`` returns something else for an instance of that class, so
it sees every decorated handler as an object that cannot be called. These pass them on untyped.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import reflex as rx


def handler(function: Callable[..., Any]) -> Any:
    """Runs with the tab's lock held, so it must be short."""
    return rx.event(function)


def background(function: Callable[..., Any]) -> Any:
    """Runs beside the other handlers; takes the lock itself with ``async with self``."""
    return rx.event(background=True)(function)


def background_latest(function: Callable[..., Any]) -> Any:
    """As `background`; a newer call of the same tab cancels the one before."""
    return rx.event(background=True, supersedes=True)(function)
