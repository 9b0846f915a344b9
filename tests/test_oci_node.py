"""The Node SDK manages domain, DKIM and sender, and submits, with every signature verified."""

import json
import os
import subprocess

import pytest
from oci_tools import node_modules

from sandbox.app import Sandbox
from sandbox.settings import Settings

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
PROGRAM = """
const common = require("oci-common");
const email = require("oci-email");
const mail = require("oci-emaildataplane");
const [url, config, compartment] = process.argv.slice(2);
const provider = new common.ConfigFileAuthenticationDetailsProvider(config, "DEFAULT");
const control = new email.EmailClient({ authenticationDetailsProvider: provider });
const data = new mail.EmailDPClient({ authenticationDetailsProvider: provider });
control.endpoint = url;
data.endpoint = url;
async function main() {
  const made = await control.createEmailDomain({
    createEmailDomainDetails: { name: "node.example", compartmentId: compartment },
  });
  const work = await control.getWorkRequest({ workRequestId: made.opcWorkRequestId });
  const domain = made.emailDomain.id;
  const dkim = await control.createDkim({ createDkimDetails: { emailDomainId: domain, name: "node" } });
  const shown = await control.getDkim({ dkimId: dkim.dkim.id });
  const sender = await control.createSender({
    createSenderDetails: { compartmentId: compartment, emailAddress: "no-reply@node.example" },
  });
  const senders = await control.listSenders({ compartmentId: compartment });
  const sent = await data.submitEmail({
    submitEmailDetails: {
      sender: { compartmentId: compartment, senderAddress: { email: "no-reply@node.example", name: "Nö" } },
      recipients: { to: [{ email: "ada@mail.example" }] },
      subject: "Grüße",
      bodyText: "Hallo",
    },
  });
  console.log(JSON.stringify({
    status: work.workRequest.status,
    percent: work.workRequest.percentComplete,
    etag: made.etag,
    state: shown.dkim.lifecycleState,
    cname: shown.dkim.cnameRecordValue,
    domain: sender.sender.emailDomainId === domain,
    total: senders.opcTotalItems,
    message: sent.emailSubmittedResponse.messageId,
  }));
}
main().catch((error) => { console.error(error); process.exit(1); });
"""


def test_the_node_sdk_manages_and_submits(tmp_path):
    folder = node_modules()
    program = tmp_path / "walk.cjs"
    program.write_text(PROGRAM, "utf-8")
    with Sandbox(Settings(data=":memory:", ports="auto")) as sandbox:
        ready = sandbox.ready["oci"]
        done = subprocess.run(
            ["node", str(program), sandbox.url, ready["config_file"], ready["compartment"]],
            env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "NODE_PATH": str(folder / "node_modules")},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        found = json.loads(done.stdout.splitlines()[-1])
        message = found.pop("message")
        assert found.pop("etag")
        assert found == {
            "status": "SUCCEEDED",
            "percent": 100,
            "state": "NEEDS_ATTENTION",
            "cname": "node.node.example.dkim.iad1.oracleemaildelivery.com",
            "domain": True,
            "total": 2,
        }
        assert message.endswith("@iad1.rp.oracleemaildelivery.com")
