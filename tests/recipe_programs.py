"""The programs that recipes of `env --for` are for: how a user follows each, and what its recipe promises."""

import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import recipe_libraries as libraries


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
        follow=libraries.python,
        implicit=(
            ("smtplib.SMTP(", "smtplib.SMTP_SSL("),
            ("PORT)", "OTHER, context=context)"),
            ("    smtp.starttls(context=context)\n", ""),
        ),
    ),
    "aiosmtplib": Program(follow=libraries.python_stack, implicit=(*PORTS, ("start_tls=True", "use_tls=True"))),
    "django": Program(follow=libraries.django, implicit=(*PORTS, ("EMAIL_USE_TLS = ", "EMAIL_USE_SSL = "))),
    "flask-mail": Program(
        follow=libraries.flask_mail, implicit=(*PORTS, ("MAIL_USE_TLS = ", "MAIL_USE_SSL = ")), checks=False
    ),
    "fastapi-mail": Program(
        follow=libraries.python_stack,
        implicit=(*PORTS, ("STARTTLS=True", "STARTTLS=False"), ("SSL_TLS=False", "SSL_TLS=True")),
    ),
    "nodemailer": Program(
        follow=libraries.nodemailer, implicit=(*PORTS, ("secure: false", "secure: true"), ("  requireTLS: true,\n", ""))
    ),
    "go": Program(follow=libraries.go, needs=("go",), heavy=True),
    "javamail": Program(
        follow=libraries.java,
        needs=("java", "keytool"),
        heavy=True,
        implicit=(
            *PORTS,
            ("mail.smtp.starttls.enable", "mail.smtp.ssl.enable"),
            ('        settings.put("mail.smtp.starttls.required", "true");\n', ""),
        ),
    ),
    "phpmailer": Program(
        follow=libraries.php(libraries.PHPMAILER),
        needs=("php", libraries.PHPMAILER),
        implicit=(*PORTS, ("ENCRYPTION_STARTTLS", "ENCRYPTION_SMTPS")),
    ),
    "spring-boot": Program(
        follow=libraries.spring_boot,
        needs=("javac",),
        heavy=True,
        implicit=(
            *PORTS,
            ("ssl.enabled=false", "ssl.enabled=true"),
            ("spring.mail.properties.mail.smtp.starttls.enable=true\n", ""),
            ("spring.mail.properties.mail.smtp.starttls.required=true\n", ""),
        ),
    ),
    "rust": Program(
        follow=libraries.rust,
        needs=("cargo",),
        heavy=True,
        implicit=(*PORTS, ("SmtpTransport::starttls_relay", "SmtpTransport::relay"), ("Required", "Wrapper")),
    ),
    "wordpress": Program(
        follow=libraries.wordpress,
        needs=("php", libraries.WORDPRESS),
        implicit=(*PORTS, ("= 'tls'", "= 'ssl'")),
    ),
    "symfony": Program(
        follow=libraries.php(libraries.SYMFONY),
        needs=("php", libraries.SYMFONY),
        implicit=(*PORTS, ("smtp://", "smtps://")),
    ),
    "ruby": Program(
        follow=libraries.ruby,
        needs=("ruby", "/usr/share/doc/ruby-mail"),
        implicit=(*PORTS, ("enable_starttls: true", "tls: true")),
    ),
    "rails": Program(
        follow=libraries.rails,
        needs=("ruby", "/usr/share/doc/ruby-actionmailer"),
        implicit=(*PORTS, ("enable_starttls: true", "tls: true")),
    ),
    "perl": Program(
        follow=libraries.perl,
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
