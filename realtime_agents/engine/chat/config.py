"""Which chat-completions server thinks for the engine, and how long it is waited for."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatConfig:
    """An OpenAI-compatible server: Ollama, vLLM, llama.cpp, OpenAI itself."""

    base_url: str = field(repr=False)
    """Ends in ``/v1``, mostly; ``/chat/completions`` is added."""
    model: str
    api_key: str = field(default="", repr=False)
    """Empty for a server that needs none."""
    connect_s: float = 5.0
    first_word_s: float = 120.0
    """Until the first word or call. A local server may load the model meanwhile."""
    pause_s: float = 30.0
    """Silence in the middle of an answer that counts as its end."""
    tail_s: float = 2.0
    """After the answer is whole, how long its usage is waited for."""
    answer_s: float = 300.0
    """The whole answer."""

    @property
    def host(self) -> str:
        """Host and port as they may be shown: without user, password and path."""
        parts = urlsplit(self.base_url)
        name = parts.hostname or "the chat server"
        name = f"[{name}]" if ":" in name else name
        return f"{name}:{parts.port}" if parts.port else name

    @property
    def is_loopback(self) -> bool:
        """True when the server is this machine: proxies of the environment are not for it."""
        name = urlsplit(self.base_url).hostname or ""
        try:
            return name == "localhost" or ip_address(name).is_loopback
        except ValueError:
            return False

    @property
    def is_openai(self) -> bool:
        """True for OpenAI's own service, which wants the newer name of the length limit."""
        return (urlsplit(self.base_url).hostname or "").endswith("openai.com")
