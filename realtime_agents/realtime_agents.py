"""The Reflex app: wiring only."""

from __future__ import annotations

import reflex as rx


def index() -> rx.Component:
    return rx.el.main(rx.el.h1("Realtime Agents"))


app = rx.App()
app.add_page(index)
