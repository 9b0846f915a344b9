"""Tells the user's own programs what happened: events by HTTP, bounces and complaints by SMTP."""

from sandbox.wire.callbacks.courier import PostCourier
from sandbox.wire.callbacks.driver import Callbacks, Outlet
from sandbox.wire.callbacks.loopback import TargetError
from sandbox.wire.callbacks.mail import MailOutlet
from sandbox.wire.callbacks.post import PostOutlet, payload, signature

__all__ = ["Callbacks", "MailOutlet", "Outlet", "PostCourier", "PostOutlet", "TargetError", "payload", "signature"]
