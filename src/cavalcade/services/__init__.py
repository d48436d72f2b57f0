"""Route 1: stateless services over Redis. Any gateway serves any session; PostgreSQL orders the changes."""
