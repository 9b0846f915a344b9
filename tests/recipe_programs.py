"""How a user follows the recipes of `env --for`: where each text goes, and what is started then."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner
from installed import debian_packages, node_packages, python_packages

from sandbox.cli import commands

PROVIDERS = ("oci", "ses", "ibm")
PATIENCE = 240
"""Seconds that a program may take; a test fails when it hangs, not when the machine is slow."""
MESSAGE = "From: {sender}\nTo: ann@example.net\nSubject: First mail\n\nHello\n"
PYTHON_STACKS = ("aiosmtplib", "django", "flask", "flask-mail", "flask-mailman", "fastapi-mail", "oci")


def printed(sandbox, tool, provider):
    """What `env` prints for a tool and a provider."""
    arguments = ["env", "--provider", provider, "--for", tool]
    done = CliRunner(env={"EMAIL_SANDBOX_URL": sandbox.url}).invoke(commands, arguments)
    assert done.exit_code == 0, done.output
    return done.stdout


@dataclass(frozen=True, kw_only=True)
class Site:
    """Where a recipe is followed: a folder of its own, and who sends."""

    folder: Path
    sender: str
    ca_file: str

    def write(self, name, text, mode=0o600):
        """A file in the folder."""
        file = self.folder / name
        file.write_text(text, "utf-8")
        file.chmod(mode)
        return file

    def run(self, *command, text="", **environment):
        """(status, everything it said)."""
        done = subprocess.run(
            [str(word) for word in command],
            input=text,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=PATIENCE,
            check=False,
            cwd=self.folder,
            env={**_plain_environment(), "HOME": str(self.folder), **environment},
        )
        return done.returncode, done.stdout + done.stderr

    @property
    def message(self):
        """A message for programs that are given one."""
        return MESSAGE.format(sender=self.sender)


@dataclass(frozen=True, kw_only=True)
class Program:
    """A recipe's program: `follow(text, site)` gives (status, what it said)."""

    follow: Callable
    needs: tuple[str, ...] = ()
    implicit: tuple[tuple[str, str], ...] = ()
    """What the recipe says to write instead, for TLS from the first octet on; `PORT` is one port, `OTHER` the other."""
    checks: bool = True
    """Whether it looks at the server's certificate."""
    shows: bool = True
    """Whether it shows the service's reply to a refused message in full."""
    heavy: bool = False

    def skip_without(self):
        """Skip the test when a command or a file that the program needs is not there."""
        for name in self.needs:
            if not (Path(name).exists() if name.startswith("/") else shutil.which(name)):
                pytest.skip(f"{name} is not installed")


def _plain_environment():
    """This process's environment without what would make programs trust other authorities."""
    trusting = ("SSL_CERT_FILE", "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS", "PYTHONPATH", "CURL_CA_BUNDLE")
    return {name: value for name, value in os.environ.items() if name not in trusting}


def _trusted(text):
    """The file that the recipe says to set SSL_CERT_FILE to."""
    return re.search(r"SSL_CERT_FILE=(\S+)", text)[1].strip("'")


# programs of the command line


def shell(text, site):
    """Paste it into a shell."""
    return site.run("sh", "-c", text)


def msmtp(text, site):
    return site.run("msmtp", "-C", site.write(".msmtprc", text), "-t", text=site.message)


def mutt(text, site):
    site.write(".muttrc", text)
    return site.run("mutt", "-n", "-s", "First mail", "ann@example.net", text="Hello\n", MAILRC="/dev/null")


def openssl(text, site):
    """The second line first, then a conversation in the first."""
    *_, talk, secret = text.splitlines()
    status, argument = site.run("sh", "-c", secret)
    assert status == 0, argument
    lines = ["EHLO client.example", f"AUTH PLAIN {argument}", f"MAIL FROM:<{site.sender}>", "RCPT TO:<ann@example.net>"]
    lines += ["DATA", *site.message.splitlines(), ".", "QUIT"]
    status, said = site.run("sh", "-c", talk, text="\n".join(lines) + "\n")
    refused = re.search(r"^5\d\d (?!5\.5\.)", said, re.MULTILINE)
    return (1 if refused else status), said


# libraries: a recipe is a program, or the settings of one


def python(text, site):
    return site.run(sys.executable, "-c", text)


def _stack():
    return python_packages("stacks", *PYTHON_STACKS) / "python"


def python_stack(text, site):
    return site.run(_stack(), "-c", text)


def django(text, site):
    site.write("settings.py", text)
    script = "from django.core.mail import send_mail\nsend_mail('First mail', 'Hello', None, ['ann@example.net'])"
    trusted = _trusted(text)
    return site.run(_stack(), "-c", script, DJANGO_SETTINGS_MODULE="settings", PYTHONPATH=".", SSL_CERT_FILE=trusted)


def flask_mail(text, site):
    site.write("mail.cfg", text)
    script = """
from flask import Flask
app = Flask("shop", root_path=".")
app.config.from_pyfile("mail.cfg")
from flask_mail import Mail, Message
with app.app_context():
    Mail(app).send(Message("First mail", ["ann@example.net"], "Hello"))
"""
    return site.run(_stack(), "-c", script)


def nodemailer(text, site):
    modules = node_packages("nodemailer", "nodemailer") / "node_modules"
    return site.run("node", "-e", text, NODE_PATH=str(modules), NODE_OPTIONS="")


def go(text, site):
    file = site.write("main.go", text)
    cache = subprocess.run(["go", "env", "GOCACHE"], capture_output=True, text=True, check=True).stdout.strip()
    return site.run("go", "run", file, SSL_CERT_FILE=_trusted(text), GOCACHE=cache, GOFLAGS="-mod=mod")


def java(text, site):
    """With Debian's Jakarta Mail; the trust store as the recipe's second line says."""
    jars = debian_packages("jakarta-mail", "libjakarta-mail-java", "libjakarta-activation-java") / "usr/share/java"
    keytool = re.search(r"keytool .*", text)[0]
    options = re.search(r"start Java with (.*)", text)[1].split()
    status, said = site.run("sh", "-c", keytool)
    assert status == 0, said
    classes = ":".join(str(jar) for jar in jars.glob("*.jar"))
    return site.run("java", "-cp", classes, *options, site.write("FirstMail.java", text))


PHPMAILER = "/usr/share/php/libphp-phpmailer/autoload.php"
SYMFONY = "/usr/share/php/Symfony/Component/Mailer/autoload.php"


def php(library):
    """A script beside a `vendor/autoload.php` that loads the library from where Debian has it."""

    def follow(text, site):
        (site.folder / "vendor").mkdir(exist_ok=True)
        site.write("vendor/autoload.php", f"<?php require '{library}';\n")
        trusted = {"SSL_CERT_FILE": _trusted(text)} if "SSL_CERT_FILE=" in text else {}
        status, said = site.run("php", "-d", "display_errors=stderr", site.write("mail.php", text), **trusted)
        return (status or int("refused" in said or "failed" in said)), said

    return follow


def ruby(text, site):
    return site.run("ruby", site.write("mail.rb", text))


def rails(text, site):
    """The settings, and Action Mailer as Rails' own initializer sets it up."""
    settings = site.write("development.rb", text)
    around = f"""
require "action_mailer"
config = Struct.new(:action_mailer).new(ActionMailer::Base)
eval(File.read({str(settings)!r}), binding)
class First < ActionMailer::Base
  default from: {site.sender!r}
  def mail_one = mail(to: "ann@example.net", subject: "First mail", body: "Hello")
end
First.mail_one.deliver_now
"""
    return site.run("ruby", site.write("mail.rb", around))


def perl(text, site):
    return site.run("perl", "-MAuthen::SASL", "-MIO::Socket::SSL", site.write("mail.pl", text))


PORTS = (("PORT", "OTHER"),)
PROGRAMS = {
    "msmtp": Program(follow=msmtp, needs=("msmtp",), implicit=(*PORTS, ("tls_starttls on", "tls_starttls off"))),
    "mailx": Program(
        follow=shell,
        needs=("s-nail",),
        implicit=(*PORTS, ("smtp://", "smtps://"), (" -S smtp-use-starttls", "")),
    ),
    "swaks": Program(
        follow=shell, needs=("swaks",), implicit=(("--port PORT --tls ", "--port OTHER --tls-on-connect "),)
    ),
    "curl": Program(follow=shell, needs=("curl",), implicit=(*PORTS, ("smtp://", "smtps://")), shows=False),
    "openssl": Program(follow=openssl, needs=("openssl",), implicit=(*PORTS, (" -starttls smtp", ""))),
    "mutt": Program(follow=mutt, needs=("mutt", "msmtp"), implicit=(*PORTS, ("smtp://", "smtps://"))),
    "python": Program(
        follow=python,
        implicit=(
            ("smtplib.SMTP(", "smtplib.SMTP_SSL("),
            ("PORT)", "OTHER, context=context)"),
            ("    smtp.starttls(context=context)\n", ""),
        ),
    ),
    "aiosmtplib": Program(follow=python_stack, implicit=(*PORTS, ("start_tls=True", "use_tls=True"))),
    "django": Program(follow=django, implicit=(*PORTS, ("EMAIL_USE_TLS = ", "EMAIL_USE_SSL = "))),
    "flask-mail": Program(follow=flask_mail, implicit=(*PORTS, ("MAIL_USE_TLS = ", "MAIL_USE_SSL = ")), checks=False),
    "fastapi-mail": Program(
        follow=python_stack,
        implicit=(*PORTS, ("STARTTLS=True", "STARTTLS=False"), ("SSL_TLS=False", "SSL_TLS=True")),
    ),
    "nodemailer": Program(
        follow=nodemailer, implicit=(*PORTS, ("secure: false", "secure: true"), ("  requireTLS: true,\n", ""))
    ),
    "go": Program(follow=go, needs=("go",), heavy=True),
    "javamail": Program(
        follow=java,
        needs=("java", "keytool"),
        heavy=True,
        implicit=(
            *PORTS,
            ("mail.smtp.starttls.enable", "mail.smtp.ssl.enable"),
            ('        settings.put("mail.smtp.starttls.required", "true");\n', ""),
        ),
    ),
    "phpmailer": Program(
        follow=php(PHPMAILER),
        needs=("php", PHPMAILER),
        implicit=(*PORTS, ("ENCRYPTION_STARTTLS", "ENCRYPTION_SMTPS")),
    ),
    "symfony": Program(follow=php(SYMFONY), needs=("php", SYMFONY), implicit=(*PORTS, ("smtp://", "smtps://"))),
    "ruby": Program(
        follow=ruby,
        needs=("ruby", "/usr/share/doc/ruby-mail"),
        implicit=(*PORTS, ("enable_starttls: true", "tls: true")),
    ),
    "rails": Program(
        follow=rails,
        needs=("ruby", "/usr/share/doc/ruby-actionmailer"),
        implicit=(*PORTS, ("enable_starttls: true", "tls: true")),
    ),
    "perl": Program(
        follow=perl,
        needs=("perl", "/usr/share/doc/libemail-sender-perl", "/usr/share/doc/libauthen-sasl-perl"),
        implicit=(*PORTS, ("'starttls'", "'ssl'")),
    ),
}
"""Recipe → its program. Postfix, Sendmail and Exim, which are sites rather than programs, are in `recipe_relays`."""


def with_tls_at_once(program, text, port, other):
    """The recipe as its own remark says to change it, remarks left as they are."""
    for old, new in program.implicit:
        before, after = (part.replace("PORT", port).replace("OTHER", other) for part in (old, new))
        lines = text.splitlines(keepends=True)
        changed = "".join(
            line if "TLS from the first octet on" in line else line.replace(before, after) for line in lines
        )
        changed = changed.replace(before, after) if "\n" in before else changed
        assert changed != text, f"{before!r} is not in the recipe"
        text = changed
    return text
