// Calls over HTTP as grpc-gateway serves them: what HttpJsonClient sends arrives equal, and so does what is answered. Needs Go to build it.
import {
  create,
  type DescMethodUnary,
  fromBinary,
  fromJson,
  type JsonValue,
  type Message,
  ScalarType,
  toBinary,
  toJson,
} from "@bufbuild/protobuf";
import { anyPack, StringValueSchema } from "@bufbuild/protobuf/wkt";
import { StatusSchema } from "@protobff/messages/google/rpc/status_pb.js";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Code, type Fault } from "../../../../runtime/src/failure.ts";
import type { RestRule } from "../../../../runtime/src/http-rule/rule.ts";
import { HttpJsonClient } from "../../../../runtime/src/transport/http-json/http-json-client.ts";
import { frame } from "../../../../runtime/src/wire/frame.ts";
import { rulesOf, unaryOf } from "../rest-server.ts";
import { type AnyJsonOptions, anyJson, scalarJson, text } from "./any-json.ts";
import { type Gateway, startGateway } from "./gateway.ts";

/** What a segment of a path can hold; the client refuses the rest. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: it is these that are looked for
const segment = text.filter((value) => !/^(\.{0,2})$|[\x00-\x1f\x7f-\x9f/]/.test(value));
const under = (...parts: string[]): fc.Arbitrary<string> =>
  fc.tuple(...parts.map((part) => (part === "*" ? segment : fc.constant(part)))).map((all) => all.join("/"));
const many = (first: readonly string[], least: number): fc.Arbitrary<string> =>
  fc.array(segment, { minLength: least, maxLength: 3 }).map((rest) => [...first, ...rest].join("/"));

const book = under("shelves", "*", "books", "*");
const shelf = under("shelves", "*");
const plain = (fields: AnyJsonOptions["fields"] = {}): AnyJsonOptions => ({ plain: true, fields });
/** A query holds no maps and no lists of messages. */
const place = (body: string, fields: AnyJsonOptions["fields"] = {}): AnyJsonOptions => {
  const { [body]: _, ...others }: Record<string, undefined> = { book: undefined, books: undefined };
  return { plain: true, fields: { name: shelf, ...others, ...fields }, body, required: [body] };
};

/** By rpc: what its requests hold. */
const REQUESTS: Readonly<Record<string, AnyJsonOptions>> = {
  GetShelf: plain({ name: shelf }),
  GetBook: plain({ name: book }),
  GetTree: plain({ name: many([], 1) }),
  GetRest: plain({ name: many(["of"], 1) }),
  GetNumber: plain({
    int64: scalarJson(ScalarType.INT64),
    uint32: scalarJson(ScalarType.UINT32),
    bool: fc.boolean(),
    double: scalarJson(ScalarType.DOUBLE),
    kind: fc.constantFrom(0, 1, -2),
    bytes: scalarJson(ScalarType.BYTES).filter((value) => value !== ""),
  }),
  GetNested: plain({ "inner.name": segment, "inner.inner.name": under("a", "*", "b", "*") }),
  ListAll: plain(),
  DeleteBook: plain({ name: book }),
  CreateBook: {},
  CancelBook: { fields: { name: book } },
  ReplaceBook: place("book", { "plain.inner.name": segment }),
  // An empty mask it fills in by itself, from the body.
  UpdateBook: place("book", { update_mask: fc.constantFrom("name", "name,one") }),
  PostTexts: place("texts"),
  PostText: place("text"),
  PostMap: place("books"),
  PostNothing: plain({ name: shelf }),
  Search: plain(),
  GetInner: plain(),
  GetList: plain(),
};
/** By rpc: what its answers hold, where that is not everything. Of a message that is not set Go writes an empty one. */
const ANSWERS: Readonly<Record<string, readonly string[]>> = { GetInner: ["one"], GetList: ["strings"] };

describe.skipIf(process.env.PROTOBFF_WITHOUT_GO === "1")("grpc-gateway", () => {
  let gateway: Gateway;
  let usual: HttpJsonClient;
  beforeAll(async () => {
    gateway = await startGateway();
    const rules = unaryOf(gateway.registry).map((rpc) => ({ rpc, ...(rulesOf(rpc)[0] as RestRule) }));
    const types = [...gateway.registry.files];
    usual = new HttpJsonClient(`${gateway.url}/usual`, { rules, types });
  }, 600_000);
  afterAll(async () => {
    await usual.close();
    gateway.close();
  });

  function rpcOf(name: string): DescMethodUnary {
    const found = unaryOf(gateway.registry).find((method) => method.name === name);
    if (found === undefined) throw new Error(`no ${name}`);
    return found;
  }
  /** The JSON of what is sent, arrives, is answered, and comes back. */
  async function call(client: HttpJsonClient, rpc: DescMethodUnary, request: Message, answer: Message) {
    const { registry } = gateway;
    await configure("reply", toBinary(rpc.output, answer));
    const reply = await send(client, rpc, request);
    if (!(reply instanceof Uint8Array)) throw new Error(reply.message);
    const response = await fetch(`${gateway.url}/asked`);
    expect(response.headers.get("called")).toBe(rpc.name);
    const arrival = fromBinary(rpc.input, new Uint8Array(await response.arrayBuffer()));
    return {
      sent: toJson(rpc.input, request, { registry }),
      arrived: toJson(rpc.input, arrival, { registry }),
      answered: toJson(rpc.output, answer, { registry }),
      back: toJson(rpc.output, fromBinary(rpc.output, reply), { registry }),
    };
  }
  async function configure(what: "reply" | "refusal", body: Uint8Array): Promise<void> {
    const response = await fetch(`${gateway.url}/${what}`, { method: "POST", body: Buffer.from(body) });
    expect(response.status).toBe(200);
  }
  function send(client: HttpJsonClient, rpc: DescMethodUnary, request: Message): Promise<Uint8Array | Fault> {
    return new Promise((resolve) => {
      client.send(`/${rpc.parent.typeName}/${rpc.name}`, frame(toBinary(rpc.input, request)), 10_000, undefined, 1, {
        replied: resolve,
        faulted: resolve,
      });
    });
  }

  test.each(Object.entries(Code).filter(([, code]) => code !== Code.OK && code <= 16))(
    "returns %s with its message and details",
    async (_, code) => {
      const rpc = rpcOf("GetShelf");
      const detail = create(StringValueSchema, { value: "what is behind it" });
      const status = { code, message: "no, since „ü“ is %41", details: [anyPack(StringValueSchema, detail)] };
      await configure("refusal", toBinary(StatusSchema, create(StatusSchema, status)));
      const request = fromJson(rpc.input, { name: "shelves/1" }, { registry: gateway.registry });
      const reply = await send(usual, rpc, request);
      expect(reply).toMatchObject({ kind: "status", code, message: status.message });
      const { details } = reply as { readonly details?: Uint8Array };
      expect(fromBinary(StatusSchema, details ?? new Uint8Array())).toEqual(create(StatusSchema, status));
    },
  );

  test.each(Object.entries(REQUESTS))("%s", async (name, options) => {
    const rpc = rpcOf(name);
    const { registry } = gateway;
    const body = rulesOf(rpc)[0]?.body;
    await fc.assert(
      fc.asyncProperty(
        anyJson(rpc.input, options),
        anyJson(rpc.output, { required: ANSWERS[name] ?? [] }),
        async (question, reply) => {
          const request = fromJson(rpc.input, question as JsonValue, { registry });
          const only = ANSWERS[name];
          const expected = only === undefined ? reply : pick(reply, only);
          const answer = fromJson(rpc.output, expected as JsonValue, { registry });
          const { sent, arrived, answered, back } = await call(usual, rpc, request, answer);
          expect(withoutEmpty(arrived, body)).toEqual(withoutEmpty(sent, body));
          expect(withoutNull(back)).toEqual(withoutNull(answered));
        },
      ),
      { numRuns: 30, endOnFailure: false },
    );
  });
});

/** A query cannot tell a message without fields from one that is not there; a body can. */
function withoutEmpty(json: JsonValue, body: string | undefined): JsonValue {
  if (body === "*" || typeof json !== "object" || json === null || Array.isArray(json)) return json;
  const all = Object.entries(json).map(([name, value]) => [
    name,
    name === body ? value : withoutEmpty(value, undefined),
  ]);
  return Object.fromEntries(all.filter(([name, value]) => name === body || JSON.stringify(value) !== "{}"));
}
/** By default Go writes a google.protobuf.Value that is not set as null, which is one that is set. */
function withoutNull(json: JsonValue): JsonValue {
  if (typeof json !== "object" || json === null) return json;
  if (Array.isArray(json)) return json.map(withoutNull);
  const all = Object.entries(json).map(([name, value]) => [name, withoutNull(value)] as const);
  return Object.fromEntries(all.filter(([name, value]) => name !== "value" || value !== null));
}
const pick = (json: unknown, names: readonly string[]): unknown =>
  Object.fromEntries(Object.entries(json as object).filter(([name]) => names.includes(name)));
