"""One's part in a session: connection, backlog, what is kept for the next run, what is said of it; no Flet."""
