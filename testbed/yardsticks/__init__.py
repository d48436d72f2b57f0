"""What both backends are measured against: a bare write in C, and hubs on Node and Starlette."""
