"""Where the map's camera stands, when it moves, and how markers glide; pure."""
