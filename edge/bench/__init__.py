"""How fast the service is on this box: `edge bench`."""
