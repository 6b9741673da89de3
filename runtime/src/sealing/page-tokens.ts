// Tokens of pages (AIP-158): the state of a list, sealed for one rpc, one caller and one request.

import { hash } from "node:crypto";
import { clearField, type DescField, type DescMessage, type Message, toBinary } from "@bufbuild/protobuf";
import type { Clock } from "../clock.ts";
import { ExpressionError } from "../expressions/value/error.ts";
import type { Caller } from "../identity/caller.ts";
import { callerBinding } from "../identity/caller-binding.ts";
import { withSortedMaps } from "../wire/sorted-maps.ts";
import type { Sealer } from "./sealer.ts";

/** Length of a token, in characters. */
const MAX_CHARACTERS = 4 << 10;
const HOUR_MS = 3_600_000;
/** Time for which a token is valid, in whole hours. */
const LIFETIME_HOURS = 72;

/** Binding of the tokens of an rpc, besides the caller and the request. */
interface PageBinding {
  readonly sealer: Sealer;
  /** `package.Service/Method` */
  readonly method: string;
  readonly input: DescMessage;
  /** Fields that a client may change from page to page: the token itself and the page size. */
  readonly free: readonly DescField[];
  /** Fields of the principal that the tokens are bound to; undefined: the whole principal. */
  readonly fields?: readonly string[] | undefined;
  readonly clock: Clock;
}

/** The tokens of one request: those that its client has sent, and those of its answer. */
export class PageTokens {
  readonly #binding: PageBinding;
  readonly #args: Message;
  /** Undefined: a token opens for every caller. */
  readonly #caller: Caller | undefined;
  #purpose: string | undefined;
  #opened: Map<string, ReadonlyMap<string, string>> | undefined;

  constructor(binding: PageBinding, args: Message, caller: Caller | undefined) {
    this.#binding = binding;
    this.#args = args;
    this.#caller = caller;
  }

  /**
   * Returns the token of a state, in URL-safe base64. An empty state is "", the end of the list. Equal states give equal
   * tokens within an hour.
   *
   * @throws ExpressionError if the token is longer than 4 KiB
   */
  seal(state: ReadonlyMap<string, string>): string {
    if (state.size === 0) return "";
    const { sealer } = this.#binding;
    const entries = [...state].sort(([a], [b]) => (a < b ? -1 : 1));
    const text = `${this.#hour()}\n${JSON.stringify(entries)}`;
    const token = sealer.sealAlike(text, this.#boundTo()).toString("base64url");
    if (token.length > MAX_CHARACTERS)
      throw new ExpressionError(`page.seal: a token of ${token.length} characters, and at most ${MAX_CHARACTERS} fit`);
    return token;
  }

  /** Returns the state of a token, empty for "". Undefined: it is forged, foreign, too old or too long. */
  open(token: string): ReadonlyMap<string, string> | undefined {
    const known = this.#opened?.get(token);
    if (known !== undefined) return known;
    const state = token === "" ? new Map<string, string>() : this.#stateOf(token);
    if (state === undefined) return undefined;
    this.#opened ??= new Map();
    this.#opened.set(token, state);
    return state;
  }
  #stateOf(token: string): ReadonlyMap<string, string> | undefined {
    if (token.length > MAX_CHARACTERS) return undefined;
    const bytes = Buffer.from(token, "base64url");
    // Node ignores characters that are not base64: a token has one spelling.
    if (bytes.toString("base64url") !== token) return undefined;
    const text = this.#binding.sealer.open(bytes, this.#boundTo());
    if (text === undefined) return undefined;
    const line = text.indexOf("\n");
    if (this.#hour() - Number(text.slice(0, line)) > LIFETIME_HOURS) return undefined;
    return new Map(JSON.parse(text.slice(line + 1)) as [string, string][]);
  }

  #hour(): number {
    return Math.floor(this.#binding.clock.date().getTime() / HOUR_MS);
  }
  #boundTo(): string {
    if (this.#purpose === undefined) {
      const { method, fields } = this.#binding;
      this.#purpose = JSON.stringify(["page", method, callerBinding(this.#caller, fields), this.#digest()]);
    }
    return this.#purpose;
  }
  /** A digest of the request without its free fields. Clients write maps in any order. */
  #digest(): string {
    const { input, free } = this.#binding;
    const rest = { ...this.#args };
    for (const field of free) clearField(rest, field);
    return hash("sha256", toBinary(input, withSortedMaps(input, rest)), "base64url");
  }
}
