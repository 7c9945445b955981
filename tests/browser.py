"""Debian's chromium, for tests that have to look at a page as people do."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser without a window and without a profile; nothing is downloaded to have it."""
    path = shutil.which("chromium")
    if path is None:
        pytest.fail("chromium is missing; install it with: sudo apt-get install chromium", pytrace=False)
    from playwright.sync_api import sync_playwright

    # Root has no sandbox in there, and containers have little shared memory.
    options = ["--disable-dev-shm-usage", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=options)
        try:
            yield browser
        finally:
            browser.close()
