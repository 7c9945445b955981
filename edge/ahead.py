"""A call that runs ahead on a thread of its own, while its caller does what does not need the answer yet.

It must not know what is called. Worth it where a library works or a disk is waited for, and others may run meanwhile.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar, cast

T = TypeVar("T")


class Ahead(Generic[T]):
    """Begins at once.

    >>> Ahead(lambda: 6 * 7).result()
    42
    """

    def __init__(self, call: Callable[[], T]) -> None:
        self._call = call
        self._answer: T | None = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="ahead")
        self._thread.start()

    def result(self) -> T:
        """The answer, when it is there; what the call raised is raised here."""
        self._thread.join()
        if self._error is not None:
            raise self._error
        return cast("T", self._answer)

    def _run(self) -> None:
        try:
            self._answer = self._call()
        except BaseException as error:  # noqa: BLE001  not swallowed: result() raises it
            self._error = error
