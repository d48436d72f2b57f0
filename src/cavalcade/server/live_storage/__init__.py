"""Redis as the servers use it: two connections, the newest positions, and what to do when it refuses."""
