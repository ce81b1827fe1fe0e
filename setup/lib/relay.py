"""The small proxy in front of the demo: /websocket goes to Odoo's evented port, as
behind a real proxy, everything else to its workers.

https://www.odoo.com/documentation/19.0/administration/on_premise/deploy.html
"""

import asyncio
from contextlib import closing, suppress

FIRST_LINE = 65536  # bytes
PATIENCE = 10  # seconds for it
CHUNK = 65536  # bytes


def serve(port: int, workers: int, evented: int) -> None:
    """Relay 127.0.0.1:`port` to the two other ports until interrupted."""
    with suppress(asyncio.CancelledError):
        asyncio.run(_serve(port, workers, evented))


async def _serve(port: int, workers: int, evented: int) -> None:
    async def relay(reader, writer):
        # whoever hangs up in the middle needs no answer
        with closing(writer), suppress(OSError, EOFError, asyncio.LimitOverrunError):
            line = await asyncio.wait_for(reader.readuntil(b"\n"), PATIENCE)
            path = line.split(b" ")[1:2]
            target = evented if path and path[0].startswith(b"/websocket") else workers
            await _join(reader, writer, line, target)

    server = await asyncio.start_server(relay, "127.0.0.1", port, limit=FIRST_LINE)
    async with server:
        await server.serve_forever()


async def _join(reader, writer, line: bytes, port: int) -> None:
    """One connection: Odoo closes it after each answer, so it has one target."""
    there, to_there = await asyncio.open_connection("127.0.0.1", port)
    to_there.write(line)
    up = asyncio.create_task(_copy(reader, to_there))
    try:
        await _copy(there, writer)
    finally:
        up.cancel()
        to_there.close()


async def _copy(source, target) -> None:
    with suppress(OSError):
        while data := await source.read(CHUNK):
            target.write(data)
            await target.drain()
        target.write_eof()
