"""A real RTSP server on loopback: H.264 from PyAV, interleaved in the RTSP connection, with faults to switch on live.

It speaks just enough of RTSP 1.0 (RFC 2326), RTP for H.264 (RFC 6184) and HTTP authentication (RFC 7617, RFC 2069) for
a real client library. Every client gets a stream of its own that begins with picture 0.

    with RtspServer() as server, Camera(server.url) as camera: ...
    python -m tests.rtsp clip.mp4          serves a video file until it is interrupted
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import re
import socket
import ssl
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Literal

import av
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
BITS = 16
MTU = 1400
REALM, NONCE = "camera", "5ca1ab1e"


def barcode(number: int, width: int = 320, height: int = 240) -> Image:
    """A picture (H, W, 3) BGR whose upper fifth spells `number` in 16 black and white bars, with a square that moves.

    >>> read_barcode(barcode(41_234))
    41234
    """
    picture = np.full((height, width, 3), 128, np.uint8)
    bar = width // BITS
    for bit in range(BITS):
        picture[: height // 5, bit * bar : (bit + 1) * bar] = 235 if number >> (BITS - 1 - bit) & 1 else 16
    left = number * 5 % (width - 40)
    picture[height // 2 : height // 2 + 40, left : left + 40] = (60, 60, 200)
    return picture


def read_barcode(picture: Image) -> int:
    """The number that `barcode` drew, also after lossy coding."""
    bar = picture.shape[1] // BITS
    row = picture[picture.shape[0] // 10].mean(axis=1)
    return sum(1 << (BITS - 1 - bit) for bit in range(BITS) if row[bit * bar + bar // 2] > 128)


class Clip:
    """The pictures of a video file by number, in a loop; cheap as long as the numbers rise."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._pictures = self._loop()
        self._next = 0
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            self.fps = float(stream.average_rate or 10)
            self.size = (stream.codec_context.width, stream.codec_context.height)

    def __call__(self, number: int) -> Image:
        while self._next < number:
            next(self._pictures)
            self._next += 1
        self._next += 1
        return next(self._pictures).to_ndarray(format="bgr24").astype(np.uint8, copy=False)

    def _loop(self) -> Iterator[av.VideoFrame]:
        while True:
            with av.open(str(self._path)) as container:
                yield from container.decode(video=0)

    def close(self) -> None:
        self._pictures.close()  # type: ignore[attr-defined]


class RtspServer:
    """One camera at `url`, as a context manager.

    Attributes:
        stall: Connections stay open, but no more pictures are sent.
        freeze: Pictures go on, but show the same scene.
        mute: Requests are read and not answered.
        refuse: A status line such as `404 Not Found` that answers every DESCRIBE.
        udp_only: SETUP over TCP is answered with 461.
        played: How many streams were started so far.
        sent: Number of the picture that was sent last.
    """

    def __init__(
        self,
        source: Callable[[int], Image] | Path = barcode,
        *,
        fps: float = 15.0,
        auth: tuple[str, str] | None = None,
        scheme: Literal["basic", "digest"] = "basic",
        tls: ssl.SSLContext | None = None,
        port: int = 0,
    ) -> None:
        self._source = source
        self._fps = Clip(source).fps if isinstance(source, Path) else fps
        self._auth = auth
        self._scheme = scheme
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", port))
        self.port: int = self._listener.getsockname()[1]
        self.stall = self.freeze = self.mute = self.udp_only = False
        self.refuse: str | None = None
        self.played = self.sent = 0
        self._stopping = threading.Event()
        self._connections: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []

    @property
    def url(self) -> str:
        return f"rtsp{'s' if self._tls else ''}://127.0.0.1:{self.port}/cam"

    def url_for(self, user: str, password: str) -> str:
        """The address with user info, as people write it down."""
        return self.url.replace("://", f"://{user}:{password}@")

    def __enter__(self) -> RtspServer:
        self._spawn(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.close_all()
        for thread in self._threads:
            thread.join(10)

    def close_all(self) -> None:
        """Hang up on every client, as a camera does that starts anew."""
        for connection in list(self._connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _spawn(self, target: Callable[..., None], *args: Any) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._stopping.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._spawn(self._serve, connection)

    def _serve(self, raw: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError), contextlib.ExitStack() as stack:
            connection = stack.enter_context(raw)
            if self._tls:
                connection = stack.enter_context(self._tls.wrap_socket(raw, server_side=True))
            self._connections.add(connection)
            stack.callback(self._connections.discard, connection)
            gone = threading.Event()
            stack.callback(gone.set)
            requests = stack.enter_context(connection.makefile("rb"))
            while (request := _Request.read(requests)) is not None:
                if self.mute:
                    continue
                connection.sendall(self._answer(request))
                if request.method == "PLAY":
                    self.played += 1
                    self._spawn(self._stream, connection, gone)
                if request.method == "TEARDOWN":
                    break

    def _answer(self, request: _Request) -> bytes:
        if self._auth and request.method != "OPTIONS" and not self._allowed(request):
            offer = f'Basic realm="{REALM}"' if self._scheme == "basic" else f'Digest realm="{REALM}", nonce="{NONCE}"'
            return request.reply("401 Unauthorized", f"WWW-Authenticate: {offer}")
        if request.method == "DESCRIBE" and self.refuse:
            return request.reply(self.refuse)
        if request.method == "DESCRIBE":
            kind = "Content-Type: application/sdp"
            return request.reply("200 OK", f"Content-Base: {request.url}/", kind, body=self._sdp())
        if request.method == "SETUP" and (self.udp_only or "TCP" not in request.headers.get("transport", "")):
            return request.reply("461 Unsupported Transport")
        transport = "Transport: RTP/AVP/TCP;unicast;interleaved=0-1"
        return request.reply("200 OK", "Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN", "Session: 1", transport)

    def _sdp(self) -> bytes:
        lines = [
            "v=0",
            "o=- 0 0 IN IP4 127.0.0.1",
            "s=camera",
            "t=0 0",
            "m=video 0 RTP/AVP 96",
            "a=rtpmap:96 H264/90000",
            "a=fmtp:96 packetization-mode=1",
            "a=control:trackID=0",
        ]
        return ("\r\n".join(lines) + "\r\n").encode()

    def _allowed(self, request: _Request) -> bool:
        assert self._auth
        given = request.headers.get("authorization", "")
        user, password = self._auth
        if self._scheme == "basic":
            return given == "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
        fields = dict(re.findall(r'(\w+)="([^"]*)"', given))
        account = _md5(f"{user}:{REALM}:{password}")
        action = _md5(f"{request.method}:{fields.get('uri', '')}")
        return fields.get("username") == user and fields.get("response") == _md5(f"{account}:{NONCE}:{action}")

    def _stream(self, connection: socket.socket, gone: threading.Event) -> None:
        picture = Clip(self._source) if isinstance(self._source, Path) else self._source
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            if isinstance(picture, Clip):
                stack.callback(picture.close)
            packets = _Packets(self._fps)
            start_s = time.monotonic()
            shown = picture(0)
            while not gone.is_set():
                number = int((time.monotonic() - start_s) * self._fps)
                if not self.freeze:
                    shown = picture(number)
                if self.stall:
                    gone.wait(0.02)
                    continue
                connection.sendall(packets.of(shown, number))
                self.sent = number
                gone.wait(max(0.0, start_s + (number + 1) / self._fps - time.monotonic()))


class _Request:
    """One RTSP request: method, address and headers with lower-case names."""

    def __init__(self, method: str, url: str, headers: dict[str, str]) -> None:
        self.method, self.url, self.headers = method, url, headers

    @staticmethod
    def read(stream: BinaryIO) -> _Request | None:
        """The next request; interleaved data of the client (`$`, RFC 2326 10.12) is passed over; None at the end."""
        while (first := stream.read(1)) == b"$":
            _, length = struct.unpack(">BH", stream.read(3))
            stream.read(length)
        line = (first + stream.readline()).decode().strip()
        if not line:
            return None
        method, url, _ = line.split(" ", 2)
        headers = {}
        while header := stream.readline().decode().strip():
            name, value = header.split(":", 1)
            headers[name.lower()] = value.strip()
        return _Request(method, url, headers)

    def reply(self, status: str, *headers: str, body: bytes = b"") -> bytes:
        lines = [f"RTSP/1.0 {status}", f"CSeq: {self.headers.get('cseq', '0')}", *headers]
        if body:
            lines.append(f"Content-Length: {len(body)}")
        return "\r\n".join([*lines, "", ""]).encode() + body


class _Packets:
    """Turns pictures into interleaved RTP packets of H.264, with a key frame every second."""

    def __init__(self, fps: float) -> None:
        self._fps = fps
        self._encoder: av.VideoCodecContext | None = None
        self._sequence = 0

    def of(self, picture: Image, number: int) -> bytes:
        frame = av.VideoFrame.from_ndarray(picture, format="bgr24").reformat(format="yuv420p")
        frame.pts = number
        frame.time_base = 1 / Fraction(self._fps).limit_denominator(1000)
        if self._encoder is None or (self._encoder.width, self._encoder.height) != (frame.width, frame.height):
            self._encoder = self._open(frame)
        clock = int(number * 90_000 / self._fps) & 0xFFFFFFFF
        return b"".join(self._rtp(bytes(packet), clock) for packet in self._encoder.encode(frame))

    def _open(self, frame: av.VideoFrame) -> av.VideoCodecContext:
        encoder = av.CodecContext.create("libx264", "w")
        assert isinstance(encoder, av.VideoCodecContext)
        encoder.width, encoder.height, encoder.pix_fmt = frame.width, frame.height, "yuv420p"
        encoder.framerate = Fraction(self._fps).limit_denominator(1000)
        encoder.time_base = 1 / encoder.framerate
        encoder.thread_count = 1
        encoder.options = {
            "preset": "ultrafast",
            "tune": "zerolatency",
            "crf": "20",
            "g": str(max(1, round(self._fps))),
            "x264-params": "repeat-headers=1:sliced-threads=0:annexb=1",
        }
        return encoder

    def _rtp(self, annexb: bytes, clock: int) -> bytes:
        units = [unit for unit in re.split(rb"\x00\x00\x00?\x01", annexb) if unit]
        payloads = [payload for unit in units for payload in _fragments(unit)]
        out = b""
        for payload in payloads:
            marker = 0x80 if payload is payloads[-1] else 0
            header = struct.pack(">BBHII", 0x80, marker | 96, self._sequence & 0xFFFF, clock, 0x1234)
            self._sequence += 1
            out += b"$\x00" + struct.pack(">H", len(header) + len(payload)) + header + payload
        return out


def _fragments(unit: bytes) -> list[bytes]:
    """A NAL unit as it is, or cut into FU-A fragments (RFC 6184, section 5.8)."""
    if len(unit) <= MTU:
        return [unit]
    indicator, kind = unit[0] & 0xE0 | 28, unit[0] & 0x1F
    bodies = [unit[at : at + MTU - 2] for at in range(1, len(unit), MTU - 2)]
    last = len(bodies) - 1
    return [
        bytes([indicator, kind | (0x80 if index == 0 else 0) | (0x40 if index == last else 0)]) + body
        for index, body in enumerate(bodies)
    ]


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def main() -> None:
    """Serve the video file of the command line until it is interrupted."""
    with RtspServer(Path(sys.argv[1]), port=8554) as server, contextlib.suppress(KeyboardInterrupt):
        sys.stdout.write(f"{server.url}\n")
        sys.stdout.flush()
        threading.Event().wait()


if __name__ == "__main__":
    main()
