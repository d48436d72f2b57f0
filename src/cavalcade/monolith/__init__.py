"""Route 2: one application in which every session is a small supervised process of its own, the way OTP does it."""
