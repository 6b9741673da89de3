import { spawn } from "node:child_process";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { create } from "@bufbuild/protobuf";
import { type StringValue, StringValueSchema } from "@bufbuild/protobuf/wkt";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { Upstream } from "@protobff/runtime/internal/call/upstream";
import { systemClock } from "@protobff/runtime/internal/clock";
import { endpoint } from "@protobff/runtime/internal/endpoint/endpoint";
import { invalid } from "@protobff/runtime/internal/failure";
import type { Observer } from "@protobff/runtime/internal/observer";
import type { UnaryClient } from "@protobff/runtime/internal/transport/unary-client";
import { expect, it, onTestFinished } from "vitest";
import { listen } from "../listen.ts";
import { withOneShape } from "../process/observers.ts";
import { EchoService, echoEndpoint } from "../testing/test-echo.ts";
import { SampleIdentity } from "./sample-identity.ts";
import { NoLimits, REFUSING, warmUp } from "./warm-up.ts";

const PROGRAM = fileURLToPath(new URL("../testing/test-server.ts", import.meta.url));
const method = EchoService.method.echo;
const common = { upstreams: { echo: EchoService }, http2: "own", http2Server: "own" } as const;

/** Asks its upstream, and tells what it was given. */
function asking(report: (answer: string) => void) {
  return ({ echo }: Readonly<Record<string, UnaryClient>>) => {
    if (echo === undefined) throw new Error("no client");
    const app = { echo: new Upstream(EchoService.typeName, echo, {}).unary(method, {}) };
    return [
      endpoint(method, app, {
        timeoutMs: 10_000,
        compose: async (cx, args) => {
          const answer: StringValue = await cx.call(cx.app.echo, { value: args.value });
          report(answer.value);
          return create(StringValueSchema, { value: answer.value });
        },
      }),
    ];
  };
}

it("warm-up calls RPCs over stand-ins with samples, and is not announced as a server", async () => {
  const announced: unknown[] = [];
  const note = (listening: unknown) => announced.push(listening);
  subscribe("protobff.listening", note);
  onTestFinished(() => void unsubscribe("protobff.listening", note));
  const answers = new Set<string>();
  const count = await warmUp({ ...common, forMs: 30_000, create: asking((answer) => answers.add(answer)) });
  expect(count).toBe(8_000);
  expect([...answers].sort()).toEqual([7, 200, 500].map((length) => "value-1".padEnd(length, ".")));
  expect(announced).toEqual([]);
}, 60_000);

it("the caller is the sample of a principal, and no limit is charged", async () => {
  const identity = new SampleIdentity({ type: StringValueSchema, sources: ["user"] });
  const sources = new Set<string>();
  const known = () => [
    endpoint(
      method,
      {},
      {
        timeoutMs: 10_000,
        identity,
        permit: { sources: ["user"] },
        compose: async (cx) => {
          sources.add(cx.exchange.headers.authentication?.caller?.credential.source ?? "nobody");
          return create(StringValueSchema);
        },
      },
    ),
  ];
  expect(await warmUp({ ...common, forMs: 300, create: known })).toBeGreaterThan(0);
  expect([...sources]).toEqual(["user"]);
  const limits = new NoLimits({ clock: systemClock, fault: () => {} });
  expect(limits.charge()).toMatchObject({ alone: [] });
}, 60_000);

it("warm-up ends at its time limit, whatever is in flight", async () => {
  let composed = 0;
  const never = ({ echo: _ }: Readonly<Record<string, UnaryClient>>) => [
    endpoint(method, {}, { timeoutMs: 60_000, compose: () => new Promise<StringValue>(() => composed++) }),
  ];
  expect(await warmUp({ ...common, forMs: 500, create: never })).toBe(0);
  expect(composed).toBeGreaterThan(0);
}, 60_000);

it("warm-up continues after failed answers", async () => {
  const failing = () => [
    endpoint(
      method,
      {},
      {
        timeoutMs: 10_000,
        compose: async () => {
          throw invalid("", "of no use");
        },
      },
    ),
  ];
  expect(await warmUp({ ...common, forMs: 300, create: failing })).toBeGreaterThan(16);
}, 60_000);

it("user functions are not called", () => {
  const { resolvers } = REFUSING as unknown as { resolvers: Record<string, Record<string, () => void>> };
  expect(() => resolvers.shop?.price?.()).toThrow("is not called while the server warms up");
});

it("an observer has the same shape as its silent substitute", () => {
  class Counting {
    #count = 0;
    responseStart() {
      return { context: String(++this.#count) };
    }
    readonly call = () => void this.#count++;
    readonly resolver = undefined;
  }
  const counting = new Counting() as unknown as Observer;
  const [observer, silent] = [withOneShape(counting, false), withOneShape(counting, true)];
  expect(Object.keys(observer)).toEqual(["call", "responseStart"]);
  expect(Object.keys(silent)).toEqual(Object.keys(observer));
  const event = {} as never;
  silent.call?.(event);
  expect(silent.responseStart?.(event)).toBeUndefined();
  observer.call?.(event);
  expect(observer.responseStart?.(event)).toEqual({ context: "2" });
});

it("servers warm up before they listen, without a call to an upstream", async () => {
  let calls = 0;
  const upstream = await listen([
    echoEndpoint((request) => {
      calls++;
      return request;
    }),
  ]);
  onTestFinished(() => upstream.close(0));
  const env = { HOST: "127.0.0.1", PORT: "0", BFF_WARM_UP: "200ms", ECHO_V1_ECHOSERVICE_URL: upstream.url };
  const counting = `import net from "node:net";
import { subscribe } from "node:diagnostics_channel";
const { listen } = net.Server.prototype;
let count = 0;
net.Server.prototype.listen = function (...args) { count++; return listen.apply(this, args); };
subscribe("protobff.listening", () => console.error(count, "ports"));`;
  const loaded = `--import=data:text/javascript,${encodeURIComponent(counting)}`;
  const child = spawn(process.execPath, [loaded, PROGRAM], { env, stdio: ["ignore", "pipe", "pipe"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  let errors = "";
  child.stderr.on("data", (chunk: Buffer) => {
    errors += chunk.toString();
  });
  const [line] = await once(child.stdout, "data");
  const baseUrl = /^listening on (\S+)\n/.exec(String(line))?.[1] ?? "";
  const client = createClient(EchoService, createGrpcTransport({ baseUrl }));
  expect(await client.echo({ value: "you" })).toMatchObject({ value: "hi you" });
  expect(calls).toBe(1);
  expect(errors).toBe("5 ports\n"); // the stand-ins' and its own for the while, twice, and that of the server
}, 60_000);
