import type { DescField } from "@bufbuild/protobuf";
import type { Lack } from "../../../cel/index.ts";

/** The fields that can be missing, by the full names of messages and by the names of fields. */
export type Failable = ReadonlyMap<string, ReadonlyMap<string, Lack>>;

/** A field of a composed message of which expressions read whether it is missing. */
export interface FailableFields {
  readonly fields: Failable;
  /** Fields that expressions have read: only these need to be marked at run time. */
  readonly read: ReadonlySet<DescField>;
}

/** Returns why a field can be missing. Undefined: it never is. */
export const lackOf = (fields: Failable, { parent, name }: DescField): Lack | undefined =>
  fields.get(parent.typeName)?.get(name);
