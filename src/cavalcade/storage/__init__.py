"""Durable data in PostgreSQL: sessions folded and as events, and the memory of operations. Never a position.

`migrate.migrate` brings the schema up to date, `sessions.SessionStore` reads and writes.
"""
