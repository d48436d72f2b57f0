"""What goes wrong between this process and PostgreSQL."""


class Unavailable(Exception):
    """PostgreSQL could not be reached, was too busy or refused to work now; the same call may succeed later.

    A write that raised this may have happened or not: asking again under the same `op_id` settles it. The message
    names the kind of failure alone; what the driver said is chained as the cause.
    """


class Conflict(Exception):
    """What an append builds on is not the newest any more, or its outcome is remembered: load and decide again."""


class UnusableDatabase(Exception):
    """There is a database, and it cannot be used as it is; the text says why, and what to do."""


class PoolerInBetween(UnusableDatabase):
    """PgBouncer answers in the place of PostgreSQL, and nothing says so."""


class SchemaTooNew(UnusableDatabase):
    """The database was migrated by a newer version of the program than this one, which must not touch it."""
