import { PLAIN } from "../../types/forms/form.ts";
import type { CallNode } from "../../types/model/type.ts";
import { castAny } from "../emitter/cast.ts";
import type { Emitter } from "../emitter/emitter.ts";
import { coerce } from "../pieces/coerce.ts";
import { atom, binary, LEVEL, type Piece, runtime } from "../pieces/piece.ts";

/** Functions of the runtime that go by the types of their operands. */
const DYNAMIC: Readonly<Record<string, string>> = {
  "_+_": "add",
  "_-_": "subtract",
  "_*_": "multiply",
  "_/_": "divide",
  "_%_": "modulo",
  "-_": "negate",
  "@in": "isIn",
  "_[_]": "index",
  "_[?_]": "findOptional",
  size: "size",
  bool: "toBool",
  bytes: "toBytes",
  double: "toDouble",
  int: "toInt",
  uint: "toUint",
  string: "toText",
  timestamp: "toTimestamp",
  duration: "toDuration",
  getHours: "hoursOf",
  getMinutes: "minutesOf",
  getSeconds: "secondsOf",
  getMilliseconds: "millisecondsOf",
  reverse: "reverse",
  format: "formatAny",
  sort: "sortAny",
  sortDesc: "sortDescAny",
  sum: "sumAny",
  "math.abs": "abs",
  "math.sign": "sign",
  "math.sqrt": "sqrt",
  "math.bitNot": "bitNot",
  "math.bitShiftLeft": "shiftLeft",
  "math.bitShiftRight": "shiftRight",
};

const ORDER: Readonly<Record<string, string>> = { "_<_": "<", "_<=_": "<=", "_>_": ">", "_>=_": ">=" };
const BITS: Readonly<Record<string, string>> = { "math.bitAnd": "and", "math.bitOr": "or", "math.bitXor": "xor" };

/** A call whose overload is found at run time by the types of its operands. */
export function emitDynamic(emitter: Emitter, node: CallNode): Piece {
  const { names } = emitter;
  const { fn } = node;
  const args = node.args.map((arg) => emitter.as(arg, PLAIN));
  const sign = ORDER[fn];
  if (sign !== undefined) return binary(runtime(names, "compare", args), sign, atom("0"), LEVEL.relational);
  const bits = BITS[fn];
  if (bits !== undefined) return typed(emitter, node, runtime(names, "bits", [atom(JSON.stringify(bits)), ...args]));
  if (fn === "math.greatest" || fn === "math.least") {
    const [only, ...more] = args;
    const list = only !== undefined && more.length === 0 ? runtime(names, "numbers", [only]) : listOf(args);
    return typed(emitter, node, runtime(names, fn === "math.greatest" ? "greatest" : "least", [list]));
  }
  const name = DYNAMIC[fn];
  if (name === undefined) return runtime(names, "noFunction", [atom(JSON.stringify(fn)), ...args]);
  return typed(emitter, node, runtime(names, name, args));
}

function listOf(args: readonly Piece[]): Piece {
  return atom("[", ...args.flatMap((arg, index) => [...(index === 0 ? [] : [", "]), ...arg.print]), "]");
}

/** Conversions return CEL's own form. Any other value that is known to be a number is unboxed. */
const RESULT_KINDS: Readonly<Record<string, string>> = { int: "int", uint: "uint", size: "int" };

function typed(emitter: Emitter, node: CallNode, value: Piece): Piece {
  const { kind } = node.type;
  if (kind === RESULT_KINDS[node.fn])
    return { ...value, form: kind === "uint" ? { kind: "big", unsigned: true } : { kind: "big" } };
  if (kind === "int" || kind === "uint")
    return coerce(value, { kind: "big", unsigned: kind === "uint" }, emitter.names);
  // An index or a key returns the container's content.
  return node.fn === "_[_]" ? castAny(emitter, value, node.type) : value;
}
