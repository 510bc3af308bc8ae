"""JSON Lines files for Bytewax: a source that resumes where it stood and a sink that writes once.

The lines themselves are never parsed here: they go in and out as bytes.
"""

from .batch import JsonlBatch
from .errors import JsonlError, JsonlFull
from .sink import JsonlSink
from .source import JsonlSource

__all__ = ["JsonlBatch", "JsonlError", "JsonlFull", "JsonlSink", "JsonlSource"]
