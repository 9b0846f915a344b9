"""How the requests of exchange fixtures are authenticated, a class for each provider."""

import http.client
import json
from urllib.parse import urlencode, urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from oci_signing import Signer, another_key


class OciCaller:
    """Signs with the ready-made key. `sign:` none, other-key, stale or partly."""

    always = ("opc-request-id",)
    """Headers that every answer has."""

    def __init__(self, sandbox):
        self.oci = sandbox.ready["oci"]
        self.signer = Signer(self.oci)
        self.names = {
            "compartment": self.oci["compartment"],
            "tenancy": self.oci["tenancy"],
            "user": self.oci["user"],
            "sender": self.oci["approved_sender"],
        }

    def signed(self, mode, method, target, headers, body):
        if mode == "none":
            return headers
        signer = Signer(self.oci, another_key()) if mode == "other-key" else self.signer
        skew = -600 if mode == "stale" else 0
        covered = ["date", "host"] if mode == "partly" else None
        return signer.sign(method, target, headers, body, skew=skew, covered=covered)


class IbmCaller:
    """Sends a token for the ready-made API key. `sign:` none, forged, other-account."""

    always = ("x-global-transaction-id",)

    def __init__(self, sandbox):
        self.sandbox = sandbox
        self.ready = sandbox.ready["ibm"]
        self.names = {
            "instance": self.ready["instance_id"],
            "config": self.ready["smtp_config_id"],
            "username": self.ready["smtp_username"],
            "apikey": self.ready["apikey"],
        }

    def signed(self, mode, method, target, headers, body):
        if body:
            headers = {"content-type": "application/json", **headers}
        if mode == "none" or target.startswith("/identity"):
            return headers
        token = self._token(self._another_key() if mode == "other-account" else self.ready["apikey"])
        return {**headers, "authorization": "Bearer " + (token[:-4] + "AAAA" if mode == "forged" else token)}

    def _token(self, apikey):
        connection = http.client.HTTPConnection(urlsplit(self.sandbox.url).netloc, timeout=30)
        form = urlencode({"grant_type": "urn:ibm:params:oauth:grant-type:apikey", "apikey": apikey})
        headers = {"content-type": "application/x-www-form-urlencoded"}
        connection.request("POST", "/identity/token", form, headers)
        token = json.loads(connection.getresponse().read())["access_token"]
        connection.close()
        return token

    def _another_key(self):
        runtime = self.sandbox.runtime
        account = self.sandbox.call(runtime.services.accounts.create())
        self.sandbox.call(runtime.provision(account))
        return self.sandbox.call(runtime.connection(account))["ibm"]["apikey"]


class SesCaller:
    """Signs with the ready-made access key, as Amazon's own SDK does. `sign:` none or other-key.

    A `name` in braces stays as it is: templates are written with them.
    """

    always = ("x-amzn-requestid",)

    def __init__(self, sandbox):
        self.ready = sandbox.ready["ses"]
        self.url = sandbox.url
        account = sandbox.runtime.services.accounts.ready_made.id
        (owner,) = sandbox.call(sandbox.runtime.services.store.resources.all(account, "ses", "account"))
        self.names = {"sender": self.ready["verified_identity"], "account": owner.key, "name": "{{name}}"}

    def signed(self, mode, method, target, headers, body):
        if body:
            kind = "application/x-www-form-urlencoded" if target == "/" else "application/json"
            headers = {"content-type": kind, **headers}
        if mode == "none":
            return headers
        secret = "other" if mode == "other-key" else self.ready["secret_access_key"]
        request = AWSRequest(method, self.url + target, headers, body)
        service = "sns" if b"Version=2010-03-31" in body else "ses"
        SigV4Auth(Credentials(self.ready["access_key_id"], secret), service, self.ready["region"]).add_auth(request)
        return dict(request.headers.items())


CALLERS = {"oci": OciCaller, "ibm": IbmCaller, "ses": SesCaller}
