"""The colours of the app, those of the page that a link opens; pure."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Palette:
    """One appearance; colours are `#rrggbb`, or `#aarrggbb` where something shines through.

    Attributes:
        ground: Behind everything.
        card: What stands on it.
        well: What is let into a card.
        ink: Words.
        ink_soft: Words of less weight.
        line: Edges.
        signal: What is to be tapped first.
        on_signal: Words on it.
        danger: What cannot be taken back.
        danger_well: Behind that.
        good: All is well.
        shadow: Under cards.
        sea: On the built-in map.
        land: On the built-in map.
        border: On the built-in map.
        ring: Range rings on it.
        dim: Over bright map tiles; None where they are fine as they are.
        is_dark: Whether this is the dark appearance.
    """

    ground: str
    card: str
    well: str
    ink: str
    ink_soft: str
    line: str
    signal: str
    on_signal: str
    danger: str
    danger_well: str
    good: str
    shadow: str
    sea: str
    land: str
    border: str
    ring: str
    dim: str | None
    is_dark: bool


LIGHT: Final = Palette(
    ground="#f1f2ee",
    card="#ffffff",
    well="#eceee8",
    ink="#14181a",
    ink_soft="#4d5759",
    line="#d5dad2",
    signal="#ffcd00",
    on_signal="#14181a",
    danger="#b3261e",
    danger_well="#fbe9e7",
    good="#0f8a47",
    shadow="#330f191c",
    sea="#c9dbe2",
    land="#eef0e9",
    border="#9db7c1",
    ring="#7b8a8c",
    dim=None,
    is_dark=False,
)

DARK: Final = Palette(
    ground="#101415",
    card="#1b2022",
    well="#262d2f",
    ink="#f4f6f1",
    ink_soft="#b3bdbc",
    line="#343d40",
    signal="#ffcd00",
    on_signal="#14181a",
    danger="#ff9389",
    danger_well="#3a2220",
    good="#53d68b",
    shadow="#8c000000",
    sea="#0a1a24",
    land="#12181a",
    border="#36505c",
    ring="#71868d",
    dim="#8c0a1012",
    is_dark=True,
)
