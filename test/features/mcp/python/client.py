"""Calls the tools of a server with the official Python client, and prints what it receives as JSON.

Standard input has the server and the mode:
{"mode": "auto", "url": "http://…/mcp", "token": "…"} or {"mode": "auto", "command": "node", "args": […], "env": {…}, "cwd": "…"}
"""

import json
import sys

import anyio
import httpx2
from mcp import Client, MCPError
from mcp.client.stdio import StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp_types import ElicitResult

settings = json.load(sys.stdin)
http = httpx2.AsyncClient(headers={"authorization": f"Bearer {settings.get('token')}"}, timeout=60)


def client(answer=None):
    """Returns a client whose user answers forms so; None: the client lacks the capability."""
    forms = []

    async def elicitation(_context, params):
        forms.append(params.message)
        return answer

    callback = {} if answer is None else {"elicitation_callback": elicitation}
    server = (
        streamable_http_client(settings["url"], http_client=http)
        if "url" in settings
        else StdioServerParameters(**{name: settings[name] for name in ("command", "args", "env", "cwd")})
    )
    return Client(server, mode=settings["mode"], **callback), forms


def shown(result):
    texts = [block.text for block in result.content]
    return {"error": bool(result.is_error), "texts": texts, "json": result.structured_content}


async def error_of(call):
    try:
        await call
        return None
    except MCPError as error:
        return {"code": error.error.code, "message": error.error.message, "data": error.error.data}


async def reads(facts):
    connected, _ = client()
    async with connected as mcp:
        facts["version"] = mcp.protocol_version
        facts["server"] = mcp.server_info and mcp.server_info.name
        facts["tools"] = [tool.name for tool in (await mcp.list_tools()).tools]
        facts["item"] = shown(await mcp.call_tool("get_item", {"id": "7"}))
        facts["shaped"] = shown(await mcp.call_tool("get_item", {"id": "shaped"}))
        facts["degraded"] = shown(await mcp.call_tool("get_item", {"id": "degraded"}))
        facts["missing"] = shown(await mcp.call_tool("get_item", {"id": "missing"}))
        facts["wrong"] = shown(await mcp.call_tool("get_item", {"id": 7}))
        facts["unknown"] = await error_of(mcp.call_tool("nothing", {}))
        facts["shop"] = shown(await mcp.call_tool("get_shop"))
        facts["cancelled_order"] = shown(await mcp.call_tool("cancel_order", {"id": "5"}))


async def streams(facts):
    connected, _ = client()
    async with connected as mcp:
        for item in ("long", "longer"):
            progress = []

            async def record(value, _total, message):
                progress.append([value, len(message)])

            result = await mcp.call_tool("follow_item", {"id": item}, progress_callback=record)
            facts[item] = {**shown(result), "progress": progress}

        with anyio.CancelScope() as scope:

            async def leave(_value, _total, _message):
                scope.cancel()

            await mcp.call_tool("follow_item", {"id": "waits"}, progress_callback=leave)
        facts["left"] = scope.cancelled_caught
        facts["after"] = shown(await mcp.call_tool("get_shop"))


async def writes(facts):
    order = {"item_id": "lamp", "count": 2}
    answers = {
        "accepted": ElicitResult(action="accept", content={"confirm": True}),
        "refused": ElicitResult(action="accept", content={"confirm": False}),
        "declined": ElicitResult(action="decline"),
        "formless": None,
    }
    for name, answer in answers.items():
        connected, forms = client(answer)
        async with connected as mcp:
            try:
                facts[name] = shown(await mcp.call_tool("place_order", order))
            except MCPError as error:
                facts[name] = {"code": error.error.code, "data": error.error.data}
            facts[name]["forms"] = len(forms)


async def main():
    facts = {}
    await reads(facts)
    await streams(facts)
    await writes(facts)
    print(json.dumps(facts))


anyio.run(main)
