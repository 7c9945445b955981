"""The pure core: what is counted, and how. No clock, file, socket, thread, log or picture in here."""
