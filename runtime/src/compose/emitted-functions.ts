// Helper functions that emitted code calls by name.
import {
  clone,
  create,
  type DescMessage,
  isMessage,
  type Message,
  type MessageInitShape,
  type MessageShape,
} from "@bufbuild/protobuf";
import { ExpressionError } from "../expressions/value/error.ts";
import { clientFault, type Detail, type Failure } from "../failure.ts";

/** An object's type without its `undefined`s: such properties count as left out. */
type Defined<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

/**
 * Types an initialiser as if its `undefined` properties were left out. protobuf-es's `create` skips them.
 *
 * @example
 * const run = create(RunSchema, defined({ id: "r-1", task: args.task }));
 */
export function defined<T extends object>(init: T): Defined<T> {
  // Only exactOptionalPropertyTypes distinguishes `x: undefined` from a missing `x`; `create` does not.
  return init as Defined<T>;
}

/**
 * Returns the initialiser of a sub-message, typed as by `defined`, or undefined if no property of it is set.
 *
 * @example
 * const init = { id: "p-1", size: unlessEmpty({ width: args.width, height: args.height }) };
 */
export function unlessEmpty<T extends object>(init: T): Defined<T> | undefined {
  return Object.values(init).every((value) => value === undefined) ? undefined : defined(init);
}

/**
 * Returns a copy of `base` with these fields set. An initialiser of a sub-message sets fields in it, and keeps its
 * other fields.
 *
 * @example
 * const renamed = extended(RunSchema, run, { task: "build" }); // `run` is unchanged
 */
export function extended<Desc extends DescMessage>(
  schema: Desc,
  base: MessageShape<Desc>,
  set: MessageInitShape<Desc>,
): MessageShape<Desc> {
  const copy = clone(schema, base) as Record<string, unknown>;
  const init = set as Readonly<Record<string, unknown>>;
  const message = create(schema, set) as Readonly<Record<string, unknown>>;
  for (const member of schema.members) {
    const value = init[member.localName];
    if (value === undefined) continue;
    const before = copy[member.localName];
    const inside = member.kind === "field" && member.fieldKind === "message" && isMessage(before) && !isMessage(value);
    copy[member.localName] = inside
      ? extended(member.message, before, value as MessageInitShape<DescMessage>)
      : message[member.localName];
  }
  // `clone` returned a message of this type.
  return copy as MessageShape<Desc>;
}

/**
 * Checks the bound of an `each`.
 *
 * @throws ExpressionError when the list has more items
 * @example
 * atMost(order.items, 100); // throws for 101 items
 */
export function atMost(items: readonly unknown[], max: number): void {
  if (items.length > max) throw new ExpressionError(`${items.length} items, and at most ${max} are allowed`);
}

/**
 * Returns the error of an `each` with fewer values than its minimum.
 *
 * @example
 * if (plan === undefined) throw tooFew(0, 2);
 */
export function tooFew(values: number, min: number): ExpressionError {
  return new ExpressionError(`${values} items, and at least ${min} are required`);
}

/**
 * Checks the bound for a list of the client's request. The client receives the message.
 *
 * @throws Failure with INVALID_ARGUMENT when the list has more items
 * @example
 * atMostRequested(args.ids, 50); // the client receives "51 items, and at most 50 are allowed"
 */
export function atMostRequested(items: readonly unknown[], max: number): void {
  if (items.length <= max) return;
  throw clientFault(`${items.length} items, and at most ${max} are allowed`);
}

/**
 * Returns a composer of a single message, made from a composer of lists.
 *
 * @example
 * const composeUser = single(composeUsers); // (cx, args) => Promise<User>
 */
export function single<Cx, Args, More extends readonly unknown[], T>(
  composeEach: (cx: Cx, list: readonly Args[], ...more: More) => readonly T[] | Promise<readonly T[]>,
): (cx: Cx, args: Args, ...more: More) => Promise<T> {
  return async (cx, args, ...more) => {
    const [item] = await composeEach(cx, [args], ...more);
    return item as T; // the result has as many items as the list
  };
}

/**
 * Reports whether a condition holds. An error in it counts as false.
 *
 * @example
 * holds(() => cel.divideInt(total, count) > 2n); // false if `count` is 0n
 */
export function holds(condition: () => boolean): boolean {
  try {
    return condition();
  } catch {
    return false;
  }
}

/**
 * Returns the error for an enum value without a counterpart. Towards upstreams it is a fault of the client, which
 * receives the message. Otherwise it is a fault of an upstream.
 *
 * @example
 * function kindOf(from: number): Kind {
 *   if (from === 1) return Kind.NEW;
 *   throw unmapped("shop.v1.Kind", from);
 * }
 */
export function unmapped(name: string, value: number, outward = false): Failure | ExpressionError {
  const message = `${name} ${value} has no counterpart`;
  if (!outward) return new ExpressionError(message);
  return clientFault(message, `the value ${value} of ${name} is not accepted here`);
}

/**
 * Returns details of one type, from an optional value or from a list.
 *
 * @example
 * throw cx.refuse(Code.FAILED_PRECONDITION, "out of stock", 0, detailsOf(SizeSchema, order.size));
 */
export function detailsOf(desc: DescMessage, value: Message | readonly Message[] | null | undefined): Detail[] {
  if (value === null || value === undefined) return [];
  const all = Array.isArray(value) ? (value as readonly Message[]) : [value as Message];
  return all.map((item) => ({ desc, value: item }));
}
