"""How a server is told to stop."""

import asyncio
import signal


def told_to_stop() -> asyncio.Event:
    """An event that SIGTERM or SIGINT sets from now on, in the place of whatever they did before."""
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    return stopped
