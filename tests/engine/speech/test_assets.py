from __future__ import annotations

import hashlib
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from realtime_agents.engine.speech import assets
from realtime_agents.engine.speech.assets import Asset, locate
from realtime_agents.errors import SpeechUnavailable

CONTENT = b"weights"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installed package ``small_model`` with one file of weights."""

    def find_spec(name: str) -> ModuleSpec | None:
        if name != "small_model":
            return None
        spec = ModuleSpec(name, None, is_package=True)
        spec.submodule_search_locations = [str(tmp_path)]
        return spec

    monkeypatch.setattr(assets, "find_spec", find_spec)
    (tmp_path / "small.onnx").write_bytes(CONTENT)
    return tmp_path


def asset(module: str = "small_model") -> Asset:
    return Asset(
        purpose="Speech recognition",
        module=module,
        requirement="small-model==1.0",
        path="small.onnx",
        sha256=hashlib.sha256(CONTENT).hexdigest(),
    )


def test_weights_with_the_expected_content_are_found(package: Path) -> None:
    assert locate(asset()) == package / "small.onnx"


def test_changed_weights_are_refused_and_the_message_says_what_to_reinstall(package: Path) -> None:
    (package / "small.onnx").write_bytes(CONTENT + b"!")
    with pytest.raises(
        SpeechUnavailable, match=r"'small.onnx' of small-model==1.0 is not.*SHA-256.*requirements-voice"
    ):
        locate(asset())


def test_missing_weights_are_named(package: Path) -> None:
    (package / "small.onnx").unlink()
    with pytest.raises(
        SpeechUnavailable, match=r"needs the file 'small.onnx'.*cannot be read.*requirements-voice"
    ):
        locate(asset())


def test_a_package_that_is_not_installed_is_named(package: Path) -> None:
    with pytest.raises(SpeechUnavailable, match=r"Speech recognition needs the package small-model==1.0"):
        locate(asset("another_model"))
