"""Records put aside because Kinesis can never accept them, and what makes them superfluous.

Each record shows all that is known of its key, so the first one acknowledged after it makes a
record that was put aside superfluous.
"""

from __future__ import annotations

from collections.abc import Iterable

from .actions import Aside, Superseded


class Asides:
    """What was put aside, as news to be told once.

    Attributes:
        keys: Partition keys with records put aside that nothing has made superfluous yet.

    Args:
        keys: Those of earlier executions.
    """

    def __init__(self, keys: Iterable[str]) -> None:
        """Start without news."""
        self.keys = set(keys)
        self._news: list[Aside | Superseded] = []

    def put(self, aside: Aside) -> None:
        """Put a record aside; all earlier ones of its key are settled."""
        self.keys.add(aside.record.partition_key)
        self._news.append(aside)

    def acknowledged(self, key: str) -> None:
        """Take note that a record of one of `keys` was acknowledged, a later one as of now."""
        self.keys.remove(key)
        self._news.append(Superseded(key))

    def news(self) -> list[Aside | Superseded]:
        """What happened since this was asked last."""
        news, self._news = self._news, []
        return news
