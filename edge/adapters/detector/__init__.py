"""People in a picture, found by an ONNX network through onnxruntime, on whatever runs it."""

from edge.adapters.detector.detector import Canvas, OnnxDetector
from edge.adapters.detector.providers import Wanted

__all__ = ["Canvas", "OnnxDetector", "Wanted"]
