"""Live sources: one capture thread, one slot in which the newest picture wins, and reopening after a failure.

It must not know which library the pictures come from.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from typing import Literal

from edge.core.rate import RateLimit
from edge.core.types import Frame, Image, Picture
from edge.errors import CameraError

log = logging.getLogger(__name__)

State = Literal["connecting", "streaming", "stalled", "unauthorised", "not_found", "gone"]
# Each item is a picture at the moment it was captured, as a call that fetches it: one that is skipped costs nothing.
Pictures = Generator[Callable[[], Picture | Image], None, None]

FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 30.0


class DownError(CameraError):
    """A live source cannot be read (any more); `state` names the kind of trouble."""

    def __init__(self, state: State, message: str) -> None:
        super().__init__(message)
        self.state: State = state


class Live:
    """Keeps a live source open and hands out its newest picture.

    Args:
        shown: The source, for people; without secrets.
        open_pictures: Connects, and yields each picture at the moment it is captured, not fetched yet. It raises
            `DownError` when that fails or no picture comes in time; a plain end means that the source hung up.
        limit: Which pictures to fetch.
        timeout_s: How long the source takes at most to notice a silence. A connection that streamed for longer than
            that was a good one: after it the waiting times start anew.
        poll_s: How often `frames` comes back empty-handed.
        reconnect: False: the first failure is raised from `frames`.
    """

    def __init__(
        self,
        shown: str,
        open_pictures: Callable[[], Pictures],
        *,
        limit: RateLimit,
        timeout_s: float,
        poll_s: float,
        reconnect: bool,
    ) -> None:
        self.state: State = "connecting"
        self.dropped = 0
        self._shown = shown
        self._open_pictures = open_pictures
        self._limit = limit
        self._timeout_s = timeout_s
        self._poll_s = poll_s
        self._reconnect = reconnect
        self._index = 0
        self._slot: Frame | None = None
        self._failure: BaseException | None = None
        self._news = threading.Condition()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="capture", daemon=True)
        self._thread.start()

    def frames(self) -> Iterator[Frame | None]:
        """The newest picture each time, or None when there was none for `poll_s`.

        Raises:
            CameraError: With `reconnect=False`, at the first failure.
        """
        while not self._stop.is_set():
            with self._news:
                self._news.wait_for(lambda: self._slot or self._failure or self._stop.is_set(), self._poll_s)
                frame, self._slot = self._slot, None
                failure = self._failure
            if frame is None and failure is not None:
                raise failure
            yield frame

    def close(self) -> None:
        """Stop capturing; waits for a read in progress, which has its own time limit."""
        self._stop.set()
        with self._news:
            self._news.notify_all()
        self._thread.join(2 * self._timeout_s + 1.0)
        if self._thread.is_alive():
            log.warning("camera %s: the library still waits for the camera; it is left behind", self._shown)

    def _run(self) -> None:
        try:
            self._keep_open()
        except BaseException as error:  # noqa: BLE001  not swallowed: frames() raises it in the main loop
            with self._news:
                self._failure = error
                self._news.notify_all()

    def _keep_open(self) -> None:
        failures = 0
        while not self._stop.is_set():
            down, lasted_s = self._capture()
            if self._stop.is_set():
                return
            if not self._reconnect:
                self.state = down.state
                raise down  # whoever catches it says it; a line in the log would say it twice
            self._turn(down.state, str(down))
            failures = 0 if lasted_s > self._timeout_s else failures + 1
            longest_s = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** min(failures, 10))
            self._stop.wait(random.uniform(0.0, longest_s))  # noqa: S311  full jitter, so that many boxes spread out

    def _capture(self) -> tuple[DownError, float]:
        """Read one connection to its end; says how it ended, and for how many seconds pictures came."""
        first_s = last_s = 0.0
        try:
            with closing(self._open_pictures()) as pictures:
                for picture in pictures:
                    last_s = time.monotonic()
                    first_s = first_s or last_s
                    if self._stop.is_set():
                        break
                    self._turn("streaming", f"camera {self._shown}: streaming")
                    self._offer(picture, last_s)
        except DownError as trouble:
            # Without its frames: their variables hold the address with the password, and some tools print variables.
            down = trouble.with_traceback(None)
        else:
            down = DownError("gone", f"camera {self._shown}: expected a picture, but the camera ended the stream")
        return down, last_s - first_s

    def _offer(self, picture: Callable[[], Picture | Image], mono_s: float) -> None:
        index, self._index = self._index, self._index + 1
        if not self._limit.take(mono_s):
            return
        frame = Frame(picture(), mono_s, index)
        with self._news:
            self.dropped += self._slot is not None
            self._slot = frame
            self._news.notify_all()

    def _turn(self, state: State, message: str) -> None:
        """Log transitions, not tries."""
        if state != self.state:
            log.log(logging.INFO if state == "streaming" else logging.WARNING, "%s", message)
        self.state = state
