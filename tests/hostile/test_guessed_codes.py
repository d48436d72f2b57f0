"""Guessing codes, from the outside of either backend: only failures count, and whose they are cannot be forged."""

import asyncio
import itertools
import statistics
import time
from collections import Counter
from collections.abc import Iterable, Sequence

import httpx
import pytest

from cavalcade.client import Membership, end_session
from cavalcade.server.access.rate_limits import WRONG_CODES
from tests.hostile.installation import Installation

MOST = WRONG_CODES.rates[0].at_once
_networks = itertools.count(1)


def network() -> str:
    """The first three parts of addresses that nobody used yet."""
    return f"198.18.{next(_networks)}"


async def guess(client: httpx.AsyncClient, membership: Membership, address: str, call: str = "join") -> int:
    """Tries a wrong code from an address, and returns the status."""
    wrong = {"code": f"{membership.session_id}.AAAAAAAAAAAAAAAAAAAAAA"}
    path = f"/api/sessions/{membership.session_id}/{call}"
    return (await client.post(path, json=wrong, headers={"X-Forwarded-For": address})).status_code


async def guess_until_refused(client: httpx.AsyncClient, membership: Membership, addresses: Iterable[str]) -> None:
    """Guesses on until it is refused; a moment without Redis costs one count in the process and one there."""
    for address in itertools.islice(addresses, 2 * MOST + 1):
        if await guess(client, membership, address) == 429:
            return
    raise AssertionError("nobody refused it")


async def test_a_hundred_friends_behind_one_address_come_in_at_once(installation: Installation) -> None:
    host, address = await installation.create(), f"{network()}.1"
    async with installation.caller() as client:
        for _ in range(MOST - 1):
            assert await guess(client, host, address) == 404
        at_once = asyncio.Semaphore(4)

        async def join() -> int:
            path, body = f"/api/sessions/{host.session_id}/join", {"code": host.code}
            async with at_once:
                while True:
                    answer = await client.post(path, json=body, headers={"X-Forwarded-For": address})
                    if answer.status_code != 503:  # a busy machine; a client asks again as well
                        return answer.status_code

        assert Counter(await asyncio.gather(*(join() for _ in range(100)))) == {201: 100}
        assert await guess(client, host, f"{network()}.1") == 404


async def test_right_codes_pass_while_wrong_ones_are_refused(installation: Installation) -> None:
    host, address = await installation.create(), f"{network()}.1"
    async with installation.caller(address) as client:
        statuses = Counter([await guess(client, host, address) for _ in range(5 * MOST)])
        assert statuses[404] >= MOST
        assert statuses[429] > 3 * MOST
        body = {"code": host.code}
        assert (await client.post(f"/api/sessions/{host.session_id}/preview", json=body)).status_code == 200
        assert (await client.post(f"/api/sessions/{host.session_id}/join", json=body)).status_code == 201


async def test_guesses_at_the_same_moment_are_all_counted(installation: Installation) -> None:
    host, address = await installation.create(), f"{network()}.1"
    async with installation.caller() as client:
        statuses = Counter(await asyncio.gather(*(guess(client, host, address) for _ in range(2 * MOST))))
        assert set(statuses) <= {404, 429, 503}
        await guess_until_refused(client, host, itertools.repeat(address))


async def test_ipv6_counts_by_network(installation: Installation) -> None:
    host, prefix = await installation.create(), f"2001:db8:{next(_networks):x}:1"
    async with installation.caller() as client:
        await guess_until_refused(client, host, (f"{prefix}::{number:x}" for number in itertools.count()))
        assert await guess(client, host, prefix[:-1] + "2::1") == 404


async def test_forged_addresses_do_not_help_at_the_door(installation: Installation) -> None:
    host = await installation.create()
    path, wrong = f"/api/sessions/{host.session_id}/preview", {"code": f"{host.session_id}.{'A' * 22}"}
    async with httpx.AsyncClient(base_url=installation.base, trust_env=False) as client:
        for number in range(2 * MOST + 1):
            forged = f"198.18.99.{number}"
            headers = {"X-Forwarded-For": forged, "Forwarded": f"for={forged}", "X-Real-IP": forged}
            answer = await client.post(path, json=wrong, headers=headers)
            if answer.status_code == 429:
                break
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0


@pytest.mark.long
async def test_time_does_not_tell_an_ended_session_from_one_that_never_was(installation: Installation) -> None:
    """How likely an answer for one kind takes longer than for another: one half where nothing can be told.

    Each guess comes from an address of its own; the kinds take turns, so that the machine's load falls on all alike.
    """
    running, ended = await installation.create(), await installation.create()
    await end_session(ended)
    kinds = {
        "wrong": f"{running.session_id}.{'A' * 22}",
        "ended": ended.code or "",
        "unknown": f"zzzzzzzzzz.{'A' * 22}",
    }
    seconds: dict[str, list[float]] = {name: [] for name in kinds}
    addresses = (f"203.{a}.{b}.{c}" for a in range(200) for b in range(250) for c in range(1, 250))
    async with installation.caller() as client:
        for name, code in itertools.islice(itertools.cycle(kinds.items()), 3 * 600):
            path = f"/api/sessions/{code[:10]}/preview"
            headers = {"X-Forwarded-For": next(addresses)}
            started = time.perf_counter()
            assert (await client.post(path, json={"code": code}, headers=headers)).status_code == 404
            seconds[name].append(time.perf_counter() - started)
    for one, other in itertools.combinations(kinds, 2):
        likelihood = _likelihood_of_longer(seconds[one], seconds[other])
        print(f"{one} against {other}: {likelihood:.3f}, medians {_us(seconds[one])} and {_us(seconds[other])} us")  # noqa: T201
        assert 0.3 < likelihood < 0.7


def _likelihood_of_longer(some: Sequence[float], others: Sequence[float]) -> float:
    return sum((a > b) + (a == b) / 2 for a in some for b in others) / (len(some) * len(others))


def _us(seconds: Sequence[float]) -> int:
    return round(statistics.median(seconds) * 1e6)
