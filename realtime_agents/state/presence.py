"""Whether a browser tab still looks.

A disconnect does not cancel Reflex's background tasks, so whoever feeds a tab asks here now and
then and stops when it is gone.
"""

from __future__ import annotations

from reflex_base.registry import RegistrationContext


def is_connected(socket_id: str) -> bool:
    """True while that socket of a tab is open. A tab that reconnects has a new one."""
    namespace = RegistrationContext.get().app.event_namespace
    return namespace is not None and socket_id in namespace.sid_to_token
