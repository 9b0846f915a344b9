"""The sandbox (full policy, durable before it answers) beside its peers, interleaved in one run; writes the results page.

`python benchmarks/compare.py` installs what it needs beside the checkout, and takes about ten minutes.
"""

import argparse
import contextlib
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import peers
from serving import start

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "performance.md"
BEGIN, END = "<!-- results: benchmarks/compare.py -->", "<!-- end of results -->"
SHAPES = [(1, 1024, 200), (16, 1024, 60), (64, 1024, 20), (16, 102_400, 15), (4, 2_000_000, 5)]
"""Sessions, octets of each message, messages of each session."""
TARGETS = {(1, 1024): 0.5, (16, 1024): 1.5, (16, 102_400): 1.5}
IDLE_SECONDS = 30
"""How long others may take to finish before the next is measured nevertheless."""
HTTP_TARGET = 5
"""Times moto server."""
OURS, FAST = "sandbox", "sandbox with uvloop"


def load(plan, program="load.py"):
    done = subprocess.run(
        [sys.executable, HERE / program, json.dumps(plan)], capture_output=True, text=True, check=False, timeout=600
    )
    if done.returncode:
        raise peers.MissingError(
            f"it failed under load: {(done.stderr.strip().splitlines() or ['it was killed'])[-1][:160]}"
        )
    return json.loads(done.stdout)


def spent(pid):
    """Seconds of processor time that a process and its threads have taken."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def wait_until_idle(pids):
    """Let everybody finish what the last load left to do, such as delivery, which would slow down the next in turn."""
    deadline = time.monotonic() + IDLE_SECONDS
    before = None
    while before != (before := sum(map(spent, pids))) and time.monotonic() < deadline:
        time.sleep(0.25)


def forget_peak(pid):
    """Let the most memory that a process had be what it has now."""
    with contextlib.suppress(OSError):
        Path(f"/proc/{pid}/clear_refs").write_text("5")


def peak(pid):
    """Octets of memory that a process had at the most."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


def measured(plan, pid, program="load.py"):
    forget_peak(pid)
    before = spent(pid)
    found = load(plan, program)
    found["peak"] = peak(pid)
    found["cpu"] = (spent(pid) - before) / (plan["sessions"] * plan["messages"])
    return found


def rounds(runners, count):
    """{name: figures of each round}, one after the other within each round; a peer that fails is left out."""
    found, wrong = {name: [] for name in runners}, {}
    for _ in range(count):
        for name, (plan, pid, program) in runners.items():
            if name in wrong:
                continue
            try:
                wait_until_idle([pid for _, pid, _ in runners.values()])
                found[name].append(measured(plan, pid, program))
            except (peers.MissingError, subprocess.TimeoutExpired) as error:
                wrong[name] = str(error)
    return {name: figures for name, figures in found.items() if name not in wrong}, wrong


def middle(figures, key):
    return statistics.median(figure[key] for figure in figures)


def table(found, reference):
    """Lines of a table of results, with the ratio to one of the rows."""
    base = middle(found[reference], "rate") if reference in found else None
    yield f"| | messages/s | spread | ratio to {reference} | p50 ms | p99 ms | CPU µs a message | memory, peak MB |"
    yield "|---|--:|--:|--:|--:|--:|--:|--:|"
    for name, figures in found.items():
        rates = [figure["rate"] for figure in figures]
        ratio = f"{middle(figures, 'rate') / base:.2f}" if base else ""
        yield (
            f"| {name} | {middle(figures, 'rate'):,.0f} | {min(rates):,.0f} to {max(rates):,.0f} | {ratio} |"
            f" {middle(figures, 'p50') * 1000:.1f} | {middle(figures, 'p99') * 1000:.1f} |"
            f" {middle(figures, 'cpu') * 1_000_000:,.0f} | {middle(figures, 'peak') / 1e6:,.0f} |"
        )


def plans(sandboxes, started):
    """{name: (plan, pid)} for SMTP."""
    shared = {"host": "127.0.0.1"}
    for name, ready in sandboxes.items():
        oci = ready["oci"]
        yield name, {
            **shared, "cafile": ready["ca_file"], "port": oci["smtp"][0]["port"], "user": oci["smtp_username"],
            "password": oci["smtp_password"], "sender": oci["approved_sender"],
        }, ready["pid"]  # fmt: skip
    for name, peer in started.items():
        plan = {**shared, "port": peer.port, "sender": "a@b.test", "tls": peer.tls}
        if peer.auth:
            plan |= {"user": "u", "password": "p"}
        yield name, plan, peer.process.pid


def start_peers(table_of_peers, chain, key):
    started, missing = {}, {}
    for name, begin in table_of_peers.items():
        try:
            started[name] = begin(chain, key)
        except (peers.MissingError, OSError, subprocess.SubprocessError) as error:
            missing[name] = str(error)
        print(name, missing.get(name, "started"), file=sys.stderr)
    return started, missing


def smtp(sandboxes, count, missing):
    tls = Path(sandboxes[OURS]["ca_file"]).parent
    started, absent = start_peers(peers.SMTP, str(tls / "server.pem"), str(tls / "server.key"))
    missing |= absent
    try:
        for sessions, size, messages in SHAPES:
            runners = {
                name: ({**plan, "sessions": sessions, "size": size, "messages": messages}, pid, "load.py")
                for name, plan, pid in plans(sandboxes, started)
            }
            found, wrong = rounds(runners, count)
            missing |= {f"{name} with {sessions} sessions of {size:,} octets": why for name, why in wrong.items()}
            yield sessions, size, found
    finally:
        for peer in started.values():
            peer.process.kill()
            peer.process.wait()


def https(sandboxes, count, missing):
    """submitEmail with a verified signature beside SendEmail of the emulators of SES, over HTTP."""
    started, absent = start_peers(peers.HTTPS, "", "")
    missing |= absent
    shared = {"host": "127.0.0.1", "sessions": 4, "messages": 100, "method": "POST"}
    runners = {name: ({**shared, **signed(ready)}, ready["pid"], "http_load.py") for name, ready in sandboxes.items()}
    if "moto server" in started:
        peer = started["moto server"]
        verify = form("Action=VerifyEmailIdentity&EmailAddress=a%40b.test")
        load({**shared, **verify, "port": peer.port, "sessions": 1, "messages": 1}, "http_load.py")
        send = form(
            "Action=SendEmail&Source=a%40b.test&Destination.ToAddresses.member.1=r%40x.test&Message.Subject.Data=Hello"
            "&Message.Body.Text.Data=Hello"
        )
        # Its web server (Werkzeug's own) answers every request with "Connection: close".
        runners["moto server"] = (
            {**shared, **send, "port": peer.port, "fresh": True},
            peer.process.pid,
            "http_load.py",
        )
    if "aws-ses-v2-local" in started:
        peer = started["aws-ses-v2-local"]
        body = json.dumps({
            "FromEmailAddress": "a@b.test", "Destination": {"ToAddresses": ["r@x.test"]},
            "Content": {"Simple": {"Subject": {"Data": "Hello"}, "Body": {"Text": {"Data": "Hello"}}}},
        })  # fmt: skip
        headers = [("host", "localhost"), ("content-type", "application/json"), ("content-length", len(body)), AWS]
        plan = {**shared, "target": "/v2/email/outbound-emails", "headers": headers, "body": body, "port": peer.port}
        runners["aws-ses-v2-local"] = (plan, peer.process.pid, "http_load.py")
    try:
        found, wrong = rounds(runners, count)
        missing |= wrong
        return found
    finally:
        for peer in started.values():
            peer.process.kill()
            peer.process.wait()


AWS = (
    "authorization",
    "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20260101/us-east-1/ses/aws4_request, SignedHeaders=host, Signature=0",
)


def form(body):
    kind = "application/x-www-form-urlencoded"
    headers = [("host", "email.us-east-1.amazonaws.com"), ("content-type", kind), ("content-length", len(body)), AWS]
    return {"target": "/", "headers": headers, "body": body}


def signed(ready):
    """A submission as an SDK sends it, signed with the ready-made key."""
    sys.path.insert(0, str(HERE.parent / "tests"))
    from oci_signing import Signer

    oci, host = ready["oci"], ready["http"].removeprefix("http://")
    body = json.dumps({
        "sender": {"compartmentId": oci["compartment"], "senderAddress": {"email": oci["approved_sender"]}},
        "recipients": {"to": [{"email": "r@x.test"}]}, "subject": "Hello", "bodyText": "Hello",
    })  # fmt: skip
    target = "/20220926/actions/submitEmail"
    headers = Signer(oci).sign("POST", target, {"host": host}, body.encode())
    return {"port": int(host.rpartition(":")[2]), "target": target, "headers": list(headers.items()), "body": body}


def page(results, web, missing, count):
    """The part of the results page that this program writes."""
    kinds = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if "model name" in line
    ]
    load_average = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    yield f"Measured on {datetime.now(UTC):%Y-%m-%d} on {os.cpu_count()} processors, {kinds[0] if kinds else platform.machine()}, {platform.system()} {platform.release()}, "
    yield f"{', '.join(f'{name} {version}' for name, version in peers.VERSIONS.items())}; medians of {count} interleaved rounds; load average at the end: {load_average}."
    yield ""
    for sessions, size, found in results:
        yield f"### {sessions} session{'s' if sessions > 1 else ''}, {size:,} octets"
        yield ""
        yield from table(found, "bare aiosmtpd")
        target = TARGETS.get((sessions, size))
        if target and "bare aiosmtpd" in found:
            ratio = middle(found[OURS], "rate") / middle(found["bare aiosmtpd"], "rate")
            yield ""
            yield f"Target {target} times bare aiosmtpd: {'met' if ratio >= target else 'missed'} ({ratio:.2f})."
        if sessions == 64:
            tail = middle(found[OURS], "p99") / middle(found[OURS], "p50")
            yield ""
            yield f"Target p99 under 4 times the median: {'met' if tail < 4 else 'missed'} ({tail:.1f})."
        yield ""
    yield "### HTTP: submitEmail with its signature verified, 4 connections"
    yield ""
    yield from table(web, "moto server")
    if "moto server" in web:
        ratio = middle(web[OURS], "rate") / middle(web["moto server"], "rate")
        yield ""
        yield f"Target {HTTP_TARGET} times moto server: {'met' if ratio >= HTTP_TARGET else 'missed'} ({ratio:.2f})."
    yield ""
    if missing:
        yield "Not measured: " + "; ".join(f"{name} ({why})" for name, why in missing.items()) + "."


def write(lines):
    before, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n{chr(10).join(lines).rstrip()}\n{END}{after}", "utf-8")


def running(stack, data, path=None):
    """The ready file's content of a sandbox that ends with `stack`; `path` has more packages for it."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=data)))
    process, ready, _ = start(folder, "--limits", "unlimited", path=path)
    stack.callback(process.wait)
    stack.callback(process.terminate)
    return ready


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--data", default=None, help="where the sandbox's store is made: another disk")
    parser.add_argument("--print", action="store_true", help="print the results and leave the page alone")
    arguments = parser.parse_args()
    missing = {}
    with contextlib.ExitStack() as stack:
        sandboxes = {OURS: running(stack, arguments.data)}
        try:
            sandboxes[FAST] = running(stack, arguments.data, path=peers.uvloop())
        except peers.MissingError as error:
            missing[FAST] = str(error)
        results = list(smtp(sandboxes, arguments.rounds, missing))
        web = https(sandboxes, arguments.rounds, missing)
    lines = list(page(results, web, missing, arguments.rounds))
    print("\n".join(lines))
    if not arguments.print:
        write(lines)


if __name__ == "__main__":
    main()
