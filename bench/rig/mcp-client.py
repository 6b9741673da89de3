"""Calls a tool with the official Python client, many times at once. Standard input has the settings as JSON."""

import json
import sys

import anyio
import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

settings = json.load(sys.stdin)
left = settings["requests"]


async def work(client):
    global left
    while left > 0:
        left -= 1
        result = await client.call_tool(settings["name"], settings["arguments"])
        if result.is_error:
            raise RuntimeError("a tool call has failed")


async def main():
    http = httpx2.AsyncClient(timeout=60)
    async with Client(streamable_http_client(settings["url"], http_client=http), mode="auto") as client:
        async with anyio.create_task_group() as group:
            for _ in range(settings["atOnce"]):
                group.start_soon(work, client)


anyio.run(main)
