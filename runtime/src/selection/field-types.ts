import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { FeatureSet_FieldPresence } from "@bufbuild/protobuf/wkt";
import { ALL_FIELDS, Selection } from "./selection.ts";

/** Types whose fields the runtime fills in. */
const RUNTIME_TYPES: ReadonlySet<string> = new Set(["bff.v1.Degradation", "bff.v1.Part", "bff.v1.Position"]);

/** The message types below an RPC's response, with the fields that only a mask selects. */
export class FieldTypes {
  readonly root: DescMessage;
  readonly #onRequest: ReadonlySet<string>;
  /** Default selections. They contain each other for recursive types. */
  readonly #usual = new Map<DescMessage, Selection>();
  readonly #names = new Map<DescMessage, ReadonlyMap<string, DescField>>();

  /** @param onRequest full names of fields with `on_request`, such as `web.v1.Dashboard.usage` */
  constructor(root: DescMessage, onRequest: Iterable<string>) {
    this.root = root;
    this.#onRequest = new Set(onRequest);
  }
  isOnRequest({ parent, name }: DescField): boolean {
    return this.#onRequest.size > 0 && this.#onRequest.has(`${parent.typeName}.${name}`);
  }
  isRuntime({ message }: DescField): boolean {
    return message !== undefined && RUNTIME_TYPES.has(message.typeName);
  }
  /** Returns the message that paths may enter. Well-known types have no fields for clients. */
  inside({ message }: DescField): DescMessage | undefined {
    return message?.typeName.startsWith("google.protobuf.") ? undefined : message;
  }
  /** @param name as proto or ProtoJSON has it: a gateway copies `?fields=ownerName` into a mask as it is */
  field(desc: DescMessage, name: string): DescField | undefined {
    let names = this.#names.get(desc);
    if (names === undefined) {
      names = namesOf(desc);
      this.#names.set(desc, names);
    }
    return names.get(name);
  }

  /** Returns the fields without which a message of proto2 cannot be written. */
  required({ fields }: DescMessage): readonly [string, Selection][] {
    const all = fields.filter(({ presence }) => presence === FeatureSet_FieldPresence.LEGACY_REQUIRED);
    return all.map((field) => [field.name, this.usualInside(field)]);
  }

  /** Returns the default selection of a message: all fields but those with `on_request`, at any depth. */
  usual(desc: DescMessage): Selection {
    const known = this.#usual.get(desc);
    if (known !== undefined) return known;
    const reached = new Set([desc]);
    for (const { fields } of reached)
      for (const field of fields) {
        const inside = this.inside(field);
        if (inside !== undefined) reached.add(inside);
      }
    const leavesOut = [...reached].some(({ fields }) => fields.some((field) => this.isOnRequest(field)));
    if (!leavesOut) {
      for (const each of reached) this.#usual.set(each, ALL_FIELDS);
      return ALL_FIELDS;
    }
    const fields = new Map<string, Selection>();
    const selection = new Selection(fields);
    this.#usual.set(desc, selection);
    for (const field of desc.fields) {
      if (this.isOnRequest(field)) continue;
      fields.set(field.name, this.usualInside(field));
    }
    return selection;
  }
  /** Returns the default selection of a field's message; all of a field without one. */
  usualInside(field: DescField): Selection {
    const inside = this.inside(field);
    return inside === undefined ? ALL_FIELDS : this.usual(inside);
  }
  /** Returns the same object for equal selections, because keys of caches compare selections. */
  canonical(desc: DescMessage, selection: Selection): Selection {
    const { entries } = selection;
    if (entries.size === desc.fields.length && [...entries.values()].every(({ whole }) => whole)) return ALL_FIELDS;
    const usual = this.usual(desc);
    const same =
      entries.size === usual.entries.size && [...entries].every(([name, of]) => usual.entries.get(name) === of);
    return same ? usual : selection;
  }
  /** Returns a text that is equal for equal selections. */
  keyOf(desc: DescMessage, selection: Selection): string {
    if (selection.whole) return "*";
    if (selection === this.usual(desc)) return "";
    const parts = desc.fields.flatMap((field) => {
      if (!selection.has(field.name)) return [];
      const inside = this.inside(field);
      return `${field.number}${inside === undefined ? "" : `(${this.keyOf(inside, selection.of(field.name))})`}`;
    });
    return parts.join();
  }
}

/** Returns the fields by their proto names, and by the names that ProtoJSON makes of these. */
function namesOf({ fields }: DescMessage): ReadonlyMap<string, DescField> {
  const names = new Map(fields.map((field) => [field.name, field]));
  for (const field of fields) {
    const json = field.name.replace(/_+(.)/g, (_, letter: string) => letter.toUpperCase());
    if (!names.has(json)) names.set(json, field);
  }
  return names;
}
