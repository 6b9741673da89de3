// Parts of a composed message, as messages that protobuf merges: its present contents, and later additions.
import { create, type DescField, type DescMessage, isFieldSet, type Message } from "@bufbuild/protobuf";
import { fieldValue, setFieldValue, shallowCopy } from "../selection/field-value.ts";

/** Fields by their proto names, each whole or restricted to some fields of its message. */
export class Paths {
  readonly #inside = new Map<string, Paths>();

  /** @param paths of proto names, separated by dots */
  static of(paths: Iterable<string>): Paths {
    const all = new Paths();
    for (const path of paths) {
      let at: Paths = all;
      for (const name of path.split(".")) at = at.#take(name);
    }
    return all;
  }
  #take(name: string): Paths {
    const known = this.#inside.get(name);
    if (known !== undefined) return known;
    const paths = new Paths();
    this.#inside.set(name, paths);
    return paths;
  }
  get isEmpty(): boolean {
    return this.#inside.size === 0;
  }
  entries(): IterableIterator<[string, Paths]> {
    return this.#inside.entries();
  }
  at(name: string): Paths | undefined {
    return this.#inside.get(name);
  }
}

/**
 * Returns the message in its present state. Later changes at these paths do not affect it.
 *
 * @param owners paths of the messages that may change
 */
export function asItIs<M extends object>(desc: DescMessage, message: M, owners: Paths): M {
  const copy = shallowCopy(message);
  for (const [field, inside] of fieldsOf(desc, owners)) {
    const value = fieldValue(message, field);
    if (isObject(value) && field.message !== undefined)
      setFieldValue(copy, field, asItIs(field.message, value, inside));
  }
  return copy;
}

/**
 * Returns a new message with only these fields.
 *
 * @param owners as of `asItIs`
 */
export function onlyThese(desc: DescMessage, message: object, paths: Paths, owners?: Paths): Message {
  const part = create(desc);
  for (const [field, inside] of fieldsOf(desc, paths)) {
    // The prototypes of messages of proto2 and editions contain the defaults of unset fields.
    if (!isFieldSet(message as Message, field)) continue;
    const value = fieldValue(message, field);
    const changing = owners?.at(field.name);
    if (field.message === undefined || !isObject(value)) setFieldValue(part, field, value);
    else if (!inside.isEmpty) setFieldValue(part, field, onlyThese(field.message, value, inside, changing));
    else setFieldValue(part, field, changing === undefined ? value : asItIs(field.message, value, changing));
  }
  return part;
}

function* fieldsOf(desc: DescMessage, paths: Paths): Iterable<[DescField, Paths]> {
  for (const [name, inside] of paths.entries()) {
    const field = desc.fields.find((candidate) => candidate.name === name);
    if (field !== undefined) yield [field, inside];
  }
}
const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;
