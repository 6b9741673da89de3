import type { DescField } from "@bufbuild/protobuf";
import { fault, type Text } from "../../diagnostic/diagnostic.ts";
import type { IrMethod } from "../../ir/ir.ts";
import { fieldPath } from "../conversions/bind.ts";
import type { FieldChoice } from "../model/edge.ts";
import type { Run } from "../steps/context.ts";

/** Returns the mask of an RPC's requests; undefined also after a diagnostic. */
export function fieldChoiceOf({ report }: Run, { desc, fields }: IrMethod): FieldChoice | undefined {
  if (fields === undefined) return undefined;
  const refuse = (message: string): undefined => {
    fault(report, "BFF324", fields.at, {
      message,
      hint: `name a field of "${desc.input.typeName}" whose type is google.protobuf.FieldMask, as in "args.fields"`,
    });
  };
  if (!/^args(\.[A-Za-z_]\w*){1,2}$/.test(fields.value)) return refuse("`fields` is no path of a request field");
  const path = fieldPath(desc.input, pathText(fields), report);
  const field = path?.at(-1);
  if (path === undefined || field === undefined) return undefined;
  const name = fields.value.slice(PREFIX.length);
  if (field.fieldKind !== "message" || field.message.typeName !== "google.protobuf.FieldMask")
    return refuse(`"${name}" of "${desc.input.typeName}" is no FieldMask`);
  if (path.some((part: DescField) => part.oneof !== undefined))
    return refuse(`"${name}" of "${desc.input.typeName}" is in a oneof`);
  return { at: fields.at, path };
}

const PREFIX = "args.";

const pathText = (text: Text): Text => ({
  ...text,
  value: text.value.slice(PREFIX.length),
  place: (from, to) => text.place(from + PREFIX.length, to === undefined ? undefined : to + PREFIX.length),
});
