"""What is drawn: each screen is made once, and shows what has changed when it is told to."""
