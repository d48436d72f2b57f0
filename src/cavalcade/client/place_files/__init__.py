"""Reading the files that other programs write: the waypoints of GPX and GeoJSON, and the ways of GPX; pure.

Real files have bad parts, and one of them never costs the whole file: what is good is taken, and what was left out is
counted. The page reads waypoints by the same rules; the files in `tests/vectors/places` hold both to account.
"""
