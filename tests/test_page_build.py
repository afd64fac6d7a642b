from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from realtime_agents import page_build


def tree(root: Path) -> Path:
    for name in (
        "rxconfig.py",
        "realtime_agents/pages/desk.py",
        "realtime_agents/engine/server.py",
        "assets/a.css",
    ):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return root


def test_a_change_of_a_page_or_asset_changes_the_hash_and_other_code_does_not(tmp_path: Path) -> None:
    root = tree(tmp_path)
    before = page_build.sources_hash(root)
    (root / "realtime_agents/engine/server.py").write_text("changed")
    assert page_build.sources_hash(root) == before
    (root / "assets/a.css").write_text("changed")
    assert page_build.sources_hash(root) != before


def test_a_new_or_renamed_page_file_changes_the_hash(tmp_path: Path) -> None:
    root = tree(tmp_path)
    before = page_build.sources_hash(root)
    (root / "realtime_agents/pages/desk.py").rename(root / "realtime_agents/pages/lab.py")
    assert page_build.sources_hash(root) != before


def test_the_bundle_talks_to_the_origin_it_was_loaded_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_build, "ROOT", tmp_path)
    chunk = tmp_path / "reflex-env-x.js"
    chunk.write_text("var e={PING:`http://localhost:8000/ping`,EVENT:`ws://localhost:8000/_event`}")
    packed = tmp_path / "reflex-env-x.js.gz"
    packed.write_bytes(gzip.compress(b"stale"))
    page_build.make_address_relative(tmp_path)
    text = chunk.read_text()
    assert "`http://localhost" not in text
    assert "`ws://localhost" not in text
    assert text.count("globalThis.location?.origin") == 2
    assert gzip.decompress(packed.read_bytes()).decode() == text


def test_a_bundle_without_the_expected_address_is_an_error_not_a_silent_wrong_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_build, "ROOT", tmp_path)
    with pytest.raises(page_build.BuildError, match="found none"):
        page_build.make_address_relative(tmp_path)
    (tmp_path / "reflex-env-x.js").write_text("var e={}")
    with pytest.raises(page_build.BuildError, match="expected the build's address"):
        page_build.make_address_relative(tmp_path)
