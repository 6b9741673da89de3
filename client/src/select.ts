// Selections of fields: a mask for a request, and the type of an answer that has the selected fields only.
import { create, type DescMessage, type Message, type MessageShape } from "@bufbuild/protobuf";
import { type FieldMask, FieldMaskSchema } from "@bufbuild/protobuf/wkt";
import type { Checked, Narrowed, Selection } from "./selection.ts";

/** Selected fields of a message, as `select` returns them. */
export interface SelectedFields<T extends Message, S> {
  /** Value of the request field that holds the mask. */
  readonly mask: FieldMask;
  /** Value of the request header `bff-fields`, with the same paths. */
  readonly header: string;
  /** Returns the same message, with a type that has the selected fields only. */
  readonly of: (message: T) => Narrowed<T, S>;
}

/** Type of the messages that `fields.of` returns: `Selected<typeof fields>`. */
export type Selected<F extends { readonly of: (message: never) => unknown }> = ReturnType<F["of"]>;

// Limits of the server.
const MAX_PATHS = 200;
const MAX_DEPTH = 16;

/**
 * Selects fields of an answer, by their names in TypeScript.
 *
 * @throws TypeError for an unknown field, a selection below a field that is sent whole, and an empty selection
 * @throws RangeError above 200 paths, or 16 names in a path
 * @example
 * const fields = select(DashboardSchema, { unread: true, runs: { title: true } });
 * const dashboard = fields.of(await client.getDashboard({ workspaceId, fields: fields.mask }));
 */
export function select<Desc extends DescMessage, const S extends Selection<MessageShape<Desc>>>(
  desc: Desc,
  // Not an intersection: editors would propose the methods of strings beside the fields.
  selection: S extends Checked<MessageShape<Desc>, S> ? S : Checked<MessageShape<Desc>, S>,
): SelectedFields<MessageShape<Desc>, S> {
  const paths = [...pathsOf(desc, selection, [])];
  if (paths.length > MAX_PATHS)
    throw new RangeError(`${paths.length} paths are selected, at most ${MAX_PATHS} are allowed: select whole messages`);
  return {
    mask: create(FieldMaskSchema, { paths }),
    header: paths.join(","),
    of: (message) => message as Narrowed<MessageShape<Desc>, S>,
  };
}

/** @param names the path of the message */
function* pathsOf(desc: DescMessage, selection: unknown, names: readonly string[]): Generator<string> {
  if (names.length >= MAX_DEPTH)
    throw new RangeError(`"${names.join(".")}" has ${MAX_DEPTH} names, the most of a path: select it whole, by true`);
  if (selection === "*") {
    yield [...names, "*"].join(".");
    return;
  }
  const entries = Object.entries(Object(selection)).filter(([, value]) => value !== undefined);
  if (typeof selection !== "object" || entries.length === 0)
    throw new TypeError(
      `${names.length > 0 ? `"${names.join(".")}"` : "the selection"} selects no field of ${desc.typeName}`,
    );
  for (const [name, value] of entries) {
    const field = desc.fields.find(({ localName }) => localName === name);
    if (field === undefined) throw new TypeError(`${desc.typeName} has no field "${name}"`);
    const path = [...names, field.name];
    if (value === true) yield path.join(".");
    else if (field.message === undefined || field.message.typeName.startsWith("google.protobuf."))
      throw new TypeError(`"${name}" of ${desc.typeName} has no fields to select: select it whole, by true`);
    else yield* pathsOf(field.message, value, field.fieldKind === "map" && value !== "*" ? [...path, "*"] : path);
  }
}
