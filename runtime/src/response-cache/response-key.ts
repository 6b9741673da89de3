import { createHash, hash } from "node:crypto";
import { type DescMessage, type Message, toBinary } from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import type { Request } from "../compose/request.ts";
import type { Caller } from "../identity/caller.ts";
import { callerBinding } from "../identity/caller-binding.ts";
import type { Masks } from "../selection/masks.ts";
import type { AnswerInputs, ResponseCaching } from "./response-caching.ts";

/** Parts of keys, besides those of each request. */
interface Depends<App, Args extends Message, Principal>
  extends AnswerInputs,
    Partial<Pick<ResponseCaching<App, Args, Principal>, "plan" | "env" | "ways">> {}

/** Types of an RPC. */
interface KeyTypes {
  /** The request's message. */
  readonly input: DescMessage;
  /** The message of principals. Undefined: callers are unknown. */
  readonly principal: DescMessage | undefined;
  readonly masks?: Masks | undefined;
}

/** Keys of answers: equal only for requests that must be answered alike. */
export class ResponseKeys<App, Args extends Message, Principal> {
  readonly #input: DescMessage;
  readonly #principal: DescMessage | undefined;
  readonly #depends: Depends<App, Args, Principal>;
  readonly #masks: Masks | undefined;
  /** Part of the key that is the same for all requests. */
  readonly #plan: string;
  readonly #callers = new WeakMap<Caller, string>();

  /**
   * @param method `package.Service/Method`
   */
  constructor(method: string, { input, principal, masks }: KeyTypes, depends: Depends<App, Args, Principal>) {
    this.#input = input;
    this.#masks = masks;
    this.#principal = principal;
    this.#depends = depends;
    this.#plan = digest(JSON.stringify([method, depends.plan ?? "", depends.env ?? []], plain));
  }

  /** A digest, since headers may hold secrets. The request counts as it is written again: clients write one message in many ways. */
  of(cx: Request<App, Principal>, args: Args): string {
    const { exchange, peer } = cx;
    const { headers = [], subject, token, peer: byPeer, ways } = this.#depends;
    const masks = this.#masks;
    const caller = exchange.headers.authentication?.caller;
    // JSON keeps the parts apart, whatever is in them. Fields that the BFF does not know may reach an upstream, so they count.
    const head = JSON.stringify([
      this.#plan,
      this.#whoCalls(caller),
      token === true ? (exchange.headers.identityHeader("token", "")?.key ?? null) : null,
      byPeer === true ? peer.address : null,
      headers.map((name) => exchange.headers.get(name)),
      ways?.(cx, args) ?? null,
      // Two spellings of a selection have one answer.
      ...(masks === undefined ? [] : [masks.keyOf(exchange.gates.chosen.composed)]),
      ...(subject === undefined ? [] : [callerBinding(caller, subject === true ? undefined : subject)]),
    ]);
    const bytes = toBinary(this.#input, masks === undefined || masks.read ? args : masks.without(args));
    if (bytes.length > LARGE) return createHash("sha256").update(head).update("\n").update(bytes).digest("base64");
    return hash("sha256", Buffer.concat([Buffer.from(`${head}\n`), bytes]), "base64");
  }
  #whoCalls(caller: Caller | undefined): string | null {
    const { principal: fields } = this.#depends;
    if (fields === undefined || caller === undefined) return null;
    let known = this.#callers.get(caller);
    if (known === undefined) {
      known = fields === "whole" ? caller.key : this.#partOf(caller.principal, fields);
      this.#callers.set(caller, known);
    }
    return known;
  }
  /** The fields that are read, and none else. */
  #partOf(principal: Message, names: readonly string[]): string {
    const type = this.#principal;
    if (type === undefined) throw new TypeError("a cache by who calls, and no identity");
    const whole = reflect(type, principal);
    const part = reflect(type);
    for (const field of type.fields) {
      if (!names.includes(field.name) || !whole.isSet(field)) continue;
      part.set(field, whole.get(field));
    }
    return Buffer.from(toBinary(type, part.message)).toString("base64");
  }
}
const LARGE = 16 << 10;
const digest = (text: string): string => hash("sha256", text, "base64");

/** Values of variables: texts, numbers, bools, durations, lists and maps of these. */
function plain(_: string, value: unknown): unknown {
  if (typeof value === "bigint") return `${value}n`;
  if (value instanceof Map) return [...value];
  return value;
}
