"""Calls tools over standard input with the official Python client, and prints what it receives as JSON.

Standard input has the server, the mode and the calls: {"mode": "auto", "command": "node", "args": […], "env": {…},
"cwd": "…", "calls": [["check", {}]]}
"""

import json
import sys

import anyio
from mcp import Client
from mcp.client.stdio import StdioServerParameters

settings = json.load(sys.stdin)
server = StdioServerParameters(**{name: settings[name] for name in ("command", "args", "env", "cwd")})


async def main():
    async with Client(server, mode=settings["mode"]) as mcp:
        tools = [tool.name for tool in (await mcp.list_tools()).tools]
        results = []
        for name, args in settings["calls"]:
            result = await mcp.call_tool(name, args)
            results.append({"error": bool(result.is_error), "texts": [block.text for block in result.content]})
        print(json.dumps({"version": mcp.protocol_version, "tools": tools, "results": results}))


anyio.run(main)
