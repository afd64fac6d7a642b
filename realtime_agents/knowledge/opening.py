"""Which knowledge base the settings ask for."""

from __future__ import annotations

import hashlib

from realtime_agents.errors import SettingsError
from realtime_agents.knowledge.base import IndexedKnowledgeBase
from realtime_agents.knowledge.elastic.config import ElasticConfig
from realtime_agents.knowledge.store import EmbeddedKnowledgeBase
from realtime_agents.settings import Settings, without_secrets


def open_knowledge(settings: Settings) -> IndexedKnowledgeBase:
    """Nothing is opened yet. Raises `SettingsError` when the settings contradict each other."""
    weight, rerank = settings.knowledge_vector_weight, settings.knowledge_rerank
    if not settings.elasticsearch_url:
        return EmbeddedKnowledgeBase(settings.knowledge_path, vector_weight=weight, rerank=rerank)
    # Imported here: the client's package would cost every start 0.25 s and 8 MB, and most name no server.
    from realtime_agents.knowledge.elastic.store import ElasticKnowledgeBase

    return ElasticKnowledgeBase(elastic_config(settings), vector_weight=weight, rerank=rerank)


def store_mark(settings: Settings) -> str:
    """Told apart by this: what is remembered of a store in files of this machine. Empty for the embedded one."""
    if not settings.elasticsearch_url:
        return ""
    place = f"{without_secrets(settings.elasticsearch_url)}\n{settings.elasticsearch_index}"
    return f"-{hashlib.sha256(place.encode()).hexdigest()[:8]}"


def elastic_config(settings: Settings) -> ElasticConfig:
    """The server that the settings name."""
    if settings.elasticsearch_username and not settings.elasticsearch_password:
        raise SettingsError("ELASTICSEARCH_USERNAME is given without ELASTICSEARCH_PASSWORD")
    return ElasticConfig(
        url=settings.elasticsearch_url,
        api_key=settings.elasticsearch_api_key,
        username=settings.elasticsearch_username,
        password=settings.elasticsearch_password,
        ca_certs=settings.elasticsearch_ca_certs,
        prefix=settings.elasticsearch_index,
    )
