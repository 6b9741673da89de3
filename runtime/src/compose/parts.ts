// Deferred parts of a response: their announcement by composing code, and their arrival in an answer that is sent at
// once.
import type { DescMessage } from "@bufbuild/protobuf";
import type { Part } from "@protobff/messages/bff/v1/stream_pb.js";
import { asFailure, OVER } from "../failure.ts";
import type { Cause, Causes } from "../scope/causes.ts";
import { ALL_FIELDS, type Selection } from "../selection/selection.ts";
import { type Place, placesIn, shows } from "./degrade.ts";

/** Fields of a composed message that depend on deferred steps. */
export interface Deferred {
  readonly owner: object;
  /** Proto names of the fields. */
  readonly fields: readonly string[];
  /** Returns their values, by their names in TypeScript. */
  readonly compose: () => Promise<object>;
}

/** The part of a response that its deferred parts use. */
interface Responding {
  readonly over: boolean;
  readonly causes: Causes | undefined;
  note(of: object, cause: Cause): void;
}

/** Deferred parts of one response. */
export class DeferredParts {
  readonly #response: Responding;
  #announced: Deferred[] = [];
  /** Parts whose fields have their values. */
  readonly arrived: Deferred[] = [];

  constructor(response: Responding) {
    this.#response = response;
  }
  announce(part: Deferred): void {
    this.#announced.push(part);
  }
  /** Returns the parts that were announced since the last call. */
  taken(): Deferred[] {
    return this.#announced.splice(0);
  }
  /** Sets the values of a part. Never rejects: a failure touches its fields. */
  async arrives(part: Deferred): Promise<void> {
    const { owner, fields, compose } = part;
    try {
      // The initialiser of a message leaves out what is undefined.
      for (const [name, value] of Object.entries(await compose()))
        if (value !== undefined) (owner as Record<string, unknown>)[name] = value;
    } catch (thrown) {
      const failure = asFailure(thrown);
      if (failure === OVER) return;
      const cause = { failure, incomplete: false };
      this.#response.note(part, cause);
      for (const field of fields) this.#response.causes?.touch(owner, field, false, cause);
    }
    this.arrived.push(part);
  }
  /**
   * Resolves when all parts have arrived, including those that are announced meanwhile, or when the request is over.
   */
  async all(): Promise<void> {
    for (let next = this.taken(); next.length > 0 && !this.#response.over; next = this.taken())
      await Promise.all(next.map((part) => this.arrives(part)));
  }
}

/**
 * Returns the arrived parts of a response, with the paths of their fields as in Degradation.
 *
 * @param root as it was composed, of type `desc`
 * @param declared response type of clients, if it is another message
 * @param shown the fields that the client receives
 */
export function partsOf(
  arrived: readonly Deferred[],
  root: object,
  desc: DescMessage,
  declared: DescMessage = desc,
  shown: Selection = ALL_FIELDS,
): Part[] {
  let places: ReadonlyMap<object, readonly Place[]> | undefined;
  const found: Part[] = [];
  for (const { owner, fields } of arrived) {
    places ??= placesIn(desc, root, declared);
    for (const { path, folded, desc: of } of places.get(owner) ?? []) {
      const known = path === "" ? declared.fields : of.fields;
      for (const field of fields)
        if (known.some(({ name }) => name === field) && shows(shown, `${folded}${field}`))
          found.push({ $typeName: "bff.v1.Part", name: `${path}${field}` });
    }
  }
  return found;
}
