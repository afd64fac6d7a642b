from __future__ import annotations

import re

from realtime_agents.engine.speech.assets import ALL_ASSETS
from realtime_agents.settings import ROOT

_MODELS = ("requirements-models.txt", "requirements-voice.txt", "requirements-smart-turn.txt")
_PIN = re.compile(r"^([A-Za-z0-9_.-]+)(?:\[[^\]]*\])?==([^\s;]+)")


def pins(name: str) -> dict[str, str]:
    found = {}
    for line in (ROOT / name).read_text().splitlines():
        if line and not line.startswith(("#", "-")):
            match = _PIN.match(line)
            assert match is not None, f"{name}: {line!r} is not pinned"
            found[re.sub(r"[-_.]+", "-", match[1]).lower()] = match[2]
    return found


def test_every_requirement_is_pinned_and_the_constraints_say_the_same() -> None:
    held = pins("constraints.txt")
    for name in ("requirements.txt", "requirements-dev.txt"):
        for package, version in pins(name).items():
            assert held.get(package) == version, f"{package} in {name} and constraints.txt"


def test_every_page_of_the_setup_uses_the_constraints() -> None:
    for name in ("Makefile", "Dockerfile"):
        installs = [
            line
            for line in (ROOT / name).read_text().splitlines()
            if "pip install" in line and " -r requirements" in line
        ]
        unlocked = [line for line in installs if "constraints.txt" not in line and "--no-deps" not in line]
        assert installs and not unlocked


def test_models_are_pinned_by_hash_and_are_those_the_code_expects() -> None:
    files = [(ROOT / name).read_text() for name in _MODELS]
    entries = "".join(files).replace("\\\n", " ").splitlines()
    models = [line for line in entries if line and not line.startswith("#")]
    assert all(re.search(r" --hash=sha256:[0-9a-f]{64}\b", line) for line in models)
    pinned = {line.split()[0] for line in models}
    assert {asset.requirement for asset in ALL_ASSETS} <= pinned
