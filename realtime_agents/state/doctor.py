"""What is in use, whether it answers, and what every setting is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import reflex as rx

from realtime_agents.health import Part
from realtime_agents.runtime import get_runtime
from realtime_agents.settings import TABLE, Setting, Settings
from realtime_agents.state.handlers import background, handler


@dataclass(frozen=True, slots=True, kw_only=True)
class PartLine:
    """One part of the app."""

    name: str
    implementation: str
    detail: str
    ok: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingLine:
    """One environment variable. A secret's value is never shown."""

    name: str
    value: str
    help: str


class DoctorState(rx.State):
    """The settings page; the same facts as ``python -m realtime_agents doctor``."""

    parts: rx.Field[tuple[PartLine, ...]] = rx.field(())
    checking: rx.Field[bool] = rx.field(default=False)
    settings: rx.Field[tuple[SettingLine, ...]] = rx.field(())

    @handler
    def arrive(self) -> None:
        """The page was opened."""
        self.parts = _lines(get_runtime().health())
        self.settings = setting_lines(get_runtime().settings)

    @background
    async def look_again(self) -> None:
        """Try every part now, see `Runtime.examine`."""
        async with self:
            if self.checking:
                return
            self.checking = True
        try:
            parts = await get_runtime().examine()
        finally:
            async with self:
                self.checking = False
        async with self:
            self.parts = _lines(parts)


def _lines(parts: Iterable[Part]) -> tuple[PartLine, ...]:
    return tuple(
        PartLine(name=p.name.capitalize(), implementation=p.implementation, detail=p.detail, ok=p.ok)
        for p in parts
    )


def setting_lines(settings: Settings) -> tuple[SettingLine, ...]:
    """The settings table with the values in force."""
    return tuple(
        SettingLine(name=row.name, value=_value(row, settings.shown(row)), help=row.help) for row in TABLE
    )


def _value(row: Setting, shown: str) -> str:
    if not shown:
        return "not set"
    return "set" if row.kind == "secret" else shown
