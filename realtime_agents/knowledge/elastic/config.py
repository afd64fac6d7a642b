"""Which server to use. Knows nothing of the client, whose package takes a while to import."""

from __future__ import annotations

from dataclasses import dataclass

from realtime_agents.settings import without_secrets


@dataclass(frozen=True, slots=True, kw_only=True)
class ElasticConfig:
    """Where the server is and who we are there. Empty means not given."""

    url: str
    api_key: str = ""
    username: str = ""
    password: str = ""
    ca_certs: str = ""
    """File with the certificate authority that signed the server's certificate."""
    prefix: str = "realtime-agents"
    """All indices, aliases and templates begin with it."""

    @property
    def place(self) -> str:
        """The server as it may be shown and logged."""
        return without_secrets(self.url)

    def __repr__(self) -> str:
        return f"ElasticConfig(url={self.place!r}, prefix={self.prefix!r})"
