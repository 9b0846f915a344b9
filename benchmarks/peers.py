"""The programs that the sandbox is measured beside: installed once beside the checkout, started one at a time."""

import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
CACHE = HERE.parent / ".cache" / "peers"
NODE = {
    "name": "peers", "private": True,
    "dependencies": {"smtp-server": "^3", "maildev": "^2", "aws-ses-v2-local": "^2"},
}  # fmt: skip
BEFORE = "2026-01-01"
"""Node packages are taken as they were on this day: the same for everybody who measures."""
SMTP_SERVER = """
const { SMTPServer } = require('smtp-server'); const fs = require('fs');
const server = new SMTPServer({
  key: fs.readFileSync(process.argv[2]), cert: fs.readFileSync(process.argv[1]), hidePIPELINING: false,
  onAuth(auth, session, done) { done(null, { user: 'u' }); },
  onData(stream, session, done) { stream.on('data', () => {}); stream.on('end', () => done(null, 'Ok')); },
});
server.listen(0, '127.0.0.1', () => console.log(server.server.address().port));
"""
PATIENCE = 60


class MissingError(Exception):
    """A peer can't be had; the text says why."""


@dataclass(kw_only=True)
class Running:
    """A started peer."""

    process: subprocess.Popen
    port: int
    version: str
    tls: str
    """How its sessions are secured: "starttls", "implicit", or not at all."""
    auth: bool


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port, process):
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise MissingError("it did not start")


def node(package):
    """The folder of the node packages."""
    folder = CACHE / "node"
    if shutil.which("npm") is None:
        raise MissingError("npm is not installed")
    if not (folder / "node_modules" / package).exists():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "package.json").write_text(json.dumps(NODE), "utf-8")
        done = subprocess.run(
            ["npm", "install", "--no-audit", "--no-fund", "--before", BEFORE],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise MissingError(f"npm could not install it: {done.stderr.strip().splitlines()[-2:]}")
    manifest = json.loads((folder / "node_modules" / package / "package.json").read_text("utf-8"))
    return folder, manifest["version"]


def python(name, requirement):
    """The programs of a virtual environment with one package in it, and the package's version."""
    folder = CACHE / name
    if not (folder / "done").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        done = subprocess.run(
            [folder / "bin" / "pip", "install", "--quiet", requirement], capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise MissingError(f"pip could not install it: {done.stderr.strip().splitlines()[-1:]}")
        (folder / "done").touch()
    shown = subprocess.run([folder / "bin" / "pip", "show", name], capture_output=True, text=True, check=True).stdout
    return folder / "bin", next(line.split()[1] for line in shown.splitlines() if line.startswith("Version:"))


def uvloop():
    """The folder of packages with uvloop in it, beside which nothing of ours is."""
    programs, version = python("uvloop", "uvloop")
    VERSIONS["uvloop"] = version
    return next(programs.parent.glob("lib/python*/site-packages"))


def start_printing(command, **more):
    """A program that prints its port."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **more)
    line = process.stdout.readline().strip()
    if not line.isdigit():
        raise MissingError("it did not start")
    return process, int(line)


def bare(chain, key):
    """aiosmtpd as it is, with a handler that keeps nothing."""
    from importlib.metadata import version

    process, port = start_printing([sys.executable, HERE / "bare.py", chain, key])
    return Running(process=process, port=port, version=version("aiosmtpd"), tls="starttls", auth=True)


def smtp_server(chain, key):
    """nodemailer's smtp-server, with a handler that keeps nothing."""
    folder, version = node("smtp-server")
    process, port = start_printing(["node", "-e", SMTP_SERVER, chain, key], cwd=folder)
    return Running(process=process, port=port, version=version, tls="starttls", auth=True)


def maildev(chain, key):
    """MailDev, in memory; it has TLS from the first octet on only."""
    folder, version = node("maildev")
    port, web = free_port(), free_port()
    command = [
        folder / "node_modules" / ".bin" / "maildev", "--smtp", str(port), "--web", str(web), "--ip", "127.0.0.1",
        "--silent", "--incoming-secure", "--incoming-cert", chain, "--incoming-key", key,
        "--incoming-user", "u", "--incoming-pass", "p",
    ]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for(web, process)  # a client that leaves during the handshake would end it
    return Running(process=process, port=port, version=version, tls="implicit", auth=True)


def sendria(chain, key):
    """Sendria, with its SQLite file."""
    programs, version = python("sendria", "sendria")
    port, web = free_port(), free_port()
    command = [
        programs / "sendria", "--foreground", "--no-clear", "--smtp-ip", "127.0.0.1", "--smtp-port", str(port),
        "--http-ip", "127.0.0.1", "--http-port", str(web), "--db", CACHE / "sendria.db",
    ]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for(port, process)
    return Running(process=process, port=port, version=version, tls="", auth=False)


def smtp_sink(chain, key):
    """Postfix's smtp-sink: C, without TLS, keeps nothing."""
    program = shutil.which("smtp-sink", path="/usr/sbin:/usr/local/sbin:/usr/bin:/bin")
    if program is None:
        raise MissingError("postfix is not installed")
    port = free_port()
    as_somebody = ["-u", "nobody"] if os.geteuid() == 0 else []
    process = subprocess.Popen([program, *as_somebody, f"127.0.0.1:{port}", "256"], stdout=subprocess.DEVNULL)
    wait_for(port, process)
    version = subprocess.run(
        ["/usr/sbin/postconf", "-d", "-h", "mail_version"], capture_output=True, text=True, check=False
    ).stdout.strip()
    return Running(process=process, port=port, version=version or "?", tls="", auth=False)


def moto(chain, key):
    """moto's server; its SES is in memory."""
    programs, version = python("moto", "moto[server,ses]")
    port = free_port()
    process = subprocess.Popen(
        [programs / "moto_server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    wait_for(port, process)
    return Running(process=process, port=port, version=version, tls="", auth=False)


def ses_v2_local(chain, key):
    """aws-ses-v2-local, in memory."""
    folder, version = node("aws-ses-v2-local")
    port = free_port()
    process = subprocess.Popen(
        [folder / "node_modules" / ".bin" / "aws-ses-v2-local", "--host", "127.0.0.1", "--port", str(port)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    wait_for(port, process)
    return Running(process=process, port=port, version=version, tls="", auth=False)


SMTP = {
    "bare aiosmtpd": bare,
    "nodemailer smtp-server": smtp_server,
    "MailDev": maildev,
    "Sendria": sendria,
    "postfix smtp-sink": smtp_sink,
}
HTTPS = {"moto server": moto, "aws-ses-v2-local": ses_v2_local}
VERSIONS = {"Python": sys.version.split()[0], "OpenSSL": ssl.OPENSSL_VERSION}
