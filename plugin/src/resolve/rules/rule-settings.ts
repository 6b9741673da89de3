// Rules as they are set, by their names in validate.proto.
import { type DescMessage, isFieldSet, type Message } from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import type { Place } from "../../diagnostic/diagnostic.ts";
import type { RuleStep, Time } from "../../model/rules.ts";

/** A message of rules: its settings, their places, and its path in a violation. */
export class RuleSettings {
  readonly desc: DescMessage;
  readonly place: Place;
  readonly path: readonly RuleStep[];
  readonly #values: ReadonlyMap<string, unknown>;

  constructor(desc: DescMessage, value: Message, place: Place, path: readonly RuleStep[]) {
    this.desc = desc;
    this.place = place;
    this.path = path;
    const message = reflect(desc, value);
    this.#values = new Map(
      desc.fields
        .filter((field) => isFieldSet(value, field))
        .map((field) => [field.name, field.fieldKind === "list" ? [...message.get(field)] : message.get(field)]),
    );
  }
  has(name: string): boolean {
    return this.#values.has(name);
  }
  /** The names of those that are set. */
  get names(): readonly string[] {
    return [...this.#values.keys()];
  }
  text(name: string): string | undefined {
    const value = this.#values.get(name);
    return typeof value === "string" ? value : undefined;
  }
  flag(name: string): boolean | undefined {
    const value = this.#values.get(name);
    return typeof value === "boolean" ? value : undefined;
  }
  count(name: string): bigint | undefined {
    const value = this.#values.get(name);
    return typeof value === "bigint" ? value : undefined;
  }
  number(name: string): number | bigint | undefined {
    const value = this.#values.get(name);
    return typeof value === "number" || typeof value === "bigint" ? value : undefined;
  }
  bytes(name: string): Uint8Array | undefined {
    const value = this.#values.get(name);
    return value instanceof Uint8Array ? value : undefined;
  }
  time(name: string): Time | undefined {
    return asTime(this.#values.get(name));
  }
  list(name: string): readonly unknown[] {
    const value = this.#values.get(name);
    return Array.isArray(value) ? value : [];
  }
  texts(name: string): readonly string[] {
    return this.list(name).filter((item) => typeof item === "string");
  }
  times(name: string): readonly Time[] {
    return this.list(name).flatMap((item) => asTime(item) ?? []);
  }
  /** The paths of a google.protobuf.FieldMask. */
  mask(name: string): readonly string[] | undefined {
    const value = this.#values.get(name);
    if (typeof value !== "object" || value === null || !("message" in value)) return undefined;
    const { message } = value;
    if (typeof message !== "object" || message === null || !("paths" in message)) return undefined;
    return Array.isArray(message.paths) ? message.paths.filter((path) => typeof path === "string") : undefined;
  }
  /** The path of one of its rules. */
  steps(name: string): readonly RuleStep[] {
    const field = this.desc.fields.find((candidate) => candidate.name === name);
    if (field === undefined) throw new Error(`${this.desc.typeName} has no ${name}`);
    return [...this.path, [field.name, field.number, field.proto.type]];
  }
}

/** google.protobuf.Timestamp and Duration, by reflection. */
function asTime(value: unknown): Time | undefined {
  if (typeof value !== "object" || value === null || !("message" in value)) return undefined;
  const { message } = value;
  if (typeof message !== "object" || message === null || !("seconds" in message) || !("nanos" in message))
    return undefined;
  const { seconds, nanos } = message;
  return typeof seconds === "bigint" && typeof nanos === "number" ? { seconds, nanos } : undefined;
}
