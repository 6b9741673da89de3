/**
 * The fields that an answer contains: a set of names, each with the selection of its message. Generated code starts a
 * step only if a selected field needs the step.
 *
 * @example
 * const usage = fields.has("usage") ? cx.tryCall(getUsage, { workspaceId: args.workspaceId }) : SKIPPED;
 */
export class Selection {
  /** Undefined: every field, with all of its contents. */
  readonly #fields: ReadonlyMap<string, Selection> | undefined;

  /** @param fields selected fields by their proto names */
  constructor(fields: ReadonlyMap<string, Selection> | undefined) {
    this.#fields = fields;
  }

  /** True if every field is selected, with all of its contents. */
  get whole(): boolean {
    return this.#fields === undefined;
  }
  /** Names and selections; empty for a whole message. */
  get entries(): ReadonlyMap<string, Selection> {
    return this.#fields ?? NOTHING;
  }
  has(name: string): boolean {
    return this.#fields === undefined || this.#fields.has(name);
  }
  /** Returns the selection of a field's message, or of each message in a list or map. */
  of(name: string): Selection {
    if (this.#fields === undefined) return this;
    return this.#fields.get(name) ?? NO_FIELDS;
  }
  /** Returns the fields that at least one of two selections contains. */
  or(other: Selection): Selection {
    if (this === other || this.whole || other === NO_FIELDS) return this;
    if (other.whole || this === NO_FIELDS) return other;
    const fields = new Map(this.entries);
    for (const [name, inside] of other.entries) fields.set(name, fields.get(name)?.or(inside) ?? inside);
    return new Selection(fields);
  }
}
const NOTHING: ReadonlyMap<string, Selection> = new Map();

/** Every field. */
export const ALL_FIELDS = new Selection(undefined);
/** No field. */
export const NO_FIELDS = new Selection(NOTHING);

/** Fields of one answer. */
export interface Chosen {
  /** Fields that the client receives. */
  readonly shown: Selection;
  /** Fields that are composed. */
  readonly composed: Selection;
}

/** All fields. */
export const EVERYTHING: Chosen = { shown: ALL_FIELDS, composed: ALL_FIELDS };

/** The promise of a step that no selected field needs. */
export const SKIPPED: Promise<never> = Promise.resolve(undefined as never);
/** The same for a step of each item of a list. */
export const SKIPPED_EACH = {
  all: SKIPPED,
  value: (): never => undefined as never,
  step: (): Promise<never> => SKIPPED,
};
