"""Is an address free to listen on? Asked before the work of a start, and answered in plain words."""

from __future__ import annotations

import errno
import socket

from realtime_agents.errors import SettingsError


def require_free(host: str, port: int, *, host_name: str, port_advice: str) -> None:
    """Raise `SettingsError` when a server could not listen on ``host:port``.

    ``host_name`` is what the person set the host with, ``port_advice`` how to choose another port.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except socket.gaierror:
            raise SettingsError(f"{_expected(host_name)}, found {host!r}, which is none") from None
        except OSError as error:
            if error.errno == errno.EADDRNOTAVAIL:
                raise SettingsError(
                    f"{_expected(host_name)}, found {host!r}, which is an address of another machine"
                ) from None
            raise SettingsError(f"cannot listen on {host}:{port} ({error.strerror}); {port_advice}") from None


def _expected(host_name: str) -> str:
    return f"{host_name} must be an address of this machine, such as 127.0.0.1, or 0.0.0.0 for all of them"
