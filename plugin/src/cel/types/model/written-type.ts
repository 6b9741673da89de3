// Types as written in options: `string`, `list(int)`, `map(string, web.v1.User)`.
import type { DescMessage } from "@bufbuild/protobuf";
import { DurationSchema, TimestampSchema } from "@bufbuild/protobuf/wkt";
import { messageType } from "./field-type.ts";
import type { CelType } from "./type.ts";

/** Fault of a written type, with its place in the text. `unknown`: the name of no type. */
export interface TypeFault {
  readonly kind: "malformed" | "unknown" | "unfit";
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

const SCALARS: ReadonlySet<string> = new Set(["bool", "int", "uint", "double", "string", "bytes"]);
const KEYS: ReadonlySet<string> = new Set(["bool", "int", "uint", "string"]);
const TIMES: ReadonlyMap<string, DescMessage> = new Map<string, DescMessage>([
  ["timestamp", TimestampSchema],
  ["duration", DurationSchema],
]);

/** Returns the type that a text describes. `message` finds a message by its written name. */
export function writtenType(
  text: string,
  message: (name: string) => DescMessage | undefined,
): CelType | { readonly fault: TypeFault } {
  const tokens = [...text.matchAll(/\s*(\.?[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*|\S)/g)].map((match) => {
    const name = match[1] ?? "";
    return { name, start: match.index + match[0].length - name.length };
  });
  let at = 0;
  const fault = (kind: TypeFault["kind"], name: string, start: number): never => {
    throw new Misfit({ kind, name, start, end: start + Math.max(1, name.length) });
  };
  const take = (expected: string): void => {
    const token = tokens[at++];
    if (token?.name !== expected) fault("malformed", token?.name ?? "", token?.start ?? text.trimEnd().length);
  };
  const type = (): CelType => {
    const { name, start } = tokens[at++] ?? { name: "", start: text.trimEnd().length };
    if (!/\w/.test(name)) return fault("malformed", name, start);
    if (name === "list") {
      take("(");
      const element = type();
      take(")");
      return { kind: "list", element };
    }
    if (name === "map") {
      take("(");
      const keyAt = tokens[at];
      const key = type();
      if (!KEYS.has(key.kind)) return fault("unfit", keyAt?.name ?? "", keyAt?.start ?? start);
      take(",");
      const value = type();
      take(")");
      return { kind: "map", key, value };
    }
    return named(name) ?? fault(known(name) ? "unfit" : "unknown", name, start);
  };
  const named = (name: string): CelType | undefined => {
    if (SCALARS.has(name)) return { kind: name } as CelType;
    const desc = TIMES.get(name) ?? message(name);
    const found = desc && messageType(desc).type;
    return found?.kind === "message" ? found : undefined;
  };
  // Other types of CEL, and messages that CEL represents by other types.
  const known = (name: string): boolean =>
    /^(dyn|null_type|type|optional_type|optional)$/.test(name) || message(name) !== undefined;
  try {
    const found = type();
    const more = tokens[at];
    if (more !== undefined) fault("malformed", more.name, more.start);
    return found;
  } catch (thrown) {
    if (thrown instanceof Misfit) return { fault: thrown.fault };
    throw thrown;
  }
}

class Misfit extends Error {
  readonly fault: TypeFault;
  constructor(fault: TypeFault) {
    super(fault.kind);
    this.fault = fault;
  }
}
