"""Load on a server: who comes in, how fixes fall in time, the process that sends them, and what it measured."""
