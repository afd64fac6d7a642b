"""Reflex reads this file; everything a person may set is in `realtime_agents.settings`."""

import reflex as rx

config = rx.Config(
    app_name="realtime_agents",
    telemetry_enabled=False,
    show_built_with_reflex=False,
    # Live sessions sit in this process, so states do too. Nothing is pickled to disk.
    state_manager_mode=rx.constants.StateManagerMode.MEMORY,
    # Every socket's origin is checked in `realtime_agents.api.guard`, ahead of Reflex.
    cors_allowed_origins=["*"],
    plugins=[],
    disable_plugins=[rx.plugins.SitemapPlugin],
)
