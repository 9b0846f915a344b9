"""The window into a running sandbox: inspection API, live stream, guard of the HTTP side, and the web page's files."""

from __future__ import annotations

from sandbox.window.api import routes
from sandbox.window.controls import Controls
from sandbox.window.guard import guard

__all__ = ["Controls", "guard", "routes"]
