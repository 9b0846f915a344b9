"""Puts one sandbox together: settings in, running listeners out."""

from sandbox.app.binding import ListenerError
from sandbox.app.parts import SettingError
from sandbox.app.runtime import Runtime
from sandbox.app.serve import run, serve
from sandbox.app.thread import Sandbox

__all__ = ["ListenerError", "Runtime", "Sandbox", "SettingError", "run", "serve"]
