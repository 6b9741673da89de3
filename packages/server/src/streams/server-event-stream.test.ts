// Holds docs/runtime.md#streams
import { once } from "node:events";
import * as http from "node:http";
import * as http2 from "node:http2";
import { create, toBinary } from "@bufbuild/protobuf";
import { SourceContextSchema } from "@bufbuild/protobuf/wkt";
import { Denied } from "@protobff/runtime/internal/admission/admission";
import { Code, codeName, codeText, Failure, Reason, refusal } from "@protobff/runtime/internal/failure";
import { type TestFollower, type TestStream, testStream } from "@protobff/runtime/internal/testing/test-streams";
import { EventSource } from "eventsource";
import { describe, expect, onTestFinished, test } from "vitest";
import { type Listening, type ListenOptions, listen } from "../listen.ts";
import { declaredError } from "../testing/declared-error.ts";

const QUERY = `?encoding=json&message=${encodeURIComponent(JSON.stringify({ fileName: "what" }))}`;
const PATH = "/streams.v1.StreamService/Follow";

async function serve(stream: TestStream, options?: ListenOptions): Promise<Listening> {
  const server = await listen([stream], options);
  onTestFinished(() => server.close(0));
  return server;
}
const failure = (code: Code, pushbackMs?: number): Failure =>
  new Failure({ code, clientCode: code, reason: Reason.UNAVAILABLE, callee: "", message: "secret", pushbackMs });

interface Answer {
  readonly status: number | undefined;
  readonly headers: Record<string, unknown>;
  readonly body: string;
}
interface RequestInput {
  readonly query?: string;
  readonly headers?: Record<string, string>;
  readonly path?: string;
}
async function sendH1(
  server: Listening,
  { query = QUERY, headers = {}, path = PATH }: RequestInput = {},
): Promise<Answer> {
  const request = http.get(`${server.url}${path}${query}`, {
    agent: false,
    headers: { accept: "text/event-stream", ...headers },
  });
  const [response] = (await once(request, "response")) as [http.IncomingMessage];
  return {
    status: response.statusCode,
    headers: response.headers,
    body: String(Buffer.concat(await response.toArray())),
  };
}
async function sendH2(
  server: Listening,
  { query = QUERY, headers = {}, path = PATH }: RequestInput = {},
): Promise<Answer> {
  const session = http2.connect(server.url);
  onTestFinished(() => session.destroy());
  const stream = session.request({ ":path": `${path}${query}`, accept: "text/event-stream", ...headers });
  const [responseHeaders] = (await once(stream, "response")) as [http2.IncomingHttpHeaders];
  return {
    status: Number(responseHeaders[":status"]),
    headers: responseHeaders,
    body: String(Buffer.concat(await stream.toArray())),
  };
}
const withoutRetry = (body: string): string => body.replaceAll(/retry: \d+\n\n/g, "");

describe.each([
  ["HTTP/1.1", sendH1],
  ["HTTP/2", sendH2],
])("server-sent events over %s", (_, send) => {
  test("items are events with the token as id, beats are comments, and the end is an event", async () => {
    const stream = testStream(
      (it) => {
        it.follower.opened({ headers: ["x-one", "1"], trailers: [] });
        it.item("a", "t1");
        it.item("b\nü", "t2");
        it.item("c");
        it.follower.ended(undefined);
      },
      { heartbeatMs: 15_000 },
    );
    const { status, headers, body } = await send(await serve(stream));
    expect(status).toBe(200);
    expect(headers).toMatchObject({
      "content-type": "text/event-stream",
      "cache-control": "no-store",
      "x-accel-buffering": "no",
      "x-content-type-options": "nosniff",
      "bff-heartbeat": "15000",
      "x-one": "1",
    });
    const [retry = "", rest] = body.split("\n\n", 1).concat(body.slice(body.indexOf("\n\n") + 2));
    expect(Number(/^retry: (\d+)$/.exec(retry)?.[1])).toBeGreaterThanOrEqual(1000);
    expect(Number(/^retry: (\d+)$/.exec(retry)?.[1])).toBeLessThanOrEqual(3000);
    expect(rest).toBe(
      `id: t1\ndata: {"fileName":"a"}\n\nid: t2\ndata: {"fileName":"b\\nü"}\n\ndata: {"fileName":"c"}\n\nevent: end\nid: ~end\ndata: {}\n\n`,
    );
  });

  test("a GET carries JSON, base64, binary messages, and the token for resuming", async () => {
    const stream = testStream((it) => it.follower.ended(undefined));
    const server = await serve(stream);
    const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64url");
    const message = create(SourceContextSchema, { fileName: "what" });
    for (const query of [
      QUERY,
      `?connect=v1&encoding=json&base64=1&message=${base64(Buffer.from('{"fileName":"what"}'))}`,
      `?encoding=proto&base64=1&message=${base64(toBinary(SourceContextSchema, message))}`,
    ])
      await send(server, { query });
    expect(stream.followers.map(({ text }) => text)).toEqual(["what", "what", "what"]);
    await send(server, { query: `${QUERY}&bff-resume=t0` });
    await send(server, { query: `${QUERY}&bff-resume=t0`, headers: { "bff-resume": "t1" } });
    await send(server, { query: `${QUERY}&bff-resume=t0`, headers: { "bff-resume": "t1", "last-event-id": "t2" } });
    expect(stream.followers.slice(3).map(({ resume }) => resume)).toEqual(["t0", "t1", "t2"]);
  });

  test("a finished stream is answered with 204, and is not started", async () => {
    const stream = testStream();
    const { status, body } = await send(await serve(stream), { headers: { "last-event-id": "~end" } });
    expect([status, body, stream.followers.length]).toEqual([204, "", 0]);
  });

  test.each([
    [Code.NOT_FOUND, 404, "not_found"],
    [Code.UNAUTHENTICATED, 401, "unauthenticated"],
    [Code.INTERNAL, 500, "internal"],
  ])("a final failure at the start has its status: %s", async (code, status, name) => {
    const metadata = { headers: ["x-one", "1"], trailers: [] };
    const answer = await send(await serve(testStream((it) => it.follower.failed(failure(code), undefined, metadata))));
    expect([answer.status, answer.headers["content-type"], answer.headers["x-one"]]).toEqual([
      status,
      "application/json",
      "1",
    ]);
    expect(declaredError(answer.body)).toBe(JSON.stringify({ code: name, message: codeText(code) }));
  });

  test.each([Code.UNAVAILABLE, Code.RESOURCE_EXHAUSTED, Code.DEADLINE_EXCEEDED])(
    "a resumable failure at the start is an ended stream, to which an EventSource reconnects: %s",
    async (code) => {
      const stream = testStream((it) => it.follower.failed(failure(code, 7000), undefined, undefined));
      const answer = await send(await serve(stream));
      const name = codeName(code).toLowerCase();
      expect(answer).toMatchObject({
        status: 200,
        headers: { "content-type": "text/event-stream", "bff-refused": name },
      });
      const [, json = "", rest] = /^: (\{.*\})\n([\s\S]*)$/.exec(answer.body) ?? [];
      expect(declaredError(json)).toBe(JSON.stringify({ code: name, message: codeText(code) }));
      expect(rest).toBe("retry: 7000\n\n");
    },
  );

  test("a later final failure is an event, with the id of the end", async () => {
    const stream = testStream((it) => {
      it.item("a", "t1");
      it.follower.failed(failure(Code.NOT_FOUND), "t1", undefined);
    });
    const [before, error = ""] = withoutRetry((await send(await serve(stream))).body).split(
      "event: failure\nid: ~end\ndata: ",
    );
    expect(before).toBe('id: t1\ndata: {"fileName":"a"}\n\n');
    expect(declaredError(error)).toBe('{"code":"not_found","message":"not found"}');
  });
  test("a later resumable failure is the end of the stream, with the last token", async () => {
    const stream = testStream((it) => {
      it.item("a", "t1");
      it.follower.failed(failure(Code.UNAVAILABLE), "t2", undefined);
    });
    expect(withoutRetry((await send(await serve(stream))).body)).toBe(
      `id: t1\ndata: {"fileName":"a"}\n\n: Unavailable\nid: t2\n\n`,
    );
  });

  test("a heartbeat is not an event, and advances the token", async () => {
    const stream = testStream((it) => {
      it.item("a", "t1");
      setImmediate(() =>
        setImmediate(() => {
          it.beat("t2");
          it.follower.ended(undefined);
        }),
      );
    });
    const { body } = await send(await serve(stream));
    expect(body).toContain("\n\n: beat\nid: t2\n\nevent: end");
  });

  test.each<[string, RequestInput, number]>([
    ["no encoding", { query: "?message={}" }, 415],
    ["another encoding", { query: "?message={}&encoding=xml" }, 415],
    ["a compression", { query: "?message=&encoding=json&compression=gzip" }, 501],
    ["no JSON", { query: "?message=%7B&encoding=json" }, 400],
    ["no UTF-8", { query: "?message=%0A%03%FF&encoding=proto" }, 400],
    ["no base64", { query: "?message=!&encoding=json&base64=1" }, 400],
    ["too large", { query: `?encoding=json&message=${JSON.stringify({ fileName: "x".repeat(2000) })}` }, 413],
  ])("%s is refused", async (_, input, status) => {
    const stream = testStream();
    const answer = await send(await serve(stream, { maxRequestBytes: 1000 }), input);
    expect([answer.status, stream.followers.length]).toEqual([status, 0]);
  });

  test("an RPC with side effects is not followed by GET", async () => {
    const stream = testStream(undefined, { name: "run" });
    const answer = await send(await serve(stream), { path: "/streams.v1.StreamService/Run" });
    expect([answer.status, answer.headers.allow, stream.followers.length]).toEqual([405, "POST", 0]);
  });

  test("the caller is authenticated, and CORS headers are sent", async () => {
    const authenticate = () =>
      new Denied(refusal(Code.UNAUTHENTICATED, "who?"), { headers: ["www-authenticate", "Bearer"], trailers: [] });
    const server = await serve(testStream(undefined, { authenticate }), { corsOrigins: ["https://app.example"] });
    const answer = await send(server, { headers: { origin: "https://app.example" } });
    expect([answer.status, answer.headers["www-authenticate"]]).toEqual([401, "Bearer"]);
    expect(answer.headers["access-control-allow-origin"]).toBe("https://app.example");
    const other = await send(server, { headers: { origin: "https://other.example" } });
    expect(other.headers["access-control-allow-origin"]).toBeUndefined();
  });
});

test("a slow reader delays the source; a disconnect cancels it", async () => {
  const stream = testStream();
  const server = await serve(stream);
  const request = http.get(`${server.url}${PATH}${QUERY}`, { agent: false, headers: { accept: "text/event-stream" } });
  const follower = await stream.next();
  follower.item("first", "t1");
  const [response] = (await once(request, "response")) as [http.IncomingMessage];
  response.pause();
  const chunk = "x".repeat(100_000);
  while (follower.item(chunk, "t")) await new Promise(setImmediate);
  const ready = follower.ready();
  response.resume();
  await ready;
  request.destroy();
  request.on("error", () => {});
  response.on("error", () => {});
  await follower.cancelled;
});

test.each(["application/json", "application/proto", "application/json; charset=utf-8"])(
  "a POST of %s, as for one message, is refused with the ways to read a stream",
  async (type) => {
    const server = await serve(testStream(() => expect.unreachable()));
    const request = { method: "POST", headers: { "content-type": type }, body: '{"fileName":"what"}' };
    const answer = await fetch(`${server.url}${PATH}`, request);
    expect([answer.status, answer.headers.get("accept-post")]).toEqual([415, "application/connect+json"]);
    expect(await answer.json()).toMatchObject({
      code: "invalid_argument",
      message: expect.stringMatching(/application\/connect\+json, .* text\/event-stream$/),
    });
    const session = http2.connect(server.url);
    onTestFinished(() => session.destroy());
    const stream = session.request({ ":method": "POST", ":path": PATH, "content-type": type });
    stream.end(request.body);
    const [headers] = (await once(stream, "response")) as [http2.IncomingHttpHeaders];
    expect(headers[":status"]).toBe(415);
    expect(String(Buffer.concat(await stream.toArray()))).toContain("this rpc answers with a stream");
  },
);

describe("the eventsource package", () => {
  async function follow(server: Listening, begin: (source: EventSource) => void): Promise<EventSource> {
    const source = new EventSource(`${server.url}${PATH}${QUERY}`);
    onTestFinished(() => source.close());
    begin(source);
    return source;
  }

  test("an EventSource resumes behind its last item when the server goes away, and stops at the end", async () => {
    const messages: string[] = [];
    const first = testStream((it: TestFollower) => {
      it.item("a", "t1");
      it.item("b", "t2");
      it.drained.then(() => it.follower.failed(failure(Code.UNAVAILABLE), "t2", undefined));
    });
    const server = await serve(first);
    const ended = Promise.withResolvers<void>();
    const drained = Promise.withResolvers<void>();
    const source = await follow(server, (made) => {
      made.addEventListener("message", ({ data, lastEventId }) => {
        messages.push(`${lastEventId} ${data}`);
        if (messages.length === 2) drained.resolve();
      });
      made.addEventListener("end", () => ended.resolve());
    });
    await drained.promise;
    await server.close(10_000);
    const second = testStream((it) => {
      it.item("c", "t3");
      it.follower.ended(undefined);
    });
    const again = await listen([second], { port: server.port });
    onTestFinished(() => again.close(0));
    await ended.promise;
    expect(messages).toEqual(['t1 {"fileName":"a"}', 't2 {"fileName":"b"}', 't3 {"fileName":"c"}']);
    expect(second.followers.map(({ resume }) => resume)).toEqual(["t2"]);
    const stopped = Promise.withResolvers<void>();
    source.addEventListener("error", () => {
      if (source.readyState === source.CLOSED) stopped.resolve();
    });
    await stopped.promise; // by 204
    expect(second.followers.length).toBe(1);
  });

  test("an EventSource stops at a final failure, and receives it", async () => {
    const report = Promise.withResolvers<string>();
    const stream = testStream((it) => {
      it.item("a", "t1");
      it.follower.failed(failure(Code.PERMISSION_DENIED), "t1", undefined);
    });
    await follow(await serve(stream), (source) => {
      source.addEventListener("failure", ({ data }) => report.resolve(data));
    });
    expect(JSON.parse(declaredError(await report.promise))).toEqual({
      code: "permission_denied",
      message: "permission denied",
    });
  });
});
