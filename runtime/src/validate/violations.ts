// Violations of the rules that a request's messages declare (buf.validate), collected without cost if there are none.

import type { DescField, DescOneof } from "@bufbuild/protobuf";
import type { Timestamp } from "@bufbuild/protobuf/wkt";
import { type Clock, systemClock } from "../clock.ts";
import { Code, Failure, Reason } from "../failure.ts";
import { boundedText, type ReceivedDetail } from "../wire/bounded-status.ts";
import { encodeViolations } from "./encode.ts";
import { pathText } from "./path.ts";
import type { Rule, Violation } from "./violation.ts";

/** Maximum number of reported violations. A request with more is not checked any further. */
const MOST = 32;
/** In the text of the status. */
const MAX_IN_TEXT = 3;

/**
 * Violations that were found in one request.
 *
 * @example
 * const found = new Violations();
 * if (args.name === "") found.at(GetItemRequestSchema.field.name, rule);
 * found.refuse();
 */
export class Violations {
  /** How many there are. */
  count = 0;
  #found: Violation[] | undefined;
  readonly #clock: Clock;
  #now: Timestamp | undefined;

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
  }

  /** Nothing more is looked for. */
  get full(): boolean {
    return this.count >= MOST;
  }

  /** The time of this validation, the same for all of its rules. */
  get now(): Timestamp {
    if (this.#now === undefined) {
      const ms = this.#clock.date().getTime();
      const seconds = Math.floor(ms / 1000);
      this.#now = {
        $typeName: "google.protobuf.Timestamp",
        seconds: BigInt(seconds),
        nanos: Math.round((ms - seconds * 1000) * 1_000_000),
      };
    }
    return this.#now;
  }

  get found(): readonly Violation[] {
    return this.#found ?? [];
  }

  /** The message as a whole breaks a rule. */
  add(rule: Rule, message = rule.message): void {
    this.#push({ rule, message, forKey: false, path: [] });
  }
  /** Adds the violation of a field or a oneof of the message, or of an element in a list or a map. */
  at(of: DescField | DescOneof, rule: Rule, at?: number | string, message = rule.message): void {
    this.#push({ rule, message, forKey: false, path: [{ of, at }] });
  }
  /** A key of a map does. */
  atKey(of: DescField, rule: Rule, key: string, message = rule.message): void {
    this.#push({ rule, message, forKey: true, path: [{ of, at: key }] });
  }
  /** No member of a oneof is set; `of` is any of them. */
  atOneof(of: DescField, rule: Rule): void {
    this.at(of.oneof ?? of, rule);
  }
  /** Moves the violations from index `from` on inside of this field. */
  under(from: number, of: DescField, at?: number | string): void {
    const found = this.#found ?? [];
    for (let i = from; i < found.length; i++) found[i]?.path.push({ of, at });
  }

  /** @throws Failure INVALID_ARGUMENT with a `buf.validate.Violations`, if there is any */
  refuse(): void {
    if (this.count > 0) throw refusalOf(this.found);
  }

  #push(violation: Violation): void {
    if (this.full) return;
    this.count++;
    this.#found ??= [];
    this.#found.push(violation);
  }
}

/** Detail of a refusal: violations with their paths, of which only the encoded form is sent. */
export class ViolationsDetail implements ReceivedDetail {
  readonly type = "buf.validate.Violations";
  readonly value: Uint8Array<ArrayBuffer>;
  readonly #found: readonly Violation[];

  constructor(found: readonly Violation[]) {
    this.value = encodeViolations(found);
    this.#found = found;
  }
  /** Returns a text that names the first `most` violations, and the number of the others. */
  text(most: number): string {
    const texts = this.#found.slice(0, most).map(textOf);
    const more = this.#found.length - texts.length;
    const others = more > 0 ? `; and ${more}${this.#found.length >= MOST ? " or more" : ""} others` : "";
    return `${texts.join("; ")}${others}`;
  }
}

function textOf({ path, message, rule, forKey }: Violation): string {
  const where = pathText(path);
  const mark = forKey ? " (key): " : ": ";
  return `${where}${where === "" ? "" : mark}${message || `[${rule.id}]`}`;
}

function refusalOf(found: readonly Violation[]): Failure {
  const code = Code.INVALID_ARGUMENT;
  const detail = new ViolationsDetail(found);
  const clientMessage = boundedText(detail.text(MAX_IN_TEXT));
  return new Failure({
    code,
    reason: Reason.INVALID,
    callee: "",
    message: clientMessage,
    clientCode: code,
    clientMessage,
    details: [detail],
  });
}
