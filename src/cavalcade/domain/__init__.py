"""The rules of a session as pure functions: no I/O, no clock, no randomness, the standard library alone.

`session.decide` turns an operation into events, `session.evolve` folds events into the state. Both backends, every
Python client and the evaluation's oracle run these same functions.
"""
