"""What keeps the stack from starting, in words for the person at the terminal."""

from __future__ import annotations


class StackError(Exception):
    """The stack cannot start or go on.

    Attributes:
        problem: What is wrong, as one or more plain sentences.
        advice: What the reader can do about it.
        detail: The last lines a failed part wrote, or an empty string.
    """

    def __init__(self, problem: str, advice: str, detail: str = "") -> None:
        super().__init__(f"{problem} {advice}")
        self.problem = problem
        self.advice = advice
        self.detail = detail
