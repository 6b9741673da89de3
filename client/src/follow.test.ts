import { once } from "node:events";
import * as net from "node:net";
import { create, createFileRegistry, type DescMethodServerStreaming, type MessageInitShape } from "@bufbuild/protobuf";
import {
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  FieldDescriptorProtoSchema,
  FileDescriptorProtoSchema,
  file_google_protobuf_source_context,
  MethodDescriptorProtoSchema,
  MethodOptions_IdempotencyLevel,
  type SourceContextSchema,
} from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import * as web from "@connectrpc/connect-web"; // as in browsers: by fetch, which is Node's here
import { describe, expect, onTestFinished, test } from "vitest";
import { RunService, RunUpdateSchema } from "../../generated/runs/v1/runs_pb.ts";
import { type Listening, listen } from "../../packages/server/src/listen.ts";
import { codeText, Failure, Code as GrpcCode, Reason } from "../../runtime/src/failure.ts";
import {
  StreamService,
  type TestFollower,
  type TestStream,
  testStream,
} from "../../runtime/src/testing/test-streams.ts";
import { connect } from "./connect.ts";
import { events } from "./events.ts";
import { type Followed, type FollowOptions, type FollowState, follow } from "./follow.ts";
import type { FollowTransport } from "./transport.ts";
import { webSocket } from "./web-socket.ts";

const method = StreamService.method.follow;
const TRANSPORTS: readonly (readonly [string, (baseUrl: string) => FollowTransport, hasTokens: boolean])[] = [
  ["Connect", (baseUrl) => connect(createConnectTransport({ baseUrl, httpVersion: "1.1" })), false],
  [
    "Connect over HTTP/2, JSON",
    (baseUrl) => connect(createConnectTransport({ baseUrl, httpVersion: "2", useBinaryFormat: false })),
    false,
  ],
  ["gRPC-Web", (baseUrl) => connect(createGrpcWebTransport({ baseUrl, httpVersion: "1.1" })), false],
  ["gRPC", (baseUrl) => connect(createGrpcTransport({ baseUrl })), false],
  ["connect-web, Connect", (baseUrl) => connect(web.createConnectTransport({ baseUrl })), false],
  ["connect-web, gRPC-Web", (baseUrl) => connect(web.createGrpcWebTransport({ baseUrl })), false],
  ["server-sent events", (baseUrl) => events({ baseUrl }), true],
  ["WebSocket", (baseUrl) => webSocket({ baseUrl }), true],
];

const failure = (code: GrpcCode): Failure =>
  new Failure({ code, clientCode: code, reason: Reason.UNAVAILABLE, callee: "", message: codeText(code) });

async function serve(stream: TestStream, port = 0): Promise<Listening> {
  const server = await listen([stream], { port });
  onTestFinished(() => server.close(0));
  return server;
}
/** Between client and server, to be cut. */
class Between {
  readonly #open = new Set<net.Socket>();
  readonly url: string;

  private constructor(server: net.Server) {
    this.url = `http://127.0.0.1:${(server.address() as net.AddressInfo).port}`;
  }
  static async open(port: number): Promise<Between> {
    const server = net.createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const proxy = new Between(server);
    server.on("connection", (socket) => proxy.#join(socket, net.connect(port, "127.0.0.1")));
    onTestFinished(() => {
      server.close();
      proxy.cut();
    });
    return proxy;
  }
  #join(...[left, right]: [net.Socket, net.Socket]): void {
    for (const [from, to] of [
      [left, right],
      [right, left],
    ] as const) {
      this.#open.add(from);
      from.pipe(to);
      from.on("error", () => {});
      from.on("close", () => {
        this.#open.delete(from);
        to.destroy();
      });
    }
  }
  cut(): void {
    for (const socket of this.#open) socket.destroy();
  }
}
/** `StreamService.Follow` whose response has these fields. */
function methodWith(
  fields: MessageInitShape<typeof FieldDescriptorProtoSchema>[],
): DescMethodServerStreaming<typeof SourceContextSchema> {
  const { OPTIONAL } = FieldDescriptorProto_Label;
  const field = fields.map((init) => create(FieldDescriptorProtoSchema, { label: OPTIONAL, ...init }));
  const method = create(MethodDescriptorProtoSchema, {
    name: "Follow",
    inputType: ".google.protobuf.SourceContext",
    outputType: ".streams.v1.Other",
    serverStreaming: true,
    options: { idempotencyLevel: MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS },
  });
  const file = create(FileDescriptorProtoSchema, {
    name: "streams/v1/other.proto",
    package: "streams.v1",
    syntax: "proto3",
    dependency: ["google/protobuf/source_context.proto"],
    messageType: [{ name: "Other", field }],
    service: [{ name: "StreamService", method: [method] }],
  });
  const registry = createFileRegistry(file, () => file_google_protobuf_source_context);
  const service = registry.getService(StreamService.typeName);
  return service?.method.follow as DescMethodServerStreaming<typeof SourceContextSchema>;
}
const FAST = { initialMs: 1, maxMs: 20 };

interface Taken {
  readonly names: string[];
  readonly resets: string[];
  readonly states: FollowState[];
  readonly ended: Promise<void>;
  readonly leave: () => void;
}
/** Takes all that comes, until the end, or until `leave`. */
function take(over: FollowTransport, more: Partial<FollowOptions> = {}): Taken {
  const [names, resets, states]: [string[], string[], FollowState[]] = [[], [], []];
  const left = new AbortController();
  onTestFinished(() => left.abort());
  const onState = (state: FollowState): void => void states.push(state);
  const followed = follow(method, { fileName: "what" }, { over, backoff: FAST, signal: left.signal, onState, ...more });
  const run = async (): Promise<void> => {
    for await (const { message, reset } of followed as AsyncIterable<Followed<typeof SourceContextSchema>>) {
      names.push(message.fileName);
      if (reset) resets.push(message.fileName);
    }
  };
  const ended = run();
  ended.catch(() => {});
  return { names, resets, states, ended, leave: () => left.abort() };
}
const opened = (it: TestFollower): void => it.follower.opened(undefined);

describe.each(TRANSPORTS)("follow over %s", (_, made, hasTokens) => {
  test("items arrive in order, to the end", async () => {
    const stream = testStream((it) => {
      opened(it);
      for (let i = 0; i < 300; i++) it.item(`${i}`, `t${i}`);
      it.follower.ended(undefined);
    });
    const { url } = await serve(stream);
    const taken = take(made(url));
    await taken.ended;
    expect(taken.names).toEqual(Array.from({ length: 300 }, (_, i) => `${i}`));
    expect(taken.states.map(({ kind }) => kind)).toEqual(["opening", "open"]);
    expect(stream.followers.map(({ text }) => text)).toEqual(["what"]);
  });

  test("a follow resumes behind its last item when its server drains", async () => {
    const first = testStream();
    const server = await serve(first);
    const taken = take(made(server.url));
    const firstFollower = await first.next();
    opened(firstFollower);
    firstFollower.item("a", "t1");
    await expect.poll(() => taken.names).toEqual(["a"]);
    const leaves = ({ drained, follower }: TestFollower): void =>
      void drained.then(() => follower.failed(failure(GrpcCode.UNAVAILABLE), "t1", undefined));
    leaves(firstFollower);
    // Over HTTP/1.1 the client opens it once more on its connection, which the server then closes.
    void first.next().then(leaves);
    await server.close();
    const second = testStream();
    await serve(second, server.port);
    const secondFollower = await second.next();
    expect(secondFollower.resume).toBe("t1");
    opened(secondFollower);
    secondFollower.item("b", "t2");
    secondFollower.follower.ended(undefined);
    await taken.ended;
    expect([taken.names, taken.resets]).toEqual([["a", "b"], []]);
  });

  test("a lost connection is opened again", async () => {
    // node:http2 does not tell its streams of a connection that ends in order.
    const stream = testStream(undefined, { heartbeatMs: 100 });
    const server = await serve(stream);
    const proxy = await Between.open(server.port);
    const taken = take(made(proxy.url));
    const firstFollower = await stream.next();
    opened(firstFollower);
    firstFollower.item("a", "t1");
    await expect.poll(() => taken.names).toEqual(["a"]);
    proxy.cut();
    const secondFollower = await stream.next();
    expect(secondFollower.resume).toBe(hasTokens ? "t1" : undefined);
    opened(secondFollower);
    secondFollower.item("b", "t2");
    secondFollower.item("c", "t3");
    secondFollower.follower.ended(undefined);
    await taken.ended;
    expect(taken.names).toEqual(["a", "b", "c"]);
    // Without a place to go on from it is the whole again.
    expect(taken.resets).toEqual(hasTokens ? [] : ["b"]);
  });

  test.each([GrpcCode.UNAVAILABLE, GrpcCode.RESOURCE_EXHAUSTED, GrpcCode.DEADLINE_EXCEEDED])(
    "a temporary failure is retried: %s",
    async (code) => {
      let times = 0;
      const stream = testStream((it) => {
        opened(it);
        it.item(`${++times}`, `t${times}`);
        if (times < 3) it.follower.failed(failure(code), `t${times}`, undefined);
        else it.follower.ended(undefined);
      });
      const { url } = await serve(stream);
      const taken = take(made(url));
      await taken.ended;
      expect(taken.names).toEqual(["1", "2", "3"]);
      expect(stream.followers.map(({ resume }) => resume)).toEqual([undefined, "t1", "t2"]);
    },
  );

  test.each([GrpcCode.NOT_FOUND, GrpcCode.PERMISSION_DENIED, GrpcCode.INTERNAL])(
    "a permanent failure is thrown, before the first item and after it: %s",
    async (code) => {
      for (const begun of [false, true]) {
        const stream = testStream((it) => {
          if (begun) {
            opened(it);
            it.item("a", "t");
          }
          it.follower.failed(failure(code), undefined, undefined);
        });
        const { url } = await serve(stream);
        const taken = take(made(url));
        const thrown = await taken.ended.then(
          () => undefined,
          (error: unknown) => error,
        );
        expect(thrown).toBeInstanceOf(ConnectError);
        expect((thrown as ConnectError).code).toBe(code as number as Code);
        expect(taken.names).toEqual(begun ? ["a"] : []);
        expect(stream.followers.length).toBe(1);
      }
    },
  );

  test("credentials are requested at each opening, and may be refused once", async () => {
    const stream = testStream((it) => {
      if (it.headers.get("authorization") === "Bearer 1")
        it.follower.failed(failure(GrpcCode.UNAUTHENTICATED), undefined, undefined);
      else it.follower.ended(undefined);
    });
    const { url } = await serve(stream);
    let token = 0;
    await take(made(url), { headers: () => ({ authorization: `Bearer ${++token}` }) }).ended;
    expect(stream.followers.length).toBe(2);
    const refused = take(made(url), { headers: () => ({ authorization: "Bearer 1" }) });
    await expect(refused.ended).rejects.toMatchObject({ code: Code.Unauthenticated });
    expect(stream.followers.length).toBe(4);
  });

  test("a follower that leaves is cancelled on the server", async () => {
    const stream = testStream();
    const { url } = await serve(stream);
    const followed = follow(method, {}, { over: made(url), backoff: FAST })[Symbol.asyncIterator]();
    const first = followed.next();
    const it = await stream.next();
    opened(it);
    it.item("a", "t1");
    expect((await first).value?.message.fileName).toBe("a");
    const waiting = followed.next();
    waiting.catch(() => {});
    await followed.return?.();
    await it.cancelled;
    expect(stream.followers.length).toBe(1);
  });
});

describe("a client with other descriptors than the server", () => {
  /** As `take`, with responses as this client has them. */
  async function takeAs(
    over: FollowTransport,
    fields: MessageInitShape<typeof FieldDescriptorProtoSchema>[],
  ): Promise<number> {
    let items = 0;
    for await (const _ of follow(methodWith(fields), { fileName: "what" }, { over, backoff: FAST, attempts: 2 }))
      items++;
    return items;
  }
  const item = (it: TestFollower): void => {
    opened(it);
    it.item("a", "t1");
  };

  test.each(TRANSPORTS)("a field added to the response is ignored over %s", async (_, made) => {
    const stream = testStream((it) => {
      item(it);
      it.follower.ended(undefined);
    });
    const { url } = await serve(stream);
    expect(await takeAs(made(url), [])).toBe(1);
  });

  test.each(TRANSPORTS)("an undecodable response is a ConnectError, at once, over %s", async (_, made) => {
    const stream = testStream(item);
    const { url } = await serve(stream);
    const { MESSAGE } = FieldDescriptorProto_Type;
    const fields = [
      { name: "file_name", jsonName: "fileName", number: 1, type: MESSAGE, typeName: ".google.protobuf.SourceContext" },
    ];
    await expect(takeAs(made(url), fields)).rejects.toBeInstanceOf(ConnectError);
    expect(stream.followers.length).toBe(1);
  });
});

// A WebSocket has beats of its own: web-socket.test.ts.
test.each(TRANSPORTS.filter(([name]) => name !== "WebSocket"))(
  "a server without heartbeats for two intervals is replaced by another: %s",
  async (_, made) => {
    const stream = testStream(undefined, { heartbeatMs: 20 });
    const { url } = await serve(stream);
    const taken = take(made(url));
    const firstFollower = await stream.next();
    opened(firstFollower);
    firstFollower.item("a", "t1");
    const secondFollower = await stream.next();
    secondFollower.follower.ended(undefined);
    await taken.ended;
    expect(taken.names).toEqual(["a"]);
    expect(taken.states.find(({ kind }) => kind === "waiting")).toMatchObject({
      why: { message: "nothing has come for 50 ms" },
    });
  },
);

test("a reset without an item is reported before the end", async () => {
  const states: string[] = [];
  const message = create(RunUpdateSchema, { position: { token: "t1", beat: true, reset: true } });
  const over = {
    async *open() {
      yield { kind: "opened" as const, beatMs: undefined };
      yield { kind: "item" as const, message, token: undefined };
      yield { kind: "ended" as const };
    },
  } as unknown as FollowTransport;
  const onState = ({ kind }: FollowState): void => void states.push(kind);
  for await (const item of follow(RunService.method.followRun, {}, { over, onState })) expect.fail(item.token);
  expect(states).toEqual(["opening", "open", "reset"]);
});

test("a follow is abandoned after a number of consecutive losses", async () => {
  const states: FollowState[] = [];
  const onState = (state: FollowState): void => void states.push(state);
  const over = events({ baseUrl: "http://127.0.0.1:1" });
  await expect(take(over, { attempts: 3, onState }).ended).rejects.toMatchObject({ name: "Lost" });
  expect(states.map(({ kind }) => kind)).toEqual(["opening", "waiting", "opening", "waiting", "opening"]);
});
