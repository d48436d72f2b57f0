"""Sessions as both backends have them: the seam, the execution of operations, one session in memory, housekeeping."""
