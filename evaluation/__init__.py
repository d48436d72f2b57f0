"""The comparison of both backends: a plan of steps, each measured on whole installations, and the report over them."""
