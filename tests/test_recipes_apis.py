"""What `env --for` prints for the providers' own clients sends the first mail, followed to the letter."""

import os
import sys
from dataclasses import replace

import pytest
from dialogues import settings_of
from installed import node_packages, python_packages
from oci_tools import node_modules, oci_cli
from recipe_site import Site, printed
from smtp_wire import stored

from sandbox.app import Sandbox

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def running():
    with Sandbox(replace(settings_of(""), providers=["oci", "ses"])) as sandbox:
        yield sandbox


@pytest.fixture
def site(sandbox, tmp_path):
    return Site(folder=tmp_path, sender="noreply@example.com", ca_file=sandbox.ready["ca_file"])


def python(text, site):
    return site.run(sys.executable, "-c", text)


def node(modules):
    def follow(text, site):
        return site.run("node", "-e", text, NODE_PATH=str(modules() / "node_modules"), NODE_OPTIONS="")

    return follow


def shell(programs):
    def follow(text, site):
        return site.run("sh", "-c", text, PATH=f"{programs()}:{os.environ['PATH']}", LANG="C.UTF-8")

    return follow


SENDING = {
    "oci-python": ("oci", python),
    "oci-node": ("oci", node(node_modules)),
    "boto3": ("ses", python),
    "aws-sdk-js": ("ses", node(lambda: node_packages("aws-node", "@aws-sdk/client-sesv2"))),
    "aws-cli": ("ses", shell(lambda: python_packages("aws-cli", "awscli"))),
}


@pytest.mark.parametrize(
    "tool", [pytest.param(tool, marks=[pytest.mark.thorough] if tool == "aws-cli" else []) for tool in SENDING]
)
def test_a_client_sends_as_its_recipe_says(sandbox, site, tool):
    provider, follow = SENDING[tool]
    status, said = follow(printed(sandbox, tool, provider), site)
    assert status == 0, said
    ((record, _),) = stored(sandbox)
    assert (record.channel, record.subject, record.envelope.rcpt_to) == ("https", "First mail", ("ann@example.net",))


def test_the_oci_cli_lists_the_approved_sender(sandbox, site):
    status, said = shell(lambda: oci_cli().parent)(printed(sandbox, "oci-cli", "oci"), site)
    assert status == 0, said
    assert '"email-address": "noreply@example.com"' in said


def test_the_configuration_file_is_one(sandbox, site):
    """With the SDK, from where the recipe says that it may stand."""
    (site.folder / ".oci").mkdir()
    site.write(".oci/config", printed(sandbox, "oci-config", "oci"))
    read = "import oci\nconfig = oci.config.from_file()\noci.config.validate_config(config)\nprint(config['tenancy'])"
    status, said = site.run(sys.executable, "-c", read)
    assert (status, said.strip()) == (0, sandbox.ready["oci"]["tenancy"])
