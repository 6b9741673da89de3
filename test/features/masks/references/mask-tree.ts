// Masks of fmutils: a tree of names. Keys of the message replace the `*` of maps.
import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { isReflectMessage, type ReflectMessage } from "@bufbuild/protobuf/reflect";

/** Names of fields, and keys of maps, with the masks below them; null keeps all. */
export interface MaskTree {
  [name: string]: MaskTree | null;
}

/** @throws Error for an unknown path, one below a field without fields, and a key of a map */
export function maskTree(message: ReflectMessage, paths: readonly string[]): MaskTree {
  const tree = emptyTree();
  for (const path of paths) add(tree, message.desc, [message], path.split("."));
  return tree;
}

/** Without a prototype, since keys of maps are any text. */
const emptyTree = (): MaskTree => Object.create(null) as MaskTree;

/** @param messages those of the type at this place: several below a list, none if the message is absent */
function add(tree: MaskTree, desc: DescMessage, messages: readonly ReflectMessage[], path: readonly string[]): void {
  const [name = "", ...rest] = path;
  if (name === "*" && rest.length === 0) {
    for (const field of desc.fields) tree[field.name] = null;
    return;
  }
  const field = desc.fields.find((field) => field.name === name);
  if (field === undefined) throw new Error(`${desc.typeName} has no ${name}`);
  if (rest.length > 0 && field.message === undefined) throw new Error(`${name} of ${desc.typeName} has no fields`);
  if (rest.length === 0 || (rest.length === 1 && rest[0] === "*")) tree[name] = null;
  if (tree[name] === null || field.message === undefined) return;
  tree[name] ??= emptyTree();
  if (field.fieldKind === "map") addToValues(tree[name], field, messages, rest);
  else {
    const fromItem = field.fieldKind === "list" && rest[0] === "*" ? rest.slice(1) : rest;
    add(
      tree[name],
      field.message,
      messages.flatMap((message) => valuesOf(message, field)),
      fromItem,
    );
  }
}

function addToValues(
  tree: MaskTree,
  field: DescField & { fieldKind: "map" },
  messages: readonly ReflectMessage[],
  [star, ...rest]: readonly string[],
): void {
  if (star !== "*") throw new Error(`${star} is a key of ${field.name}`);
  for (const message of messages)
    for (const [key, value] of message.get(field)) {
      if (!isReflectMessage(value)) throw new Error(`${field.name} has no fields`);
      const name = String(key);
      if (tree[name] === null) continue;
      tree[name] ??= emptyTree();
      add(tree[name], value.desc, [value], rest);
    }
}

/** Message of a field, or the items of a list. */
function valuesOf(message: ReflectMessage, field: DescField): ReflectMessage[] {
  if (!message.isSet(field)) return [];
  const value: unknown = message.get(field);
  return (field.fieldKind === "list" ? [...(value as Iterable<unknown>)] : [value]).filter((item) =>
    isReflectMessage(item),
  );
}
