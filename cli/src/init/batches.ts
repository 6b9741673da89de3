// What answers for many ids at once, and where an answer has such an id: a call for one id that others join.
import type { DescField, DescMessage, DescMethod } from "@bufbuild/protobuf";
import type { Names } from "./names.ts";

/** A step that nobody has asked for: it is written as a comment. */
export interface BatchProposal {
  /** Of the step, and of the response's field that has what it answers. */
  readonly name: string;
  /** Where the ids are: `book.author_id`; of a list's elements the list, and the id in one of them. */
  readonly by: string | { readonly in: string; readonly id: string };
  /** The repeated field of the request that takes ids. */
  readonly keys: string;
  /** The repeated field of the answer, and the one of its messages that has the id. */
  readonly items: string;
  readonly key: string;
  readonly item: DescMessage;
}

interface Batched {
  readonly keys: DescField;
  readonly items: DescField;
  readonly item: DescMessage;
  readonly key: DescField;
}

/** An answer of another step: whole, or by its fields. */
export interface Answer {
  readonly step: string;
  readonly method: DescMethod;
}

/**
 * The first of each rpc that takes many ids: it is proposed once, for the first id that is found.
 *
 * @param names of steps and of the response's fields
 */
export function proposeBatch(
  method: DescMethod,
  others: readonly Answer[],
  names: readonly Names[],
): BatchProposal | undefined {
  const batched = batchedBy(method);
  if (batched === undefined) return undefined;
  const { keys, items, item, key } = batched;
  const suffix = `_${key.name}`;
  const isId = (field: DescField): boolean =>
    field.fieldKind === "scalar" && field.scalar === key.scalar && field.name.endsWith(suffix) && field !== key;
  const said = { keys: keys.name, items: items.name, key: key.name, item };
  for (const { step, method: other } of others) {
    const id = other.output.fields.find(isId);
    if (id !== undefined) return { ...said, name: free(stem(id, suffix), names), by: `${step}.${id.name}` };
    for (const list of other.output.fields) {
      if (list.fieldKind !== "list" || list.listKind !== "message") continue;
      const inside = list.message.fields.find(isId);
      if (inside === undefined) continue;
      const by = { in: `${step}.${list.name}`, id: inside.name };
      return { ...said, name: free(`${stem(inside, suffix)}s`, names), by };
    }
  }
  return undefined;
}

const stem = ({ name }: DescField, suffix: string): string => name.slice(0, -suffix.length);

function free(name: string, names: readonly Names[]): string {
  const isFree = (one: string): boolean => names.every((scope) => !scope.has(one));
  let found = [name, `${name}_found`].find(isFree);
  for (let i = 2; found === undefined; i++) found = isFree(`${name}_found${i}`) ? `${name}_found${i}` : undefined;
  for (const scope of names) scope.take(found);
  return found;
}

/** A repeated scalar in the request, and in the answer repeated messages that have one such scalar: `ids` and `id`, `user_ids` and `user_id` or `id`. */
function batchedBy({ input, output }: DescMethod): Batched | undefined {
  for (const keys of input.fields) {
    if (keys.fieldKind !== "list" || keys.listKind !== "scalar" || !keys.name.endsWith("s")) continue;
    const one = keys.name.slice(0, -1);
    const wanted = [one, one.slice(one.lastIndexOf("_") + 1)];
    for (const items of output.fields) {
      if (items.fieldKind !== "list" || items.listKind !== "message") continue;
      const fields = items.message.fields.filter(
        (field) => field.fieldKind === "scalar" && field.scalar === keys.scalar && field.oneof === undefined,
      );
      const key = wanted
        .map((name) => fields.find((field) => field.name === name))
        .find((field) => field !== undefined);
      if (key !== undefined) return { keys, items, item: items.message, key };
    }
  }
  return undefined;
}
