// The paths of one mask as a tree, and the selection that they make of a message type.
import type { DescField, DescMessage } from "@bufbuild/protobuf";
import type { FieldTypes } from "./field-types.ts";
import { ALL_FIELDS, NO_FIELDS, Selection } from "./selection.ts";

/** Why a path selects nothing that exists. It is no Error: clients cause it at will, and a stack costs more than a path. */
export class NoSuchField {
  readonly message: string;

  constructor(message: string) {
    this.message = message;
  }
}

const MAX_DEPTH = 16;

export class FieldTree {
  /** True if a path ends in `*` here. */
  #whole = false;
  /** True if a path ends here. */
  #named = false;
  readonly #inside = new Map<DescField, FieldTree>();

  /**
   * Adds a path, such as `runs.title` or `owners.*.name`. Fields have the names of proto or of ProtoJSON.
   *
   * @returns the path in proto names, or why the type has no such field
   */
  add(path: string, types: FieldTypes): string | NoSuchField {
    const parts = path.split(".", MAX_DEPTH + 1);
    if (parts.length > MAX_DEPTH) return new NoSuchField(`has more than ${MAX_DEPTH} parts`);
    const names: string[] = [];
    let tree: FieldTree = this;
    let desc: DescMessage | undefined = types.root;
    /** The kind of the field before, until `*` has passed into its items. */
    let several: "list" | "map" | undefined;
    for (const [i, part] of parts.entries()) {
      names.push(part);
      if (part === "*" && desc !== undefined && (i === parts.length - 1 || several !== undefined)) {
        if (i === parts.length - 1) tree.#whole = true;
        several = undefined;
        continue;
      }
      const field: DescField | undefined = several === "map" ? undefined : desc && types.field(desc, part);
      if (field === undefined) return new NoSuchField("is no field of the answer");
      names[i] = field.name;
      tree = tree.#at(field);
      desc = types.inside(field);
      several = field.fieldKind === "list" || field.fieldKind === "map" ? field.fieldKind : undefined;
    }
    tree.#named ||= parts.at(-1) !== "*";
    return names.join(".");
  }
  #at(field: DescField): FieldTree {
    let inside = this.#inside.get(field);
    if (inside === undefined) {
      inside = new FieldTree();
      this.#inside.set(field, inside);
    }
    return inside;
  }

  /** Returns the selection of the root, which always contains the fields of the runtime. */
  root(types: FieldTypes): Selection {
    const { root } = types;
    if (this.#whole) return ALL_FIELDS;
    for (const field of root.fields) if (types.isRuntime(field)) this.#at(field).#named = true;
    return this.#of(root, false, types);
  }
  /** @param usual true if the default selection contains the message */
  #of(desc: DescMessage | undefined, usual: boolean, types: FieldTypes): Selection {
    if (this.#whole || desc === undefined) return ALL_FIELDS;
    const isUsual = usual || this.#named;
    const whole = isUsual ? types.usual(desc) : NO_FIELDS;
    if ((isUsual && this.#inside.size === 0) || whole.whole) return whole;
    const fields = new Map([...types.required(desc), ...whole.entries]);
    for (const [field, tree] of this.#inside) {
      const inside = types.inside(field);
      fields.set(field.name, tree.#of(inside, isUsual && !types.isOnRequest(field), types));
    }
    return types.canonical(desc, new Selection(fields));
  }
}
