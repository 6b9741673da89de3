import { DurationSchema, TimestampSchema } from "@bufbuild/protobuf/wkt";
import type { CelType } from "./type.ts";

/** One way to call a function. */
export interface Overload {
  /** As in cel-go, where it has a name there; the printer goes by it. */
  readonly id: string;
  readonly fn: string;
  /** Whether the first parameter stands before the dot. */
  readonly method: boolean;
  readonly params: readonly CelType[];
  readonly result: CelType;
  /** Whether it can end in an error at run time. Integer arithmetic is judged by the ranges of its operands instead. */
  readonly fails: boolean;
}

/** A line is `id: function(params) result`, or `id: receiver.function(params) result`; a `!` at its end says that it can fail. */
const STANDARD = `
logical_not: !_(bool) bool
negate_int64: -_(int) int !
negate_double: -_(double) double

add_int64: _+_(int, int) int !
add_uint64: _+_(uint, uint) uint !
add_double: _+_(double, double) double
add_string: _+_(string, string) string
add_bytes: _+_(bytes, bytes) bytes
add_list: _+_(list(A), list(A)) list(A)
add_timestamp_duration: _+_(timestamp, duration) timestamp !
add_duration_timestamp: _+_(duration, timestamp) timestamp !
add_duration_duration: _+_(duration, duration) duration !
subtract_int64: _-_(int, int) int !
subtract_uint64: _-_(uint, uint) uint !
subtract_double: _-_(double, double) double
subtract_timestamp_timestamp: _-_(timestamp, timestamp) duration !
subtract_timestamp_duration: _-_(timestamp, duration) timestamp !
subtract_duration_duration: _-_(duration, duration) duration !
multiply_int64: _*_(int, int) int !
multiply_uint64: _*_(uint, uint) uint !
multiply_double: _*_(double, double) double
divide_int64: _/_(int, int) int !
divide_uint64: _/_(uint, uint) uint !
divide_double: _/_(double, double) double
modulo_int64: _%_(int, int) int !
modulo_uint64: _%_(uint, uint) uint !

less_bool: _<_(bool, bool) bool
less_number: _<_(number, number) bool
less_string: _<_(string, string) bool
less_bytes: _<_(bytes, bytes) bool
less_timestamp: _<_(timestamp, timestamp) bool
less_duration: _<_(duration, duration) bool
less_dyn: _<_(dyn, dyn) bool !
less_equals_bool: _<=_(bool, bool) bool
less_equals_number: _<=_(number, number) bool
less_equals_string: _<=_(string, string) bool
less_equals_bytes: _<=_(bytes, bytes) bool
less_equals_timestamp: _<=_(timestamp, timestamp) bool
less_equals_duration: _<=_(duration, duration) bool
less_equals_dyn: _<=_(dyn, dyn) bool !
greater_bool: _>_(bool, bool) bool
greater_number: _>_(number, number) bool
greater_string: _>_(string, string) bool
greater_bytes: _>_(bytes, bytes) bool
greater_timestamp: _>_(timestamp, timestamp) bool
greater_duration: _>_(duration, duration) bool
greater_dyn: _>_(dyn, dyn) bool !
greater_equals_bool: _>=_(bool, bool) bool
greater_equals_number: _>=_(number, number) bool
greater_equals_string: _>=_(string, string) bool
greater_equals_bytes: _>=_(bytes, bytes) bool
greater_equals_timestamp: _>=_(timestamp, timestamp) bool
greater_equals_duration: _>=_(duration, duration) bool
greater_equals_dyn: _>=_(dyn, dyn) bool !

in_list: @in(A, list(A)) bool
in_map: @in(A, map(A, B)) bool
in_dyn: @in(dyn, dyn) bool !
index_list: _[_](list(A), int) A !
index_map: _[_](map(A, B), A) B !
index_dyn: _[_](dyn, dyn) dyn !

size_string: size(string) int
size_bytes: size(bytes) int
size_list: size(list(A)) int
size_map: size(map(A, B)) int
size_dyn: size(dyn) int !
size_string: string.size() int
size_bytes: bytes.size() int
size_list: list(A).size() int
size_map: map(A, B).size() int
size_dyn: dyn.size() int !

same: bool(bool) bool
string_to_bool: bool(string) bool !
dyn_to_bool: bool(dyn) bool !
same: bytes(bytes) bytes
string_to_bytes: bytes(string) bytes
dyn_to_bytes: bytes(dyn) bytes !
same: double(double) double
int64_to_double: double(int) double
uint64_to_double: double(uint) double
string_to_double: double(string) double !
dyn_to_double: double(dyn) double !
same: int(int) int
uint64_to_int64: int(uint) int !
double_to_int64: int(double) int !
string_to_int64: int(string) int !
timestamp_to_int64: int(timestamp) int
duration_to_int64: int(duration) int
dyn_to_int64: int(dyn) int !
same: uint(uint) uint
int64_to_uint64: uint(int) uint !
double_to_uint64: uint(double) uint !
string_to_uint64: uint(string) uint !
dyn_to_uint64: uint(dyn) uint !
same: string(string) string
bool_to_string: string(bool) string
int64_to_string: string(int) string
uint64_to_string: string(uint) string
double_to_string: string(double) string
bytes_to_string: string(bytes) string !
timestamp_to_string: string(timestamp) string
duration_to_string: string(duration) string
dyn_to_string: string(dyn) string !
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

timestamp_getFullYear: timestamp.getFullYear() int
timestamp_getMonth: timestamp.getMonth() int
timestamp_getDate: timestamp.getDate() int
timestamp_getDayOfMonth: timestamp.getDayOfMonth() int
timestamp_getDayOfWeek: timestamp.getDayOfWeek() int
timestamp_getDayOfYear: timestamp.getDayOfYear() int
timestamp_getHours: timestamp.getHours() int
timestamp_getMinutes: timestamp.getMinutes() int
timestamp_getSeconds: timestamp.getSeconds() int
timestamp_getMilliseconds: timestamp.getMilliseconds() int
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
replace: string.replace(string, string) string
replace: string.replace(string, string, int) string
reverse_string: string.reverse() string
split: string.split(string) list(string)
split: string.split(string, int) list(string)
substring: string.substring(int) string !
substring: string.substring(int, int) string !
trim: string.trim() string
format: string.format(list(dyn)) string !
quote: strings.quote(string) string
`;

/** Ours, and what stands in for optional syntax. */
const OURS = `
take: list(A).take(int) list(A) !
sum_int64: list(int).sum() int !
sum_uint64: list(uint).sum() uint !
sum_double: list(double).sum() double
optional_of: optional.of(A) optional(A)
optional_none: optional.none() optional(A)
optional_has_value: optional(A).hasValue() bool
optional_value: optional(A).value() A !
optional_or_value: optional(A).orValue(A) A
optional_or: optional(A).or(optional(A)) optional(A)
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
  /** Any of int, uint and double: each operand by itself. */
  ["number", { kind: "param", name: "number" }],
]);

/** Functions whose name has a namespace: written like a method of something that is no value. */
const NAMESPACES: ReadonlySet<string> = new Set(["strings", "optional"]);

function parseType(text: string): CelType {
  const named = NAMED.get(text);
  if (named !== undefined) return named;
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
  const own = splitTypes(params ?? "").map(parseType);
  const namespace = receiver !== undefined && NAMESPACES.has(receiver);
  const method = receiver !== undefined && !namespace;
  return {
    id,
    fn: namespace ? `${receiver}.${name}` : name,
    method,
    params: method ? [parseType(receiver), ...own] : own,
    result,
    fails: fails !== undefined,
  };
}

const lines = `${STANDARD}${STRINGS}${OURS}`.split("\n").filter((line) => line !== "");
const table = Map.groupBy(lines.map(parseLine), (overload) => overload.fn);

/** All ways to call a function, in the order in which they are tried; none when there is no such function. */
export function overloadsOf(fn: string): readonly Overload[] {
  return table.get(fn) ?? [];
}

/** Names of all functions, namespaces included; operators and the methods of optionals left out. */
export function functionNames(): string[] {
  const named = [...table].filter(([name, [first]]) => /^[a-z]/i.test(name) && first?.params[0]?.kind !== "optional");
  return named.map(([name]) => name);
}
