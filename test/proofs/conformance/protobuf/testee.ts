// The program under test: the runner's cases as requests to a BFF, and as answers of its upstreams.
import { randomUUID } from "node:crypto";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { readMessage } from "../../../../runtime/src/wire/reader.ts";
import { isCopied, numberOf, PLAIN } from "./bff-protos.ts";
import type { Case, Result } from "./harness.ts";
import type { World } from "./world.ts";

/** Ways of a payload through a BFF, each a run of the suite. */
export const WAYS = [
  "requests",
  "REST bodies",
  "answers",
  "alias copies",
  "spread",
  "HTTP_JSON bodies",
  "copied answers",
  "answers per field",
  "requests without Struct",
  "answers without Struct",
] as const;
export type Way = (typeof WAYS)[number];

/** Rpcs of the ways that make copies, each with a number for the type. */
export const RPCS: Readonly<
  Partial<Record<Way, { readonly rpc: string; readonly direction: "in" | "body" | "out" | "whole" }>>
> = {
  "alias copies": { rpc: "Copied", direction: "in" },
  spread: { rpc: "Spread", direction: "in" },
  "HTTP_JSON bodies": { rpc: "Body", direction: "body" },
  "copied answers": { rpc: "CopiedWire", direction: "out" },
  "answers per field": { rpc: "FieldsWire", direction: "whole" },
};

const SERVICE = "/conf.v1.ConfService";
const PROTO = "application/proto";
const JSON_TYPE = "application/json";

const UNWRITABLE: Result = { kind: "serialize error", text: "refused when the answer was read" };

interface Answer {
  readonly status: number;
  readonly bytes: Buffer;
}

export class Testee {
  readonly #world: World;
  readonly #way: Way;

  constructor(world: World, way: Way) {
    this.#world = world;
    this.#way = way;
  }

  async result({ type, payload, output }: Case): Promise<Result> {
    const n = numberOf(this.#way.endsWith(" without Struct") && numberOf(type) === 0 ? PLAIN : type);
    if (this.#way.endsWith(" without Struct") && n !== numberOf(PLAIN))
      return { kind: "skipped", text: "a way of proto3 alone" };
    if (payload === undefined || output === undefined) return { kind: "skipped", text: "neither binary nor JSON" };
    if (n < 0) return { kind: "skipped", text: `no rpc for ${type}` };
    if (this.#way === "REST bodies" && payload.format === "proto")
      return { kind: "skipped", text: "REST has JSON alone" };
    const only = RPCS[this.#way];
    if (only !== undefined && !isCopied(n)) return { kind: "skipped", text: `no rpc for ${type} in this way` };
    if (only?.direction === "body") return this.#body(n, payload, output);
    if (only?.direction === "out" || only?.direction === "whole")
      return this.#through(only, n, { type, payload }, output);
    const read = this.#way.startsWith("answers") ? await this.#answered(n, payload) : await this.#requested(n, payload);
    if (!(read instanceof Uint8Array)) return this.#isUnwritable(type, payload, output) ? UNWRITABLE : read;
    const written = await this.#send("Wire", n, read, output);
    if (written.status !== 200) return { kind: "serialize error", text: written.bytes.toString() };
    return { kind: output, bytes: contentOf(written.bytes, output) };
  }

  /** The JSON that the upstream received for a request; as bytes, read by the suite's JSON way. */
  async #body(n: number, payload: NonNullable<Case["payload"]>, output: "proto" | "json"): Promise<Result> {
    const id = randomUUID();
    const type = payload.format === "proto" ? PROTO : JSON_TYPE;
    const answer = await this.#post(`${SERVICE}/Body${n}`, type, payload.bytes, id);
    const text = answer.bytes.toString();
    if (answer.status === 400)
      return { kind: text.includes("without a form in JSON") ? "serialize error" : "parse error", text };
    const received = this.#world.receivedBody();
    if (received.id !== id) return { kind: "serialize error", text: `${answer.status} ${answer.bytes.toString()}` };
    if (output === "json") return { kind: "json", bytes: received.bytes };
    const bytes = await this.#answered(n, { format: "json", bytes: received.bytes });
    return bytes instanceof Uint8Array ? { kind: "proto", bytes } : bytes;
  }
  /** The answer that a client receives for an upstream's answer. */
  async #through(
    { rpc, direction }: { readonly rpc: string; readonly direction: string },
    n: number,
    { type, payload }: { readonly type: string; readonly payload: NonNullable<Case["payload"]> },
    output: "proto" | "json",
  ): Promise<Result> {
    const bytes = payload.format === "proto" ? payload.bytes : await this.#answered(n, payload);
    if (!(bytes instanceof Uint8Array)) return bytes;
    const answer = await this.#send(rpc, n, bytes, output);
    if (answer.status !== 200)
      return this.#isReadable(type, bytes) && output === "json"
        ? { kind: "serialize error", text: answer.bytes.toString() }
        : { kind: "parse error", text: answer.bytes.toString() };
    return { kind: output, bytes: direction === "whole" ? answer.bytes : contentOf(answer.bytes, output) };
  }
  #isReadable(type: string, bytes: Uint8Array): boolean {
    const desc = this.#world.registry.getMessage(type);
    try {
      return desc !== undefined && readMessage(desc, new Uint8Array(bytes)) !== undefined;
    } catch {
      return false;
    }
  }
  /** Reports whether valid bytes were refused for JSON: their values are refused when an answer is read. */
  #isUnwritable(type: string, payload: NonNullable<Case["payload"]>, output: "proto" | "json"): boolean {
    if (!this.#way.startsWith("answers") || payload.format === "json" || output === "proto") return false;
    return this.#isReadable(type, payload.bytes);
  }
  /** The bytes that the upstream received for a request. */
  async #requested(n: number, payload: NonNullable<Case["payload"]>): Promise<Uint8Array | Result> {
    const isProto = payload.format === "proto";
    const isRest = this.#way === "REST bodies";
    const rpc = `${RPCS[this.#way]?.rpc ?? "Through"}${n}`;
    const id = randomUUID();
    const path = isRest ? `/through/${n}` : `${SERVICE}/${rpc}`;
    const answer = await this.#post(path, isProto ? PROTO : JSON_TYPE, payload.bytes, id);
    if (answer.status === 400) return { kind: "parse error", text: answer.bytes.toString() };
    const received = this.#world.received();
    if (received.id !== id) return { kind: "runtime error", text: `${answer.status} ${answer.bytes.toString()}` };
    return received.bytes;
  }
  /** The bytes that a client receives for an upstream's answer. */
  async #answered(n: number, { format, bytes }: NonNullable<Case["payload"]>): Promise<Uint8Array | Result> {
    const answer = await this.#send(format === "proto" ? "Wire" : "Json", n, bytes, "proto");
    if (answer.status !== 200) return { kind: "parse error", text: answer.bytes.toString() };
    return contentOf(answer.bytes, "proto");
  }
  #send(rpc: string, n: number, payload: Uint8Array, output: "proto" | "json"): Promise<Answer> {
    const body =
      output === "proto"
        ? new BinaryWriter().tag(1, WireType.LengthDelimited).bytes(payload).finish()
        : Buffer.from(JSON.stringify({ payload: Buffer.from(payload).toString("base64") }));
    return this.#post(`${SERVICE}/${rpc}${n}`, output === "proto" ? PROTO : JSON_TYPE, body, "");
  }
  async #post(path: string, type: string, body: Uint8Array, id: string): Promise<Answer> {
    const headers = { "content-type": type, "x-case": id };
    const response = await fetch(this.#world.url + path, { method: "POST", headers, body: new Uint8Array(body) });
    return { status: response.status, bytes: Buffer.from(await response.arrayBuffer()) };
  }
}

/** The only field of the answer. */
function contentOf(answer: Buffer, format: "proto" | "json"): Buffer {
  if (format === "json") return answer.length < 10 ? Buffer.from("{}") : answer.subarray('{"all":'.length, -1);
  if (answer.length === 0) return answer;
  let at = 1;
  while ((answer[at++] ?? 0) >= 0x80);
  return answer.subarray(at);
}
