"""What can break in an installation, and what its people noticed of it."""
