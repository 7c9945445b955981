"""A module of the standard library that libraries import and nobody here needs: it is loaded when somebody uses it."""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import Any


class Metadata(ModuleType):
    """Stands in for `importlib.metadata`, which loads email, zipfile and sockets: about 10 ms and 1 MB.

    pydantic takes `entry_points` from it at its first model, also when it is told to look for no plugins.
    """

    def __init__(self) -> None:
        super().__init__("importlib.metadata")
        self.__path__ = [f"{folder}/metadata" for folder in importlib.__path__]  # asked for by every import from it

    def entry_points(self, **wanted: Any) -> Any:  # noqa: ANN401 - as the real one
        """Those of what is installed."""
        return self.__getattr__("entry_points")(**wanted)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever is in there
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(importlib.import_module(self.__name__), name)


def stand_in() -> None:
    """From now on, unless the real one is loaded already."""
    if "importlib.metadata" not in sys.modules:
        sys.modules["importlib.metadata"] = importlib.metadata = Metadata()
