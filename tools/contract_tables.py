"""The contract's tables of operations, events and codes."""

import typing
from collections.abc import Iterable, Sequence
from dataclasses import fields, is_dataclass

from cavalcade.domain.feature import EVERYBODY, Change, Command
from cavalcade.domain.fields import Items, rules_of
from cavalcade.domain.model import Role
from cavalcade.domain.session import CHANGES, OPERATIONS
from cavalcade.server.http import problems


def with_tables(text: str) -> str:
    """The contract, with its tables made again."""
    text = _with_table(text, "codes", ("code", "status", "means"), map(_code, problems.KINDS.values()))
    text = _with_table(text, "operations", ("operation", "who", "effect"), map(_operation, OPERATIONS.values()))
    return _with_table(text, "events", ("type", "data"), map(_event, CHANGES.values()))


def _with_table(text: str, name: str, columns: Sequence[str], rows: Iterable[str]) -> str:
    lines = [f"| {' | '.join(columns)} |", "|" + "---|" * len(columns), *rows]
    begin, end = f"<!-- {name}: made by tools/generate.py -->\n", "<!-- end -->\n"
    before, rest = text.split(begin)
    after = rest.split(end, 1)[1]
    return before + begin + "\n".join(lines) + "\n" + end + after


def _code(kind: problems.Kind) -> str:
    return f"| `{kind.code}` | {int(kind.status)} | {kind.meaning} |"


def _operation(command: type[Command]) -> str:
    parameters = ", ".join(_parameter(name, rule, required=required) for name, rule, required in rules_of(command))
    who = "all" if command.roles == EVERYBODY else ", ".join(role.value for role in Role if role in command.roles)
    return f"| `{command.operation} {{{parameters}}}` | {who} | {command.meaning} |"


def _parameter(name: str, rule: object, *, required: bool) -> str:
    if isinstance(rule, Items):
        return f"{name}: [up to {rule.longest}]"
    return name if required else f"{name}?"


def _event(change: type[Change]) -> str:
    hints = typing.get_type_hints(change)
    data = ", ".join(
        f"{field.name}: {{...}}" if is_dataclass(hints[field.name]) else field.name for field in fields(change)
    )
    return f"| `{change.type}` | `{{{data}}}`" + (f"; {change.meaning}" if change.meaning else "") + " |"
