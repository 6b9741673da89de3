import { protoCamelCase, safeObjectProperty } from "@bufbuild/protobuf/reflect";
import type { Failure } from "../failure.ts";

/**
 * Effect of a failure on a value: absence, a fallback in place, (`incomplete`) items left out, or an old value in place
 * of a new one.
 */
export interface Cause {
  readonly failure: Failure;
  readonly incomplete: boolean;
  /** Age in milliseconds of a value past its time that could not be renewed. */
  readonly staleMs?: number | undefined;
}

/** Returns the cause to report of two: a failure before staleness, then the first. */
export function worse(first: Cause | undefined, second: Cause): Cause {
  if (first === undefined) return second;
  return first.staleMs !== undefined && second.staleMs === undefined ? second : first;
}

/** A field of a composed message that depends on a value with a cause. */
export interface Touch {
  readonly message: object;
  /** The field's proto name. */
  readonly field: string;
  readonly present: boolean;
  readonly cause: Cause;
}

/** Record of the outcome of steps, by their promises. */
interface Notes {
  note(of: object, cause: Cause): void;
  failed(step: object, failure: Failure): void;
}

/**
 * Placeholder for the promise of a running step, which has no access to that promise. Notes on it belong to the
 * promise. The first note wins, unless it is that of a value past its time.
 *
 * @example
 * const order = cx.step(async (mark) => cx.send(cx.app.getOrder, { id: args.id }, { mark }));
 */
export class Mark {
  #step: object | undefined;
  #cause: Cause | undefined;
  #failure: Failure | undefined;
  readonly #notes: Notes;

  constructor(notes: Notes) {
    this.#notes = notes;
  }
  /** Sets the promise that this mark represents. */
  is(step: object): void {
    this.#step = step;
    if (this.#cause !== undefined) this.#notes.note(step, this.#cause);
    if (this.#failure !== undefined) this.#notes.failed(step, this.#failure);
  }
  /** Records that the step has failed, and continues without its value. */
  failed(failure: Failure): void {
    this.#failure = failure;
    if (this.#step !== undefined) this.#notes.failed(this.#step, failure);
  }
  note(cause: Cause): void {
    if (worse(this.#cause, cause) !== cause) return;
    this.#cause = cause;
    if (this.#step !== undefined) this.#notes.note(this.#step, cause);
  }
}

/** A value of which an expression reads only some fields. */
export class Reads {
  readonly value: unknown;
  /**
   * Proto names of fields, separated by dots. Lists and maps count for each of their items. A path that ends in `?` reads
   * only whether there is a value.
   */
  readonly paths: readonly string[];

  constructor(value: unknown, paths: readonly string[]) {
    this.value = value;
    this.paths = paths;
  }
}

/** Everything that failures have touched in one response. Exists only after the first failure. */
export class Causes {
  readonly #touches: Touch[] = [];
  readonly #of = new Map<object, Cause>(); // by the promise of a step, or by a list with items left out
  readonly #inside = new Map<object, Map<string, Cause>>(); // by composed message and field: its first touch
  readonly #before: Causes | undefined;

  /** @param before causes that are already known; they do not change */
  constructor(before?: Causes) {
    this.#before = before;
  }

  /** Touched fields, those of messages that were composed before included. */
  get touches(): readonly Touch[] {
    return this.#before === undefined ? this.#touches : [...this.#before.touches, ...this.#touches];
  }
  /** Records why a step or a value differs from the intended one. */
  note(of: object, cause: Cause): void {
    // A failure takes precedence over age, whichever is noted first.
    if (cause.staleMs === undefined || !this.#of.has(of)) this.#of.set(of, cause);
  }
  of(origin: unknown): Cause | undefined {
    return isObject(origin) ? (this.#of.get(origin) ?? this.#before?.of(origin)) : undefined;
  }
  touch(message: object, field: string, present: boolean, cause: Cause): void {
    this.#touches.push({ message, field, present, cause });
    const fields = this.#inside.get(message) ?? new Map<string, Cause>();
    this.#inside.set(message, fields.set(field, worse(fields.get(field), cause)));
  }
  /** Returns the cause to report among those of these steps and values. */
  among(origins: readonly unknown[]): Cause | undefined {
    let found: Cause | undefined;
    for (const origin of origins) {
      const cause = this.of(origin) ?? (origin instanceof Reads ? this.#inFields(origin) : this.within(origin));
      found = worseOf(found, cause);
      if (found !== undefined && found.staleMs === undefined) break;
    }
    return found;
  }
  /** Returns the cause to report inside a composed value: a message, or a list or map of messages. */
  within(value: unknown): Cause | undefined {
    if (!isWalked(value)) return undefined;
    const here = this.#here(value);
    let found = here && { ...here, incomplete: false };
    for (const part of partsOf(value)) {
      if (found !== undefined && found.staleMs === undefined) break;
      found = worseOf(found, this.within(part));
    }
    return found;
  }
  #inFields({ value, paths }: Reads): Cause | undefined {
    let found: Cause | undefined;
    for (const path of paths) {
      if (found !== undefined && found.staleMs === undefined) break;
      const counted = path.endsWith("?");
      found = worseOf(found, this.#along(value, (counted ? path.slice(0, -1) : path).split("."), counted));
    }
    return found;
  }
  /** Returns the cause to report of the fields on a path, and inside of its end unless that is only counted. */
  #along(value: unknown, [name, ...rest]: readonly string[], counted: boolean): Cause | undefined {
    if (name === undefined) return counted ? undefined : this.within(value);
    if (!isWalked(value)) return undefined;
    const isMessage = "$typeName" in value;
    const parts = isMessage ? [fieldOf(value, name)] : partsOf(value);
    const touched = this.#touched(value, name);
    // Only a list or a map lacks items. A copy of a message lacks fields.
    const isCopy = touched?.incomplete === true && parts.some((part) => isObject(part) && "$typeName" in part);
    let found = worseOf(this.#noted(value), isCopy ? { ...touched, incomplete: false } : touched);
    for (const part of parts) {
      if (found !== undefined && found.staleMs === undefined) break;
      found = worseOf(found, this.#along(part, isMessage ? rest : [name, ...rest], counted));
    }
    return found;
  }
  #here(value: object): Cause | undefined {
    let found: Cause | undefined;
    for (const cause of this.#inside.get(value)?.values() ?? []) found = worse(found, cause);
    found ??= this.#of.get(value);
    return found === undefined && this.#before !== undefined ? this.#before.#here(value) : found;
  }
  #noted(value: object): Cause | undefined {
    const found = this.#of.get(value);
    return found === undefined && this.#before !== undefined ? this.#before.#noted(value) : found;
  }
  #touched(message: object, field: string): Cause | undefined {
    const found = this.#inside.get(message)?.get(field);
    return found === undefined && this.#before !== undefined ? this.#before.#touched(message, field) : found;
  }
}

const worseOf = (first: Cause | undefined, second: Cause | undefined): Cause | undefined =>
  second === undefined ? first : worse(first, second);

function isWalked(value: unknown): value is object {
  return isObject(value) && !(value instanceof Uint8Array) && !(value instanceof Promise);
}
const partsOf = (value: object): readonly unknown[] =>
  value instanceof Map ? [...value.values()] : Object.values(value);

/** Returns the value of a message's field, which may be a member of a oneof. */
function fieldOf(message: object, name: string): unknown {
  const member = protoCamelCase(name);
  const local = safeObjectProperty(member);
  if (Object.hasOwn(message, local)) return Reflect.get(message, local);
  for (const oneof of Object.values(message) as unknown[])
    if (isObject(oneof) && "case" in oneof && "value" in oneof && oneof.case === member) return oneof.value;
  return undefined;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
