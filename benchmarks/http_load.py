"""A load generator for HTTP APIs in a process of its own: the same signed request over a few open connections."""

import json
import socket
import statistics
import sys
import threading
import time


def answer(stream):
    """Read one response; its status."""
    status = int(stream.readline().split()[1])
    length = 0
    while (line := stream.readline()) not in (b"\r\n", b""):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    stream.read(length)
    return status


def share(plan, octets, took):
    connection = socket.create_connection((plan["host"], plan["port"]))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    stream = connection.makefile("rb")
    for _ in range(plan["messages"]):
        began = time.perf_counter()
        connection.sendall(octets)
        status = answer(stream)
        assert status == 200, status
        took.append(time.perf_counter() - began)
    stream.close()
    connection.close()


def run(plan):
    """Requests a second, and seconds from request to response."""
    lines = [f"{plan['method']} {plan['target']} HTTP/1.1", *(f"{name}: {value}" for name, value in plan["headers"])]
    octets = "\r\n".join([*lines, "", ""]).encode() + plan["body"].encode()
    took = []
    threads = [threading.Thread(target=share, args=(plan, octets, took)) for _ in range(plan["sessions"])]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    elapsed = time.perf_counter() - started
    took.sort()
    return {
        "rate": len(took) / elapsed,
        "p50": statistics.median(took),
        "p99": took[int(len(took) * 0.99)],
        "max": took[-1],
    }


if __name__ == "__main__":
    print(json.dumps(run(json.loads(sys.argv[1]))))
