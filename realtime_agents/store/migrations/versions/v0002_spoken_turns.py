"""Turns that were said aloud: what was heard of them, and how their time was spent."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    # Rows from before were typed, and wholly read. The defaults are for them alone.
    op.add_column("item", sa.Column("spoken", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("item", sa.Column("heard_chars", sa.Integer(), nullable=True))
    op.add_column("item", sa.Column("timeline", sa.JSON(), nullable=False, server_default="[]"))


def downgrade() -> None:
    for column in ("timeline", "heard_chars", "spoken"):
        op.drop_column("item", column)
