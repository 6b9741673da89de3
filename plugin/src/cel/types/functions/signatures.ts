import { DurationSchema, TimestampSchema } from "@bufbuild/protobuf/wkt";
import type { CelType, Overload } from "../model/type.ts";
import { isExactType } from "../model/type-variables.ts";
import { ADDITIONS, ENCODERS, LISTS, MATH, OPTIONALS, SETS } from "./signatures-additions.ts";

/**
 * A line is `id: function(params) result`, or `id: receiver.function(params) result`; a `!` at its end marks a function
 * that can fail. `number` expands to one overload each for int, uint and double. The order is cel-go's: an operand of
 * open type takes the type of the first overload.
 */
const STANDARD = `
logical_not: !_(bool) bool
logical_and: _&&_(bool, bool) bool
logical_or: _||_(bool, bool) bool
conditional: _?_:_(bool, A, A) A
equals: _==_(A, A) bool
not_equals: _!=_(A, A) bool
negate_double: -_(double) double
negate_int64: -_(int) int !

add_bytes: _+_(bytes, bytes) bytes
add_double: _+_(double, double) double
add_duration_duration: _+_(duration, duration) duration !
add_duration_timestamp: _+_(duration, timestamp) timestamp !
add_timestamp_duration: _+_(timestamp, duration) timestamp !
add_int64: _+_(int, int) int !
add_list: _+_(list(A), list(A)) list(A)
add_string: _+_(string, string) string
add_uint64: _+_(uint, uint) uint !
divide_double: _/_(double, double) double
divide_int64: _/_(int, int) int !
divide_uint64: _/_(uint, uint) uint !
modulo_int64: _%_(int, int) int !
modulo_uint64: _%_(uint, uint) uint !
multiply_double: _*_(double, double) double
multiply_int64: _*_(int, int) int !
multiply_uint64: _*_(uint, uint) uint !
subtract_double: _-_(double, double) double
subtract_duration_duration: _-_(duration, duration) duration !
subtract_int64: _-_(int, int) int !
subtract_timestamp_duration: _-_(timestamp, duration) timestamp !
subtract_timestamp_timestamp: _-_(timestamp, timestamp) duration !
subtract_uint64: _-_(uint, uint) uint !

less_bool: _<_(bool, bool) bool
less_number: _<_(number, number) bool
less_string: _<_(string, string) bool
less_bytes: _<_(bytes, bytes) bool
less_timestamp: _<_(timestamp, timestamp) bool
less_duration: _<_(duration, duration) bool
less_equals_bool: _<=_(bool, bool) bool
less_equals_number: _<=_(number, number) bool
less_equals_string: _<=_(string, string) bool
less_equals_bytes: _<=_(bytes, bytes) bool
less_equals_timestamp: _<=_(timestamp, timestamp) bool
less_equals_duration: _<=_(duration, duration) bool
greater_bool: _>_(bool, bool) bool
greater_number: _>_(number, number) bool
greater_string: _>_(string, string) bool
greater_bytes: _>_(bytes, bytes) bool
greater_timestamp: _>_(timestamp, timestamp) bool
greater_duration: _>_(duration, duration) bool
greater_equals_bool: _>=_(bool, bool) bool
greater_equals_number: _>=_(number, number) bool
greater_equals_string: _>=_(string, string) bool
greater_equals_bytes: _>=_(bytes, bytes) bool
greater_equals_timestamp: _>=_(timestamp, timestamp) bool
greater_equals_duration: _>=_(duration, duration) bool

in_list: @in(A, list(A)) bool
in_map: @in(A, map(A, B)) bool
index_list: _[_](list(A), int) A !
index_map: _[_](map(A, B), A) B !
optional_index: _[_](optional(list(A)), int) optional(A)
optional_index: _[_](optional(map(A, B)), A) optional(B)
optional_index: _[?_](list(A), int) optional(A)
optional_index: _[?_](optional(list(A)), int) optional(A)
optional_index: _[?_](map(A, B), A) optional(B)
optional_index: _[?_](optional(map(A, B)), A) optional(B)

size_bytes: size(bytes) int
size_bytes: bytes.size() int
size_list: size(list(A)) int
size_list: list(A).size() int
size_map: size(map(A, B)) int
size_map: map(A, B).size() int
size_string: size(string) int
size_string: string.size() int

same: bool(bool) bool
string_to_bool: bool(string) bool !
same: bytes(bytes) bytes
string_to_bytes: bytes(string) bytes
same: double(double) double
int64_to_double: double(int) double
uint64_to_double: double(uint) double
string_to_double: double(string) double !
same: int(int) int
uint64_to_int64: int(uint) int !
double_to_int64: int(double) int !
string_to_int64: int(string) int !
timestamp_to_int64: int(timestamp) int
duration_to_int64: int(duration) int
same: uint(uint) uint
int64_to_uint64: uint(int) uint !
double_to_uint64: uint(double) uint !
string_to_uint64: uint(string) uint !
same: string(string) string
bool_to_string: string(bool) string
int64_to_string: string(int) string
uint64_to_string: string(uint) string
double_to_string: string(double) string
bytes_to_string: string(bytes) string !
timestamp_to_string: string(timestamp) string !
duration_to_string: string(duration) string !
same: timestamp(timestamp) timestamp
string_to_timestamp: timestamp(string) timestamp !
int64_to_timestamp: timestamp(int) timestamp !
same: duration(duration) duration
string_to_duration: duration(string) duration !
int64_to_duration: duration(int) duration !
to_dyn: dyn(A) dyn
type: type(A) type(A)

contains: string.contains(string) bool
ends_with: string.endsWith(string) bool
starts_with: string.startsWith(string) bool
matches: matches(string, string) bool !
matches: string.matches(string) bool !

timestamp_getFullYear: timestamp.getFullYear() int !
timestamp_getMonth: timestamp.getMonth() int !
timestamp_getDate: timestamp.getDate() int !
timestamp_getDayOfMonth: timestamp.getDayOfMonth() int !
timestamp_getDayOfWeek: timestamp.getDayOfWeek() int !
timestamp_getDayOfYear: timestamp.getDayOfYear() int !
timestamp_getHours: timestamp.getHours() int !
timestamp_getMinutes: timestamp.getMinutes() int !
timestamp_getSeconds: timestamp.getSeconds() int !
timestamp_getMilliseconds: timestamp.getMilliseconds() int !
timestamp_getFullYear: timestamp.getFullYear(string) int !
timestamp_getMonth: timestamp.getMonth(string) int !
timestamp_getDate: timestamp.getDate(string) int !
timestamp_getDayOfMonth: timestamp.getDayOfMonth(string) int !
timestamp_getDayOfWeek: timestamp.getDayOfWeek(string) int !
timestamp_getDayOfYear: timestamp.getDayOfYear(string) int !
timestamp_getHours: timestamp.getHours(string) int !
timestamp_getMinutes: timestamp.getMinutes(string) int !
timestamp_getSeconds: timestamp.getSeconds(string) int !
timestamp_getMilliseconds: timestamp.getMilliseconds(string) int !
duration_getHours: duration.getHours() int
duration_getMinutes: duration.getMinutes() int
duration_getSeconds: duration.getSeconds() int
duration_getMilliseconds: duration.getMilliseconds() int
`;

/** cel-go's `strings`. */
const STRINGS = `
char_at: string.charAt(int) string !
index_of: string.indexOf(string) int
index_of: string.indexOf(string, int) int !
last_index_of: string.lastIndexOf(string) int
last_index_of: string.lastIndexOf(string, int) int !
join: list(string).join() string
join: list(string).join(string) string
lower_ascii: string.lowerAscii() string
upper_ascii: string.upperAscii() string
replace: string.replace(string, string) string !
replace: string.replace(string, string, int) string !
reverse_string: string.reverse() string
split: string.split(string) list(string)
split: string.split(string, int) list(string)
substring: string.substring(int) string !
substring: string.substring(int, int) string !
trim: string.trim() string
format: string.format(list(dyn)) string !
quote: strings.quote(string) string
`;

const NAMED: ReadonlyMap<string, CelType> = new Map<string, CelType>([
  ["bool", { kind: "bool" }],
  ["int", { kind: "int" }],
  ["uint", { kind: "uint" }],
  ["double", { kind: "double" }],
  ["string", { kind: "string" }],
  ["bytes", { kind: "bytes" }],
  ["dyn", { kind: "dyn" }],
  ["null", { kind: "null" }],
  ["timestamp", { kind: "message", desc: TimestampSchema }],
  ["duration", { kind: "message", desc: DurationSchema }],
  ["A", { kind: "param", name: "A" }],
  ["B", { kind: "param", name: "B" }],
]);

/** Placeholder for each type of number, until the table is complete. */
const NUMBER: CelType = { kind: "param", name: "number" };
const NUMBERS: readonly CelType[] = [{ kind: "int" }, { kind: "uint" }, { kind: "double" }];

/** Namespaces of functions, which are written like methods of a name that is no value. */
const NAMESPACES: ReadonlySet<string> = new Set([
  "base64",
  "lists",
  "math",
  "money",
  "optional",
  "page",
  "random",
  "regex",
  "sets",
  "share",
  "shard",
  "strings",
  "url",
]);

/** Returns true if functions have this name as a prefix, as in `math.abs`. */
export function isNamespace(name: string): boolean {
  return NAMESPACES.has(name);
}

function parseType(text: string): CelType {
  const named = NAMED.get(text);
  if (named !== undefined) return named;
  if (text === "number") return NUMBER;
  const [, name, inner] = /^(\w+)\((.*)\)$/.exec(text) ?? [];
  const [first, second] = splitTypes(inner ?? "").map(parseType);
  if (first !== undefined && name === "list") return { kind: "list", element: first };
  if (first !== undefined && second !== undefined && name === "map") return { kind: "map", key: first, value: second };
  if (first !== undefined && (name === "optional" || name === "type")) return { kind: name, of: first };
  throw new Error(`no such type in the table of functions: ${text}`);
}

function splitTypes(text: string): string[] {
  return text.trim() === "" ? [] : text.split(/,\s*(?![^(]*\))/).map((part) => part.trim());
}

function parseLine(line: string): Overload {
  const [, id, head, fails] = /^(\w+): (.*?)( !)?$/.exec(line) ?? [];
  const space = head?.lastIndexOf(" ", head.endsWith(")") ? head.lastIndexOf(") ") + 1 : head.length) ?? -1;
  if (id === undefined || head === undefined || space < 0) throw new Error(`malformed: ${line}`);
  const result = parseType(head.slice(space + 1));
  const call = head.slice(0, space);
  const [, receiver, name, params] = /^(?:(.+)\.)?([^.(]+)\((.*)\)$/.exec(call) ?? [];
  if (name === undefined) throw new Error(`malformed: ${line}`);
  const paramTypes = splitTypes(params ?? "").map(parseType);
  const namespace = receiver !== undefined && NAMESPACES.has(receiver);
  const method = receiver !== undefined && !namespace;
  return {
    id,
    fn: namespace ? `${receiver}.${name}` : name,
    method,
    params: method ? [parseType(receiver), ...paramTypes] : paramTypes,
    result,
    fails: fails !== undefined,
  };
}

/** Returns the overloads of a line with `number` in it. */
function withNumbers(overload: Overload): readonly Overload[] {
  const index = overload.params.indexOf(NUMBER);
  if (index === -1) return [overload];
  return NUMBERS.flatMap((number) => withNumbers({ ...overload, params: overload.params.with(index, number) }));
}

function sameCall(a: Overload, b: Overload): boolean {
  if (a.method !== b.method || a.params.length !== b.params.length) return false;
  return a.params.every((param, index) => {
    const other = b.params[index];
    return other !== undefined && isExactType(param, other);
  });
}

/** Returns true if it orders numbers of different types. */
export function isMixed({ fn, params: [first, second] }: Overload): boolean {
  return MIXED.has(fn) && first?.kind !== second?.kind;
}
const MIXED: ReadonlySet<string> = new Set(["_<_", "_<=_", "_>_", "_>=_"]);

const tables = [STANDARD, STRINGS, MATH, LISTS, SETS, ENCODERS, OPTIONALS];
const linesOf = (text: string) => text.split("\n").filter((line) => line !== "");
const older = linesOf(tables.join("")).map(parseLine);
const added = linesOf(ADDITIONS).map(parseLine);
const table = Map.groupBy([...older, ...added].flatMap(withNumbers), (overload) => overload.fn);
const olderNames: ReadonlySet<string> = new Set(older.map(({ fn }) => fn));
for (const [fn, overloads] of table) {
  table.set(
    fn,
    overloads.filter((overload, index) => overloads.findIndex((other) => sameCall(overload, other)) === index),
  );
}

/** Returns all overloads of a function, in the order in which they are tried, or none if there is no such function. */
export function overloadsOf(fn: string): readonly Overload[] {
  return table.get(fn) ?? [];
}

/** Returns the names of all overloads, the possible values of `overload` in a checked call. */
export function overloadNames(): string[] {
  return [...new Set([...table.values()].flat().map(({ id }) => id))];
}

/** Returns the names of all functions, including namespaces, without operators and the methods of optionals. */
export function functionNames(): string[] {
  const named = [...table].filter(([name, [first]]) => /^[a-z]/i.test(name) && first?.params[0]?.kind !== "optional");
  return named.map(([name]) => name);
}

/**
 * Returns the function names that no step may have (BFF107). For later functions, a name directly before `(` is the
 * function, and elsewhere the step.
 */
export function reservedFunctionNames(): string[] {
  return functionNames().filter((name) => olderNames.has(name));
}
