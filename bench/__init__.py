"""What the position path costs, against its floor and against a naive hub; run it with `make bench`."""
