import { setImmediate as turn } from "node:timers/promises";
import { FakeClock } from "@protobff/testing/fake-clock";
import { expect, test } from "vitest";
import { readHeaders } from "./header-list.ts";
import type { OpenMcp } from "./open-mcp.ts";
import type { McpRequest } from "./request.ts";
import { serveStdio } from "./stdio.ts";

/** Serves what `lines` yields by a server that keeps its requests. */
function session(maxBytes = 1_000, drain = () => {}) {
  const clock = new FakeClock();
  const requests: McpRequest[] = [];
  const cancelled: unknown[] = [];
  const server = {
    admit: (incoming: unknown) => incoming,
    answer(request: McpRequest) {
      requests.push(request);
      return { cancel: () => cancelled.push(request.message.id) };
    },
  };
  const written: unknown[] = [];
  const input = new TransformStream<Uint8Array, Uint8Array>();
  const writer = input.writable.getWriter();
  const done = serveStdio({
    mcp: { server, metadata: undefined, drain, close: () => {} } as unknown as OpenMcp,
    input: input.readable,
    write: (text) => written.push(JSON.parse(text)),
    headers: new Map([["authorization", "Bearer x"]]),
    maxBytes,
    graceMs: 500,
    clock,
  });
  const send = async (text: string) => {
    await writer.write(Buffer.from(text));
    await turn();
  };
  const call = (id: number, method = "tools/call") => `${JSON.stringify({ jsonrpc: "2.0", id, method, params: {} })}\n`;
  const end = async () => {
    await writer.close();
    await turn();
  };
  return { requests, cancelled, written, send, call, end, done, clock };
}

test("lines arrive in any pieces, and answers in any order", async () => {
  const { requests, written, send, call, end, done } = session();
  const text = call(1) + call(2);
  await send(text.slice(0, 10));
  await send(text.slice(10));
  expect(requests.map(({ message }) => message.id)).toEqual([1, 2]);
  expect(requests[0]?.incoming.get("authorization")).toBe("Bearer x");
  requests[1]?.done("");
  requests[0]?.done("");
  await end();
  await done;
  expect(written).toEqual([2, 1].map((id) => ({ jsonrpc: "2.0", id, result: {} })));
});

test("a cancelled request is stopped, and has no answer", async () => {
  const { requests, cancelled, written, send, call, end, done } = session();
  await send(call(1));
  const cancel = { jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: 1 } };
  await send(`${JSON.stringify(cancel)}\n`);
  requests[0]?.done("");
  expect([cancelled, written]).toEqual([[1], []]);
  await end();
  await done;
});

test("requests in progress are answered after the end of the input", async () => {
  const { requests, cancelled, written, send, call, end, done } = session();
  await send(call(1) + call(2));
  await send(call(3).trimEnd());
  await end();
  requests[2]?.done("");
  requests[1]?.done("");
  requests[0]?.done("");
  await done;
  expect([cancelled, written]).toEqual([[], [3, 2, 1].map((id) => ({ jsonrpc: "2.0", id, result: {} }))]);
});

test("after a time, streams end with their newest items, and other requests are cancelled", async () => {
  const { requests, cancelled, written, send, call, end, done, clock } = session(1_000, () => requests[0]?.done(""));
  await send(call(1) + call(2));
  await end();
  await clock.advance(499);
  expect([cancelled, written]).toEqual([[], []]);
  await clock.advance(1);
  await done;
  expect([cancelled, written]).toEqual([[2], [{ jsonrpc: "2.0", id: 1, result: {} }]]);
});

/** Sends `initialize` of a client that shows forms, and begins a call that sends a form. */
async function eliciting() {
  const served = session();
  const capabilities = { elicitation: {} };
  await served.send(`${JSON.stringify({ jsonrpc: "2.0", id: 0, method: "initialize", params: { capabilities } })}\n`);
  await served.send(served.call(1));
  const answers: unknown[] = [];
  const form = served.requests[1]?.elicit?.("elicitation/create", { message: "Run it?" }, (result) =>
    answers.push(result),
  );
  const respond = (message: object) => served.send(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);
  return { ...served, answers, form, respond };
}
const QUESTION = { jsonrpc: "2.0", id: "bff-1", method: "elicitation/create", params: { message: "Run it?" } };
const WITHDRAWN = { jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: "bff-1" } };

test("a client with the capability gets a form, and one response counts", async () => {
  const { answers, written, respond } = await eliciting();
  await respond({ id: "bff-2", result: {} });
  expect(answers).toEqual([]);
  await respond({ id: "bff-1", result: { action: "accept" } });
  await respond({ id: "bff-1", result: { action: "decline" } });
  expect([answers, written]).toEqual([[{ action: "accept" }], [QUESTION]]);
});

test("an error, five minutes, a cancelled call and the end of the input leave a question without an answer", async () => {
  const failed = await eliciting();
  await failed.respond({ id: "bff-1", error: { code: -1, message: "no" } });
  const late = await eliciting();
  await late.clock.advance(300_000);
  const cancelled = await eliciting();
  cancelled.form?.cancel();
  const ended = await eliciting();
  await ended.end();
  for (const { answers } of [failed, late, cancelled, ended]) expect(answers).toEqual([undefined]);
  for (const { written } of [late, cancelled]) expect(written).toEqual([QUESTION, WITHDRAWN]);
});

test("clients without the capability get no form", async () => {
  const { requests, send, call } = session();
  await send(call(1, "initialize") + call(2));
  expect(requests[1]?.elicit).toBeUndefined();
});

test("a line that is too large, and more requests than fit, are refused beside one that is served", async () => {
  const { requests, written, send, call, end, done, clock } = session();
  await send(`${"x".repeat(3_000)}\n`);
  await send(`{\n\n${Array.from({ length: 101 }, (_, id) => call(id)).join("")}${call(5)}`);
  expect(requests.length).toBe(100);
  expect(written).toMatchObject([
    { error: { code: -32600 } },
    { error: { code: -32700 } },
    { id: 100, error: { code: -32600, message: "too many requests are in progress" } },
    { id: 5, error: { code: -32600, message: "the id is in use" } },
  ]);
  await end();
  await clock.advance(500);
  await done;
});

test("progress is a notification", async () => {
  const { requests, written, send, call, end, done } = session();
  await send(call(1));
  requests[0]!.progress("t")?.('{"a":1}');
  expect(written).toEqual([
    {
      jsonrpc: "2.0",
      method: "notifications/progress",
      params: { progressToken: "t", progress: 1, message: '{"a":1}' },
    },
  ]);
  requests[0]?.done("");
  await end();
  await done;
});

test.each([
  ["authorization=Bearer a.b.c", { authorization: "Bearer a.b.c" }],
  ["Authorization=Bearer x, x-tenant = t ", undefined],
  ["a=1,b=x\\,y", { a: "1", b: "x,y" }],
  ["a=b=c", { a: "b=c" }],
  ["nothing", undefined],
])("headers %j are read", (text, expected) => {
  const headers = readHeaders(text);
  expect(headers && Object.fromEntries(headers)).toEqual(expected);
});
