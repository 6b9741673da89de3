import { Code, Reason } from "@protobff/runtime/internal/failure";
import { byId } from "@protobff/runtime/internal/testing/fake-client";
import { front, page } from "@protobff/runtime/internal/testing/front";
import { describe, expect, test } from "vitest";
import { FailureLog } from "./failure-log.ts";

// Headers of the client's that gRPC cannot carry: tabs, and what is no ASCII.

function bff() {
  const lines: string[] = [];
  const parts = front({
    call: { forward: ["authorization", "x-tenant"] },
    observer: { instead: new FailureLog((line) => lines.push(line), "text") },
  });
  parts.client.answer = byId({});
  const get = (headers: Record<string, string>, metadata?: (header: (name: string) => string) => string) =>
    parts.send(
      async (cx) => {
        const extra = metadata && { metadata: { "x-of": metadata((name) => cx.header(name)) } };
        return page({ title: (await cx.call(cx.app.get, { id: "a" }, extra)).id });
      },
      { headers },
    ).answer;
  return { ...parts, get, lines };
}

describe.each(["Bearer caf\u00e9", "Bearer a\tb"])("the header value %j", (odd) => {
  test("an invalid authorization refuses the call as the client's fault", async () => {
    const { get, client, lines } = bff();
    expect((await get({ authorization: odd })).failure).toMatchObject({
      clientCode: Code.INVALID_ARGUMENT,
      clientMessage: "the header authorization has characters that cannot be passed on",
    });
    expect(client.sent).toEqual([]);
    expect(lines).toEqual([]);
  });
  test("any other invalid forwarded header is omitted", async () => {
    const { get, client } = bff();
    expect((await get({ "x-tenant": odd, authorization: "Bearer a" })).page?.title).toBe("a");
    expect(client.sent[0]?.headers).toEqual({ authorization: "Bearer a" });
  });
  test("an invalid client header in metadata refuses the call as the client's fault", async () => {
    const { get, client, lines } = bff();
    const { failure } = await get({ "x-tenant": odd }, (header) => `of ${header("x-tenant")}`);
    expect(failure).toMatchObject({
      clientCode: Code.INVALID_ARGUMENT,
      clientMessage: "the header x-tenant has characters that cannot be passed on",
    });
    expect(client.sent).toEqual([]);
    expect(lines).toEqual([]);
  });
  test("invalid metadata from another source is an internal error", async () => {
    const { get, lines } = bff();
    const { failure } = await get({ "x-tenant": "fine" }, (header) => `${header("x-tenant")} ${odd}`);
    expect(failure).toMatchObject({ clientCode: Code.INTERNAL, clientMessage: "internal error" });
    expect(lines.length).toBe(1);
  });
});

test("a supplementary call refused for a header is absent, and is not logged", async () => {
  const { send, lines } = bff();
  const { answer } = send(
    async (cx) => {
      const step = cx.tryCall(cx.app.get, { id: "a" });
      const made = page({ title: (await step)?.id ?? "none" });
      if (cx.degraded) cx.touched(made, "title", false, step);
      return made;
    },
    { headers: { authorization: "caf\u00e9" } },
  );
  const { page: sentPage, entries } = await answer;
  expect([sentPage?.title, entries]).toEqual(["none", [`title 1 ${Reason.INVALID} `]]);
  expect(lines).toEqual([]);
});
