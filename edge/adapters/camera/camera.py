"""The face of the package: `Camera` finds out what kind of source it was given, and opens it.

It must not know what the pictures are for; what is particular to a kind of source is in the module of that kind.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Literal

from edge.adapters.camera.address import Address
from edge.adapters.camera.live import Live, Pictures
from edge.adapters.camera.played import Played
from edge.adapters.camera.watch import Watch
from edge.core.rate import RateLimit
from edge.core.report import CameraState
from edge.core.types import Frame
from edge.errors import CameraError

if TYPE_CHECKING:
    from edge.adapters.camera.folder import PictureFolder
    from edge.adapters.camera.picture import Decoder
    from edge.adapters.camera.video import VideoFile


class Camera:
    """Frames of a camera, a video file or a folder of pictures; a context manager.

    A live camera is read by a thread that keeps only its newest picture and opens the camera again, for ever, when it
    fails. A file is read in order, and nothing of it is dropped.

    Args:
        source: `rtsp://` or `rtsps://` address, `/dev/videoN` or just N, video file, or folder of pictures.
        max_fps: Frames a second to hand out at most, chosen by their time stamps; None hands out all.
        username: For RTSP; wins over the one inside the address.
        password: For RTSP; wins over the one inside the address. Neither appears in any text.
        speed: Files only: paced like the original, or as fast as the frames are taken.
        timeout_s: How long a live camera may take to answer, and how long it may send nothing.
        poll_s: `frames` yields None when there was nothing new for this long.
        reconnect: False: the first failure of a live camera is raised from `frames`.
        folder_fps: Frames a second that a folder of pictures stands for.

    Attributes:
        live: Whether the source is a camera, and not a file.
        shown: The source, for people: without user name and password.

    Raises:
        CameraError: The source is no file, device or RTSP address; on entering: the file cannot be opened.
    """

    def __init__(
        self,
        source: str,
        *,
        max_fps: float | None = None,
        username: str | None = None,
        password: str | None = None,
        speed: Literal["real", "max"] = "real",
        timeout_s: float = 4.0,
        poll_s: float = 0.5,
        reconnect: bool = True,
        folder_fps: float = 10.0,
    ) -> None:
        self._place = _place(source, username, password)
        self._limit = RateLimit(max_fps)
        self._speed = speed
        self._timeout_s = timeout_s
        self._poll_s = poll_s
        self._reconnect = reconnect
        self._folder_fps = folder_fps
        self._reader: Live | Played | None = None
        self._watch: Watch | None = None
        self._counter: Decoder | PictureFolder | None = None
        self._open = ExitStack()
        self.live = not isinstance(self._place, Path)
        self.shown = self._place.shown if isinstance(self._place, Address) else str(self._place)
        self.duration_s: float | None = None

    @property
    def state(self) -> CameraState:
        """How the camera is doing, and if it streams, what is the matter with its view; an open file always streams."""
        state = self._reader.state if isinstance(self._reader, Live) else "streaming" if self._reader else "connecting"
        trouble = self._watch.trouble if self._watch else None
        return trouble if state == "streaming" and trouble else state

    @property
    def blind(self) -> bool:
        """Whether nobody can be seen in the picture that a live camera sends: dark, covered or frozen."""
        return self._watch is not None and self._watch.blind

    def learn_anew(self) -> None:
        """Takes the view of a live camera from now on for the right one, from which it is not to be moved."""
        if self._watch is not None:
            self._watch.learn_anew()

    @property
    def dropped(self) -> int:
        """Frames of a live camera that nobody took before the next one came."""
        return self._reader.dropped if isinstance(self._reader, Live) else 0

    @property
    def corrupt(self) -> int:
        """Packets or pictures that could not be decoded and were skipped."""
        return self._counter.corrupt if self._counter else 0

    def __enter__(self) -> Camera:
        # PyAV and OpenCV take longer to load than the rest of the service, and a recording needs neither.
        try:
            if isinstance(self._place, Path):
                self._open_file(self._place)
            else:
                self._open_live(self._place)
        except ImportError as error:
            raise CameraError(f"camera {self.shown}: {_advice(error)}") from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def frames(self) -> Iterator[Frame | None]:
        """Frames in the order of their times; None when nothing new came for `poll_s`, so that a loop can go on.

        Ends with the file; a live camera ends only when it is closed.

        Raises:
            CameraError: The file turns out to be cut off or without pictures; a live camera failed and `reconnect` is
                off; or the library that reads it hangs.
        """
        if self._reader is None:
            raise RuntimeError("the camera is not open: use it in a with statement")
        frames = self._reader.frames()
        return frames if self._watch is None else self._watch.watched(frames)

    def _open_file(self, path: Path) -> None:
        file: PictureFolder | VideoFile
        if path.is_dir():
            from edge.adapters.camera.folder import PictureFolder  # noqa: PLC0415  see __enter__

            file = self._counter = PictureFolder(path, self._folder_fps)
        else:
            from edge.adapters.camera.picture import Decoder  # noqa: PLC0415
            from edge.adapters.camera.video import VideoFile  # noqa: PLC0415

            self._counter = Decoder(str(path))
            file = VideoFile(path, self._counter)
        self._open.callback(file.close)
        self.duration_s = file.duration_s
        real_time = self._speed == "real"
        self._start(Played(file.shots(), limit=self._limit, real_time=real_time, poll_s=self._poll_s))

    def _open_live(self, place: Address | str) -> None:
        self._watch = Watch(self.shown)
        open_pictures: Callable[[], Pictures]
        if isinstance(place, Address):
            from edge.adapters.camera.picture import Decoder  # noqa: PLC0415  see __enter__
            from edge.adapters.camera.rtsp import rtsp_pictures  # noqa: PLC0415

            self._counter = Decoder(place.shown)
            open_pictures = partial(rtsp_pictures, place, self._counter, self._timeout_s)
        else:
            from edge.adapters.camera.device import device_pictures  # noqa: PLC0415

            open_pictures = partial(device_pictures, place, self._timeout_s)
        self._start(
            Live(
                self.shown,
                open_pictures,
                limit=self._limit,
                timeout_s=self._timeout_s,
                poll_s=self._poll_s,
                reconnect=self._reconnect,
            )
        )

    def _start(self, reader: Live | Played) -> None:
        self._open.callback(reader.close)
        self._reader = reader


def _place(source: str, username: str | None, password: str | None) -> Address | str | Path:
    """An address, a device, or a file."""
    scheme, marked, _ = source.partition("://")
    if scheme.lower() in ("rtsp", "rtsps"):
        return Address.parse(source, username, password)
    if marked and re.fullmatch(r"\w+", scheme):
        raise CameraError(f"camera {scheme}://…: expected rtsp://, rtsps://, a device, a file or a folder")
    if re.fullmatch(r"[0-9]{1,3}", source):
        return f"/dev/video{int(source)}"
    return source if source.startswith("/dev/") else Path(source)


def _advice(error: ImportError) -> str:
    if "libGL" in str(error):
        return (
            "OpenCV needs libGL, which a camera box does not have; replace its desktop build: "
            "pip uninstall opencv-python, then pip install --force-reinstall opencv-python-headless"
        )
    return f"a library for pictures is missing ({error}); install the package with its dependencies"
