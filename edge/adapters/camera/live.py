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

from edge.core.rate import RateLimit
from edge.core.report import CameraState
from edge.core.types import Frame, Image, Picture
from edge.errors import CameraError

log = logging.getLogger(__name__)

# Each item is a picture at the moment it was captured, as a call that fetches it: one that is skipped costs nothing.
Pictures = Generator[Callable[[], Picture | Image], None, None]

FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 30.0
AGAIN_AFTER = 1 / 2
"""The longest wait between, as a share of how long the camera has been away: after 20 s it is back within 10 s."""
HUNG_S = 60.0
"""A library that is silent for longer does not come back; only the look-up of a name takes half a minute."""


class DownError(CameraError):
    """A live source cannot be read (any more); `state` names the kind of trouble."""

    def __init__(self, state: CameraState, message: str) -> None:
        super().__init__(message)
        self.state: CameraState = state


class Live:
    """Keeps a live source open and hands out its newest picture.

    Args:
        shown: The source, for people; without secrets.
        open_pictures: Connects, and yields each picture at the moment it is captured, not fetched yet. It raises
            `DownError` when that fails or no picture comes in time; a plain end means that the source hung up.
        limit: Which pictures to fetch.
        timeout_s: How long the source takes at most to notice a silence. A connection that streamed for longer than
            that was a good one: only after such a one does the camera count as back.
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
        self.state: CameraState = "connecting"
        self.dropped = 0
        self._alive_s = time.monotonic()
        """When the thread last came out of the library; in the future while it waits to open the camera again."""
        self._hung = False
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
            CameraError: With `reconnect=False`, at the first failure; the library hangs, which ends no other way than
                with the process.
        """
        while not self._stop.is_set():
            with self._news:
                self._news.wait_for(lambda: self._slot or self._failure or self._stop.is_set(), self._poll_s)
                frame, self._slot = self._slot, None
                failure = self._failure
            if frame is None and failure is not None:
                raise failure
            if frame is None:
                self._expect_life()
            yield frame

    def _expect_life(self) -> None:
        """Every wait in the capture thread has a limit of its own; this one is for when it does not hold."""
        silent_s = time.monotonic() - self._alive_s
        if silent_s > HUNG_S:
            self._hung = True
            raise CameraError(
                f"camera {self._shown}: expected the library that reads it to come back, got nothing for "
                f"{silent_s:.0f} s; it hangs, and only a new process can help"
            )
        if silent_s > self._timeout_s + 1.0 and self.state in ("connecting", "streaming"):
            self._turn("stalled", f"camera {self._shown}: expected a picture, got nothing for {silent_s:.0f} s")

    def close(self) -> None:
        """Stop capturing; waits for a read in progress, which has its own time limit."""
        self._stop.set()
        with self._news:
            self._news.notify_all()
        if not self._hung:
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
        well_s = time.monotonic()
        while not self._stop.is_set():
            down, lasted_s = self._capture()
            if self._stop.is_set():
                return
            if not self._reconnect:
                self.state = down.state
                raise down  # whoever catches it says it; a line in the log would say it twice
            self._turn(down.state, str(down))
            now_s = time.monotonic()
            if lasted_s > self._timeout_s:
                well_s = now_s
            longest_s = min(LONGEST_WAIT_S, max(FIRST_WAIT_S, (now_s - well_s) * AGAIN_AFTER))
            wait_s = random.uniform(0.0, longest_s)  # noqa: S311  full jitter, so that many boxes spread out
            self._alive_s = now_s + wait_s
            self._stop.wait(wait_s)

    def _capture(self) -> tuple[DownError, float]:
        """Read one connection to its end; says how it ended, and for how many seconds pictures came."""
        first_s = last_s = 0.0
        self._alive_s = time.monotonic()
        try:
            with closing(self._open_pictures()) as pictures:
                for picture in pictures:
                    last_s = self._alive_s = time.monotonic()
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
        due = self._limit.take(mono_s)
        if not due and self._slot is None:
            return
        frame = Frame(picture(), mono_s, index)
        with self._news:
            # Also a picture that is not due takes the place of one that nobody has had time for: it is newer.
            if due or self._slot is not None:
                self.dropped += due and self._slot is not None
                self._slot = frame
                self._news.notify_all()

    def _turn(self, state: CameraState, message: str) -> None:
        """Log transitions, not tries."""
        if state != self.state:
            log.log(logging.INFO if state == "streaming" else logging.WARNING, "%s", message)
        self.state = state
