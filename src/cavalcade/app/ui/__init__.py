"""What every screen is drawn with: colours, letters, buttons, and the guard around all handlers."""
