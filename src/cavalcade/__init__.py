"""Cavalcade: real-time location sharing for groups, in a private, temporary session."""

__version__ = "0.1.0"
