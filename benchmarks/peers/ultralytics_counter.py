"""One run of ultralytics' ObjectCounter, in the Python that has it: `python -m ... SPEC.json BEGAN_S`.

Its defaults stay what they are, but for what a server has no use for: no window, no line of text per picture. It
follows the middle of a box, not the feet, which may pass beside the end of a line drawn for feet: its line is longer.
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from benchmarks.peers.stopwatch import Stopwatch


def main() -> None:
    """Counts one clip."""
    spec: dict[str, Any] = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    watch = Stopwatch(float(sys.argv[2]), Path(spec["report"]))
    cv2: Any = importlib.import_module("cv2")
    torch: Any = importlib.import_module("torch")
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    nms = _torchvision()
    ultralytics: Any = importlib.import_module("ultralytics")
    ultralytics.utils.LOGGER.setLevel("ERROR")
    solutions: Any = importlib.import_module("ultralytics.solutions")
    video = cv2.VideoCapture(spec["clip"])
    width, height = video.get(cv2.CAP_PROP_FRAME_WIDTH), video.get(cv2.CAP_PROP_FRAME_HEIGHT)
    corners = [(round(x * width), round(y * height)) for x, y in spec["longer_line"]]
    options = {"tracker": spec["tracker"]} if spec["tracker"] else {}
    counter = solutions.ObjectCounter(
        model=spec["model"], region=corners, imgsz=spec["size"], classes=[0], show=False, verbose=False, **options
    )
    pictures = taken = 0
    while video.grab() and pictures / spec["fps"] < spec["seconds"]:
        if pictures % spec["stride"] == 0:
            counter(video.retrieve()[1])
            watch.counted()
            taken += 1
        pictures += 1
    right_or_down = spec["positive_is_in"]
    forward, back = counter.in_count, counter.out_count  # "in" is to the right, or down
    counts = {"in": forward if right_or_down else back, "out": back if right_or_down else forward}
    watch.finish(pictures=taken, counts=counts, version=f"ultralytics {ultralytics.__version__}", nms=nms)


def _torchvision() -> str:
    """Who suppresses doubles: torchvision; where there is none for this processor, ultralytics' own code for torch."""
    try:
        importlib.import_module("torchvision")
    except (ImportError, RuntimeError):
        for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
            del sys.modules[name]
        stand_in, operations = ModuleType("torchvision"), ModuleType("torchvision.ops")
        operations.nms = importlib.import_module("ultralytics.utils.nms").TorchNMS.nms  # type: ignore[attr-defined]
        stand_in.ops = operations  # type: ignore[attr-defined]
        sys.modules |= {"torchvision": stand_in, "torchvision.ops": operations}
        return "ultralytics' TorchNMS"
    return "torchvision"


if __name__ == "__main__":
    main()
