"""What a client judges of places: who has arrived, who is missing and why, which hazards lie ahead. Pure.

The page judges by the same rules (`page/src/session/place_rules`), on the same vectors
(`tests/vectors/place_rules.json`).
"""
