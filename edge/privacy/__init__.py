"""What a run of the service really wrote and whom it really spoke to, as the kernel saw it."""
