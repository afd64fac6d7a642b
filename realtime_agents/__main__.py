"""``python -m realtime_agents``."""

from __future__ import annotations

from realtime_agents.cli import main

raise SystemExit(main())
