"""A scripted shop to try the service on, without a camera, a model or a picture of anybody."""
