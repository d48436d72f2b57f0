"""Doing one step: an installation is started, put under load, looked at, and stopped."""

import asyncio
import dataclasses
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Final

from cavalcade.client import ClientError, Membership, Rejected
from evaluation.clarity import code_values
from evaluation.paths import trace
from evaluation.plan import Step
from evaluation.results import Sample
from testbed.crowd.crowd import Habits
from testbed.faults.robustness import endure, fault_values
from testbed.faults.table import fault
from testbed.installations.installation import OWN, Installation, installation
from testbed.installations.process_usage import group_bytes
from testbed.load.generator import Reading
from testbed.load.groups import envelope_size, make_groups, targets
from testbed.load.latencies import encoded, histogram, nearest_rank, percentiles
from testbed.load.run import LoadFailed, flaw_of, run_load
from testbed.load.storm import storm
from testbed.load.traffic import Load
from testbed.yardsticks.peers import Server, peer

WARM_UP_S: Final = 2.0

TOO_LATE_MS: Final = 1000.0
"""A server is saturated when one position in a hundred takes longer than this."""

GROWTH: Final = 1.5
"""How much more each level of a saturation puts on than the one before."""

MOST_CONNECTIONS: Final = 7000
"""Where a saturation ends in any case: making more people takes longer than it is worth."""

LOOKS: Final = 120
"""How often memory is looked at in a soak."""

RATE: Final = 2.0
"""Fixes a second of everybody in a saturation; of four, the most that the contract allows, some would conflate."""


@dataclass(frozen=True, slots=True)
class Cores:
    """Who runs where, so that the load does not take from what it measures.

    Attributes:
        servers: For the installation.
        load: For the load generator.
    """

    servers: frozenset[int]
    load: frozenset[int]

    @property
    def are_apart(self) -> bool:
        """Whether the machine has enough of them."""
        return not self.servers & self.load

    @classmethod
    def of_this_machine(cls) -> "Cores":
        """The last core for the load, the others for the servers; one core for both where there is but one."""
        available = sorted(os.sched_getaffinity(0))
        return cls(frozenset(available[:-1] or available), frozenset(available[-1:]))


async def measure(step: Step, cores: Cores, servers: Mapping[str, Server] | None = None) -> Sample:
    """Does one step.

    Args:
        step: What to do.
        cores: Who runs where.
        servers: Further ones, by name.

    Raises:
        InstallationError: The backend or the peer did not start or stop.
    """
    if servers and step.backend in servers:
        return await _measure_server(step, cores, servers[step.backend])
    if step.kind == "code":
        return Sample(step, await asyncio.to_thread(code_values, step.backend))
    if step.kind == "trace":
        return await _trace(step)
    if step.kind == "fault":
        return await _fault(step, cores)
    async with installation(step.backend, step.nodes, cores=cores.servers) as running:
        begun = monotonic()
        groups = await make_groups(running.base_url, step.sessions, step.members)
        join_ms = (monotonic() - begun) / (step.sessions * step.members) * 1000
        try:
            if step.kind == "storm":
                sample = await _storm(step, groups)
            elif step.kind == "saturation":
                sample = await _saturate(step, running, groups, cores)
            elif step.kind == "soak":
                sample = await _soak(step, running, groups, cores)
            else:
                reading = await _put_on(running, groups, step, cores, seconds=step.seconds)
                sample = Sample(step, values_of(reading, step), _raw(reading), flaw_of(reading, step.members))
        except LoadFailed as failure:
            return Sample(step, flaw=str(failure))
        return dataclasses.replace(sample, values={**sample.values, "join_call_ms": join_ms})


def values_of(reading: Reading, step: Step) -> dict[str, float]:
    """What a load's reading comes to; the unit is the end of each name."""
    positions, members = max(reading.positions, 1), reading.connections
    own = reading.server_cpu_s
    everything = own + sum(reading.helpers_cpu_s.values())
    of_latencies = {f"latency_{name}_ms": value for name, value in percentiles(histogram(reading.latencies_ms)).items()}
    per_hour = 3600 / reading.wall_s / members if reading.wall_s else math.nan
    return {
        "cpu_per_position_us": own / positions * 1e6,
        "all_cpu_per_position_us": everything / positions * 1e6,
        "cpu_per_frame_us": own / max(reading.frames, 1) * 1e6,
        "positions_per_s": reading.positions / reading.wall_s,
        "busy_cores": everything / reading.wall_s,
        "connection_kb": reading.connection_bytes / 1000,
        "own_memory_mb": reading.server_bytes / 1e6,
        "received_mb_per_member_hour": reading.received_bytes * per_hour / 1e6,
        "sent_mb_per_member_hour": reading.sent_bytes * per_hour / 1e6,
        "delivered_share": reading.positions / max(reading.sent * step.members, 1),
        **{f"{name}_cpu_per_position_us": spent / positions * 1e6 for name, spent in reading.helpers_cpu_s.items()},
        **{f"{name}_memory_mb": taken / 1e6 for name, taken in reading.helpers_bytes.items()},
        **of_latencies,
    }


async def _measure_server(step: Step, cores: Cores, server: Server) -> Sample:
    """A load on a further server."""
    async with peer(step.backend, server.command, cores=cores.servers) as running:
        load = Load(
            port=running.port,
            targets=server.targets(step.sessions, step.members),
            envelope_size=0,
            pattern=step.pattern,
            warm_up_s=WARM_UP_S,
            measured_s=step.seconds,
            server_pids=running.processes(),
            helper_pids={},
            relays=server.relays,
        )
        try:
            reading = await run_load(load, cores.load)
        except LoadFailed as failure:
            return Sample(step, flaw=str(failure))
    return Sample(step, values_of(reading, step), _raw(reading), flaw_of(reading, step.members - server.relays))


async def _trace(step: Step) -> Sample:
    paths, search = await trace(step.backend)
    values = {
        "position_calls": float(len(paths.position)),
        "operation_calls": float(len(paths.operation)),
        "lines_to_fault": float(search.lines),
        "fault_to_line_ms": search.seconds * 1000,
    }
    return Sample(step, values, dataclasses.asdict(paths))


async def _fault(step: Step, cores: Cores) -> Sample:
    """Something breaks while people ride."""
    inflicted = fault(step.backend, step.nodes, step.fault)
    # Half of them stand still where there are but four: it is they whose positions nobody else knows.
    habits = Habits(people=step.members, standing=min(2, step.members // 2))
    async with installation(step.backend, step.nodes, cores=cores.servers) as running:
        try:
            outcome = await endure(running, inflicted, crowds=step.sessions, habits=habits)
        except (ClientError, Rejected, TimeoutError) as failure:
            return Sample(step, flaw=f"people could not come in: {failure}")
    return Sample(step, fault_values(outcome, inflicted), {"findings": [str(each) for each in outcome.findings]})


async def _saturate(step: Step, running: Installation, groups: list[list[Membership]], cores: Cores) -> Sample:
    """Puts on more and more, until positions come late or not at all, or the load generator can do no more."""
    levels: list[dict[str, float]] = []
    held, why = 0.0, "the most that is tried"
    while True:
        try:
            reading = await _put_on(running, groups, step, cores, seconds=step.seconds, fixes_per_s=RATE)
        except LoadFailed as failure:
            why = str(failure)
            break
        values = values_of(reading, step)
        levels.append({"connections": float(reading.connections), **values})
        flaw = flaw_of(reading, step.members)
        if flaw is not None or values["latency_p99_ms"] > TOO_LATE_MS:
            why = flaw or f"p99 was {values['latency_p99_ms']:.0f} ms"
            break
        held = values["positions_per_s"]
        more = math.ceil(len(groups) * (GROWTH - 1))
        if (len(groups) + more) * step.members > MOST_CONNECTIONS:
            break
        groups = [*groups, *await make_groups(running.base_url, more, step.members)]
    flaw = None if held else f"nothing was held: {why}"
    limit = "generator" if "generator" in why else "server"
    return Sample(step, {"held_positions_per_s": held}, {"levels": levels, "ended": why, "limit": limit}, flaw)


async def _soak(step: Step, running: Installation, groups: list[list[Membership]], cores: Cores) -> Sample:
    """A steady load for long, in which memory is looked at again and again."""
    processes = running.processes()
    own = [pid for name in OWN for pid in processes.get(name, [])]
    looks: list[tuple[float, float]] = []

    async def look() -> None:
        begun = monotonic()
        while True:
            looks.append((monotonic() - begun, group_bytes(own) / 1e6))
            await asyncio.sleep(step.seconds / LOOKS)

    looking = asyncio.create_task(look())
    try:
        reading = await _put_on(running, groups, step, cores, seconds=step.seconds)
    finally:
        looking.cancel()
    raw = {**_raw(reading), "memory_mb": looks}
    values = {**values_of(reading, step), "own_memory_mb_per_hour": _growth(looks) * 3600}
    return Sample(step, values, raw, flaw_of(reading, step.members))


def _growth(looks: Sequence[tuple[float, float]]) -> float:
    """How much more there is each second, by the second half of the time alone: at first caches fill."""
    late = looks[len(looks) // 2 :]
    (began, least), (ended, most) = late[0], late[-1]
    return (most - least) / (ended - began) if ended > began else math.nan


async def _storm(step: Step, groups: Sequence[Sequence[Membership]]) -> Sample:
    """Everybody connects at once, is cut off, and comes back at once."""
    members = [member for group in groups for member in group]
    first, again = await storm(members)
    missing = sum(math.isnan(time) for time in again)
    arrived = sorted(time for time in again if not math.isnan(time)) or [math.nan]
    values = {
        "back_p50_ms": nearest_rank(arrived, 0.5) * 1000,
        "back_p99_ms": nearest_rank(arrived, 0.99) * 1000,
        "back_all_ms": arrived[-1] * 1000,
        "never_back": float(missing),
    }
    raw = {"first_s": [round(time, 4) for time in first], "again_s": [round(time, 4) for time in again]}
    return Sample(step, values, raw)


async def _put_on(
    running: Installation,
    groups: Sequence[Sequence[Membership]],
    step: Step,
    cores: Cores,
    *,
    seconds: float,
    fixes_per_s: float = 1.0,
) -> Reading:
    """Puts a load on an installation.

    Raises:
        LoadFailed: It could not go on.
    """
    processes = running.processes()
    load = Load(
        port=running.port,
        targets=targets(groups),
        envelope_size=envelope_size(groups[0][0].session_id),
        pattern=step.pattern,
        warm_up_s=WARM_UP_S,
        measured_s=seconds,
        server_pids=[pid for name in OWN for pid in processes.get(name, [])],
        helper_pids={name: pids for name, pids in processes.items() if name not in OWN},
        fixes_per_s=fixes_per_s,
    )
    return await run_load(load, cores.load)


def _raw(reading: Reading) -> dict[str, object]:
    """A reading as it is, its latencies as a histogram."""
    fields = dataclasses.asdict(reading)
    latencies = fields.pop("latencies_ms")
    return {**fields, "latencies_hdr": encoded(histogram(latencies))}
