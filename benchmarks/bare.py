"""The peer: aiosmtpd as it is, behind STARTTLS and AUTH, with a handler that keeps nothing."""

import asyncio
import logging
import ssl
import sys
import warnings

from aiosmtpd.smtp import SMTP, AuthResult


class Nothing:
    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        return "250 Ok"


async def main(chain, key):
    warnings.simplefilter("ignore")
    logging.getLogger("mail").setLevel(logging.ERROR)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    loop = asyncio.get_running_loop()

    def session():
        return SMTP(
            Nothing(), hostname="bare.test", tls_context=context, loop=loop,
            authenticator=lambda *_: AuthResult(success=True), auth_required=True,
        )  # fmt: skip

    server = await loop.create_server(session, "127.0.0.1", 0, backlog=256)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
