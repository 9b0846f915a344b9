"""Signs requests as the service's clients do, without any of their code."""

import base64
import hashlib
import time
from email.utils import formatdate
from pathlib import Path

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

GENERIC = ["date", "(request-target)", "host"]
BODY = ["content-length", "content-type", "x-content-sha256"]


class Signer:
    """A user's key; `sign` returns the headers of a signed request."""

    def __init__(self, oci, key=None):
        self.key_id = f"{oci['tenancy']}/{oci['user']}/{oci['fingerprint']}"
        self._key = key or serialization.load_pem_private_key(Path(oci["key_file"]).read_bytes(), None)

    def sign(self, method, target, headers, body=b"", *, skew=0.0, node=False, covered=None):
        """`headers` in lower case, host among them; `skew` seconds are added to the date."""
        headers = dict(headers)
        date = "x-date" if node else "date"
        headers[date] = formatdate(time.time() + skew, usegmt=True)
        names = [date, "(request-target)", "host"]
        if method in ("POST", "PUT", "PATCH"):
            headers.setdefault("content-type", "application/json")
            headers["content-length"] = str(len(body))
            headers["x-content-sha256"] = base64.b64encode(hashlib.sha256(body).digest()).decode()
            names += ["Content-Type", "Content-Length", "x-content-sha256"] if node else BODY
        names = covered or names
        headers["authorization"] = self._authorization(method, target, headers, names, node=node)
        return headers

    def _authorization(self, method, target, headers, names, *, node):
        known = {**headers, "(request-target)": f"{method.lower()} {target}"}
        text = "\n".join(f"{name.lower()}: {known[name.lower()]}" for name in names)
        signature = base64.b64encode(self._key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())).decode()
        listed = " ".join(names)
        if node:
            return (
                f'Signature version="1",keyId="{self.key_id}",algorithm="rsa-sha256",'
                f'headers="{listed}",signature="{signature}"'
            )
        return (
            f'Signature algorithm="rsa-sha256",headers="{listed}",keyId="{self.key_id}",'
            f'signature="{signature}",version="1"'
        )


def another_key():
    """A key that nobody registered."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)
