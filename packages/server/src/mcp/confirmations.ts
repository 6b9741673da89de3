// Questions to the user before a tool runs (MCP 2026-07-28, Multi Round-Trip Requests): the server keeps nothing but the
// ids of answers, so that each is used once.
import { createHash, randomUUID } from "node:crypto";
import type { JsonObject } from "@bufbuild/protobuf";
import type { Clock } from "@protobff/runtime/internal/clock";
import type { Caller } from "@protobff/runtime/internal/identity/caller";
import { callerBinding } from "@protobff/runtime/internal/identity/caller-binding";
import type { Sealer } from "@protobff/runtime/internal/sealing/sealer";
import { isObject, membersOf } from "./json-rpc.ts";

/** Name of the question, and of its field. */
const CONFIRM = "confirm";
/** Method of requests to users. */
export const ELICIT = "elicitation/create";
/** Time for an answer, in milliseconds. */
export const LIFE_MS = 300_000;
/** Maximum length of a sealed state, in characters. */
const MAX_STATE = 1_024;

/** Ids that were used. */
export interface UsedIds {
  /** Returns false for an id that was used before. */
  use(id: string, lifeMs: number): boolean | Promise<boolean>;
  close(): void;
}

/** A call that needs a confirmation. */
export interface Confirmed {
  readonly tool: string;
  readonly caller: Caller | undefined;
  /** Fields of the principal that the confirmation is bound to; undefined: the whole principal. */
  readonly fields?: readonly string[] | undefined;
  /** The request of the rpc with its hidden fields, encoded. */
  readonly bytes: Uint8Array;
}
interface State {
  readonly id: string;
  /** Milliseconds of the wall clock. */
  readonly until: number;
}
/** Outcome of an answer: `unknown` for a state that is forged, late, used, or of another call. */
export type Decision = "accepted" | "refused" | "unanswered" | "unknown";

export class Confirmations {
  readonly #sealer: Sealer;
  readonly #used: UsedIds;
  readonly #clock: Clock;

  constructor(sealer: Sealer, used: UsedIds, clock: Clock) {
    this.#sealer = sealer;
    this.#used = used;
    this.#clock = clock;
  }

  /**
   * Returns the JSON of a result with a question to the user, without its braces.
   *
   * @param shown as of `shownArguments`
   */
  question(call: Confirmed, shown: string): string {
    const state: State = { id: randomUUID(), until: this.#clock.date().getTime() + LIFE_MS };
    return membersOf({
      inputRequests: { [CONFIRM]: { method: ELICIT, params: formOf(call.tool, shown) } },
      requestState: this.#sealer.seal(JSON.stringify(state), purposeOf(call)).toString("base64url"),
    });
  }

  /** @throws an error of Redis */
  async outcome(call: Confirmed, { requestState, inputResponses }: Answers): Promise<Decision> {
    const opened =
      typeof requestState === "string" && requestState.length <= MAX_STATE
        ? this.#sealer.open(Buffer.from(requestState, "base64url"), purposeOf(call))
        : undefined;
    const { id, until }: State = opened === undefined ? { id: "", until: 0 } : (JSON.parse(opened) as State);
    if (until <= this.#clock.date().getTime()) return "unknown";
    const answer = isObject(inputResponses) ? inputResponses[CONFIRM] : undefined;
    if (!isObject(answer)) return "unanswered";
    if (!(await this.#used.use(id, LIFE_MS))) return "unknown";
    return isAccepted(answer) ? "accepted" : "refused";
  }
  close(): void {
    this.#used.close();
  }
}
/**
 * Returns the parameters of a question to the user.
 *
 * @param shown as of `shownArguments`
 */
export const formOf = (tool: string, shown: string): JsonObject => ({
  mode: "form",
  message: `Run ${tool} with ${shown}?`,
  requestedSchema: {
    type: "object",
    properties: { [CONFIRM]: { type: "boolean", title: "Run it", default: false } },
    required: [CONFIRM],
  },
});
/** True for the answer of a user who agrees. */
export const isAccepted = (answer: unknown): boolean =>
  isObject(answer) && answer.action === "accept" && isObject(answer.content) && answer.content[CONFIRM] === true;

/** The parameters of a request that answer a question. */
interface Answers {
  readonly requestState?: unknown;
  readonly inputResponses?: unknown;
}

/** A state opens for the same caller, tool and arguments only. */
function purposeOf({ tool, caller, fields, bytes }: Confirmed): string {
  const digest = createHash("sha256").update(bytes).digest("base64url");
  return JSON.stringify(["tool", tool, callerBinding(caller, fields), digest]);
}

/** Ids in this process. */
export class UsedHere implements UsedIds {
  readonly #until = new Map<string, number>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }
  get size(): number {
    return this.#until.size;
  }
  use(id: string, lifeMs: number): boolean {
    const now = this.#clock.date().getTime();
    // Equal lives expire in the order of their uses.
    for (const [old, until] of this.#until) {
      if (until > now) break;
      this.#until.delete(old);
    }
    if (this.#until.has(id)) return false;
    this.#until.set(id, now + lifeMs);
    return true;
  }
  close(): void {}
}
