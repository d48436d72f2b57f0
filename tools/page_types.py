"""The page's types of what goes over the wire."""

import types
import typing
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import StrEnum
from typing import Final

from cavalcade.domain.errors import ErrorCode
from cavalcade.domain.events import Event
from cavalcade.domain.feature import Change, Command
from cavalcade.domain.fields import Items, rules_of
from cavalcade.domain.kept import Kept
from cavalcade.domain.model import Participant, Session
from cavalcade.domain.session import CHANGES, KEPT, OPERATIONS
from cavalcade.wire import forms
from cavalcade.wire.schema import Sparse

_NAMES: Final = {Event: "SessionEvent", forms.Reading: "Fix"}
"""What classes are called on the page, where it is not as here."""

LINE: Final = 120
"""How long a line may be before the page's formatter breaks it."""

_NO_PAYLOAD: Final = "  readonly {}: Record<string, never>;"

_SCALARS: Final[dict[object, str]] = {
    str: "string",
    int: "number",
    float: "number",
    bool: "boolean",
    types.NoneType: "null",
}


def module() -> str:
    """The module's text."""
    changes = "\n".join(_union_member(change) for change in CHANGES.values())
    operations = "\n".join(_operation(name, command) for name, command in OPERATIONS.items())
    codes = "\n".join(f'  | "{code.value}"' for code in ErrorCode)
    enumerations = "\n".join(
        _enumeration(kind)
        for kind in _enumerations(Participant, *KEPT.values(), *CHANGES.values(), *OPERATIONS.values())
    )
    envelope = "\n".join(f"  readonly {member};" for member in _each_member(Event, leave_out="change"))
    return f"""/** Generated from the domain by `tools/generate.py`: what goes over the wire. */

{enumerations}

/** Why something is refused. A later server may say others. */
export type ErrorCode =
{codes};

{_interface(Session)}

{_interface(Participant)}

{_features()}

{_interface(forms.Reading)}

{_interface(forms.Position)}

{_interface(forms.Snapshot)}

{_interface(forms.JoinReply)}

interface Change<Type extends string, Data> {{
{envelope}
  readonly type: Type;
  /** Null where it was left out: it was scrubbed, or is not for this reader. Then only the offset moves. */
  readonly data: Data | null;
}}

/** A durable change, in the order of offsets. A later server may send types that are not among these. */
export type SessionEvent =
{changes};

/** What each operation takes, beside its `op_id`. */
export interface Operations {{
{operations}
}}
"""


def _union_member(change: type[Change]) -> str:
    members = list(_each_member(change))
    data = f"{{ {'; '.join(members)} }}"
    line = f'  | Change<"{change.type}", {data}>'
    if len(line) < LINE:
        return line
    if len(f"      {data}") > LINE:
        data = "{\n" + "".join(f"        {member};\n" for member in members) + "      }"
    return f'  | Change<\n      "{change.type}",\n      {data}\n    >'


def _operation(name: str, command: type[Command]) -> str:
    members = _payload(command)
    line = f"  readonly {_key(name)}: {{ {'; '.join(members)} }};" if members else _NO_PAYLOAD.format(_key(name))
    if len(line) <= LINE:
        return line
    return f"  readonly {_key(name)}: {{\n" + "".join(f"    {member};\n" for member in members) + "  };"


def _features() -> str:
    parts = [_interface(one) for kind in KEPT.values() for one in _parts(kind)]
    parts += [_interface(kind, _audience(kind)) for kind in KEPT.values()]
    members = "".join(f"  readonly {key}?: {kind.__name__};\n" for key, kind in KEPT.items())
    meaning = "/** What features keep, by key. A later server may keep what is not among these. */\n"
    parts.append(f"{meaning}export interface Features {{\n{members}  readonly [key: string]: unknown;\n}}")
    return "\n\n".join(parts)


def _enumerations(*kinds: type) -> list[type[StrEnum]]:
    """The enumerations in the fields of some dataclasses, in the order in which they are met."""
    hints = [hint for kind in kinds for hint in typing.get_type_hints(kind).values()]
    parts = [part for hint in hints for part in (typing.get_args(hint) or (hint,))]
    found = [part for part in parts if isinstance(part, type) and issubclass(part, StrEnum)]
    return list(dict.fromkeys(found))


def _parts(kind: type[Kept]) -> list[type]:
    """The dataclasses of which something kept has many."""
    parts = [part for hint in typing.get_type_hints(kind).values() for part in typing.get_args(hint)]
    return [part for part in parts if isinstance(part, type) and is_dataclass(part)]


def _audience(kind: type[Kept]) -> list[str]:
    return [] if kind.audience is None else [f'audience: "{kind.audience}"']


def _interface(kind: type, more: Iterable[str] = ()) -> str:
    body = "\n".join(f"  readonly {member};" for member in (*_each_member(kind), *more))
    return f"/** {(kind.__doc__ or '').splitlines()[0]} */\nexport interface {_name(kind)} {{\n{body}\n}}"


def _each_member(kind: type, leave_out: str = "") -> Iterator[str]:
    hints = typing.get_type_hints(kind)
    for field in fields(kind):
        if field.name == leave_out:
            continue
        hint = hints[field.name]
        optional = field.default is not MISSING or field.default_factory is not MISSING
        if optional and issubclass(kind, Sparse):
            hint = _without_none(hint)
        yield f"{field.name}{'?' if optional else ''}: {_type(hint)}"


def _payload(command: type[Command]) -> list[str]:
    hints = typing.get_type_hints(command)
    return [
        f"readonly {name}{'' if required else '?'}: {_asked(hints[name], rule)}"
        for name, rule, required in rules_of(command)
    ]


def _asked(hint: object, rule: object) -> str:
    return "readonly Fix[]" if isinstance(rule, Items) else _type(_without_none(hint))


def _key(name: str) -> str:
    return name if name.isidentifier() else f'"{name}"'


def _enumeration(kind: type[StrEnum]) -> str:
    line = f"export type {kind.__name__} = {_choices(kind)};"
    if len(line) <= LINE:
        return line
    return f"export type {kind.__name__} =\n" + "\n".join(f'  | "{member.value}"' for member in kind) + ";"


def _choices(kind: type[StrEnum]) -> str:
    return " | ".join(f'"{member.value}"' for member in kind)


def _name(kind: type) -> str:
    return _NAMES.get(kind, kind.__name__)


def _type(kind: object) -> str:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in {typing.Union, types.UnionType}:
        return " | ".join(_type(one) for one in arguments)
    if origin is typing.Literal:
        return " | ".join(f'"{one}"' for one in arguments)
    if origin is tuple:
        each = _type(arguments[0])
        return f"readonly ({each})[]" if " " in each else f"readonly {each}[]"
    if origin is Mapping:
        return f"Readonly<Record<string, {_type(arguments[1])}>>"
    if isinstance(kind, type) and (is_dataclass(kind) or issubclass(kind, StrEnum)):
        return _name(kind)
    return _SCALARS[kind]


def _without_none(kind: object) -> object:
    if typing.get_origin(kind) in {typing.Union, types.UnionType}:
        (kind,) = (one for one in typing.get_args(kind) if one is not types.NoneType)
    return kind
