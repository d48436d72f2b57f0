"""The history of the schema: Alembic's environment and, in `versions`, one module a step."""
