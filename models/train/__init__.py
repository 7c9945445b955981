"""How the person detectors that ship were trained. Needs the extra `[train]`; nothing that runs imports it."""
