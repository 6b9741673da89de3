import { create, type DescField, type DescMethodUnary, type Message, ScalarType } from "@bufbuild/protobuf";
import { isReflectMessage, type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { sample } from "@protobff/runtime/internal/samples";
import type { MockHandler } from "./mock-rpc.ts";

/** Fields of a batch method's request and answer, by their names in TypeScript. */
export interface BatchFields {
  /** The request's list. */
  readonly keys: string;
  /** The answer's list or map. */
  readonly items: string;
  /**
   * Path of the key within an item, from outside in. Left out: the item has the fields of the key's message under the
   * same names.
   */
  readonly key?: readonly string[];
}

/**
 * Returns a handler that answers every requested key with a sample that has the key.
 *
 * @throws TypeError if the request has no list `keys`, or the answer has no field `items`
 * @example
 * const batchGetUsers = forEachKey(UserService.method.batchGetUsers, { keys: "ids", items: "users", key: ["id"] });
 */
export function forEachKey({ input, output }: DescMethodUnary, { keys, items, key }: BatchFields): MockHandler {
  const keyField = input.fields.find(({ localName }) => localName === keys);
  const itemField = output.fields.find(({ localName }) => localName === items);
  if (keyField?.fieldKind !== "list" || itemField === undefined)
    throw new TypeError(`${input.typeName} has no list ${keys}`);
  return (request: never) => {
    const answer = reflect(output, create(output));
    for (const element of reflect(input, request as Message).get(keyField)) {
      const item = itemField.message === undefined ? element : itemFor(itemField.message, element, key);
      if (itemField.fieldKind === "list") answer.get(itemField).add(item);
      else if (itemField.fieldKind === "map") answer.get(itemField).set(asKey(element), item);
    }
    return answer.message;
  };
}

function itemFor(
  desc: NonNullable<DescField["message"]>,
  element: unknown,
  path: readonly string[] | undefined,
): unknown {
  const item = reflect(desc, sample(desc));
  if (path !== undefined && put(item, path, element)) return item;
  if (!isReflectMessage(element)) return item;
  // The key is within the requesting message: as a field of the same name, or as the only one.
  const set = element.fields.filter((field) => element.isSet(field));
  const same = set.filter((field) => put(item, [field.localName], element.get(field)));
  const [only] = set;
  if (same.length === 0 && only !== undefined && path !== undefined) put(item, path, element.get(only));
  return item;
}

/** Sets a field, and returns true if the field exists and the value fits. */
function put(item: ReflectMessage, [name, ...rest]: readonly string[], value: unknown): boolean {
  const field = item.fields.find(({ localName }) => localName === name);
  if (field === undefined) return false;
  if (rest.length > 0) {
    if (field.fieldKind !== "message") return false;
    const inside = item.get(field);
    if (!put(inside, rest, value)) return false;
    item.set(field, inside);
    return true;
  }
  if (field.fieldKind !== "message" && field.fieldKind !== "scalar" && field.fieldKind !== "enum") return false;
  if (isReflectMessage(value) !== (field.fieldKind === "message")) return false;
  if (isReflectMessage(value) && value.desc.typeName !== field.message?.typeName) return false;
  const error = item.set(field, field.fieldKind === "scalar" ? converted(value, field.scalar) : value);
  return error === undefined;
}

/** Keys may be of another kind of number than what holds them. */
function converted(value: unknown, scalar: ScalarType): unknown {
  if (typeof value === "number" && SIXTY_FOUR.has(scalar)) return BigInt(value);
  if (typeof value === "bigint" && !SIXTY_FOUR.has(scalar) && scalar !== ScalarType.STRING) return Number(value);
  if (typeof value !== "string" && scalar === ScalarType.STRING) return String(value);
  return value;
}
const SIXTY_FOUR: ReadonlySet<ScalarType> = new Set([
  ScalarType.INT64,
  ScalarType.UINT64,
  ScalarType.SINT64,
  ScalarType.FIXED64,
  ScalarType.SFIXED64,
]);

function asKey(element: unknown): unknown {
  if (!isReflectMessage(element)) return element;
  const only = element.fields.find((field) => element.isSet(field));
  return only === undefined ? "" : element.get(only);
}
