"""What clients really send, as files that a person can read, with blanks for what differs from session to session.

A file holds the writes of one connection in order: whole HTTP requests, or a WebSocket's frames (the handshake is made
afresh each time). Bytes are written as Latin-1, so `\\u00ff` is the byte 255. Operations come from the examples of the
features as well, so that a new one is tried without a new recording.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cavalcade.domain.session import FEATURES, FINISHING, REPORTS
from tests.hostile.frames import TEXT

FOLDER: Final = Path(__file__).parent / "corpus"


@dataclass(frozen=True, slots=True)
class Entry:
    """One recorded connection.

    Attributes:
        name: The file's name without its ending.
        kind: `http` or `socket`.
        parts: Opcode and payload of each frame; for HTTP the opcode is 0 and a part is a request.
    """

    name: str
    kind: str
    parts: tuple[tuple[int, bytes], ...]

    def filled(self, blanks: Mapping[str, str]) -> "Entry":
        """The same with `{session}` and the like replaced."""
        parts = []
        for opcode, data in self.parts:
            for name, value in blanks.items():
                data = data.replace(b"{%s}" % name.encode(), value.encode())  # noqa: PLW2901
            parts.append((opcode, data))
        return Entry(self.name, self.kind, tuple(parts))

    def blanked(self, blanks: Mapping[str, str]) -> "Entry":
        """The same with the values of a recording replaced by `{session}` and the like, the longest first."""
        parts = []
        for opcode, data in self.parts:
            for name, value in sorted(blanks.items(), key=lambda item: -len(item[1])):
                data = data.replace(value.encode(), b"{%s}" % name.encode())  # noqa: PLW2901
            parts.append((opcode, data))
        return Entry(self.name, self.kind, tuple(parts))

    def write(self, folder: Path = FOLDER) -> None:
        """Writes the entry's file."""
        content = {"kind": self.kind, "parts": [[opcode, data.decode("latin-1")] for opcode, data in self.parts]}
        (folder / f"{self.name}.json").write_text(json.dumps(content, indent=1) + "\n")


def read(folder: Path = FOLDER) -> list[Entry]:
    """Every entry of a folder, in the order of their names."""
    entries = []
    for path in sorted(folder.glob("*.json")):
        content: dict[str, Any] = json.loads(path.read_text())
        parts = tuple((opcode, text.encode("latin-1")) for opcode, text in content["parts"])
        entries.append(Entry(path.stem, content["kind"], parts))
    return entries


def examples() -> Entry:
    """One connection that asks for all that the features give as examples, right and wrong; what ends it comes last."""
    asked = [(name, payload) for feature in FEATURES for name, payload, *_ in (*feature.asked, *feature.refused)]
    asked += [(name, {"offset": offset}) for name in REPORTS for offset in (1, 0, "1")]
    asked.sort(key=lambda each: each[0] in FINISHING)
    frames: list[list[object]] = [["1", "1", "session:{session}", "phx_join", {"mode": "json"}]]
    for number, (name, payload) in enumerate(asked, 2):
        frames.append(["1", str(number), "session:{session}", name, {"op_id": str(number), **payload}])
    return Entry("examples", "socket", tuple((TEXT, json.dumps(frame).encode()) for frame in frames))
