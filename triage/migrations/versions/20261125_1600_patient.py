"""What hosts asked us to wait for, what their deliveries said, and the release that an issue is in."""

import sqlalchemy as sa
from alembic import op

revision = "patient"
down_revision = "learned"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Move the schema forward."""
    op.create_table(
        "host_pauses",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_host_pauses")),
        sa.UniqueConstraint("key", name=op.f("uq_host_pauses_key")),
    )
    op.add_column("deliveries", sa.Column("request", sa.Text(), nullable=False, server_default=""))
    op.add_column("issues", sa.Column("release", sa.Text(), nullable=False, server_default=""))
    op.add_column("issues", sa.Column("release_url", sa.Text(), nullable=False, server_default=""))
