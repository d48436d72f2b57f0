"""Alembic's environment: runs the steps on the connection, in the transaction, that `migrate.migrate` hands over."""

from alembic import context

from cavalcade.storage.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
