"""One session of the Python SDK: lists the tools, waits for a line on standard input, calls a tool.

usage: python3 session.py URL | python3 session.py COMMAND ARGUMENT...
"""

import asyncio
import json
import os
import sys

from mcp import Client, StdioServerParameters

target, *arguments = sys.argv[1:]
if not target.startswith("http"):
    target = StdioServerParameters(command=target, args=arguments, env=dict(os.environ))


async def main():
    async with Client(target) as client:
        print("listed", ",".join(tool.name for tool in (await client.list_tools()).tools), flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        called = await client.call_tool("whoami", {})
        print("called", json.dumps([part.text for part in called.content]), flush=True)


asyncio.run(main())
