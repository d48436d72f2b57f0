"""What goes out to the connections of one session: a bounded queue for each, and the fan-out to all."""
