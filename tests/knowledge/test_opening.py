from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from realtime_agents.errors import SettingsError
from realtime_agents.knowledge.elastic.store import ElasticKnowledgeBase
from realtime_agents.knowledge.opening import elastic_config, open_knowledge, store_mark
from realtime_agents.knowledge.store import EmbeddedKnowledgeBase
from realtime_agents.settings import load

URL = "https://search.example.org:9200"


def test_without_a_server_the_knowledge_base_is_a_file(tmp_path: Path) -> None:
    settings = load({"DATA_DIR": str(tmp_path)})
    knowledge = open_knowledge(settings)
    assert isinstance(knowledge, EmbeddedKnowledgeBase)
    assert knowledge.path == tmp_path / "knowledge.db"
    assert store_mark(settings) == ""


def test_the_client_of_a_server_is_not_loaded_without_one() -> None:
    code = (
        "import sys; from realtime_agents import settings; from realtime_agents.knowledge.opening import *;"
        "open_knowledge(settings.load({})); assert 'elasticsearch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_a_server_is_used_when_one_is_named() -> None:
    settings = load({"ELASTICSEARCH_URL": URL, "ELASTICSEARCH_API_KEY": "key", "ELASTICSEARCH_INDEX": "kb"})
    assert isinstance(open_knowledge(settings), ElasticKnowledgeBase)
    config = elastic_config(settings)
    assert (config.url, config.api_key, config.prefix) == (URL, "key", "kb")


def test_what_is_remembered_of_a_store_is_told_apart_by_server_and_index() -> None:
    marks = {
        store_mark(load(environment))
        for environment in (
            {},
            {"ELASTICSEARCH_URL": URL},
            {"ELASTICSEARCH_URL": "https://other.example.org:9200"},
            {"ELASTICSEARCH_URL": URL, "ELASTICSEARCH_INDEX": "kb"},
        )
    }
    assert len(marks) == 4
    with_secret = load({"ELASTICSEARCH_URL": "https://me:secret@search.example.org:9200"})
    assert store_mark(with_secret) == store_mark(load({"ELASTICSEARCH_URL": URL}))


def test_a_user_without_a_password_is_refused() -> None:
    with pytest.raises(SettingsError, match="ELASTICSEARCH_PASSWORD"):
        open_knowledge(load({"ELASTICSEARCH_URL": URL, "ELASTICSEARCH_USERNAME": "me"}))


@pytest.mark.parametrize("weight", ["1.1", "-0.1", "much"])
def test_a_weight_outside_of_zero_to_one_is_refused(weight: str) -> None:
    with pytest.raises(SettingsError, match="KNOWLEDGE_VECTOR_WEIGHT"):
        load({"KNOWLEDGE_VECTOR_WEIGHT": weight})
