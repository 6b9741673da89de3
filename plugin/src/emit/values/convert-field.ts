// A field of one generated shape as a field of another.
import { type DescField, ScalarType } from "@bufbuild/protobuf";
import { type Code, declaredDefault, emitAs, type FieldType, type Names, type Proto } from "../../cel/index.ts";
import type { Conversion } from "../../model/conversion.ts";
import type { FileNames } from "../names/file-names.ts";
import type { Line } from "../text/lines.ts";

interface Copied {
  /** True if the source may be `undefined`. */
  readonly maybe: boolean;
  /** True if the target always has a value. */
  readonly implicit: boolean;
  readonly type: FieldType;
  readonly to: DescField;
  readonly conversion: Conversion;
}

export function emitAsField(read: Line, { maybe, implicit, type, to, conversion }: Copied, names: FileNames): Line {
  const standard = implicit && maybe ? zero(to, { type, conversion }, names) : undefined;
  const source: Line = standard === undefined ? read : ["(", ...read, " ?? ", ...standard, ")"];
  const open = maybe && standard === undefined;
  switch (conversion.kind) {
    case "same":
      return standard === undefined ? source : [...read, " ?? ", ...standard];
    case "represent": {
      const code: Code = {
        print: [...source],
        type: type.type,
        proto: type.proto,
        precedence: "atom",
        mayBeUndefined: false,
      };
      const local: Code = { ...code, print: ["value"] };
      const cel: Names = celNames(names);
      const direct = emitAs(open ? local : code, conversion.as, cel)?.print ?? source;
      if (!open) return direct;
      return direct.length === 1 && direct[0] === "value"
        ? source
        : [names.cel("unlessUnset"), "(", ...source, ", (value) => ", ...direct, ")"];
    }
    case "message":
    case "enum": {
      const convert = names.conversion(conversion.via);
      if (open) return [names.cel("unlessUnset"), "(", ...source, ", ", convert, ")"];
      return [convert, "(", ...(standard === undefined ? read : [...read, " ?? ", ...standard]), ")"];
    }
    case "list":
    case "map": {
      const { of } = conversion;
      if (of.kind !== "message" && of.kind !== "enum") return source;
      const convert = names.conversion(of.via);
      return conversion.kind === "list"
        ? [...source, ".map(", convert, ")"]
        : [names.cel("mapValues"), "(", ...source, ", ", convert, ")"];
    }
  }
}

/** Returns the target's value for an unset source, in the form of the source: it is converted as the source is. */
function zero(
  to: DescField,
  { type, conversion }: Pick<Copied, "type" | "conversion">,
  names: FileNames,
): Line | undefined {
  if (to.fieldKind === "enum") return ["0"];
  // A required message is taken unchanged: a valid message always contains it.
  if (conversion.kind === "message") return [names.runtime("create"), "(", names.schema(conversion.via.from), ")"];
  return to.fieldKind === "scalar" ? [zeroOfScalar(to, type.proto)] : undefined;
}

/** Returns the default of a field, in the form of a source. */
export function zeroOfScalar(to: DescField & { fieldKind: "scalar" }, from: Proto): string {
  const preset = declaredDefault(to);
  switch (to.scalar) {
    case ScalarType.STRING:
      return JSON.stringify(preset ?? "");
    case ScalarType.BOOL:
      return String(preset ?? false);
    case ScalarType.BYTES:
      return preset instanceof Uint8Array ? `Uint8Array.of(${[...preset].join(", ")})` : "new Uint8Array()";
    default:
      if (from.kind !== "scalar") return String(preset ?? 0);
      if (from.text === true) return `"${preset ?? 0}"`;
      return LONG.has(from.scalar) ? `${preset ?? 0}n` : String(preset ?? 0);
  }
}
const { INT64, UINT64, FIXED64, SFIXED64, SINT64 } = ScalarType;
const LONG: ReadonlySet<ScalarType> = new Set([INT64, UINT64, FIXED64, SFIXED64, SINT64]);

/** Returns names for code without variables. */
function celNames(names: FileNames): Names {
  return {
    variable: (variable) => variable.name,
    runtime: (name) => names.cel(name),
    schema: (desc) => names.schema(desc),
    shape: (desc) => names.shape(desc),
    convertEnum: (from, to) => names.convertEnum(from, to),
    registry: () => names.messages(),
    local: (name) => name,
  };
}
