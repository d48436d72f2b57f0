"""Writes what follows from the domain: the contract's tables of operations and events, and the page's types of events.

`python tools/generate.py` writes the files, `--check` says which are out of date and fails where one is.
"""

import sys
import types
import typing
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from enum import StrEnum
from pathlib import Path

from cavalcade.domain.feature import EVERYBODY, Change, Command
from cavalcade.domain.fields import Items, rules_of
from cavalcade.domain.model import Participant, Role, Session
from cavalcade.domain.session import CHANGES, KEPT, OPERATIONS

ROOT = Path(__file__).resolve().parents[1]
CONTRACT = ROOT / "docs" / "contract.md"
PAGE = ROOT / "page" / "src" / "model" / "wire.ts"


def contract() -> str:
    """The contract, with its tables made again."""
    text = CONTRACT.read_text(encoding="utf-8")
    text = _with_table(text, "operations", ("operation", "who", "effect"), map(_operation, OPERATIONS.values()))
    return _with_table(text, "events", ("type", "data"), map(_event, CHANGES.values()))


def page() -> str:
    """The page's types."""
    kinds = " | ".join(f'"{role.value}"' for role in Role)
    changes = "\n".join(f'  | Change<"{change.type}", {{ {_members(change)} }}>' for change in CHANGES.values())
    return f"""/** Generated from the domain by `tools/generate.py`: what the contract's events carry. */

export type Role = {kinds};

{_interface(Session)}

{_interface(Participant)}

{_features()}

interface Change<Type extends string, Data> {{
  readonly offset: number;
  readonly at: number;
  readonly by: number | null;
  readonly op_id: string | null;
  readonly mark?: string | null;
  readonly type: Type;
  readonly data: Data;
}}

/** A durable change, in the order of offsets. A later server may send types that are not among these. */
export type SessionEvent =
{changes};
"""


def main() -> int:
    """Writes the files, or checks them."""
    made = {CONTRACT: contract(), PAGE: page()}
    stale = [path for path, text in made.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    if "--check" not in sys.argv:
        for path in stale:
            path.write_text(made[path], encoding="utf-8")
        return 0
    for path in stale:
        sys.stderr.write(f"{path.relative_to(ROOT)} is out of date: run python tools/generate.py\n")
    return 1 if stale else 0


def _with_table(text: str, name: str, columns: Sequence[str], rows: Iterable[str]) -> str:
    lines = [f"| {' | '.join(columns)} |", "|" + "---|" * len(columns), *rows]
    begin, end = f"<!-- {name}: made by tools/generate.py -->\n", "<!-- end -->\n"
    before, rest = text.split(begin)
    after = rest.split(end, 1)[1]
    return before + begin + "\n".join(lines) + "\n" + end + after


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


def _features() -> str:
    parts = [_interface(kind) for kind in KEPT.values()]
    members = "".join(f"  readonly {key}?: {kind.__name__};\n" for key, kind in KEPT.items())
    meaning = "/** What features keep, by key. A later server may keep what is not among these. */\n"
    parts.append(f"{meaning}export interface Features {{\n{members}  readonly [key: string]: unknown;\n}}")
    return "\n\n".join(parts)


def _interface(kind: type) -> str:
    body = "\n".join(f"  readonly {member};" for member in _members(kind).split("; "))
    return f"export interface {kind.__name__} {{\n{body}\n}}"


def _members(kind: type) -> str:
    hints = typing.get_type_hints(kind)
    return "; ".join(
        f"{field.name}{'' if field.default is MISSING else '?'}: {_typescript(hints[field.name])}"
        for field in fields(kind)
    )


def _typescript(kind: object) -> str:
    if typing.get_origin(kind) in {typing.Union, types.UnionType}:
        return " | ".join(_typescript(one) for one in typing.get_args(kind))
    if is_dataclass(kind) or (isinstance(kind, type) and issubclass(kind, StrEnum)):
        return str(kind.__name__)
    if typing.get_origin(kind) is tuple:
        return f"readonly ({_typescript(typing.get_args(kind)[0])})[]"
    if typing.get_origin(kind) is Mapping:
        return f"Readonly<Record<string, {_typescript(typing.get_args(kind)[1])}>>"
    return {str: "string", int: "number", float: "number", bool: "boolean", types.NoneType: "null"}[kind]


if __name__ == "__main__":
    sys.exit(main())
