"""Who can read a project's repository, which comments only members see, and how long a host's last pause was."""

import sqlalchemy as sa
from alembic import op

revision = "audience"
down_revision = "patient"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Move the schema forward; until a host is asked again its repository counts as private."""
    op.add_column("projects", sa.Column("host_public", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("host_pauses", sa.Column("seconds", sa.Double(), nullable=False, server_default="0"))
    op.add_column("host_notes", sa.Column("internal", sa.Boolean(), nullable=False, server_default=sa.false()))
