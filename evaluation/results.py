"""What was measured, kept as it comes, so that a run that was stopped goes on where it was."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

from evaluation.plan import Step

FORMAT: Final = 1
"""Of the files; samples of another format are not read."""


class ResultsError(Exception):
    """The folder for results cannot be used: why, in plain words."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One step, done once.

    Attributes:
        step: What was done.
        values: What was measured, by name; the unit is the end of the name.
        raw: What the values were made of, as JSON.
        flaw: Why the sample does not count, or None.
    """

    step: Step
    values: Mapping[str, float] = field(default_factory=dict)
    raw: Mapping[str, object] = field(default_factory=dict)
    flaw: str | None = None


class Results:
    """A folder of samples, one file a step."""

    def __init__(self, folder: Path) -> None:
        """Opens the folder, or makes it.

        Raises:
            ResultsError: It cannot be written to.
        """
        self.folder = folder / "samples"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ResultsError(f"{folder} cannot be used for results: {error.strerror}") from error

    def has(self, step: Step) -> bool:
        """Whether a step was done before."""
        return self._file(step).exists()

    def add(self, sample: Sample) -> None:
        """Keeps a sample; whatever happens, its file is whole or not there."""
        text = json.dumps({"format": FORMAT, **asdict(sample)}, indent=1)
        file = self._file(sample.step)
        fresh = file.with_suffix(".new")
        fresh.write_text(text + "\n", encoding="utf-8")
        fresh.replace(file)

    def clear(self) -> None:
        """Forgets all samples."""
        for file in self.folder.glob("*.json"):
            file.unlink()

    def samples(self, steps: Iterable[Step]) -> list[Sample]:
        """The samples of those steps that were done, in the order of the steps.

        Raises:
            ResultsError: A file is not what this version writes.
        """
        return [self._read(step) for step in steps if self.has(step)]

    def _read(self, step: Step) -> Sample:
        file = self._file(step)
        try:
            fields = json.loads(file.read_text(encoding="utf-8"))
            if (fields["format"], fields["step"]) == (FORMAT, asdict(step)):
                return Sample(step, fields["values"], fields["raw"], fields["flaw"])
        except (ValueError, KeyError, TypeError):
            pass
        raise ResultsError(f"{file} is no sample of this version: remove it, or choose another folder")

    def _file(self, step: Step) -> Path:
        return self.folder / f"{step.name}.json"
