"""A mail server that takes everything at once and keeps nothing, in a process of its own (RFC 5321).

It offers PIPELINING (RFC 2920), as Postfix, Exim and Exchange do; a client may use that or not.
"""

import asyncio
import sys
from typing import Final

OK: Final = b"250 ok\r\n"


async def _session(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"220 bench\r\n")
    while line := await reader.readline():
        verb = line[:4].upper()
        if verb == b"EHLO":
            writer.write(b"250-bench\r\n250 PIPELINING\r\n")
            continue
        if verb == b"DATA":
            writer.write(b"354 go on\r\n")
            await writer.drain()
            while await reader.readline() not in (b".\r\n", b""):
                continue
        if verb == b"QUIT":
            writer.write(b"221 bye\r\n")
            break
        writer.write(OK)
        await writer.drain()
    writer.close()


async def _serve(port: int) -> None:
    server = await asyncio.start_server(_session, "127.0.0.1", port)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1])))
