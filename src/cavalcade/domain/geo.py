"""Distances and directions on the mean sphere, good to 0.5 % anywhere."""

import math

EARTH_RADIUS_M = 6_371_008.8
"""Mean radius of WGS 84, metres (IUGG)."""


def distance_m(lat1: float, lon1: float, lat2: float, lon2: float) -> float:
    """Great-circle distance between two places in degrees, metres (haversine)."""
    phi1, phi2 = math.radians(lat1), math.radians(lat2)
    half_phi = (phi2 - phi1) / 2
    half_lambda = math.radians(lon2 - lon1) / 2
    a = math.sin(half_phi) ** 2 + math.cos(phi1) * math.cos(phi2) * math.sin(half_lambda) ** 2
    return 2 * EARTH_RADIUS_M * math.asin(min(1.0, math.sqrt(a)))


def bearing(lat1: float, lon1: float, lat2: float, lon2: float) -> float:
    """Initial direction from the first place to the second, degrees clockwise from north, 0 <= b < 360."""
    phi1, phi2 = math.radians(lat1), math.radians(lat2)
    delta = math.radians(lon2 - lon1)
    y = math.sin(delta) * math.cos(phi2)
    x = math.cos(phi1) * math.sin(phi2) - math.sin(phi1) * math.cos(phi2) * math.cos(delta)
    # The remainder of a tiny negative angle rounds to 360 itself, hence the second one.
    return math.degrees(math.atan2(y, x)) % 360.0 % 360.0


def destination(lat: float, lon: float, heading: float, metres: float) -> tuple[float, float]:
    """Where one gets to from a place along a great circle; the longitude lies in [-180, 180)."""
    angle = metres / EARTH_RADIUS_M
    phi, theta = math.radians(lat), math.radians(heading)
    phi2 = math.asin(
        max(-1.0, min(1.0, math.sin(phi) * math.cos(angle) + math.cos(phi) * math.sin(angle) * math.cos(theta)))
    )
    y = math.sin(theta) * math.sin(angle) * math.cos(phi)
    x = math.cos(angle) - math.sin(phi) * math.sin(phi2)
    lambda2 = math.radians(lon) + math.atan2(y, x)
    return math.degrees(phi2), (math.degrees(lambda2) + 540.0) % 360.0 - 180.0
