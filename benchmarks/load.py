"""A load generator in a process of its own: prepared octets over sessions that are open already."""

import asyncio
import base64
import json
import ssl
import statistics
import sys
import time


async def reply(reader):
    """The last line of one reply."""
    while True:
        line = await reader.readline()
        if not line:
            raise ConnectionError("the server closed the connection")
        if line[3:4] == b" ":
            return line


async def session(host, port, cafile, user, password):
    """An open session behind STARTTLS and AUTH PLAIN."""
    reader, writer = await asyncio.open_connection(host, port)
    await reply(reader)
    for command in (b"EHLO load.test\r\n", b"STARTTLS\r\n"):
        writer.write(command)
        await reply(reader)
    context = ssl.create_default_context(cafile=cafile)
    await writer.start_tls(context, server_hostname="localhost")
    writer.write(b"EHLO load.test\r\n")
    await reply(reader)
    if user:
        secret = base64.b64encode(f"\0{user}\0{password}".encode())
        writer.write(b"AUTH PLAIN " + secret + b"\r\n")
        assert (await reply(reader)).startswith(b"235")
    return reader, writer


async def send(reader, writer, sender, body):
    """One transaction; the seconds from MAIL to the last reply."""
    started = time.perf_counter()
    for command in (f"MAIL FROM:<{sender}>\r\n".encode(), b"RCPT TO:<r@x.test>\r\n", b"DATA\r\n", body):
        writer.write(command)
        answer = await reply(reader)
        assert answer[:1] in b"23", answer
    return time.perf_counter() - started


async def run(plan):
    """Every session sends its share; rate and latencies."""
    head = f"From: {plan['sender']}\r\nSubject: load\r\n\r\n".encode()
    line = b"x" * 74 + b"\r\n"
    body = head + line * ((plan["size"] - len(head)) // len(line)) + b".\r\n"
    opened = [
        await session(plan["host"], plan["port"], plan["cafile"], plan.get("user"), plan.get("password"))
        for _ in range(plan["sessions"])
    ]

    async def share(reader, writer):
        return [await send(reader, writer, plan["sender"], body) for _ in range(plan["messages"])]

    started = time.perf_counter()
    latencies = sorted(one for part in await asyncio.gather(*(share(*pair) for pair in opened)) for one in part)
    elapsed = time.perf_counter() - started
    for _, writer in opened:
        writer.close()
    return {
        "rate": len(latencies) / elapsed,
        "p50": statistics.median(latencies),
        "p99": latencies[int(len(latencies) * 0.99)],
    }


if __name__ == "__main__":
    print(json.dumps(asyncio.run(run(json.loads(sys.argv[1])))))
