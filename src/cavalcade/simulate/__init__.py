"""Simulated riders for demonstrations and trials.

`route` and `gpx` say where a road runs, `convoy` how riders move along it, `receiver` what their phones make of that;
these are pure. `ride` lets them take part in a session through the client, and `command` is the command line.
"""
