"""How a programmer follows the recipes of libraries: `(text, site)` → (status, what the program said)."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from installed import cargo_project, debian_packages, maven_packages, node_packages, python_packages
from recipe_site import trusted

PYTHON_STACKS = ("aiosmtplib", "django", "flask", "flask-mail", "flask-mailman", "fastapi-mail", "oci")


def python(text, site):
    return site.run(sys.executable, "-c", text)


def _stack():
    return python_packages("stacks", *PYTHON_STACKS) / "python"


def python_stack(text, site):
    return site.run(_stack(), "-c", text)


def django(text, site):
    site.write("settings.py", text)
    script = "from django.core.mail import send_mail\nsend_mail('First mail', 'Hello', None, ['ann@example.net'])"
    more = {"DJANGO_SETTINGS_MODULE": "settings", "PYTHONPATH": ".", "SSL_CERT_FILE": trusted(text)}
    return site.run(_stack(), "-c", script, **more)


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
    return site.run("go", "run", file, SSL_CERT_FILE=trusted(text), GOCACHE=cache, GOFLAGS="-mod=mod")


def java(text, site):
    """With Debian's Jakarta Mail; the trust store as the recipe's second line says."""
    jars = debian_packages("jakarta-mail", "libjakarta-mail-java", "libjakarta-activation-java") / "usr/share/java"
    keytool = re.search(r"keytool .*", text)[0]
    options = re.search(r"start Java with (.*)", text)[1].split()
    status, said = site.run("sh", "-c", keytool)
    assert status == 0, said
    classes = ":".join(str(jar) for jar in jars.glob("*.jar"))
    return site.run("java", "-cp", classes, *options, site.write("FirstMail.java", text))


SPRING = "org.springframework.boot:spring-boot-starter-mail:3.5.6"
SPRING_PROGRAM = """
import org.springframework.boot.CommandLineRunner;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.mail.SimpleMailMessage;
import org.springframework.mail.javamail.JavaMailSender;

@EnableAutoConfiguration
public class FirstMail {{
    public static void main(String[] arguments) {{
        SpringApplication.run(FirstMail.class, arguments);
    }}

    @Bean
    CommandLineRunner send(JavaMailSender sender) {{
        SimpleMailMessage message = new SimpleMailMessage();
        message.setFrom("{sender}");
        message.setTo("ann@example.net");
        message.setSubject("First mail");
        message.setText("Hello");
        return arguments -> sender.send(message);
    }}
}}
"""


def spring_boot(text, site):
    site.write("application.properties", text)
    source = site.write("FirstMail.java", SPRING_PROGRAM.format(sender=site.sender))
    classes = f"{maven_packages('spring-boot', SPRING)}/*:{site.folder}"
    status, said = site.run("javac", "-cp", classes, source)
    assert status == 0, said
    return site.run("java", "-cp", classes, "FirstMail")


def rust(text, site):
    """In a project of its own; what has been built is taken from another."""
    built = cargo_project("lettre", "lettre@0.11")
    for name in ("Cargo.toml", "Cargo.lock"):
        shutil.copy(built / name, site.folder)
    (site.folder / "src").mkdir(exist_ok=True)
    site.write("src/main.rs", text)
    cargo = {name: os.environ.get(name) or str(Path.home() / f".{name.split('_')[0].lower()}") for name in RUST_HOMES}
    return site.run("cargo", "run", "--quiet", "--offline", "--target-dir", built / "target", **cargo)


RUST_HOMES = ("CARGO_HOME", "RUSTUP_HOME")
WORDPRESS = "/usr/share/wordpress"
WORDPRESS_PROGRAM = """<?php
define('ABSPATH', '%s/');
define('WPINC', 'wp-includes');
define('WP_CONTENT_DIR', __DIR__);
define('WP_DEBUG', false);
$parts = ['plugin', 'class-wp-error', 'load', 'functions', 'formatting', 'option', 'cache', 'link-template',
    'general-template', 'http', 'l10n', 'pluggable'];
foreach ($parts as $part) {
    require_once ABSPATH . WPINC . "/$part.php";
}
wp_cache_init();
foreach (['home' => 'http://example.com', 'blog_charset' => 'UTF-8'] as $name => $value) {
    add_filter("pre_option_$name", fn () => $value);
}
require 'email-sandbox.php';
exit(wp_mail('ann@example.net', 'First mail', 'Hello') ? 0 : 1);
"""
"""What WordPress needs of itself to send mail, without a database."""


def wordpress(text, site):
    site.write("email-sandbox.php", text)
    return site.run("php", site.write("mail.php", WORDPRESS_PROGRAM % WORDPRESS))


PHPMAILER = "/usr/share/php/libphp-phpmailer/autoload.php"
SYMFONY = "/usr/share/php/Symfony/Component/Mailer/autoload.php"


def php(library):
    """A script beside a `vendor/autoload.php` that loads the library from where Debian has it."""

    def follow(text, site):
        (site.folder / "vendor").mkdir(exist_ok=True)
        site.write("vendor/autoload.php", f"<?php require '{library}';\n")
        more = {"SSL_CERT_FILE": trusted(text)} if "SSL_CERT_FILE=" in text else {}
        return site.run("php", "-d", "display_errors=stderr", site.write("mail.php", text), **more)

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
