"""The Elasticsearch client as this app uses it: 8.19 and 9.x servers, from an 8.19 or a 9.x client."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from elastic_transport import (
    AiohttpHttpNode,
    ConnectionError,
    ConnectionTimeout,
    HttpHeaders,
    ObjectApiResponse,
    TlsError,
    TransportError,
)
from elastic_transport.client_utils import DEFAULT, DefaultType
from elasticsearch import ApiError, AsyncElasticsearch, SerializationError, UnsupportedProductError

from realtime_agents.errors import KnowledgeError
from realtime_agents.knowledge.elastic.config import ElasticConfig

REQUEST_TIMEOUT_S = 30.0
"""For all but searches, which bring their own deadline."""
MAX_RETRIES = 3
RETRIED = (429, 502, 503, 504)
CONNECTIONS = 16
OLDEST = (8, 19)
"""Servers before this one are not tested, and refused."""

_VENDOR = re.compile(r"(application/vnd\.elasticsearch\+(?:json|x-ndjson);\s*compatible-with=)\d+")
READ_ONLY = "the index is read-only, most likely because its disk is nearly full"
_REFUSED = b"must be either version 8 or 7"


class ElasticTimeout(KnowledgeError, TimeoutError):
    """No answer in time; a search that has another leg goes on without this one."""


class CompatibleNode(AiohttpHttpNode):
    """A node that speaks to servers older than the client.

    A 9.x client asks for ``compatible-with=9``, which an 8.x server refuses with status 400. The
    first such refusal makes this node ask for 8, then and from then on.
    """

    _version = ""

    async def perform_request(  # type: ignore[override]
        self,
        method: str,
        target: str,
        body: bytes | None = None,
        headers: HttpHeaders | None = None,
        request_timeout: DefaultType | float | None = DEFAULT,
    ) -> Any:
        """See `AiohttpHttpNode`."""
        sent = self._rewritten(headers)
        response = await super().perform_request(method, target, body, sent, request_timeout)
        meta, body_received = response
        if self._version or meta.status != 400 or _REFUSED not in body_received:
            return response
        self._version = "8"
        return await super().perform_request(method, target, body, self._rewritten(headers), request_timeout)

    def _rewritten(self, headers: HttpHeaders | None) -> HttpHeaders | None:
        if not self._version or headers is None:
            return headers
        changed = headers.copy()
        for name in ("accept", "content-type"):
            if value := changed.get(name):
                changed[name] = _VENDOR.sub(rf"\g<1>{self._version}", value)
        return changed


def make_client(config: ElasticConfig) -> AsyncElasticsearch:
    """A client; nothing is sent yet. Raises `KnowledgeError` when the settings cannot be right."""
    options: dict[str, Any] = {}
    if config.api_key:
        options["api_key"] = config.api_key
    elif config.username:
        options["basic_auth"] = (config.username, config.password)
    if config.ca_certs:
        options["ca_certs"] = config.ca_certs
    try:
        return AsyncElasticsearch(
            config.url,
            node_class=CompatibleNode,
            request_timeout=REQUEST_TIMEOUT_S,
            max_retries=MAX_RETRIES,
            retry_on_status=RETRIED,
            retry_on_timeout=True,
            connections_per_node=CONNECTIONS,
            **options,
        )
    except (ValueError, OSError) as error:
        # The client's text could carry what was found in the URL, so it is not told.
        raise KnowledgeError(
            f"Elasticsearch at {config.place} cannot be used: check ELASTICSEARCH_URL (with its port, such as"
            f" https://host:9200) and ELASTICSEARCH_CA_CERTS."
        ) from error


@contextmanager
def plainly(config: ElasticConfig) -> Iterator[None]:
    """Errors of the client leave as `KnowledgeError` in plain words, time-outs as `ElasticTimeout`."""
    try:
        yield
    except ConnectionTimeout as error:
        raise ElasticTimeout(str(in_plain_words(error, config))) from error
    except (ApiError, TransportError, UnsupportedProductError, SerializationError) as error:
        raise in_plain_words(error, config) from error


async def told(config: ElasticConfig, answer: Awaitable[ObjectApiResponse[Any]]) -> Mapping[str, Any]:
    """The answer's body. Raises as `plainly` says."""
    with plainly(config):
        body: Any = (await answer).body
    if not isinstance(body, Mapping):
        raise KnowledgeError(f"Elasticsearch at {config.place} cannot be used: its answer makes no sense.")
    return body


def in_plain_words(error: Exception, config: ElasticConfig) -> KnowledgeError:
    """What went wrong, for the person who can do something about it. Never what was searched for."""
    match error:
        case TlsError():
            reason = "its certificate is not trusted. Set ELASTICSEARCH_CA_CERTS to the file of its authority"
        case ConnectionTimeout():
            reason = "it took too long"
        case ConnectionError():
            reason = "nothing answers there. Check that it runs and that ELASTICSEARCH_URL is right"
        case UnsupportedProductError():
            reason = "what answers there is not Elasticsearch"
        case ApiError():
            reason = _refusal(error)
        case _:
            reason = f"the client says {type(error).__name__}"
    return KnowledgeError(f"Elasticsearch at {config.place} cannot be used: {reason}.")


def read_only(config: ElasticConfig) -> str:
    """Words for an index that takes no changes."""
    return f"Elasticsearch at {config.place} cannot be used: {READ_ONLY}."


def _refusal(error: ApiError) -> str:
    kind = error_type(error.body)
    match error.status_code, kind:
        case (_, "cluster_block_exception"):
            return READ_ONLY
        case ((401 | 403), _):
            return (
                "it refuses us. Check ELASTICSEARCH_API_KEY, or ELASTICSEARCH_USERNAME and"
                " ELASTICSEARCH_PASSWORD, and their rights on the indices"
            )
        case 404, "index_not_found_exception":
            return "its index is gone. Restart the app, or ingest again"
        case 429, _:
            return "it is overloaded. Try again later"
        case ((502 | 503 | 504), _):
            return f"it is not ready (status {error.status_code}). Try again later"
        case _:
            return f"it answered {error.status_code} {kind}".rstrip()


def error_type(body: Any) -> str:
    """The type of an error in a response body; empty when it has none."""
    if isinstance(body, Mapping):
        error = body.get("error", body)
        if isinstance(error, Mapping):
            return str(error.get("type", ""))
    return ""
