"""All scenarios of a folder, kept current while the app runs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from realtime_agents.agents.config import ScenarioConfig
from realtime_agents.agents.loader import (
    FACTS_FOLDER,
    SCENARIO_FILE,
    ScenarioReading,
    agent_files,
    read_scenario,
)
from realtime_agents.errors import ConfigError
from realtime_agents.knowledge.fact_files import read_facts
from realtime_agents.yaml_source import nearest, shown_path

_Stamp = tuple[tuple[str, int, int], ...]
"""Name, mtime in ns and size of each file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogChange:
    """What one `ScenarioCatalog.refresh` found. False when the files are as they were."""

    changed: tuple[str, ...] = ()
    """Scenarios that are new or have a new version; sessions begun from now on use it."""
    removed: tuple[str, ...] = ()
    """Scenarios whose folder is gone."""
    broken: tuple[str, ...] = ()
    """Scenarios whose files were edited and are wrong now; their last good version stays."""
    facts: tuple[str, ...] = ()
    """Scenarios whose fact files were edited: load their `FactBook` again."""
    errors: tuple[ConfigError, ...] = ()
    """Everything that is wrong at this moment, also what was wrong before."""

    def __bool__(self) -> bool:
        return bool(self.changed or self.removed or self.broken or self.facts)


class ScenarioCatalog:
    """The scenarios below ``root``, one sub-folder each.

    Reads at construction; `refresh` re-reads what changed, and a caller polls it. A scenario whose
    files break keeps its last good version. The mapping is replaced, never edited, so readers in
    other tasks always see a whole one. Not safe to refresh from two threads at once.
    """

    def __init__(self, root: Path, tool_names: Collection[str]) -> None:
        self._root = root
        self._tool_names = frozenset(tool_names)
        self._scenarios: Mapping[str, ScenarioConfig] = MappingProxyType({})
        self._stamps: dict[str, _Stamp] = {}
        self._fact_stamps: dict[str, _Stamp] = {}
        self._errors: dict[str, tuple[ConfigError, ...]] = {}
        self.refresh()

    @property
    def root(self) -> Path:
        return self._root

    @property
    def scenarios(self) -> Mapping[str, ScenarioConfig]:
        """Last good version of each scenario, in alphabetical order."""
        return self._scenarios

    @property
    def errors(self) -> tuple[ConfigError, ...]:
        """Everything that was wrong at the last `refresh`."""
        found = tuple(error for name in sorted(self._errors) for error in self._errors[name])
        return found or self._nothing_found()

    def get(self, name: str) -> ScenarioConfig:
        """The scenario of that name. Raises `ConfigError` naming those that exist."""
        scenario = self._scenarios.get(name)
        if scenario is None:
            broken = self._errors.get(name)
            if broken:
                raise broken[0]
            raise ConfigError(
                f"there is no scenario {name!r}{nearest(name, self._scenarios)}", file=shown_path(self._root)
            )
        return scenario

    def check(self) -> list[ConfigError]:
        """Everything that is wrong in the files now, facts included, without changing what is in use."""
        found: list[ConfigError] = []
        for name in self._folders():
            found += self._read(name).errors
            found += read_facts(self._root / name / FACTS_FOLDER).errors
        return found or list(self._nothing_found())

    def refresh(self) -> CatalogChange:
        """Re-read the scenarios whose files changed: by time and size first, then by content."""
        folders = self._folders()
        scenarios = dict(self._scenarios)
        changed: list[str] = []
        broken: list[str] = []
        removed = tuple(name for name in sorted(self._stamps) if name not in folders)
        for name in removed:
            scenarios.pop(name, None)
            self._errors.pop(name, None)
            self._fact_stamps.pop(name, None)
            del self._stamps[name]
        for name, stamp in folders.items():
            if self._stamps.get(name) == stamp:
                continue
            # Stamped before reading: an edit during the read is seen by the next refresh.
            self._stamps[name] = stamp
            reading = self._read(name)
            self._errors[name] = reading.errors
            if reading.scenario is None:
                broken.append(name)
            elif name not in scenarios or scenarios[name].version != reading.scenario.version:
                scenarios[name] = reading.scenario
                changed.append(name)
        if changed or removed:
            self._scenarios = MappingProxyType(dict(sorted(scenarios.items())))
        return CatalogChange(
            changed=tuple(changed),
            removed=removed,
            broken=tuple(broken),
            facts=self._edited_facts(folders),
            errors=self.errors,
        )

    def _edited_facts(self, names: Iterable[str]) -> tuple[str, ...]:
        edited = []
        for name in names:
            stamp = _stamp(sorted((self._root / name / FACTS_FOLDER).glob("*.yaml")))
            if self._fact_stamps.get(name, stamp) != stamp:
                edited.append(name)
            self._fact_stamps[name] = stamp
        return tuple(edited)

    def _read(self, name: str) -> ScenarioReading:
        return read_scenario(self._root / name, self._tool_names)

    def _folders(self) -> dict[str, _Stamp]:
        """Scenario folders and the stamp of their files.

        A folder that held a scenario and lost its scenario.yaml still counts: it is broken, not
        removed, as editors replace files by renaming.
        """
        if not self._root.is_dir():
            return {}
        return {
            folder.name: _stamp([folder / SCENARIO_FILE, *agent_files(folder)])
            for folder in sorted(self._root.iterdir())
            if folder.is_dir() and ((folder / SCENARIO_FILE).exists() or folder.name in self._stamps)
        }

    def _nothing_found(self) -> tuple[ConfigError, ...]:
        if self._stamps or self._folders():
            return ()
        message = f"no scenario found: expected at least one folder with a {SCENARIO_FILE}"
        return (ConfigError(message, file=shown_path(self._root)),)


def _stamp(paths: Iterable[Path]) -> _Stamp:
    stamps = []
    for path in paths:
        try:
            stat = path.stat()
        except FileNotFoundError:
            continue
        stamps.append((path.name, stat.st_mtime_ns, stat.st_size))
    return tuple(stamps)
