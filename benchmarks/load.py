"""A load generator in a process of its own: prepared octets over sessions that are open already.

It has to be cheaper than what it measures, so it drives non-blocking sockets by itself: one system call and a few
microseconds of Python for each reply. The plan comes as JSON in the first argument, the figures leave as JSON.
"""

import base64
import json
import select
import socket
import ssl
import statistics
import sys
import time

CHUNK = 65_536


def reply(stream):
    """The last line of one reply while a session is being opened."""
    while True:
        line = stream.readline()
        if not line:
            raise ConnectionError("the server closed the connection")
        if line[3:4] == b" ":
            return line


def say(connection, octets, wanted):
    """Send a command, check the status of its reply."""
    connection.sendall(octets)
    with connection.makefile("rb", buffering=0) as stream:
        said = reply(stream)
    assert said.startswith(wanted), said


def secured(connection, plan):
    """The connection under TLS."""
    context = ssl.create_default_context(cafile=plan.get("cafile"))
    if not plan.get("cafile"):
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context.wrap_socket(connection, server_hostname="localhost")


def opened(plan):
    """A session that is ready for MAIL: behind TLS ("starttls", "implicit" or "") and AUTH PLAIN as the plan has them."""
    connection = socket.create_connection((plan["host"], plan["port"]))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    tls = plan.get("tls", "starttls")
    if tls == "implicit":
        connection = secured(connection, plan)
    say(connection, b"", b"220")
    say(connection, b"EHLO load.test\r\n", b"250")
    if tls == "starttls":
        say(connection, b"STARTTLS\r\n", b"220")
        connection = secured(connection, plan)
        say(connection, b"EHLO load.test\r\n", b"250")
    if plan.get("user"):
        secret = base64.b64encode(f"\0{plan['user']}\0{plan['password']}".encode())
        say(connection, b"AUTH PLAIN " + secret + b"\r\n", b"235")
    connection.settimeout(0)
    return connection


class Session:
    """Sends the same transaction again and again: the next line as soon as the reply to the last is there."""

    def __init__(self, connection, lines, messages, poll):
        self.connection = connection
        self.lines = lines
        self.left = messages
        self.at = 0
        self.unsent = b""
        self.took = []
        self.began = 0.0
        self._poll = poll
        self._waits_to_write = False

    def begin(self):
        self.began = time.perf_counter()
        self.at = 0
        self.write(self.lines[0])

    def write(self, octets):
        """Send what the socket takes; the rest follows when it takes more."""
        self.unsent = memoryview(octets)
        while self.unsent:
            try:
                self.unsent = self.unsent[self.connection.send(self.unsent) :]
            except (BlockingIOError, ssl.SSLWantWriteError):
                break
        if bool(self.unsent) is not self._waits_to_write:
            self._waits_to_write = bool(self.unsent)
            mask = select.EPOLLIN | (select.EPOLLOUT if self._waits_to_write else 0)
            self._poll.modify(self.connection.fileno(), mask)

    def turn(self):
        """Something can be read or written; True when the session has nothing left to do."""
        if self.unsent:
            self.write(self.unsent)
            return False
        try:
            said = self.connection.recv(CHUNK)
        except (BlockingIOError, ssl.SSLWantReadError):
            return False
        if said[:1] not in (b"2", b"3"):
            raise ConnectionError(f"unexpected reply: {said!r}")
        self.at += 1
        if self.at < len(self.lines):
            self.write(self.lines[self.at])
            return False
        self.took.append(time.perf_counter() - self.began)
        self.left -= 1
        if self.left:
            self.begin()
        return not self.left


def message(sender, size):
    """About `size` octets of an ordinary message."""
    head = f"From: {sender}\r\nSubject: load\r\n\r\n".encode()
    line = b"x" * 74 + b"\r\n"
    return head + line * max(1, (size - len(head)) // len(line))


def run(plan):
    """Every session sends its share; messages a second, and seconds from MAIL to the last reply."""
    lines = [
        f"MAIL FROM:<{plan['sender']}>\r\n".encode(), b"RCPT TO:<r@x.test>\r\n", b"DATA\r\n",
        message(plan["sender"], plan["size"]) + b".\r\n",
    ]  # fmt: skip
    poll = select.epoll()
    sessions = {}
    for _ in range(plan["sessions"]):
        connection = opened(plan)
        sessions[connection.fileno()] = Session(connection, lines, plan["messages"], poll)
        poll.register(connection.fileno(), select.EPOLLIN)
    started, busy = time.perf_counter(), len(sessions)
    for session in sessions.values():
        session.begin()
    while busy:
        for descriptor, _ in poll.poll():
            busy -= sessions[descriptor].turn()
    elapsed = time.perf_counter() - started
    took = sorted(one for session in sessions.values() for one in session.took)
    for session in sessions.values():
        session.connection.close()
    return {
        "rate": len(took) / elapsed,
        "p50": statistics.median(took),
        "p99": took[int(len(took) * 0.99)],
        "max": took[-1],
        "own_cpu": time.process_time() / len(took),
    }


if __name__ == "__main__":
    print(json.dumps(run(json.loads(sys.argv[1]))))
