"""The least a language server can do: asyncio reads frames, orjson parses them, requests get null."""

import asyncio
import sys

import orjson


async def main() -> None:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin.buffer)
    writer, _ = await loop.connect_write_pipe(asyncio.Protocol, sys.stdout.buffer)
    while True:
        try:
            header = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return
        body = await reader.readexactly(int(header[16:-4]))
        message = orjson.loads(body)
        if "id" in message:
            answer = orjson.dumps({"jsonrpc": "2.0", "id": message["id"], "result": None})
            writer.write(b"Content-Length: %d\r\n\r\n" % len(answer) + answer)


asyncio.run(main())
