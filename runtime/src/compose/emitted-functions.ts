// Small things that emitted code says by name.
import {
  clone,
  create,
  type DescMessage,
  isMessage,
  type Message,
  type MessageInitShape,
  type MessageShape,
} from "@bufbuild/protobuf";
import { ExpressionError } from "@protobff/expressions/error";
import { clientFault, type Detail, type Failure } from "../failure.ts";

/** An object's type without its `undefined`s: such properties are as good as left out. */
export type Defined<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

/** Says of an initialiser that its `undefined` properties are left out; protobuf-es's `create` passes over them. */
export function defined<T extends object>(init: T): Defined<T> {
  // Only exactOptionalPropertyTypes tells `x: undefined` from no `x`; `create` does not.
  return init as Defined<T>;
}

/** The same for a sub-message: undefined when nothing in it is set. */
export function unlessEmpty<T extends object>(init: T): Defined<T> | undefined {
  return Object.values(init).every((value) => value === undefined) ? undefined : defined(init);
}

/** A copy of `base` with these fields set; an initialiser of a sub-message sets fields in it and leaves its others. */
export function extended<Desc extends DescMessage>(
  schema: Desc,
  base: MessageShape<Desc>,
  set: MessageInitShape<Desc>,
): MessageShape<Desc> {
  const copy = clone(schema, base) as Record<string, unknown>;
  const given = set as Readonly<Record<string, unknown>>;
  const made = create(schema, set) as Readonly<Record<string, unknown>>;
  for (const member of schema.members) {
    const value = given[member.localName];
    if (value === undefined) continue;
    const before = copy[member.localName];
    const inside = member.kind === "field" && member.fieldKind === "message" && isMessage(before) && !isMessage(value);
    copy[member.localName] = inside
      ? extended(member.message, before, value as MessageInitShape<DescMessage>)
      : made[member.localName];
  }
  // `clone` gave a message of this very type.
  return copy as MessageShape<Desc>;
}

/** The message that a resolver supplies. Never the very object that it gave: what is written into an answer is its own. */
export function supplied<Desc extends DescMessage>(schema: Desc, given: MessageInitShape<Desc>): MessageShape<Desc> {
  if (!isMessage(given, schema)) return create(schema, given);
  return Object.assign(Object.create(Object.getPrototypeOf(given)), given);
}

/**
 * The bound of an `each`.
 *
 * @throws ExpressionError when there are more items
 */
export function atMost(items: readonly unknown[], max: number): void {
  if (items.length > max) throw new ExpressionError(`${items.length} items, and at most ${max} are allowed`);
}

/**
 * The same of a list that the client sends, who is told.
 *
 * @throws Failure with INVALID_ARGUMENT when there are more items
 */
export function atMostAsked(items: readonly unknown[], max: number): void {
  if (items.length <= max) return;
  throw clientFault(`${items.length} items, and at most ${max} are allowed`);
}

/** What composes a single message, made of what composes all of a list. */
export function single<Cx, Args, More extends readonly unknown[], T>(
  composeEach: (cx: Cx, list: readonly Args[], ...more: More) => readonly T[] | Promise<readonly T[]>,
): (cx: Cx, args: Args, ...more: More) => Promise<T> {
  return async (cx, args, ...more) => {
    const [one] = await composeEach(cx, [args], ...more);
    return one as T; // as many as there are in the list
  };
}

/** Whether a condition holds; an error in it counts as false. */
export function holds(condition: () => boolean): boolean {
  try {
    return condition();
  } catch {
    return false;
  }
}

/** An enum value without a counterpart: towards upstreams the client's fault, who is told, otherwise an upstream's. */
export function unmapped(name: string, value: number, outward = false): Failure | ExpressionError {
  const message = `${name} ${value} has no counterpart`;
  if (!outward) return new ExpressionError(message);
  return clientFault(message, `the value ${value} of ${name} is not accepted here`);
}

/** Details of one type: of what may be there or not, or of a list. */
export function detailsOf(desc: DescMessage, value: Message | readonly Message[] | null | undefined): Detail[] {
  if (value === null || value === undefined) return [];
  const all = Array.isArray(value) ? (value as readonly Message[]) : [value as Message];
  return all.map((one) => ({ desc, value: one }));
}
