// Every upstream of the second BFF in one raw gRPC server. Answers follow from the request's bytes alone; faults from a seed.

import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type ServerHttp2Session, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import {
  type DescField,
  type DescMethodUnary,
  type FileRegistry,
  fromBinary,
  type Message,
  toBinary,
} from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { Code } from "@connectrpc/connect";
import { below, pick, type Random, randomMessage, seeded } from "./random-message.ts";
import { buildSecondRegistry, upstreamMethods } from "./registry.ts";

/**
 * Variables of the BFF's servers besides addresses: the one without a default, and the file with the functions of its
 * resolvers.
 */
export const secondEnv = {
  SHOP_REGION: "fi",
  BFF_RESOLVERS: fileURLToPath(new URL("resolvers.ts", import.meta.url)),
} as const;

export interface SecondCall {
  /** From 0, in order of arrival. */
  readonly number: number;
  /** `catalog.v1.CatalogService/GetProduct` */
  readonly method: string;
  /** As they came over the wire. */
  readonly request: Uint8Array;
  /** Lower-case names. */
  readonly headers: ReadonlyMap<string, string>;
  /** Milliseconds of `performance.now()`. */
  readonly startedAt: number;
  endedAt: number | undefined;
  /** `hung` calls were left without an answer; a `garbled` one does not decode. */
  outcome: "pending" | "ok" | "hung" | "garbled" | Code;
  /** With an error code: the text beside it. */
  message: string;
  /** With an error code, where the method has one: `google.rpc.Status` as sent in `grpc-status-details-bin`. */
  status: Uint8Array | undefined;
  /** The caller went away before there was an answer. */
  cancelled: boolean;
  response: Uint8Array | undefined;
}

export interface SecondOptions {
  readonly seed?: number;
  /** Parts of all calls, from 0 to 1, that fail with some status, never answer, or answer with bytes that do not decode. */
  readonly failing?: number;
  readonly hanging?: number;
  readonly garbled?: number;
  /** Answers take up to this many milliseconds. */
  readonly latencyMs?: number;
  readonly registry?: FileRegistry;
}

export interface SecondUpstreams {
  /** By full service name; all lead to the one server. */
  readonly urls: Readonly<Record<string, string>>;
  /** For the BFF's servers: `CATALOG_V1_CATALOGSERVICE_URL` and so on, and {@link secondEnv}. */
  readonly env: Readonly<Record<string, string>>;
  readonly calls: SecondCall[];
  /** Other faults from now on. */
  set(faults: Pick<SecondOptions, "seed" | "failing" | "hanging" | "garbled" | "latencyMs">): void;
  close(): Promise<void>;
}

/** Batch methods, which answer for the requested keys. */
const BATCHES: Readonly<Record<string, { keys: string; items: string; key?: string; many?: boolean }>> = {
  "catalog.v1.CatalogService/BatchGetProducts": { keys: "ids", items: "products", key: "id" },
  "pricing.v1.PricingService/GetPrices": { keys: "product_ids", items: "prices" },
  "inventory.v1.InventoryService/GetStock": { keys: "skus", items: "stocks", key: "sku" },
  "reviews.v1.ReviewService/ListReviews": {
    keys: "product_ids",
    items: "reviews",
    key: "product_id",
    many: true,
  },
  "accounts.v1.AccountService/BatchGetAccounts": { keys: "ids", items: "accounts", key: "id" },
  "shipping.v1.ShippingService/Track": { keys: "order_ids", items: "parcels", key: "order_id", many: true },
};

const CODES: readonly Code[] = [
  Code.Unavailable,
  Code.Unavailable,
  Code.Unavailable,
  Code.Internal,
  Code.Unknown,
  Code.Aborted,
  Code.NotFound,
  Code.NotFound,
  Code.PermissionDenied,
  Code.FailedPrecondition,
  Code.FailedPrecondition,
  Code.ResourceExhausted,
  Code.DeadlineExceeded,
  Code.InvalidArgument,
  Code.OutOfRange,
  Code.DataLoss,
  Code.Canceled,
];
const TEXTS = ["", "still a draft", "never again", "say “no”, 100 %", "upstream text"];

/** Details that a method adds to half of its failures: a message of the same package. */
const DETAILS: Readonly<Record<string, string>> = { "inventory.v1.InventoryService/Reserve": "inventory.v1.Shortage" };

/** A field number 1 of wire type 7, which does not exist. */
const GARBAGE = Uint8Array.of(0x0f, 0xff, 0xff);

export async function startSecondUpstreams(options: SecondOptions = {}): Promise<SecondUpstreams> {
  let faults: SecondOptions = options;
  const methods = upstreamMethods(options.registry ?? buildSecondRegistry());
  const calls: SecondCall[] = [];
  const seen = new Map<string, number>();
  const sessions = new Set<ServerHttp2Session>();
  const timers = new Set<NodeJS.Timeout>();

  const serve = (
    method: DescMethodUnary,
    path: string,
    request: Uint8Array,
    headers: IncomingHttpHeaders,
    reply: Reply,
  ) => {
    const name = path.slice(1);
    const call: SecondCall = {
      number: calls.length,
      method: name,
      request,
      headers: new Map(Object.entries(headers).map(([key, value]) => [key, String(value)])),
      startedAt: performance.now(),
      endedAt: undefined,
      outcome: "pending",
      message: "",
      status: undefined,
      cancelled: false,
      response: undefined,
    };
    calls.push(call);
    reply.gone(() => {
      if (call.outcome === "pending" || call.outcome === "hung") {
        call.cancelled = true;
        call.endedAt = performance.now();
        if (call.outcome === "pending") call.outcome = Code.Canceled;
      }
    });
    // the same request may fail the first time and succeed the second, but not by the order in which different ones arrive
    const identity = `${name} ${Buffer.from(request).toString("base64")}`;
    const turn = seen.get(identity) ?? 0;
    seen.set(identity, turn + 1);
    const random = seeded(faults.seed ?? 0, identity, turn);
    const lot = random();
    const { failing = 0, hanging = 0, garbled = 0, latencyMs = 0 } = faults;
    if (lot < hanging) {
      call.outcome = "hung";
      return;
    }
    const answer = () => {
      if (call.cancelled) return;
      call.endedAt = performance.now();
      if (lot < hanging + failing) {
        call.outcome = pick(random, CODES);
        call.message = pick(random, TEXTS);
        call.status = statusWithDetail(methods, name, call.outcome, call.message, random);
        reply.fail(call.outcome, call.message, call.status);
      } else if (lot < hanging + failing + garbled) {
        call.outcome = "garbled";
        reply.answer(GARBAGE);
      } else {
        const response = answerTo(method, name, request);
        call.outcome = "ok";
        call.response = toBinary(method.output, response);
        reply.answer(call.response);
      }
    };
    if (latencyMs === 0) return answer();
    const timer = setTimeout(
      () => {
        timers.delete(timer);
        answer();
      },
      below(random, latencyMs + 1),
    );
    timers.add(timer);
  };

  // Callers that give up reset their streams, under load a thousand in a burst: no reason to close the connection.
  const server = createServer({ streamResetBurst: 1_000_000, streamResetRate: 1_000_000 });
  server.on("session", (session) => {
    sessions.add(session);
    session.on("error", () => {});
    session.on("close", () => sessions.delete(session));
  });
  server.on("stream", (stream: ServerHttp2Stream, headers) => {
    const path = String(headers[":path"]);
    const reply = replyOn(stream);
    const method = methods.get(path);
    if (method === undefined) return reply.fail(Code.Unimplemented, path);
    const chunks: Buffer[] = [];
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("end", () => {
      const body = Buffer.concat(chunks);
      if (body.length < 5 || body.readUInt32BE(1) !== body.length - 5)
        return reply.fail(Code.Internal, "expected one message");
      serve(method, path, body.subarray(5), headers, reply);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const services = new Set([...methods.values()].map((method) => method.parent.typeName));

  return {
    urls: Object.fromEntries([...services].map((service) => [service, url])),
    env: {
      ...Object.fromEntries([...services].map((service) => [`${service.toUpperCase().replaceAll(".", "_")}_URL`, url])),
      ...secondEnv,
    },
    calls,
    set(next) {
      faults = next;
    },
    async close() {
      for (const timer of timers) clearTimeout(timer);
      const closed = once(server, "close");
      server.close();
      for (const session of sessions) session.destroy();
      await closed;
    },
  };
}

/** Returns the upstream's answer to this request; it never changes. */
export function answerTo(method: DescMethodUnary, name: string, request: Uint8Array): Message {
  const batch = BATCHES[name];
  if (batch === undefined) return randomMessage(method.output, seeded(name, request)).message;
  const input = reflect(method.input, fromBinary(method.input, request));
  const keys = [...(input.get(field(method.input.fields, batch.keys)) as Iterable<string | bigint>)];
  // the rest of the request counts, the company of other keys does not
  input.clear(field(method.input.fields, batch.keys));
  const rest = toBinary(method.input, input.message);
  const answer = reflect(method.output);
  const items = field(method.output.fields, batch.items);
  const put = (key: string | bigint, item: ReflectMessage) => {
    if (items.fieldKind === "map") answer.get(items).set(key as string, item);
    else if (items.fieldKind === "list") {
      item.set(field(item.desc.fields, batch.key ?? ""), key);
      answer.get(items).add(item);
    }
  };
  const item = (key: string | bigint, position: number) =>
    randomMessage(items.message!, seeded(name, String(key), rest, position));
  for (const key of keys) {
    const random = seeded("batch", name, String(key), rest);
    if (batch.many === true) {
      const count = below(random, 4);
      for (let position = 0; position < count; position++) put(key, item(key, position));
    } else {
      const lot = random();
      if (lot < 0.12) continue;
      put(key, item(key, 0));
      if (lot > 0.95) put(key, item(key, 1));
    }
    // An item that was not requested.
    if (random() < 0.04) put(typeof key === "bigint" ? 1_000n + key : `stray-${key}`, item(key, 9));
  }
  return answer.message;
}

function statusWithDetail(
  methods: ReadonlyMap<string, DescMethodUnary>,
  name: string,
  code: Code,
  message: string,
  random: Random,
): Uint8Array | undefined {
  const desc = methods.get(`/${name}`)?.parent.file.messages.find((message) => message.typeName === DETAILS[name]);
  if (desc === undefined || random() < 0.5) return undefined;
  const any = new BinaryWriter()
    .tag(1, WireType.LengthDelimited)
    .string(`type.googleapis.com/${desc.typeName}`)
    .tag(2, WireType.LengthDelimited)
    .bytes(toBinary(desc, randomMessage(desc, random).message))
    .finish();
  return new BinaryWriter()
    .tag(1, WireType.Varint)
    .int32(code)
    .tag(2, WireType.LengthDelimited)
    .string(message)
    .tag(3, WireType.LengthDelimited)
    .bytes(any)
    .finish();
}

function field(fields: readonly DescField[], name: string): DescField {
  const found = fields.find((candidate) => candidate.name === name);
  if (found === undefined) throw new Error(`no field ${name}`);
  return found;
}

interface Reply {
  answer(message: Uint8Array): void;
  fail(code: Code, message: string, status?: Uint8Array): void;
  /** Runs when the stream has closed, on either side. */
  gone(then: () => void): void;
}

function replyOn(stream: ServerHttp2Stream): Reply {
  stream.on("error", () => {});
  return {
    answer(message) {
      if (stream.destroyed) return;
      stream.respond({ ":status": 200, "content-type": "application/grpc+proto" }, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
      const frame = Buffer.alloc(5 + message.length);
      frame.writeUInt32BE(message.length, 1);
      frame.set(message, 5);
      stream.end(frame);
    },
    fail(code, message, status) {
      if (stream.destroyed) return;
      stream.respond(
        {
          ":status": 200,
          "content-type": "application/grpc+proto",
          "grpc-status": String(code),
          "grpc-message": encodeURIComponent(message),
          ...(status === undefined
            ? {}
            : { "grpc-status-details-bin": Buffer.from(status).toString("base64").replace(/=+$/, "") }),
        },
        { endStream: true },
      );
    },
    gone(then) {
      stream.on("close", then);
    },
  };
}
