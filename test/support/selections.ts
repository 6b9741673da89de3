// Random selections of `select` in @protobff/client, with the paths of the fields that they select.
import type { DescField, DescMessage } from "@bufbuild/protobuf";
import fc from "fast-check";

/** A selection by names of fields, without their types. */
export interface AnySelection {
  readonly [name: string]: true | "*" | AnySelection;
}

interface Selected<Value> {
  readonly selection: Value;
  /** As a mask has them, in the selection's order. */
  readonly paths: readonly string[];
}

/** @param keep false for fields that are never selected */
export function anySelection(
  desc: DescMessage,
  keep: (field: DescField) => boolean = () => true,
  depth = 3,
): fc.Arbitrary<Selected<AnySelection>> {
  const fields = desc.fields.filter(keep);
  return fc.shuffledSubarray(fields, { minLength: 1, maxLength: Math.min(fields.length, 4) }).chain((chosen) =>
    fc.tuple(...chosen.map((field) => anyFieldSelection(field, keep, depth))).map((all) => ({
      selection: Object.fromEntries(all.map(({ selection }, i) => [chosen[i]!.localName, selection])),
      paths: all.flatMap(({ paths }) => paths),
    })),
  );
}

function anyFieldSelection(
  field: DescField,
  keep: (field: DescField) => boolean,
  depth: number,
): fc.Arbitrary<Selected<AnySelection[string]>> {
  const { name, message, fieldKind } = field;
  const whole = fc.constant<Selected<AnySelection[string]>>({ selection: true, paths: [name] });
  if (message === undefined || message.typeName.startsWith("google.protobuf.")) return whole;
  if (!message.fields.some(keep)) return whole;
  const star = fc.constant<Selected<AnySelection[string]>>({ selection: "*", paths: [`${name}.*`] });
  if (depth === 1) return fc.oneof(whole, star);
  const start = fieldKind === "map" ? `${name}.*.` : `${name}.`;
  const below = anySelection(message, keep, depth - 1).map(({ selection, paths }) => ({
    selection,
    paths: paths.map((path) => start + path),
  }));
  return fc.oneof(whole, star, { weight: 3, arbitrary: below });
}
