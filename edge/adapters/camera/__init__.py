"""Pictures from a camera or a file: RTSP and video files through PyAV, V4L2 devices and picture folders through OpenCV.

It owns everything about getting a picture in time, with an honest time stamp, and about cameras that fail. It must not
know what the pictures are for. PyAV and OpenCV are loaded when a camera is opened, not when this package is imported.
"""

from edge.adapters.camera.camera import Camera

__all__ = ["Camera"]
