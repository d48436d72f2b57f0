"""What members saw and did, and the rules by which that is compared with what is stored: pure."""
