"""What a client judges of motion: who rides, who stopped, whose status is over, who fell silent. Pure.

The page judges by the same rules (`page/src/session/motion`), on the same vectors (`tests/vectors/motion.json`).
"""
