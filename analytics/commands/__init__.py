"""One module for each command of `traffic`."""
