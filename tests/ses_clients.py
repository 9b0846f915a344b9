"""Three clients behind one call: boto3, the AWS command line, and the SDK for JavaScript."""

import json
import os
import subprocess

import boto3
from botocore import xform_name
from botocore.exceptions import ClientError
from installed import node_packages, python_packages
from ses_strict import settings_of

PROGRAM = """
const ses = require("@aws-sdk/client-sesv2");
const lines = require("readline").createInterface({ input: process.stdin });
const client = new ses.SESv2Client({ endpoint: process.env.ENDPOINT, maxAttempts: 1 });
async function main() {
  for await (const line of lines) {
    const { operation, input } = JSON.parse(line);
    let said;
    try {
      const { $metadata, ...output } = await client.send(new ses[operation + "Command"](input));
      said = { output };
    } catch (error) {
      said = { error: error.name, message: error.message };
    }
    console.log(JSON.stringify(said));
  }
}
main();
"""


class RefusedError(Exception):
    """The service refused; `code` is its word for why."""

    def __init__(self, code, message):
        super().__init__(f"{code}: {message}")
        self.code = code


class Boto:
    """boto3."""

    def __init__(self, sandbox, folder):
        self._client = boto3.client("sesv2", **settings_of(sandbox))

    def call(self, operation, **given):
        """Perform an operation; its output, or `RefusedError`."""
        try:
            found = getattr(self._client, xform_name(operation))(**given)
        except ClientError as error:
            raise RefusedError(error.response["Error"]["Code"], error.response["Error"]["Message"]) from error
        return {name: value for name, value in found.items() if name != "ResponseMetadata"}

    def close(self):
        """There is nothing to close."""


def environment(sandbox, folder):
    """The variables by which Amazon's own tools find the sandbox."""
    ses = sandbox.ready["ses"]
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "AWS_ACCESS_KEY_ID": ses["access_key_id"],
        "AWS_SECRET_ACCESS_KEY": ses["secret_access_key"],
        "AWS_DEFAULT_REGION": ses["region"],
        "AWS_REGION": ses["region"],
        "AWS_ENDPOINT_URL": sandbox.url,
        "AWS_MAX_ATTEMPTS": "1",
        "AWS_PAGER": "",
        "LANG": "C.UTF-8",
    }


class Cli:
    """The `aws` command, a process for each call."""

    def __init__(self, sandbox, folder, service="sesv2"):
        self._program = python_packages("aws-cli", "awscli") / "aws"
        self._environment = environment(sandbox, folder)
        self._service = service

    def call(self, operation, **given):
        """Perform an operation; its output, or `RefusedError`."""
        command = [self._program, self._service, xform_name(operation, "-"), "--output", "json"]
        done = subprocess.run(
            [*command, "--cli-input-json", json.dumps(given)],
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        if done.returncode:
            code, _, message = done.stderr.partition("(")[2].partition(")")
            raise RefusedError(code, message or done.stderr)
        return json.loads(done.stdout or "{}")

    def close(self):
        """There is nothing to close."""


class Node:
    """The SDK for JavaScript, in one process that reads calls from its input."""

    def __init__(self, sandbox, folder):
        modules = node_packages("aws-node", "@aws-sdk/client-sesv2")
        program = folder / "calls.cjs"
        program.write_text(PROGRAM, "utf-8")
        self._process = subprocess.Popen(
            ["node", program],
            env={**environment(sandbox, folder), "ENDPOINT": sandbox.url, "NODE_PATH": str(modules / "node_modules")},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def call(self, operation, **given):
        """Perform an operation; its output, or `RefusedError`."""
        self._process.stdin.write(json.dumps({"operation": operation, "input": given}) + "\n")
        self._process.stdin.flush()
        said = json.loads(self._process.stdout.readline())
        if "error" in said:
            raise RefusedError(said["error"], said["message"])
        return said["output"]

    def close(self):
        """End the process."""
        self._process.stdin.close()
        self._process.wait(120)
        self._process.stdout.close()
