"""Measuring both backends: load, what processes take, what clients saw, and the report over it."""
