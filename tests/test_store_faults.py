"""What goes wrong beneath a running sandbox, or before its start: nothing acknowledged is lost, and it says what is wrong."""

import ctypes
import os
import resource
import shutil
import signal
import smtplib
import socket
import sqlite3
import ssl
import subprocess
import sys
import time
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest
from power_cut import can_trace
from test_durability import Sender, message, ready_of, whole_messages

NO_SPACE = b"452"
SERVE = [sys.executable, "-m", "sandbox", "serve", "--ports", "auto", "--limits", "unlimited"]


class Server:
    """A sandbox in a process of its own, and one open SMTP session with it."""

    def __init__(self, folder, before=(), **how):
        """`before` is a command that runs the one after it."""
        self.folder = folder
        self.data = folder / "data"
        command = [*before, *SERVE, "--data", str(self.data), "--ready-file", str(folder / "ready.json")]
        (folder / "ready.json").unlink(missing_ok=True)
        self.errors = (folder / "errors").open("w+")
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=self.errors, **how)
        self.ready = ready_of(self.process, folder / "ready.json")
        self.acknowledged = []

    def connect(self):
        oci = self.ready["oci"]
        port = next(one["port"] for one in oci["smtp"] if one["tls"] == "starttls")
        smtp = smtplib.SMTP("127.0.0.1", port, timeout=180)
        smtp.starttls(context=ssl.create_default_context(cafile=self.ready["ca_file"]))
        smtp.login(oci["smtp_username"], oci["smtp_password"])
        return smtp

    def send(self, smtp, number):
        """The status of the answer; an acknowledged message is remembered."""
        try:
            smtp.sendmail(self.ready["oci"]["approved_sender"], [f"r{number}@x.test"], message(number))
        except smtplib.SMTPDataError as error:
            return error.smtp_code
        self.acknowledged.append(number)
        return 250

    def check(self):
        """Everything acknowledged is stored, once and whole."""
        found = whole_messages(self.data / "store.db")
        assert set(self.acknowledged) <= set(found)
        assert max(found.values(), default=1) == 1

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(180)
        self.errors.seek(0)
        return status, self.errors.read()

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.errors.close()


@pytest.fixture
def server(tmp_path):
    with closing(Server(tmp_path)) as found:
        yield found


@contextmanager
def injected(process, what):
    """System calls of a running process fail, for as long as the context lasts."""
    tracer = subprocess.Popen(
        [
            "strace",
            "-f",
            "-q",
            "-o",
            "/dev/null",
            "-e",
            "trace=" + what.split(":")[0],
            "-e",
            f"inject={what}",
            "-p",
            str(process.pid),
        ],
        stderr=subprocess.PIPE,
    )
    while "TracerPid:\t0\n" in Path(f"/proc/{process.pid}/status").read_text():
        assert tracer.poll() is None, tracer.stderr.read()
        time.sleep(0.01)
    for thread in Path(f"/proc/{process.pid}/task").iterdir():
        with suppress(FileNotFoundError, ProcessLookupError):  # a thread that has ended meanwhile
            while "TracerPid:\t0\n" in (thread / "status").read_text():
                time.sleep(0.01)
    try:
        yield
    finally:
        tracer.send_signal(signal.SIGINT)
        tracer.communicate(timeout=120)


@pytest.mark.skipif(not can_trace(), reason="strace is not installed, or programs may not be traced here")
@pytest.mark.parametrize(
    "fault",
    ["fsync,fdatasync:error=EIO", "pwrite64:error=ENOSPC", "pwrite64:error=EIO", "fdatasync:error=ENOSPC"],
)
def test_a_disk_that_fails_is_told_and_overcome(server, fault):
    """No `250` while syncing or writing fails; the same session goes on as soon as the disk does."""
    with server.connect() as smtp:
        assert server.send(smtp, 1) == 250
        with injected(server.process, fault):
            assert [server.send(smtp, number) for number in (2, 3)] == [452, 452]
        assert recovers(server, smtp, 4)
    status, _ = server.stop()
    assert status == 0
    server.check()


def recovers(server, smtp, number):
    """Whether messages are taken again, at the first or one of the next attempts."""
    return any(server.send(smtp, number + attempt) == 250 for attempt in range(5))


def test_a_file_that_may_not_grow_is_told_and_overcome(server):
    """The limit on a file's size, from outside and while it runs."""
    with server.connect() as smtp:
        assert server.send(smtp, 1) == 250
        limit = max(file.stat().st_size for file in server.data.glob("store.db*"))
        before = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
        refused = [server.send(smtp, number) for number in range(2, 40)].count(452)
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, before)
        assert refused
        assert recovers(server, smtp, 100)
    server.stop()
    server.check()


ON_A_DISK_OF_ITS_OWN = ["unshare", "-rm", "sh", "-c", 'mount -t tmpfs -o size=12m tmpfs "$0" && exec "$@"']
"""Runs a command with a small disk at the folder that follows, in a namespace where that needs no rights."""


def can_have_a_disk(folder="/mnt"):
    """Whether a disk of its own can be given to a program here."""
    if shutil.which("unshare") is None:
        return False
    command = [*ON_A_DISK_OF_ITS_OWN, folder, "true"]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


@pytest.mark.skipif(not can_have_a_disk(), reason="a program can't be given a disk of its own here (unshare -rm)")
def test_a_disk_that_is_full_is_told_and_overcome(tmp_path):
    """Every message is refused while there is no room, nothing is torn, and the same session goes on afterwards."""
    (tmp_path / "data").mkdir()
    with closing(Server(tmp_path, before=[*ON_A_DISK_OF_ITS_OWN, str(tmp_path / "data")])) as server:
        outside = f"/proc/{server.process.pid}/root"
        server.data = Path(f"{outside}{server.data}")
        server.ready["ca_file"] = outside + server.ready["ca_file"]
        with server.connect() as smtp:
            assert server.send(smtp, 1) == 250
            ballast = server.data / "ballast"
            fill(ballast)
            answers = [server.send(smtp, number) for number in range(2, 300)]
            assert answers[-20:] == [452] * 20, "what is left of the file's last page and of the log is used up first"
            assert set(answers) == {250, 452} or set(answers) == {452}
            check_copy(server, tmp_path / "full")
            ballast.unlink()
            assert recovers(server, smtp, 1000)
            assert [server.send(smtp, number) for number in range(2000, 2020)] == [250] * 20
        check_copy(server, tmp_path / "recovered")
        assert server.stop()[0] == 0


def check_copy(server, folder):
    """Check the store as it is at a moment, from outside of the namespace in which its disk is."""
    folder.mkdir()
    server.process.send_signal(signal.SIGSTOP)
    for name in ("store.db", "store.db-wal"):
        shutil.copy(server.data / name, folder)
    server.process.send_signal(signal.SIGCONT)
    data, server.data = server.data, folder
    server.check()
    server.data = data


def fill(path):
    """Write into a file until the disk is full."""
    with path.open("wb", buffering=0) as file, pytest.raises(OSError, match="No space left"):
        while file.write(b"\0" * 65_536):
            continue


def test_a_store_that_another_program_holds(server):
    """Writers wait for a while and are then told; whoever reads is answered meanwhile; and it goes on by itself."""
    with server.connect() as smtp:
        assert server.send(smtp, 1) == 250
        with closing(sqlite3.connect(server.data / "store.db", isolation_level=None)) as holder:
            holder.execute("BEGIN IMMEDIATE")
            began = time.monotonic()
            assert server.send(smtp, 2) == 452
            assert time.monotonic() - began > 4
            holder.execute("ROLLBACK")
        assert recovers(server, smtp, 3)
    server.stop()
    server.check()


def test_a_short_hold_is_waited_for(server):
    with (
        server.connect() as smtp,
        closing(sqlite3.connect(server.data / "store.db", isolation_level=None, check_same_thread=False)) as holder,
    ):
        from threading import Timer

        holder.execute("BEGIN IMMEDIATE")
        timer = Timer(1.0, lambda: holder.execute("ROLLBACK"))
        timer.start()
        assert server.send(smtp, 1) == 250
        timer.join()
    server.stop()
    server.check()


def test_a_store_deleted_beneath_it(server):
    """Without the look at the file, everything from here on would be acknowledged and lost."""
    with server.connect() as smtp:
        assert server.send(smtp, 1) == 250
        moved = server.folder / "moved.db"
        (server.data / "store.db").rename(moved)
        assert server.send(smtp, 2) == 452
        shutil.copy(moved, server.data / "store.db")
        assert server.send(smtp, 3) == 452
        moved.rename(server.data / "store.db")
        assert recovers(server, smtp, 4)
    assert server.stop()[0] == 0
    server.check()


def test_descriptors_that_run_out(tmp_path):
    """Clients beyond the limit wait, quietly; the sandbox goes on as soon as others leave."""
    limited = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (80, 80))  # noqa: E731
    with closing(Server(tmp_path, preexec_fn=limited)) as server:
        with server.connect() as smtp:
            assert server.send(smtp, 1) == 250
        port = server.ready["oci"]["smtp"][0]["port"]
        crowd = [socket.create_connection(("127.0.0.1", port), timeout=180) for _ in range(120)]
        descriptors = Path(f"/proc/{server.process.pid}/fd")
        while len(list(descriptors.iterdir())) < 80:
            time.sleep(0.01)
        began = used(server.process)
        time.sleep(1.5)
        assert used(server.process) - began < 1.0
        for one in crowd:
            one.close()
        with server.connect() as smtp:
            assert recovers(server, smtp, 2)
        status, errors = server.stop()
        assert status == 0, errors
        assert errors.count("no file descriptors are left") == 1
        assert len(errors) < 20_000, errors
        server.check()


def used(process):
    """Processor seconds of a process so far."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_the_end_under_load(server, how):
    import threading

    enough = threading.Semaphore(0)
    senders = [Sender(server.ready, index * 1_000_000, enough) for index in range(4)]
    for sender in senders:
        sender.start()
    for _ in range(60):
        assert enough.acquire(timeout=180)
    os.kill(server.process.pid, signal.SIGSTOP)
    time.sleep(0.3)
    os.kill(server.process.pid, signal.SIGCONT)
    for _ in range(60):
        assert enough.acquire(timeout=180)
    server.process.send_signal(how)
    assert server.process.wait(180) == (0 if how == signal.SIGTERM else -how)
    for sender in senders:
        sender.join(180)
    server.acknowledged = [number for sender in senders for number in sender.acknowledged]
    assert len(server.acknowledged) >= 120
    server.check()


def refused(data, **how):
    """What a sandbox says that does not start on a folder."""
    answer = subprocess.run(
        [*SERVE, "--data", str(data)], capture_output=True, text=True, timeout=120, check=False, **how
    )
    assert (answer.returncode, answer.stdout) == (1, "")
    assert answer.stderr.startswith("email-sandbox: ")
    assert answer.stderr.count("\n") == 1
    return answer.stderr


def test_a_second_sandbox_on_the_same_store(server):
    said = refused(server.data)
    assert f"is in use by another sandbox (process {server.process.pid})" in said
    with server.connect() as smtp:
        assert server.send(smtp, 1) == 250
    server.process.kill()
    server.process.wait()
    with closing(Server(server.folder)) as again:  # the claim goes with the process
        again.acknowledged = [1]
        assert again.stop()[0] == 0
        again.check()


@pytest.fixture(scope="module")
def whole_store(tmp_path_factory):
    """A store that was closed cleanly, with some mail."""
    folder = tmp_path_factory.mktemp("whole")
    with closing(Server(folder)) as server:
        with server.connect() as smtp:
            for number in range(30):
                assert server.send(smtp, number) == 250
        assert server.stop()[0] == 0
    return server.data / "store.db"


def cut_in_half(octets):
    return octets[: len(octets) // 2]


def with_damaged_pages(octets):
    return octets[:8192] + b"\xa5" * 40_000 + octets[48_192:]


def of_a_newer_version(octets):
    return octets[:60] + (999_999).to_bytes(4, "big") + octets[64:]


def of_another_program(octets):
    return octets[:68] + (7).to_bytes(4, "big") + octets[72:]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda octets: b"garbage" * 5000, "is not a usable store"),
        (cut_in_half, "is not a usable store"),
        (with_damaged_pages, "is damaged"),
        (of_a_newer_version, "was written by a newer version (schema 999999"),
        (of_another_program, "is a SQLite file of another program"),
    ],
    ids=["garbage", "cut in half", "damaged pages", "newer version", "another program"],
)
def test_a_store_that_can_not_be_used_stays_as_it_is(tmp_path, whole_store, spoil, said):
    path = tmp_path / "store.db"
    path.write_bytes(spoil(whole_store.read_bytes()))
    before = path.read_bytes()
    assert said in refused(tmp_path)
    assert path.read_bytes() == before


def without_the_right_of_root():
    """Root too is held to the rights of files, in the process that is about to start."""
    ctypes.CDLL(None).prctl(24, 1, 0, 0, 0)  # PR_CAPBSET_DROP, CAP_DAC_OVERRIDE


@pytest.mark.skipif(sys.platform != "linux", reason="the rights of root are dropped as Linux does it")
def test_a_folder_that_can_not_be_written(tmp_path):
    data = tmp_path / "data"
    data.mkdir(mode=0o500)
    said = refused(data, preexec_fn=without_the_right_of_root)
    assert "can't be written (Permission denied)" in said


def test_a_ready_file_left_by_a_killed_sandbox_misleads_nobody(tmp_path):
    (tmp_path / "store.db").write_bytes(b"garbage" * 5000)
    ready = tmp_path / "ready.json"
    ready.write_text("{}")
    command = [*SERVE, "--data", str(tmp_path), "--ready-file", str(ready)]
    assert subprocess.run(command, capture_output=True, timeout=120, check=False).returncode == 1
    assert not ready.exists()
