"""The one-command run: PostgreSQL, Valkey and Caddy from wheels, and Cavalcade's own processes behind them.

``up`` starts the parts in order and supervises them; each runs under a ``parent_watchdog``, which ends it when ``up``
is gone.
"""
