import flet as ft
import pytest

from cavalcade.app.ui import parts
from cavalcade.app.ui.palette import LIGHT


@pytest.mark.parametrize(
    ("name", "is_from_right"),
    [("محمد بن عبد الرحمن", True), ("2 נועה", True), ("Anna محمد", False), ("Zoë 👩‍👧", False), ("42", False)],
)
def test_what_does_not_fit_is_cut_where_it_ends(name: str, is_from_right: bool) -> None:
    text = parts.text(name, LIGHT, lines=1)
    assert text.overflow is ft.TextOverflow.ELLIPSIS
    assert (text.rtl, parts.title(name, LIGHT, lines=1).rtl) == (is_from_right, is_from_right)
