import type { DescField, DescMessage, Message, Registry } from "@bufbuild/protobuf";
import { JsonError, stackless } from "./json-error.ts";
import type { JsonMembers, JsonTree } from "./json-tree.ts";
import { NumberText } from "./json-tree.ts";
import { UNUSUAL } from "./numbers.ts";

/** How a text is read. */
export interface JsonReadOptions {
  /** Types that a google.protobuf.Any may hold, and extensions. */
  readonly registry: Registry;
  /** True: unknown names of members are left out; false: they are refused. */
  readonly ignoreUnknownFields: boolean;
  /** True: unknown names of enum values are left out. Default: they are refused. */
  readonly ignoreUnknownEnums?: boolean | undefined;
}

/** Maximum depth of messages in messages. */
const MAX_DEPTH = 100;

/** State of reading one text. */
export class Reading {
  readonly options: JsonReadOptions;
  /** Whether the tree is of `JSON.parse`: what it may have changed is UNUSUAL. */
  readonly isQuick: boolean;
  /** Number of members of all objects. */
  members = 0;
  #depth = 0;

  constructor(options: JsonReadOptions, isQuick: boolean) {
    this.options = options;
    this.isQuick = isQuick;
  }

  /** Counts a message in a message. */
  enter(): void {
    if (++this.#depth > MAX_DEPTH) throw this.fault(`expected at most ${MAX_DEPTH} messages in each other`);
  }
  leave(): void {
    this.#depth--;
  }

  /** Returns what to throw for another value than expected. The exact reader reports the faults of quick trees. */
  fault(expected: string): JsonError | typeof UNUSUAL {
    return this.isQuick ? UNUSUAL : stackless(expected);
  }
  /** Returns what to throw in place of a fault of an inner value. */
  within(thrown: unknown, step: string, field?: DescField): unknown {
    return thrown instanceof JsonError ? thrown.within(step, field) : thrown;
  }

  /** Counts the members of a value that no type describes. */
  countInside(json: JsonTree): void {
    const rest = [json]; // and no recursion, since clients choose the depth
    for (let value = rest.pop(); value !== undefined; value = rest.pop()) {
      if (typeof value !== "object" || value === null || value instanceof NumberText) continue;
      const inside = Array.isArray(value) ? value : Object.values(value);
      if (inside !== value) this.members += inside.length;
      for (const item of inside) if (typeof item === "object" && item !== null) rest.push(item);
    }
  }

  /** Returns the names of an object, and counts them. */
  namesOf(members: JsonMembers): string[] {
    const names = Object.keys(members);
    this.members += names.length;
    return names;
  }

  /** Checks a name that may be any text: engines confuse such names with others (docs/reports/v8-json-keys.md). */
  checkName(name: string): void {
    if (this.isQuick && name.includes("\\")) throw UNUSUAL;
  }
}

/** A message by the names of its properties. */
export type Fields = { [name: string]: unknown };

export type MessageReader = (message: Message, json: JsonTree, reading: Reading) => void;
/** Readers of message types, which may hold each other. */
export interface Readers {
  readonly of: (desc: DescMessage) => MessageReader;
}
