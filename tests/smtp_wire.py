"""A client that says exactly what it is told over a real socket, and sandboxes to say it to."""

import socket
import ssl
import time

from dialogues import PATIENCE, plain

from sandbox.core.faults import make_fault
from sandbox.core.store.messages import Clause


class Client:
    """One connection to a provider's endpoint."""

    def __init__(self, sandbox, stands_for=587, provider="oci", *, room=None):
        """`room` bounds what the client's system takes before the client reads it, in octets."""
        self.sandbox = sandbox
        own = sandbox.ready[provider]
        self.secret = plain(own["smtp_username"], own["smtp_password"])
        port = next(entry["port"] for entry in own["smtp"] if entry["stands_for"] == stands_for)
        self.socket = socket.socket()
        if room is not None:  # before connecting: a window that shrinks later confuses the systems on both sides
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(("127.0.0.1", port))
        if stands_for == 465:
            self.socket = self._context().wrap_socket(self.socket, server_hostname="localhost")
        self.stream = self.socket.makefile("rb")

    def _context(self):
        return ssl.create_default_context(cafile=self.sandbox.ready["ca_file"])

    def secure(self):
        self.stream.close()
        self.socket = self._context().wrap_socket(self.socket, server_hostname="localhost")
        self.stream = self.socket.makefile("rb")

    def send(self, octets):
        self.socket.sendall(octets)

    def reply(self):
        """The next reply, lines and all; empty at the end of the connection."""
        found = line = self.stream.readline()
        while line[3:4] == b"-":
            line = self.stream.readline()
            found += line
        return found

    def say(self, text):
        """Send a command line; returns the reply."""
        self.send(text.encode() + b"\r\n")
        return self.reply()

    def ehlo(self):
        """To the state after EHLO under TLS."""
        assert self.reply().startswith(b"220 ")
        self.say("EHLO client.example")
        assert self.say("STARTTLS").startswith(b"220 ")
        self.secure()
        assert self.say("EHLO client.example").startswith(b"250-")
        return self

    def login(self):
        """To the state after AUTH."""
        self.ehlo()
        assert self.say(f"AUTH PLAIN {self.secret}").startswith(b"235 ")
        return self

    def envelope(self, sender="noreply@example.com", recipient="reader@example.org"):
        """To the state before DATA."""
        assert self.say(f"MAIL FROM:<{sender}>").startswith(b"250 ")
        assert self.say(f"RCPT TO:<{recipient}>").startswith(b"250 ")
        return self

    def message(self, octets):
        """DATA and the message, dot-stuffed as it is; returns the reply to its end."""
        assert self.say("DATA").startswith(b"354 ")
        self.send(octets + b".\r\n")
        return self.reply()

    def drip(self, pause, seconds=PATIENCE):
        """Send an octet every `pause` seconds until the server says something or hangs up; returns what it said."""
        until, said = time.monotonic() + seconds, b""
        self.socket.settimeout(pause)
        while not said and time.monotonic() < until:
            self.send(b"x")
            try:
                said = self.socket.recv(100)
            except TimeoutError:
                continue
        return said

    def close(self):
        self.stream.close()
        self.socket.close()


def stored(sandbox):
    """(record, octets) of every message, oldest first."""
    messages = sandbox.runtime.services.store.messages
    page = sandbox.call(messages.page("default", Clause(), limit=1000))
    return [(record, sandbox.call(messages.raw("default", record.id))) for record in reversed(page.items)]


def force(sandbox, error_id, provider="oci", **wish):
    """Arm an error for the ready-made account; returns the fault."""
    services = sandbox.runtime.services
    account = services.accounts.ready_made
    fault = make_fault(account.ids.hex(8), services.providers[provider].catalog.get(error_id), wish)
    account.faults.add(fault)
    return fault


def forget(sandbox):
    """Disarm every error, and empty the store of messages."""
    services = sandbox.runtime.services
    services.accounts.ready_made.faults.clear()
    sandbox.call(services.store.messages.remove("default", Clause(), 0.0))
