// A field of one generated shape as a field of another.
import type { DescField } from "@bufbuild/protobuf";
import { type Code, emitAs, type FieldType, type Names } from "../cel/index.ts";
import type { Conversion } from "../resolve/model.ts";
import type { FileNames } from "./file-names.ts";
import type { Line } from "./lines.ts";

export interface Copied {
  /** Whether the source may be `undefined`. */
  readonly maybe: boolean;
  /** Whether the target always has a value. */
  readonly implicit: boolean;
  readonly type: FieldType;
  readonly to: DescField;
  readonly conversion: Conversion;
}

export function emitAsField(read: Line, { maybe, implicit, type, to, conversion }: Copied, names: FileNames): Line {
  const standard = implicit && maybe ? zero(to) : undefined;
  const source: Line = standard === undefined ? read : ["(", ...read, " ?? ", standard, ")"];
  const open = maybe && standard === undefined;
  switch (conversion.kind) {
    case "same":
      return standard === undefined ? source : [...read, " ?? ", standard];
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
      return open ? [names.cel("unlessUnset"), "(", ...source, ", ", convert, ")"] : [convert, "(", ...source, ")"];
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

function zero(field: DescField): string {
  switch (field.fieldKind) {
    case "enum":
      return "0";
    case "scalar":
      return zeroOf(field);
    default:
      return "undefined";
  }
}
function zeroOf(field: DescField & { fieldKind: "scalar" }): string {
  const zero = field.getDefaultValue?.();
  if (typeof zero === "bigint") return `${zero}n`;
  if (zero !== undefined && !(zero instanceof Uint8Array)) return JSON.stringify(zero);
  switch (field.scalar) {
    case 9:
      return '""';
    case 8:
      return "false";
    case 12:
      return "new Uint8Array()";
    case 3:
    case 4:
    case 6:
    case 16:
    case 18:
      return "0n";
    default:
      return "0";
  }
}

/** Where no variables stand. */
function celNames(names: FileNames): Names {
  return {
    variable: (variable) => variable.name,
    runtime: (name) => names.cel(name),
    schema: (desc) => names.schema(desc),
    shape: (desc) => names.shape(desc),
    registry: () => names.messages(),
    local: (name) => name,
  };
}
