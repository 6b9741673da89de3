import { create, type DescField, type DescMessage, type Message } from "@bufbuild/protobuf";
import { type FieldMask, FieldMaskSchema } from "@bufbuild/protobuf/wkt";
import { clientFault, type Failure } from "../failure.ts";
import { Lru } from "../lru.ts";
import { FieldTree, type NoSuchField } from "./field-tree.ts";
import { FieldTypes } from "./field-types.ts";
import { shallowCopy } from "./field-value.ts";
import { ALL_FIELDS, type Chosen, NO_FIELDS, Selection } from "./selection.ts";

/** Which fields of an RPC's answer a client may choose. */
export interface FieldChoice {
  /** Path of the FieldMask in the request, in proto names: `fields`. Undefined: clients cannot choose. */
  readonly mask?: string | undefined;
  /** Full names of fields that are sent only when a mask names them. */
  readonly onRequest?: readonly string[] | undefined;
  /** Fields that headers, limits and meters read of an answer: they are composed for every mask. */
  readonly needed?: readonly string[] | undefined;
  /** True if composing reads the mask itself, so that keys of caches contain its text. */
  readonly read?: boolean | undefined;
}

/** Header with the paths of a mask, separated by commas. */
export const FIELDS_HEADER = "bff-fields";
const MAX_PATHS = 200;
const MAX_SHOWN = 200;
/** Masks of one RPC whose selections are kept, and the longest of them, in characters. */
const MAX_KEPT = 256;
const MAX_KEPT_CHARACTERS = 1_024;

type Fields = Record<string, unknown>;

/** The masks of one RPC. */
export class Masks {
  readonly #types: FieldTypes;
  /** The mask's field, after the messages that contain it. Empty without a mask. */
  readonly path: readonly DescField[];
  readonly #name: string;
  /** True if composing reads the mask itself. */
  readonly read: boolean;
  readonly #needed: Selection;
  readonly #usual: Chosen;
  readonly #known = new Lru<Chosen>({ most: MAX_KEPT });

  /**
   * @param output the response for clients
   * @throws TypeError if the request has no such field
   */
  constructor(
    input: DescMessage,
    output: DescMessage,
    { mask, onRequest = [], needed = [], read = false }: FieldChoice,
  ) {
    this.#types = new FieldTypes(output, onRequest);
    this.#name = mask ?? "";
    this.read = read;
    this.path = mask === undefined ? [] : pathOf(input, mask);
    this.#needed = needed.length === 0 ? NO_FIELDS : new Selection(new Map(needed.map((name) => [name, ALL_FIELDS])));
    this.#usual = this.#chosen(this.#types.usual(output));
  }
  #chosen(shown: Selection): Chosen {
    return { shown, composed: shown.or(this.#needed) };
  }

  /**
   * Writes the paths of the header `bff-fields` into the request.
   *
   * @returns the failure of a request with both, of too many paths, or of one that selects nothing
   */
  join(args: Message, header: string | null): Failure | undefined {
    if (header === null || header.trim() === "" || this.path.length === 0) return undefined;
    if ((this.#maskOf(args)?.paths.length ?? 0) > 0) return clientFault(`${this.#name}: given twice`);
    const tree = new FieldTree();
    const paths: string[] = [];
    for (const path of header.split(",", MAX_PATHS + 1)) {
      if (paths.length === MAX_PATHS) return clientFault(`${this.#name}: at most ${MAX_PATHS} paths fit`);
      const added = tree.add(path.trim(), this.#types);
      if (typeof added !== "string") return this.#fault(path.trim(), added);
      paths.push(added);
    }
    let message = args as unknown as Fields;
    for (const field of this.path.slice(0, -1)) {
      if (field.message === undefined) throw new TypeError(`"${field.name}" is no message`);
      message[field.localName] ??= create(field.message);
      message = message[field.localName] as Fields;
    }
    message[this.path.at(-1)?.localName ?? ""] = create(FieldMaskSchema, { paths });
    return undefined;
  }
  #fault(path: string, { message }: NoSuchField): Failure {
    return clientFault(`${this.#name}: "${path.slice(0, MAX_SHOWN)}" ${message}`);
  }
  #maskOf(args: Message): FieldMask | undefined {
    let value: unknown = args;
    for (const { localName } of this.path) value = (value as Fields | undefined)?.[localName];
    return value as FieldMask | undefined;
  }

  /** Returns the fields for a request, or the failure of a mask that selects fields that do not exist. */
  chosen(args: Message): Chosen | Failure {
    const paths = this.path.length === 0 ? [] : (this.#maskOf(args)?.paths ?? []);
    if (paths.length === 0) return this.#usual;
    if (paths.length > MAX_PATHS)
      return clientFault(`${this.#name}: ${paths.length} paths, and at most ${MAX_PATHS} fit`);
    // A path with a comma selects nothing, and so is not kept.
    const text = `${paths.length} ${paths.join()}`;
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    const tree = new FieldTree();
    for (const path of paths) {
      const added = tree.add(path, this.#types);
      if (typeof added !== "string") return this.#fault(path, added);
    }
    const chosen = this.#chosen(tree.root(this.#types));
    if (text.length <= MAX_KEPT_CHARACTERS) this.#known.set(text, chosen);
    return chosen;
  }
  /** Returns a text that is equal for requests with equal selections. */
  keyOf(selection: Selection): string {
    return this.#types.keyOf(this.#types.root, selection);
  }
  /** Returns the request without its mask. */
  without<Args extends Message>(args: Args): Args {
    return this.path.length === 0 ? args : withoutField(args, this.path);
  }
}

function pathOf(input: DescMessage, mask: string): readonly DescField[] {
  const path: DescField[] = [];
  let desc: DescMessage | undefined = input;
  for (const name of mask.split(".")) {
    const field: DescField | undefined = desc?.fields.find((candidate) => candidate.name === name);
    if (field === undefined) throw new TypeError(`"${input.typeName}" has no field "${mask}"`);
    path.push(field);
    desc = field.message;
  }
  return path;
}

/** Returns a message that lacks the field at the end of a path. */
function withoutField<M extends object>(message: M, [field, ...rest]: readonly DescField[]): M {
  const value = field && (message as Fields)[field.localName];
  if (field === undefined || value === undefined || value === null) return message;
  const copy = shallowCopy(message);
  Object.assign(copy, { [field.localName]: rest.length === 0 ? undefined : withoutField(value, rest) });
  return copy;
}
