"""What went wrong in a step of a dataflow that runs on threads of the engine.

In a cluster Bytewax 0.21.1 hands over a panic of its own ("Send thread panic", "Any { .. }") in the
place of the exception that a step raised, and a reader of that learns nothing. So the callbacks of
the steps are attended, and the first exception that comes out of one is kept.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from bytewax.dataflow import Dataflow

Callback = TypeVar("Callback", bound=Callable[..., Any])

_CALLS = ("next_batch", "next_awake", "snapshot", "on_batch", "on_eof", "write_batch")


class Witness:
    """Attends the steps of one dataflow.

    Attributes:
        error: the first exception that came out of a step.
    """

    def __init__(self, flow: Dataflow) -> None:
        """Attend all steps that call Python."""
        self.error: BaseException | None = None
        for step in flow.substeps:
            self._attend(step)

    def _attend(self, step: Any) -> None:
        for inner in step.substeps:
            self._attend(inner)
        if not getattr(step, "core", False):  # what the engine itself runs
            return
        for name in ("source", "sink"):
            if hasattr(step, name):
                end = getattr(step, name)
                end.list_parts = self._told(end.list_parts)
                end.build_part = self._building(end.build_part)
        for name in ("mapper", "builder"):
            if hasattr(step, name):
                attended = self._told if name == "mapper" else self._building
                object.__setattr__(step, name, attended(getattr(step, name)))

    def _building(self, build: Callback) -> Callback:
        """Attend what is built as well."""

        @wraps(build)
        def attended(*arguments: Any) -> Any:
            built = self._told(build)(*arguments)
            for name in _CALLS:
                if hasattr(built, name):
                    setattr(built, name, self._told(getattr(built, name)))
            return built

        return attended  # type: ignore[return-value] # wraps keeps the face, not the type

    def _told(self, callback: Callback) -> Callback:
        @wraps(callback)
        def attended(*arguments: Any) -> Any:
            try:
                return callback(*arguments)
            except StopIteration:
                raise  # how a source says that it has ended
            except BaseException as error:
                self.error = self.error or error
                raise

        return attended  # type: ignore[return-value] # as above
