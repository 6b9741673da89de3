import type { DescField } from "@bufbuild/protobuf";
import type { Lack } from "../../cel/index.ts";
import { lackOf } from "../model/missing/failable-fields.ts";
import type { Run } from "./context.ts";

/** Returns the reason for which a field can be missing, and records that an expression has read the field. */
export function lackIn({ failable, messages }: Run): (field: DescField) => Lack | undefined {
  return (field) => {
    if (!messages.has(field.parent.typeName)) return undefined;
    failable.read.add(field);
    return lackOf(failable.fields, field);
  };
}
