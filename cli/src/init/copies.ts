// Messages and enums of the upstreams that a new BFF copies, and their names in the BFF.
import { type DescEnum, type DescEnumValue, type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { FeatureSet_FieldPresence as Presence } from "@bufbuild/protobuf/wkt";
import { type NameScope, pascalCase, snakeCase } from "./names.ts";
import { type PrivateField, privateReason } from "./private-fields.ts";

/** Copy of one message. */
export interface CopiedMessage {
  readonly desc: DescMessage;
  readonly name: string;
  readonly fields: readonly DescField[];
  /** Fields that are not copied: messages farther inside, and fields that no copy can have. */
  readonly leftOut: readonly DescField[];
  /** Fields that look private. */
  readonly withheld: readonly PrivateField[];
}
export interface CopiedEnum {
  readonly desc: DescEnum;
  readonly name: string;
}
export interface CopiedValue {
  readonly desc: DescEnumValue;
  readonly name: string;
  /** Its name there. */
  readonly upstream: string;
  readonly number: number;
}

/**
 * Last level of nesting, counted at the first use of a type. Messages at this level are copied without the messages in
 * them.
 */
const LAST_LEVEL = 1;
const MAX_MESSAGES = 150;
const MAX_VALUES = 150;

export const isWellKnown = ({ file }: DescMessage | DescEnum): boolean => file.name.startsWith("google/protobuf/");

export class Copies {
  readonly #messages = new Map<DescMessage, string>();
  readonly #enums = new Map<DescEnum, string>();
  /** Types of google.protobuf that fields have as they are. */
  readonly wellKnown = new Set<DescMessage | DescEnum>();
  readonly #present = new Set<DescMessage | DescEnum>();
  readonly #names: NameScope;
  readonly #values: NameScope;

  /**
   * @param names of the package, for messages and enums
   * @param values of the package too, for values of enums
   */
  constructor(names: NameScope, values: NameScope) {
    this.#names = names;
    this.#values = values;
  }

  /** Takes a copy that the package has, and that is not printed. The first copy of a type counts. */
  reuse(desc: DescMessage | DescEnum, name: string): void {
    if (this.#present.has(desc)) return;
    this.#present.add(desc);
    if (desc.kind === "message") this.#messages.set(desc, name);
    else this.#enums.set(desc, name);
  }

  /** Copies a message, with the messages that its fields have. */
  takeMessage(desc: DescMessage): void {
    if (isWellKnown(desc) || this.#present.has(desc)) return;
    if (!this.#messages.has(desc)) this.#messages.set(desc, this.#names.take(...candidates(desc)));
    const withheld = withheldOf(desc.fields, "answer");
    this.take(
      desc.fields.filter((field) => !withheld.some((privateField) => privateField.field === field)),
      LAST_LEVEL,
    );
  }

  /** Copies what these fields hold. @param level 0: with the messages in their messages */
  take(fields: readonly DescField[], level: number): void {
    let next = fields;
    for (let depth = level; next.length > 0; depth++) {
      const inside: DescField[] = [];
      for (const field of next) {
        const type = field.message;
        if (type === undefined || isWellKnown(type) || this.#messages.has(type)) continue;
        // The fields at the start are what the caller has chosen.
        if (depth > level && privateReason(field, "answer") !== undefined) continue;
        // A required field has to be present at any depth.
        if ((depth > LAST_LEVEL || this.#messages.size >= MAX_MESSAGES) && !isRequired(field)) continue;
        this.#messages.set(type, this.#names.take(...candidates(type)));
        inside.push(...type.fields);
      }
      next = inside;
    }
  }

  /**
   * Returns true if a field of a copy, or of a composed message, can have this field's type. Call it after all types
   * have been taken.
   */
  holds(field: DescField): boolean {
    const { message, enum: desc } = field;
    if (message !== undefined) return isWellKnown(message) || this.#messages.has(message);
    return desc === undefined || isWellKnown(desc) || desc.values.length <= MAX_VALUES;
  }

  /** Returns true if a message has a copy. Call it after all types have been taken. */
  has(desc: DescMessage): boolean {
    return this.#messages.has(desc);
  }

  /**
   * Returns the declaration's type, with `repeated` or `optional` in front.
   *
   * @param mayBeAbsent true if the field must be able to be unset
   */
  typeOf(field: DescField, mayBeAbsent = false): string {
    if (field.fieldKind === "map") return `map<${scalarName(field.mapKey)}, ${this.#plainType(field)}>`;
    if (field.fieldKind === "list") return `repeated ${this.#plainType(field)}`;
    if (field.fieldKind === "message") return this.#plainType(field);
    const optional = field.oneof === undefined && (mayBeAbsent || field.presence === Presence.EXPLICIT);
    return `${optional ? "optional " : ""}${this.#plainType(field)}`;
  }

  /** A message's name here. */
  nameOf(desc: DescMessage): string {
    if (!isWellKnown(desc)) return this.#messages.get(desc) ?? desc.typeName;
    this.wellKnown.add(desc);
    return desc.typeName;
  }

  messages(): readonly CopiedMessage[] {
    const copied = [...this.#messages].filter(([desc]) => !this.#present.has(desc));
    return copied.map(([desc, name]) => ({
      desc,
      name,
      ...this.#divided(desc.fields),
    }));
  }

  #divided(all: readonly DescField[]): Pick<CopiedMessage, "fields" | "leftOut" | "withheld"> {
    const withheld = withheldOf(all, "answer");
    const rest = all.filter((field) => !withheld.some((privateField) => privateField.field === field));
    return {
      fields: rest.filter((field) => this.holds(field)),
      leftOut: rest.filter((field) => !this.holds(field)),
      withheld,
    };
  }

  /** Returns the enums that the types of fields have used up to now. */
  enums(): readonly CopiedEnum[] {
    return [...this.#enums].filter(([desc]) => !this.#present.has(desc)).map(([desc, name]) => ({ desc, name }));
  }

  /**
   * Returns the values of a copied enum: `TOPIC_STATE_ACTIVE`, for `ACTIVE` and for `STATE_ACTIVE` of `Topic.State`.
   */
  valuesOf({ desc, name }: CopiedEnum): readonly CopiedValue[] {
    const prefix = snakeCase(name).toUpperCase();
    const theirs = `${snakeCase(desc.name).toUpperCase()}_`;
    const first = desc.values.filter(
      ({ number }, i) => desc.values.findIndex((value) => value.number === number) === i,
    );
    return first.map((value) => {
      const bare = value.name.startsWith(theirs) ? value.name.slice(theirs.length) : value.name;
      const copyName = this.#values.take(`${prefix}_${bare.toUpperCase()}`);
      return { desc: value, name: copyName, upstream: value.name, number: value.number };
    });
  }

  /** The first value of an enum of which the upstream has no zero. */
  unspecified({ name }: CopiedEnum): string {
    return this.#values.take(`${snakeCase(name).toUpperCase()}_UNSPECIFIED`);
  }

  #plainType(field: DescField): string {
    if (field.message !== undefined) return this.nameOf(field.message);
    if (field.enum !== undefined) return this.#enumName(field.enum);
    return scalarName(field.scalar ?? ScalarType.STRING);
  }

  #enumName(desc: DescEnum): string {
    if (isWellKnown(desc)) {
      this.wellKnown.add(desc);
      return desc.typeName;
    }
    const known = this.#enums.get(desc);
    if (known !== undefined) return known;
    const name = this.#names.take(...candidates(desc));
    this.#enums.set(desc, name);
    return name;
  }
}

/**
 * Returns the fields that look private.
 *
 * @param use message that contains the fields
 */
export function withheldOf(fields: readonly DescField[], use: "answer" | "request"): readonly PrivateField[] {
  return fields.flatMap((field) => {
    const reason = privateReason(field, use);
    return reason === undefined ? [] : [{ field, reason }];
  });
}

const scalarName = (type: ScalarType): string => ScalarType[type].toLowerCase();

export const isRequired = (field: DescField): boolean => field.presence === Presence.LEGACY_REQUIRED;

/**
 * Returns names such as `State`, `TopicState`, `PubsubTopicState`: an enum inside a message is named after that
 * message.
 */
function candidates(desc: DescMessage | DescEnum): [string, ...string[]] {
  const parents: string[] = [];
  for (let parent = desc.parent; parent !== undefined; parent = parent.parent) parents.unshift(parent.name);
  const nested = pascalCase([...parents, desc.name].join("_"));
  const simple = pascalCase(desc.name);
  const withPackage = pascalCase(
    `${
      desc.file.proto.package
        .split(".")
        .filter((part) => !/^v\d/.test(part))
        .at(-1) ?? ""
    }_${nested}`,
  );
  return desc.kind === "enum" ? [nested, withPackage] : [simple, nested, withPackage];
}
