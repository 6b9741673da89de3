// The program under test: the runner's cases as requests to a BFF, and as answers of its upstreams.
import { randomUUID } from "node:crypto";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { readMessage } from "../../../runtime/src/wire/reader.ts";
import { numberOf } from "./bff-protos.ts";
import type { Case, Result } from "./harness.ts";
import type { World } from "./world.ts";

/** Ways of a payload through a BFF, each a run of the suite. */
export const WAYS = ["requests", "REST bodies", "answers"] as const;
export type Way = (typeof WAYS)[number];

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
    const n = numberOf(type);
    if (payload === undefined || output === undefined) return { kind: "skipped", text: "neither binary nor JSON" };
    if (n < 0) return { kind: "skipped", text: `no rpc for ${type}` };
    if (this.#way === "REST bodies" && payload.format === "proto")
      return { kind: "skipped", text: "REST has JSON alone" };
    const read = this.#way === "answers" ? await this.#answered(n, payload) : await this.#requested(n, payload);
    if (!(read instanceof Uint8Array)) return this.#isUnwritable(type, payload, output) ? UNWRITABLE : read;
    const written = await this.#send("Wire", n, read, output);
    if (written.status !== 200) return { kind: "serialize error", text: written.bytes.toString() };
    return { kind: output, bytes: contentOf(written.bytes, output) };
  }

  /** Reports whether valid bytes were refused for JSON: their values are refused when an answer is read. */
  #isUnwritable(type: string, payload: NonNullable<Case["payload"]>, output: "proto" | "json"): boolean {
    const desc = this.#world.registry.getMessage(type);
    if (this.#way !== "answers" || payload.format === "json" || output === "proto" || desc === undefined) return false;
    try {
      readMessage(desc, new Uint8Array(payload.bytes));
      return true;
    } catch {
      return false;
    }
  }
  /** The bytes that the upstream received for a request. */
  async #requested(n: number, payload: NonNullable<Case["payload"]>): Promise<Uint8Array | Result> {
    const isProto = payload.format === "proto";
    const isRest = this.#way === "REST bodies";
    const id = randomUUID();
    const path = isRest ? `/through/${n}` : `${SERVICE}/Through${n}`;
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
  #send(rpc: "Wire" | "Json", n: number, payload: Uint8Array, output: "proto" | "json"): Promise<Answer> {
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
