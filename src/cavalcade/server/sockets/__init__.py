"""WebSockets: the server, its handshakes, and each connection from its frames to the backend."""
