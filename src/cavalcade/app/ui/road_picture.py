"""The picture at the beginning: a winding road with a few of the group on it."""

import flet as ft
import flet.canvas as cv

from cavalcade.app.session.people import ink_on
from cavalcade.app.ui import parts
from cavalcade.app.ui.palette import Palette

HEIGHT = 190.0
ROOMY = 720.0
"""On a lower screen it would push away what one came for."""
_RIDERS = (
    ("MK", "#0f8a47", 40, 118),
    ("AJ", "#d6409f", 128, 92),
    ("TO", "#0b68cb", 214, 108),
    ("ES", "#e5484d", 296, 44),
)


def road_picture(palette: Palette) -> ft.Control:
    """Drawn, not loaded: it is there before anything else is."""
    way = [
        cv.Path.MoveTo(-30, 170),
        cv.Path.CubicTo(40, 60, 120, 190, 190, 120),
        cv.Path.CubicTo(240, 70, 250, 120, 330, 40),
        cv.Path.CubicTo(360, 10, 420, 30, 560, -10),
    ]

    def stroke(color: str, width: float, dashes: list[float] | None = None) -> cv.Path:
        return cv.Path(
            way,
            paint=ft.Paint(
                color=color,
                stroke_width=width,
                style=ft.PaintingStyle.STROKE,
                stroke_cap=ft.StrokeCap.ROUND,
                stroke_dash_pattern=dashes,
            ),
        )

    road = "#2b3234" if not palette.is_dark else "#050708"
    edge = "#ffffff" if not palette.is_dark else "#4b5659"
    hills = [
        cv.Circle(x, y, radius, paint=ft.Paint(color=color, style=ft.PaintingStyle.FILL))
        for x, y, radius, color in (
            (70, 230, 120, palette.well),
            (420, 210, 150, palette.well),
            (250, 240, 110, palette.line),
        )
    ]
    riders = [
        ft.Container(
            parts.initials(initials, ink_on(color), size=18, room=40),
            width=46,
            height=46,
            border_radius=23,
            bgcolor=color,
            border=ft.Border.all(3, "#ffffff"),
            alignment=ft.Alignment.CENTER,
            shadow=ft.BoxShadow(blur_radius=8, color="#660a1012", offset=ft.Offset(0, 3)),
            left=x - 23,
            top=y - 23,
        )
        for initials, color, x, y in _RIDERS
    ]
    return ft.Semantics(
        exclude_semantics=True,
        content=ft.Container(
            ft.Stack(
                [
                    cv.Canvas(
                        [*hills, stroke(edge, 34), stroke(road, 28), stroke(palette.signal, 2.5, [12, 14])],
                        expand=True,
                        height=HEIGHT,
                    ),
                    *riders,
                ],
                height=HEIGHT,
                clip_behavior=ft.ClipBehavior.HARD_EDGE,
            ),
            border_radius=26,
            bgcolor=palette.ground if palette.is_dark else "#e4e8de",
            clip_behavior=ft.ClipBehavior.ANTI_ALIAS,
            border=ft.Border.all(1, palette.line),
        ),
    )
