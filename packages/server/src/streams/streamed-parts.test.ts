// An rpc with deferred parts, met by clients of every protocol.
import { once } from "node:events";
import * as http from "node:http";
import { create, equals, fromBinary, fromJson, toBinary } from "@bufbuild/protobuf";
import { Code, createRouterTransport, type Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import * as grpc from "@grpc/grpc-js";
import { idle } from "@protobff/runtime/internal/testing/fake-clock";
import { Parts, type Whole, WholeRequestSchema, WholeSchema } from "@protobff/runtime/internal/testing/gen/parts_pb";
import { noUnhandledRejections } from "@protobff/runtime/internal/testing/no-unhandled";
import { type Cx, inner, partsRig, whole } from "@protobff/runtime/internal/testing/parts-rig";
import { EventSource } from "eventsource";
import { describe, expect, onTestFinished, test } from "vitest";
import { connect } from "../../../../client/src/connect.ts";
import { events } from "../../../../client/src/events.ts";
import { follow } from "../../../../client/src/follow.ts";
import { merged } from "../../../../client/src/merge-parts.ts";
import type { FollowTransport } from "../../../../client/src/transport.ts";
import { webSocket } from "../../../../client/src/web-socket.ts";
import { type Listening, listen } from "../listen.ts";

noUnhandledRejections();

const method = Parts.method.watch;
const NAME = `${Parts.typeName}/${method.name}`;
const LAST = whole({
  title: "title",
  facts: ["facts"],
  inner: { name: "inner", tags: ["tags"] },
  parts: [{ name: "facts" }, { name: "inner.tags" }],
});

async function compose(cx: Cx): Promise<Whole> {
  const [title, facts, tags] = [cx, cx.late, cx.late].map((of, i) =>
    of.tryCall(cx.app.get, { id: ["title", "facts", "tags"][i] ?? "" }),
  );
  const page = whole({ inner: inner({ name: "inner" }) });
  cx.part(page, ["facts"], async () => ({ facts: [(await facts)?.id ?? "none"] }));
  if (page.inner) cx.part(page.inner, ["tags"], async () => ({ tags: [(await tags)?.id ?? "none"] }));
  page.title = (await title)?.id ?? "none";
  return page;
}

/** A server, and what its calls are answered, as soon as they are made, or later. */
async function serve() {
  const rig = partsRig();
  const server = await listen([rig.stream(compose)]);
  onTestFinished(() => server.close(0));
  const { client } = rig;
  let come = (): void => {};
  client.answer = () => come();
  const made = async (id: string): Promise<void> => {
    while (!client.underWay.some((sent) => sent.id === id))
      await new Promise<void>((resolve) => {
        come = resolve;
      });
  };
  const answer = async (id: string): Promise<void> => {
    await made(id);
    client.of(id).thing();
  };
  return { ...rig, server, answer, made };
}
type Served = Awaited<ReturnType<typeof serve>>;

/** Takes each message before what the next one is made of is there. */
async function inTurn(served: Pick<Served, "answer">, messages: AsyncIterable<Whole>): Promise<Whole[]> {
  const all: Whole[] = [];
  const answered = served.answer("title"); // once somebody asks, which the loop does
  for await (const message of messages) {
    all.push(message);
    if (all.length <= 2) await served.answer(["facts", "tags"][all.length - 1] ?? "");
  }
  await answered;
  return all;
}
async function* open(transport: Transport, signal?: AbortSignal): AsyncIterable<Whole> {
  const request = (async function* () {
    yield create(WholeRequestSchema);
  })();
  yield* (await transport.stream(method, signal, undefined, undefined, request)).message;
}
const EACH = [
  whole({ title: "title", inner: { name: "inner" } }),
  whole({ facts: ["facts"], parts: [{ name: "facts" }] }),
  whole({ inner: { tags: ["tags"] }, parts: [{ name: "inner.tags" }] }),
];

const TRANSPORTS: readonly (readonly [string, (baseUrl: string) => Transport])[] = [
  ["gRPC", (baseUrl) => createGrpcTransport({ baseUrl })],
  ["gRPC-Web", (baseUrl) => createGrpcWebTransport({ baseUrl, httpVersion: "1.1" })],
  ["Connect", (baseUrl) => createConnectTransport({ baseUrl, httpVersion: "1.1" })],
  ["Connect, JSON", (baseUrl) => createConnectTransport({ baseUrl, httpVersion: "2", useBinaryFormat: false })],
];

describe.each(TRANSPORTS)("%s", (_, transportOf) => {
  test("each part arrives when it completes, with OK at the end", async () => {
    const served = await serve();
    const messages = await inTurn(served, open(transportOf(served.server.url)));
    expect(messages.map((message, i) => equals(WholeSchema, message, EACH[i] ?? whole()))).toEqual([true, true, true]);
    expect(served.clock.running).toBe(0);
  });

  test("a client that disconnects in the middle stops the remaining parts", async () => {
    const served = await serve();
    const left = new AbortController();
    const taking = (async () => {
      for await (const message of open(transportOf(served.server.url), left.signal)) {
        expect(message.title).toBe("title");
        left.abort();
      }
    })();
    await served.answer("title");
    await expect(taking).rejects.toMatchObject({ code: Code.Canceled });
    while (served.client.underWay.length > 0) await idle();
    expect(served.clock.running).toBe(0);
  });

  test("a draining server sends the remaining parts, and then closes", async () => {
    const served = await serve();
    let closed: Promise<void> | undefined;
    const answer = async (id: string): Promise<void> => {
      if (id === "facts") {
        closed = served.server.close(60_000);
        await idle();
      }
      await served.answer(id);
    };
    const messages = await inTurn({ answer }, open(transportOf(served.server.url)));
    expect(messages).toHaveLength(3);
    await closed;
  });
});

test("Connect's adapter, which keeps its objects, receives the same parts", async () => {
  const served = await serve();
  const transport = createRouterTransport((router) => served.stream(compose).route(router));
  const messages = await inTurn(served, open(transport));
  expect(messages.map((message, i) => equals(WholeSchema, message, EACH[i] ?? whole()))).toEqual([true, true, true]);
});

test("grpc-js receives the same parts", async () => {
  const served = await serve();
  const client = new grpc.Client(`127.0.0.1:${served.server.port}`, grpc.credentials.createInsecure());
  onTestFinished(() => client.close());
  const call = client.makeServerStreamRequest(
    `/${NAME}`,
    () => Buffer.from(toBinary(WholeRequestSchema, create(WholeRequestSchema))),
    (bytes: Buffer) => fromBinary(WholeSchema, bytes),
    {},
  );
  const messages = await inTurn(served, call as AsyncIterable<Whole>);
  expect(messages.map((message, i) => equals(WholeSchema, message, EACH[i] ?? whole()))).toEqual([true, true, true]);
});

const FOLLOWS: readonly (readonly [string, (baseUrl: string) => FollowTransport])[] = [
  ["Connect", (baseUrl) => connect(createConnectTransport({ baseUrl, httpVersion: "1.1" }))],
  ["server-sent events", (baseUrl) => events({ baseUrl })],
  ["WebSocket", (baseUrl) => webSocket({ baseUrl })],
];

describe.each(FOLLOWS)("@protobff/client by %s", (_, over) => {
  test("the merged parts equal the unary answer, without a token for resuming", async () => {
    const served = await serve();
    const tokens = new Set<string | undefined>();
    const messages = (async function* () {
      for await (const { message, token } of follow(method, {}, { over: over(served.server.url) })) {
        tokens.add(token);
        yield message;
      }
    })();
    const all = await inTurn(served, merged(WholeSchema, messages));
    expect(equals(WholeSchema, all.at(-1) ?? whole(), LAST)).toBe(true);
    expect([...tokens]).toEqual([undefined]);
  });
});

/** A GET for events, as far as `until` is not in what has come. */
async function getEvents(server: Listening, headers: Record<string, string> = {}) {
  const request = http.get(`${server.url}/${NAME}?encoding=json&message={}`, {
    headers: { accept: "text/event-stream", ...headers },
  });
  const [response] = (await once(request, "response")) as [http.IncomingMessage];
  let text = "";
  for await (const chunk of response) text += String(chunk);
  return { status: response.statusCode, text };
}

test("an EventSource receives the parts and the end, and does not reconnect", async () => {
  const served = await serve();
  const source = new EventSource(`${served.server.url}/${NAME}?encoding=json&message={}`);
  onTestFinished(() => source.close());
  const messages: Whole[] = [];
  const ids = new Set<string>();
  source.addEventListener("message", ({ data, lastEventId }) => {
    messages.push(fromJson(WholeSchema, JSON.parse(data)));
    ids.add(lastEventId);
    if (messages.length <= 2) void served.answer(["facts", "tags"][messages.length - 1] ?? "");
  });
  const end = new Promise((resolve) => source.addEventListener("end", resolve));
  await served.answer("title");
  await end;
  expect(messages.map((message, i) => equals(WholeSchema, message, EACH[i] ?? whole()))).toEqual([true, true, true]);
  expect([...ids]).toEqual([""]);
  const sent = served.client.sent.length;
  expect(await getEvents(served.server, { "last-event-id": "~end" })).toEqual({ status: 204, text: "" });
  expect(served.client.sent.length).toBe(sent);
});

test("an unknown token is ignored, so that a reconnected client receives everything again", async () => {
  const served = await serve();
  const answered = getEvents(served.server, { "last-event-id": "some", "bff-resume": "other" });
  for (const id of ["facts", "tags", "title"]) await served.answer(id);
  const { text } = await answered;
  expect(text).toContain('"title":"title"');
  expect(text.match(/^id: .*$/gm)).toEqual(["id: ~end"]);
});
