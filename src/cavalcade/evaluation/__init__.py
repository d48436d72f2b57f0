"""Measuring and breaking both backends: load, what processes take, what clients saw, and the reports over it.

`load` drives many connections at little cost. `crowd` is real clients that note everything they see and do, `history`
what they noted; `checker` compares it with what PostgreSQL holds, by the rules in `durable` and `live`, which are pure.
"""
