"""Mail servers relay as `env --for` says: Postfix, Sendmail and Exim, through each provider."""

import re
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
import relay_postfix
import relay_sendmail
from dialogues import settings_of
from recipe_site import ODD, PROVIDERS, other_authority, printed
from relay_exim import NEEDED as EXIM_NEEDED
from relay_exim import Exim
from relay_sendmail import Sendmail
from smtp_wire import stored

from sandbox import recipes
from sandbox.app import Sandbox

pytestmark = pytest.mark.slow
REFUSAL = {
    "oci": "535 Authorization failed: address stranger@example.net not authorized",
    "ses": "554 Message rejected: Email address is not verified.",
    "ibm": "553 5.7.1 <stranger@example.net>: Sender address rejected",
}


SIGNS = "aZ9[]$&;:.<>(){{}}|?!+-~^,"
"""A password of the signs that OCI's have; Sendmail has no way to write a quotation mark or a backslash."""


@pytest.fixture(scope="module")
def running():
    users = (
        f"smtp_users = [{{ username = 'odd', password = '''{ODD}''' }}, {{ username = 'signs', password = '{SIGNS}' }}]"
    )
    with Sandbox(replace(settings_of(f"auth_failures = 1000\n{users}"), providers=list(PROVIDERS))) as sandbox:
        yield sandbox


@pytest.fixture
def folder():
    """A folder that other users may enter, as /etc is."""
    with tempfile.TemporaryDirectory(prefix="relay-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def files(text):
    """A recipe's two files: the settings, and the map of passwords below its heading."""
    settings, _, rest = text.rpartition("\n# /etc/")
    return settings, rest.partition("\n")[2]


def assert_arrived(sandbox):
    ((record, _),) = stored(sandbox)
    assert (record.envelope.mail_from, record.envelope.rcpt_to) == ("noreply@example.com", ("ann@example.org",))
    assert record.subject == "First mail"


@relay_postfix.NEEDED
@pytest.mark.parametrize("provider", PROVIDERS)
def test_postfix(sandbox, provider):
    with relay_postfix.running(*files(printed(sandbox, "postfix", provider))) as relay:
        assert "status=sent (250 " in relay.relayed("noreply@example.com", "ann@example.org")
        assert_arrived(sandbox)
        said = relay.relayed("stranger@example.net", "bob@example.org")
    assert "status=bounced" in said
    assert REFUSAL[provider] in said


@relay_postfix.NEEDED
def test_postfix_with_tls_from_the_first_octet_on(sandbox):
    settings, passwords = files(printed(sandbox, "postfix", "oci"))
    assert "smtp_tls_wrappermode = yes" in settings
    old, new = ports(sandbox)
    settings = settings.replace(f"]:{old}", f"]:{new}") + "smtp_tls_wrappermode = yes\n"
    with relay_postfix.running(settings, passwords.replace(f"]:{old}", f"]:{new}")) as relay:
        assert "status=sent (250 Ok)" in relay.relayed("noreply@example.com", "ann@example.org")


@relay_sendmail.NEEDED
@pytest.mark.parametrize("provider", PROVIDERS)
def test_sendmail(sandbox, folder, provider):
    """Its site takes no server that it can't verify."""
    settings, passwords = files(printed(sandbox, "sendmail", provider))
    site = Sendmail(folder)
    install(settings, folder, "/etc/mail")
    site.configure(settings)
    site.map("authinfo.db", passwords)
    status, said = site.send()
    assert status == 0, said
    assert_arrived(sandbox)
    status, said = site.send("stranger@example.net")
    assert status != 0, said
    assert REFUSAL[provider] in said


@EXIM_NEEDED
@pytest.mark.parametrize("provider", PROVIDERS)
def test_exim(sandbox, folder, provider):
    settings = printed(sandbox, "exim", provider)
    site = Exim(folder)
    install(settings, folder, "/etc/exim4")
    site.configure(settings)
    assert "CV=yes" in site.send()
    assert_arrived(sandbox)
    said = site.send("stranger@example.net")
    assert said.startswith("** ")
    assert REFUSAL[provider] in said


@relay_postfix.NEEDED
def test_postfix_trusts_no_other_server(sandbox, folder):
    settings, passwords = files(printed(sandbox, "postfix", "oci"))
    other = settings.replace(sandbox.ready["ca_file"], str(other_authority(folder)))
    with relay_postfix.running(other, passwords) as relay:
        assert "status=deferred (Server certificate not " in relay.relayed("noreply@example.com", "a@example.org")
    assert stored(sandbox) == []


@EXIM_NEEDED
def test_exim_trusts_no_other_server(sandbox, folder):
    settings = printed(sandbox, "exim", "oci")
    site = Exim(folder)
    install(settings.replace(sandbox.ready["ca_file"], str(other_authority(folder))), folder, "/etc/exim4")
    site.configure(settings)
    assert "=>" not in site.send()
    assert stored(sandbox) == []


@EXIM_NEEDED
def test_exim_with_tls_from_the_first_octet_on(sandbox, folder):
    settings = printed(sandbox, "exim", "oci")
    old, new = ports(sandbox)
    assert f"port {new}, and protocol = smtps" in settings
    install(settings, folder, "/etc/exim4")
    site = Exim(folder)
    site.configure(settings.replace(f"::{old}", f"::{new}").replace("hosts_require_tls = *", "protocol = smtps"))
    assert "CV=yes" in site.send()
    assert_arrived(sandbox)


@pytest.mark.parametrize(
    ("tool", "user", "password"),
    [
        pytest.param("postfix", "odd", ODD, marks=relay_postfix.NEEDED, id="postfix"),
        pytest.param("exim", "odd", ODD, marks=EXIM_NEEDED, id="exim"),
        pytest.param("sendmail", "signs", SIGNS, marks=relay_sendmail.NEEDED, id="sendmail"),
    ],
)
def test_a_password_comes_through_as_it_is(sandbox, folder, tool, user, password):
    values = {**recipes.values(sandbox.ready, "oci"), "username": user, "password": password}
    text = recipes.fill(recipes.template("oci", tool), values)
    if tool == "postfix":
        with relay_postfix.running(*files(text)) as relay:
            relay.relayed("noreply@example.com", "ann@example.org")
    elif tool == "exim":
        site = Exim(folder)
        install(text, folder, "/etc/exim4")
        site.configure(text)
        site.send()
    else:
        site = Sendmail(folder)
        install(text, folder, "/etc/mail")
        site.configure(files(text)[0])
        site.map("authinfo.db", files(text)[1])
        site.send()
    assert_arrived(sandbox)


def ports(sandbox):
    """OCI's ports for STARTTLS and for TLS from the first octet on."""
    listeners = sandbox.ready["oci"]["smtp"]
    return [str(next(one["port"] for one in listeners if one["stands_for"] == number)) for number in (587, 465)]


def install(text, folder, place):
    """Run the recipe's line that puts the authority's file where the relay may read it."""
    command = re.search(r"install -m 644 .*", text)[0]
    subprocess.run(["sh", "-c", command.replace(place, str(folder))], check=True, capture_output=True)
