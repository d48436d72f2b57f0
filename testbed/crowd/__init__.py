"""Real clients that ride, stand still, come and go, and note all they see and do."""
