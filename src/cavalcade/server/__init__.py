"""What both backends share of serving: the seam, the HTTP API, the WebSocket loop, tokens, limits and metrics."""
