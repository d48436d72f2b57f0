"""The live map: the ground, people on it, and where their names find room."""
