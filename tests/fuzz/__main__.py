"""`python -m tests.fuzz [--backend B] [--seconds S] [--seed N]`."""

import argparse
import asyncio
import random
from pathlib import Path

from tests.fuzz.fuzzing import main

parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Fuzz a running installation.")
parser.add_argument("--backend", choices=("services", "monolith"), default="services")
parser.add_argument("--seconds", type=float, default=60.0)
parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
parser.add_argument("--kept", type=Path, default=Path("fuzz-findings"), help="gets what was sent last")
given = parser.parse_args()
raise SystemExit(asyncio.run(main(given.backend, given.seconds, given.seed, given.kept)))
