"""What the phone gives: positions, how often and how exactly they are asked for, and a place for documents."""
