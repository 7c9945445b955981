"""A camera that fails in every way, one that is quiet for an hour, and a loop that is slower than its camera."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from benchmarks.chaos.parts import ROOT, Process, wait_for
from benchmarks.chaos.row import Row
from edge.adapters.camera import Camera
from edge.adapters.camera.small import small_luma
from edge.core.view import View
from tests.commands import CONFIG, FPS, network, picture
from tests.mosquitto import Collector, Mosquitto, free_port
from tests.rtsp import BITS, RtspServer, read_barcode

HEALTH = "traffic/v1/shop/box/health"
NAMED_S, FROZEN_S, BACK_S = 5.0, 15.0, 10.0
HELD_S = (3.0, 15.0)
"""For how long a fault goes on after it was named."""
OLDEST_PERIODS = 2.0
STREAM = {"preset": "veryfast", "tune": "zerolatency", "crf": "32", "g": "20"}
"""As a camera encodes that saves bandwidth: what does not move is not sent again before the next key frame."""


def noisy(number: int) -> NDArray[np.uint8]:
    """The walk of the tests as a sensor sees it."""
    noise = np.random.default_rng(number).normal(0.0, 2.0, (64, 96, 1))
    return np.clip(picture(number % 160) + noise, 0, 255).astype(np.uint8)


# Faults of a real service with a real camera server; what it says of itself is read at the broker.


class _Shop:
    """A camera server that can be taken away, and what the service has said of it."""

    def __init__(self, port: int, collector: Collector) -> None:
        self.port, self.collector = port, collector
        self._stack = ExitStack()
        self.server = self._stack.enter_context(RtspServer(noisy, fps=FPS, port=port))

    def states(self) -> list[str]:
        return [json.loads(payload)["camera"] for payload in self.collector.on(HEALTH)]

    def wait(self, states: tuple[str, ...], after: int, timeout_s: float) -> float:
        """Seconds until a message later than `after` says one of these; infinite when none does."""
        return wait_for(lambda: set(states) & set(self.states()[after:]), timeout_s, 0.02) or float("inf")

    def set(self, **faults: object) -> None:
        vars(self.server).update(faults)

    def refuse(self, answer: str) -> None:
        """Hangs up, and refuses whoever comes again."""
        self.server.refuse = answer
        self.server.close_all()

    def away(self) -> None:
        self._stack.close()

    def back(self) -> None:
        self.server = self._stack.enter_context(RtspServer(noisy, fps=FPS, port=self.port))

    def close(self) -> None:
        self._stack.close()


Fault = tuple[tuple[str, ...], Callable[[_Shop], None], Callable[[_Shop], None]]
"""The states that name it; how it begins and how it ends."""
FAULTS: dict[str, Fault] = {
    "stall": (("stalled",), lambda shop: shop.set(stall=True), lambda shop: shop.set(stall=False)),
    "freeze": (("frozen",), lambda shop: shop.set(freeze=True), lambda shop: shop.set(freeze=False)),
    "401": (("unauthorised",), lambda shop: shop.refuse("401 Unauthorized"), lambda shop: shop.set(refuse=None)),
    "404": (("not_found",), lambda shop: shop.refuse("404 Not Found"), lambda shop: shop.set(refuse=None)),
    "black hole": (
        ("stalled", "gone"),
        lambda shop: shop.set(stall=True, mute=True),
        lambda shop: shop.set(stall=False, mute=False),
    ),
    "close": (("gone",), _Shop.away, _Shop.back),
}


def faults(folder: Path, *, times: int) -> Row:
    """Each fault, so many times; when health names it, and when it says that pictures come again."""
    folder.mkdir(parents=True)
    chance = random.Random(1)
    named: dict[str, list[float]] = {name: [] for name in FAULTS}
    back: dict[str, list[float]] = {name: [] for name in FAULTS}
    strange = 0
    with _running(folder) as shop:
        for _ in range(times):
            for name in chance.sample(list(FAULTS), len(FAULTS)):
                states, begin, end = FAULTS[name]
                time.sleep(chance.uniform(6.0, 9.0))  # in which nothing is to be said
                heard = len(shop.states())
                strange += shop.states()[-1] != "streaming"
                begin(shop)
                named[name].append(shop.wait(states, heard, 30.0))
                time.sleep(chance.uniform(*HELD_S))
                heard = len(shop.states())
                end(shop)
                back[name].append(shop.wait(("streaming",), heard, 60.0))
    late = [name for name in FAULTS if max(named[name]) > (FROZEN_S if name == "freeze" else NAMED_S)]
    slow = [name for name in FAULTS if max(back[name]) > BACK_S]
    worst = ", ".join(f"{name} {max(named[name]):.1f} / {max(back[name]):.1f}" for name in FAULTS)
    result = (
        f"{times} times each; named after / counting again after at most (s): {worst}; {strange} named without a fault"
    )
    goal = "named in 5 s (freeze 15 s), counting again in 10 s"
    return Row("RTSP stall / freeze / 401 / 404 / black hole / close", goal, result, not (late or slow or strange))


@contextmanager
def _running(folder: Path) -> Iterator[_Shop]:
    """The service with its camera and broker, once it counts."""
    model = network(folder / "grey.onnx")
    with Mosquitto(folder / "broker") as broker, Collector(broker.port) as collector:
        shop = _Shop(free_port(), collector)
        text = CONFIG.replace("walk.mp4", shop.server.url).replace("grey.onnx", str(model))
        text = text.replace("enabled: false", f"host: 127.0.0.1, port: {broker.port}")
        (folder / "config.yaml").write_text(f"{text}health_s: 5\n", encoding="utf-8")
        options = ["--config", str(folder / "config.yaml"), "--state-dir", str(folder / "state")]
        try:
            with Process(["edge", "run", *options], folder / "edge.log") as process:
                assert shop.wait(("streaming",), 0, 60.0) < float("inf"), "the service does not count"
                yield shop
                process.stop()
        finally:
            shop.close()


# A quiet scene through an encoder, time compressed.


def quiet(_: Path, *, hours: float) -> Row:
    """Nobody comes: by day and in poor light, with little and with more noise of the sensor."""
    alarms, seconds = [], hours * 3600.0
    for light, noise in ((1.0, 0.7), (1.0, 2.0), (0.25, 2.0)):
        view = View()
        for grey, mono_s in _encoded(seconds, light, noise):
            view.look(grey, mono_s)
            if view.trouble is not None:
                alarms.append(f"{view.trouble} at {mono_s:.0f} s (light {light:g}, noise {noise:g})")
                break
    result = f"{hours:g} h each by day with noise of 0.7 and of 2 grey levels and in a quarter of the light: "
    result += ", ".join(alarms) or "0 false alarms"
    goal = "0 false alarms in 1 h of noise"
    return Row("a quiet scene: frozen, dark, covered, moved", goal, result, not alarms and hours >= 1.0)


def _encoded(seconds: float, light: float, noise: float) -> Iterator[tuple[NDArray[np.uint8], float]]:
    """Small grey pictures of a shop, sent at 5 a second and at few bits, as the service makes them."""
    fps, (width, height) = 5, (480, 272)
    draw = np.random.default_rng(7)
    shop = np.full((height, width), 120.0, np.float32)
    for _ in range(150):
        x, y = int(draw.integers(0, width - 40)), int(draw.integers(0, height - 24))
        shop[y : y + 24, x : x + 40] = draw.integers(30, 220)
    sensor = draw.normal(0.0, noise, (8, height, width)).astype(np.float32)
    encoder, decoder = av.CodecContext.create("libx264", "w"), av.CodecContext.create("h264", "r")
    assert isinstance(encoder, av.VideoCodecContext)
    assert isinstance(decoder, av.VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.framerate, encoder.time_base, encoder.options = Fraction(fps), Fraction(1, fps), STREAM
    for number in range(round(seconds * fps)):
        grain = np.roll(sensor[draw.integers(8)], (draw.integers(height), draw.integers(width)), (0, 1))
        luma = np.clip(shop * light + 16 + grain, 0, 255).astype(np.uint8)
        frame = av.VideoFrame.from_ndarray(luma, format="gray").reformat(format="yuv420p")
        frame.pts, frame.time_base = number, Fraction(1, fps)
        for packet in encoder.encode(frame):
            for decoded in decoder.decode(av.Packet(bytes(packet))):
                luma = decoded.to_ndarray()[:height].astype(np.uint8, copy=False)  # the planes, one below the other
                yield small_luma(luma), number / fps


# A consumer that takes its time.

SERVER = f"""
import sys, threading, time
sys.path.insert(0, {str(ROOT)!r})
from tests.rtsp import RtspServer, barcode
with RtspServer(lambda _: barcode(int(time.monotonic() * 100) % 65536), fps=float(sys.argv[1])) as server:
    print(server.url, flush=True)
    threading.Event().wait()
"""


def behind(_: Path, *, seconds: float) -> Row:
    """Each picture tells when it was drawn; how old it is when a consumer of 4 a second gets it."""
    told, fine = [], True
    for fps in (15.0, 25.0):
        with subprocess.Popen([sys.executable, "-c", SERVER, str(fps)], stdout=subprocess.PIPE, text=True) as server:
            assert server.stdout
            ages_s = np.array(list(_ages_s(server.stdout.readline().strip(), seconds)))
            server.kill()
        decoded, drawn = np.percentile(ages_s * fps, 99, axis=0)
        fine &= bool(decoded <= OLDEST_PERIODS)
        told.append(f"{decoded:.1f} periods at {fps:g} pictures a second ({drawn:.1f} since the camera drew it)")
    result = f"{seconds:g} s each, 4 pictures a second looked at: p99 {', '.join(told)}"
    return Row("consumer slower than the camera", "frame age p99 at most 2 frame periods", result, fine)


def _ages_s(url: str, seconds: float) -> Iterator[tuple[float, float]]:
    """Seconds since a picture was decoded, and since it was drawn."""
    with Camera(url, max_fps=10.0) as camera:
        end_s = time.monotonic() + seconds
        for frame in camera.frames():
            now_s = time.monotonic()
            if now_s > end_s:
                return
            if frame is not None and now_s > end_s - seconds + 3.0:  # what had piled up while it was opened is gone
                yield now_s - frame.mono_s, (now_s * 100 - read_barcode(frame.image)) % 2**BITS / 100
                time.sleep(0.25)
