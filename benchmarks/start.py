"""How long a start takes: `--help`, the pytest plugin, a sandbox in process, the first fixture, each test, `serve`.

Medians of the processor's time and of the clock's, in milliseconds. What is compared runs in turns, so that whatever
else the machine does slows down all; a busy machine stretches the clock's figures more than the processor's.
"""

import os
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from serving import start

import sandbox

ROUNDS = 7
EACH = 200
TIMED = """
import time
used, began = time.process_time(), time.perf_counter()
{}
print("TOOK", 1000 * (time.process_time() - used), 1000 * (time.perf_counter() - began))
"""
"""What says itself how long a part of it took: the processor's milliseconds, the clock's."""
PARTS = {
    "the pytest plugin, imported by pytest": ["-c", "import pytest" + TIMED.format("import sandbox.pytest_plugin")],
    "a sandbox in process, ready": [
        "-c",
        TIMED.format("import sandbox\nbox = sandbox.Sandbox().start()") + "box.stop()",
    ],
}
PROGRAMS = {"python alone": ["-c", "pass"], "email-sandbox --help": ["-m", "sandbox", "--help"]}
FIRST = "def test_it(request):" + TIMED.replace("\n", "\n    ").format("request.getfixturevalue('email_sandbox')")
USED = """
def test_it(email_sandbox):
    import smtplib
    TIMED
""".replace(
    "    TIMED",
    TIMED.replace("\n", "\n    ").format(
        "sender = email_sandbox.oci.sender\n"
        "    with email_sandbox.oci.smtp.connect() as smtp:\n"
        "        smtp.sendmail(sender, ['ann@example.net'], f'From: {sender}\\r\\nSubject: Hi\\r\\n\\r\\nhello')\n"
        "    email_sandbox.wait_for(subject='Hi')"
    ),
)


def spent(command, folder=None):
    """Milliseconds of a program from its start to its end: the processor's, the clock's."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([sys.executable, *command], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    took, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1000 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime), 1000 * took


def told(command, folder=None):
    """What a program says that a part of it took."""
    ran = subprocess.run([sys.executable, *command], cwd=folder, check=True, capture_output=True, text=True)
    processor, clock = ran.stdout.partition("TOOK ")[2].split()[:2]
    return float(processor), float(clock)


def in_turns(commands, measure, folder=None):
    """The median of each program, over rounds in which every program runs once."""
    found = {name: [] for name in commands}
    for _ in range(ROUNDS):
        for name, command in commands.items():
            found[name].append(measure(command, folder))
    for name, values in found.items():
        line(name, *map(statistics.median, zip(*values, strict=True)))


def line(name, processor, clock):
    print(f"{name:58} {processor:8.1f} {clock:8.1f}", flush=True)


def fixtures(folder):
    commands = {}
    for name, text in (("first", FIRST), ("used", USED)):
        (folder / f"test_{name}.py").write_text(text)
        commands[name] = ["-m", "pytest", "-q", "-s", "-p", "no:cacheprovider", f"test_{name}.py"]
    in_turns({"the first fixture": commands["first"]}, told, folder)
    in_turns({"the first mail, sent and waited for": commands["used"]}, told, folder)


def starting_over():
    """What the set-up of a test is: one sandbox starts over, hundreds of times."""
    found = []
    with sandbox.Sandbox() as box:
        for _ in range(EACH):
            used, began = time.process_time(), time.perf_counter()
            box.reset()
            found.append((1000 * (time.process_time() - used), 1000 * (time.perf_counter() - began)))
    line("each further test: the sandbox starts over", *map(statistics.median, zip(*found, strict=True)))


def processor_of(process):
    """Milliseconds of the processor that a process has used so far; 0 where the system does not tell."""
    try:
        fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return 1000 * (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def served(folder):
    found = []
    for _ in range(ROUNDS):
        process, _, took = start(folder)
        found.append((processor_of(process), 1000 * took))
        process.send_signal(signal.SIGTERM)
        process.wait()
    line("serve to the ready file, first start in a folder", *found[0])
    line("serve to the ready file, later", *map(statistics.median, zip(*found[1:], strict=True)))


def main():
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    print(f"{'':58} {'processor':>9} {'clock':>7}")
    in_turns(PROGRAMS, spent)
    in_turns(PARTS, told)
    with tempfile.TemporaryDirectory() as name:
        fixtures(Path(name))
        starting_over()
        served(Path(name))
    print("load average:", *os.getloadavg())


if __name__ == "__main__":
    main()
