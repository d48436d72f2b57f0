"""What every server process needs, whatever it serves: clocks, deadlines, logs, being stopped, and its own state."""
