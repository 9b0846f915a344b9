"""What `env --for` prints works when the real program follows it to the letter; `recipe_programs` says how each does."""

import re
from dataclasses import replace
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from dialogues import sessions, settings_of
from recipe_programs import PROGRAMS, with_tls_at_once
from recipe_site import ODD, PROVIDERS, Site, other_authority, printed
from smtp_wire import stored

from sandbox import recipes
from sandbox.app import Sandbox

ROOT = Path(__file__).parents[1]
STRANGER = "stranger@example.org"
NOT_RUN = frozenset({"dotnet", "laravel"})
"""Recipes whose programs the tests can't have."""
ELSEWHERE = frozenset({"postfix", "sendmail", "exim"})
"""Relays: `test_recipes_relays`."""

pytestmark = pytest.mark.slow


def cases(condition=lambda _: True):
    """The programs of the table as parameters; those that take long by themselves are left to `make test-all`."""
    return [
        pytest.param(name, marks=[pytest.mark.thorough] if program.heavy else [])
        for name, program in PROGRAMS.items()
        if condition(program)
    ]


@pytest.fixture(scope="module")
def running():
    users = f"smtp_users = [{{ username = 'odd', password = '''{ODD}''' }}]"
    with Sandbox(replace(settings_of(f"auth_failures = 1000\n{users}"), providers=list(PROVIDERS))) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running):
    """The module's own, without the conversations of other tests."""
    running.reset()
    return running


@pytest.fixture
def site(sandbox, tmp_path):
    return Site(folder=tmp_path, sender="noreply@example.com", ca_file=sandbox.ready["ca_file"])


@pytest.fixture
def follow(sandbox, site):
    """Follow a recipe; `change` edits what was printed."""

    def follow_it(tool, provider="oci", change=lambda text: text, sender=site.sender):
        program = PROGRAMS[tool]
        program.skip_without()
        if tool == "mutt" and provider == "oci":
            site.write(".msmtprc", change(printed(sandbox, "msmtp", provider)))
        own = Site(folder=site.folder, sender=sender, ca_file=site.ca_file)
        return program.follow(change(printed(sandbox, tool, provider)), own)

    return follow_it


def conversation(sandbox):
    """The last one: (port that it came in by, its refusals)."""
    last = sessions(sandbox, sandbox.runtime.services.accounts.ready_made)[-1]
    return last.extra["port"], last.refusals


def words_of(reply):
    """A reply without its codes, which some programs show apart."""
    return re.sub(r"^\d{3} (\d\.\d\.\d )?", "", reply)


def assert_arrived(sandbox):
    """The first mail is there, alone, with the recipe's sender and recipient."""
    ((record, octets),) = stored(sandbox)
    assert (record.envelope.mail_from, record.envelope.rcpt_to) == ("noreply@example.com", ("ann@example.net",))
    assert record.subject == "First mail"
    text = message_from_bytes(octets, policy=policy.default).get_body(["plain"])
    assert text.get_content().strip() == "Hello"


def test_every_recipe_of_smtp_is_run_or_said_not_to_be():
    found = set(recipes.names("acme"))
    assert found == set(PROGRAMS) | ELSEWHERE | NOT_RUN


def test_the_documentation_says_which_are_run():
    """Of what is run at all: always, where it is installed (`.ci/run` does not), or when there is time."""
    installed = set(re.findall(r"(\S+):\S+", (ROOT / ".ci" / "run").read_text("utf-8").partition("missing=")[0]))
    said = dict(
        re.findall(r"^\| `(\w[\w-]*)` \|.*\| (.+) \|$", (ROOT / "docs" / "smtp.md").read_text("utf-8"), re.MULTILINE)
    )

    assert {"msmtp", "swaks"} <= installed
    assert said == {
        **dict.fromkeys(NOT_RUN, "no"),
        **dict.fromkeys(ELSEWHERE, "yes"),
        **{
            name: "long" if program.heavy else "yes" if set(program.needs) <= installed else "if there"
            for name, program in PROGRAMS.items()
        },
    }


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("tool", cases())
def test_a_program_sends_as_its_recipe_says(sandbox, follow, tool, provider):
    status, said = follow(tool, provider)
    assert status == 0, said
    assert_arrived(sandbox)
    assert conversation(sandbox)[0] == recipes.SUBMISSION


@pytest.mark.parametrize(
    "provider",
    [provider if provider == "oci" else pytest.param(provider, marks=[pytest.mark.thorough]) for provider in PROVIDERS],
)
@pytest.mark.parametrize("tool", cases(lambda program: program.implicit))
def test_a_program_sends_with_tls_from_the_first_octet_on(sandbox, follow, tool, provider):
    """As the recipe's remark says to change it."""
    listeners = sandbox.ready[provider]["smtp"]
    port, other = (str(next(one["port"] for one in listeners if one["stands_for"] == number)) for number in (587, 465))
    by_msmtp = tool == "mutt" and provider == "oci"

    def change(text):
        if by_msmtp and text.startswith("# ~/.muttrc"):
            return text
        assert other in next(line for line in text.splitlines() if "TLS from the first octet on" in line)
        return with_tls_at_once(PROGRAMS["msmtp" if by_msmtp else tool], text, port, other)

    status, said = follow(tool, provider, change)
    assert status == 0, said
    assert_arrived(sandbox)
    assert conversation(sandbox)[0] == 465


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("tool", cases())
def test_a_program_tells_that_the_service_refused(sandbox, follow, tool, provider):
    """A sender that may not send: it fails, and shows what the service said where it shows that at all."""
    status, said = follow(tool, provider, lambda text: text.replace("noreply@example.com", STRANGER), STRANGER)
    _, refusals = conversation(sandbox)
    assert refusals, said
    assert status != 0, said
    if PROGRAMS[tool].shows:
        assert words_of(refusals[0]["text"]) in " ".join(said.split()), said
    assert stored(sandbox) == []


@pytest.mark.parametrize("tool", cases(lambda program: program.checks))
def test_a_program_trusts_no_other_server(sandbox, follow, tool, tmp_path):
    """With another authority, nothing is sent: no recipe works because checking is off."""
    other = str(other_authority(tmp_path))
    status, said = follow(tool, change=lambda text: text.replace(sandbox.ready["ca_file"], other))
    assert status != 0, said
    assert stored(sandbox) == []


@pytest.mark.parametrize("tool", cases())
def test_a_password_comes_through_as_it_is(sandbox, site, tool):
    program = PROGRAMS[tool]
    program.skip_without()
    values = {**recipes.values(sandbox.ready, "ses" if tool == "mutt" else "oci"), "username": "odd", "password": ODD}
    values |= {name: value for name, value in recipes.values(sandbox.ready, "oci").items() if "port" in name}
    status, said = program.follow(recipes.fill(recipes.template("ses", tool), values), site)
    assert status == 0, said
    assert_arrived(sandbox)
