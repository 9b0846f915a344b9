"""Functions that are imported when they are first called: what a run does not use, it does not load."""

from __future__ import annotations

from functools import cached_property
from importlib import import_module
from typing import Any


class Late:
    """The function or class at `place`, a `module:name`; calling it is calling that."""

    def __init__(self, place: str) -> None:
        self.place = place

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Import it if this is the first call, and pass the call on; raises what either raises."""
        return self.function(*args, **kwargs)

    @cached_property
    def function(self) -> Any:
        """What is at the place."""
        module, _, name = self.place.partition(":")
        return getattr(import_module(module), name)
