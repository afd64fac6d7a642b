"""The imports of the package flow one way; this reads them from the source."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from realtime_agents.settings import ROOT

PACKAGE = ROOT / "realtime_agents"

# A module may import its own layer and lower numbers. The longest matching prefix decides.
LAYERS = {
    "errors": 0,
    "logs": 0,
    "small_reads": 0,
    "websocket_frames": 0,
    "settings": 0,
    "session.view": 0,
    "protocol": 1,
    "embedding": 1,
    "yaml_source": 1,
    "agents": 2,
    "tools": 2,
    "knowledge": 2,
    "services": 2,
    "safety": 2,
    "store": 3,
    "session": 4,
    "answer": 5,
    "health": 5,
    "knowledge_watch": 5,
    "local_engine": 5,
    "conversation_server": 5,
    "runtime": 6,
    "engine": 2,
    "page_build": 2,
    "state": 7,
    "components": 8,
    "pages": 9,
    "api": 9,
    "api.audio_ticket": 2,
    "realtime_agents": 10,
    "commands": 11,
    "cli": 12,
    "__main__": 13,
}
ENGINE_MAY_IMPORT = {"protocol", "errors", "embedding", "engine"}
MAY_IMPORT_REFLEX = {"state", "components", "pages", "realtime_agents", "commands"}


def modules() -> list[Path]:
    return sorted(p for p in PACKAGE.rglob("*.py") if "versions" not in p.parts)


def dotted(path: Path) -> str:
    name = ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
    return name.removesuffix(".__init__") if name != "__init__" else ""


def layer(name: str) -> int | None:
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        if (found := LAYERS.get(".".join(parts[:length]))) is not None:
            return found
    return None


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", modules(), ids=dotted)
def test_a_module_imports_only_its_own_layer_and_lower_ones(path: Path) -> None:
    name = dotted(path)
    if not name:
        return
    own = layer(name)
    assert own is not None, f"{name} has no layer: add it to LAYERS"
    for imported in imports(path):
        if not imported.startswith("realtime_agents."):
            continue
        target = imported.removeprefix("realtime_agents.")
        other = layer(target)
        assert other is not None, f"{name} imports {imported}, which has no layer"
        assert other <= own, f"{name} (layer {own}) imports {target} (layer {other})"
        if name.startswith("engine"):
            assert target.split(".")[0] in ENGINE_MAY_IMPORT, f"{name} imports {target}"


@pytest.mark.parametrize("path", modules(), ids=dotted)
def test_only_the_user_interface_imports_reflex(path: Path) -> None:
    if dotted(path).split(".")[0] in MAY_IMPORT_REFLEX:
        return
    assert not [i for i in imports(path) if i.split(".")[0] in ("reflex", "reflex_base")]
