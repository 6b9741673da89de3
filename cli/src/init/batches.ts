// Proposes batches: one RPC takes many ids, and another response contains such an id. The step calls for one id and
// joins other calls.
import type { DescField, DescMessage, DescMethod } from "@bufbuild/protobuf";
import { type NameScope, snakeCase } from "./names.ts";
import { isPrivateName, privateReason } from "./private-fields.ts";

/** A proposed step, which is written as a comment. */
export interface BatchProposal {
  /** Name of the step, and of the response's field with its result. */
  readonly name: string;
  /** Path of the ids: `book.author_id`; for the elements of a list, the list and the id in an element. */
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
interface Answer {
  readonly step: string;
  readonly method: DescMethod;
}

/** An id in the answer of another step. */
interface Candidate {
  readonly step: string;
  readonly field: DescField;
  /** The list of messages that it is in. */
  readonly list: DescField | undefined;
  /** `owner` of `owner_id` */
  readonly stem: string;
}

/**
 * Proposes at most one batch for each rpc that takes many ids. Its id is named after the message in the rpc's response
 * (`user_id` for a `User`). Otherwise it is the only id, if that is named after nothing else.
 *
 * @param names of steps and of the response's fields
 */
export function proposeBatch(
  method: DescMethod,
  others: readonly Answer[],
  names: readonly NameScope[],
): BatchProposal | undefined {
  const batched = batchedBy(method);
  if (batched === undefined) return undefined;
  const { keys, items, item, key } = batched;
  const candidates = others.flatMap((answer) => idsIn(answer, key));
  const found = best(candidates, [item.name, snakeCase(keys.name).replace(/_?ids$/, "")], method);
  if (found === undefined || isPrivateName(found.stem)) return undefined;
  const { step, field, list, stem } = found;
  const by = list === undefined ? `${step}.${field.name}` : { in: `${step}.${list.name}`, id: field.name };
  const name = free(list === undefined ? stem : `${stem}s`, names);
  return { keys: keys.name, items: items.name, key: key.name, item, name, by };
}

function idsIn({ step, method: { output } }: Answer, key: DescField): readonly Candidate[] {
  const suffix = `_${snakeCase(key.name).replace(/^.*_/, "")}`;
  const inMessage = (message: DescMessage, list: DescField | undefined): Candidate[] =>
    message.fields
      .filter((field) => field.fieldKind === "scalar" && field.scalar === key.scalar && field !== key)
      .map((field) => ({ field, name: snakeCase(field.name) }))
      .filter(({ name }) => name.endsWith(suffix))
      .map(({ field, name }) => ({ step, field, list, stem: name.slice(0, -suffix.length) }));
  const lists = output.fields.flatMap((list) =>
    list.fieldKind === "list" && list.listKind === "message" ? inMessage(list.message, list) : [],
  );
  return [...inMessage(output, undefined), ...lists].filter(
    ({ field }) => privateReason(field, "answer") === undefined,
  );
}

/** @param called what the ids are of: `User`, `user` */
function best(
  candidates: readonly Candidate[],
  called: readonly string[],
  { parent }: DescMethod,
): Candidate | undefined {
  const names = new Set(called.map(letters).filter((name) => name !== ""));
  const ends = [...names];
  const exact = candidates.find(({ stem }) => names.has(letters(stem)));
  const near = candidates.find(({ stem }) => ends.some((end) => stem.endsWith(`_${end}`)));
  if (exact !== undefined || near !== undefined) return exact ?? near;
  const [only] = candidates;
  if (only === undefined || candidates.length > 1) return undefined;
  const files = new Set([parent.file, only.field.parent.file]);
  const types = [...files].flatMap(({ messages }) => messages.map(({ name }) => letters(name)));
  return types.includes(letters(only.stem)) ? undefined : only;
}

const letters = (name: string): string => name.replaceAll("_", "").toLowerCase();

function free(name: string, names: readonly NameScope[]): string {
  const isFree = (candidate: string): boolean => names.every((scope) => !scope.has(candidate));
  let found = [name, `${name}_found`].find(isFree);
  for (let i = 2; found === undefined; i++) found = isFree(`${name}_found${i}`) ? `${name}_found${i}` : undefined;
  for (const scope of names) scope.take(found);
  return found;
}

/** Returns true for an rpc that takes many ids and answers with messages that have one each. */
export const isBatched = (method: DescMethod): boolean => batchedBy(method) !== undefined;

/**
 * Returns a repeated scalar of the request, and repeated messages of the response that have one such scalar: `ids` and
 * `id`, `user_ids` and `user_id` or `id`.
 */
function batchedBy({ input, output }: DescMethod): Batched | undefined {
  for (const keys of input.fields) {
    if (keys.fieldKind !== "list" || keys.listKind !== "scalar" || !keys.name.endsWith("s")) continue;
    const singular = snakeCase(keys.name).slice(0, -1);
    const names = [singular, singular.slice(singular.lastIndexOf("_") + 1)];
    for (const items of output.fields) {
      if (items.fieldKind !== "list" || items.listKind !== "message") continue;
      const fields = items.message.fields.filter(
        (field) => field.fieldKind === "scalar" && field.scalar === keys.scalar && field.oneof === undefined,
      );
      const key = names
        .map((name) => fields.find((field) => snakeCase(field.name) === name))
        .find((field) => field !== undefined);
      if (key !== undefined) return { keys, items, item: items.message, key };
    }
  }
  return undefined;
}
