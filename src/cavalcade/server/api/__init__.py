"""The HTTP API: the calls of the contract, their documentation, and health."""
