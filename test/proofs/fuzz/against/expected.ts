// The expected differences of a report, from two live runs of one request.
import { type DescMessage, fromBinary } from "@bufbuild/protobuf";
import { isReflectMessage, type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import type { Seen, SeenCall, Sent } from "./live.ts";

/** Differences of two live runs, as `answer Page.f3` and `calls +1 up.v1.ItemService/GetItem`. */
export function expected(
  old: Seen,
  now: Seen,
  methods: { readonly old: Sent["method"]; readonly now: Sent["method"] },
) {
  const found = new Set<string>();
  if (old.status !== now.status) found.add(`status ${old.status} -> ${now.status}`);
  else if (old.message !== now.message) found.add(`status message of ${old.status}`);
  const isStream = methods.old.methodKind !== "unary";
  if ((old.status === "OK" && now.status === "OK") || (isStream && old.messages > 0 && now.messages > 0)) {
    const [a, b] = [
      reflect(methods.old.output, fromBinary(methods.old.output, old.bytes)),
      reflect(methods.now.output, fromBinary(methods.now.output, now.bytes)),
    ];
    messages(a, b, found);
  } else if (isStream && old.messages > 0 !== now.messages > 0) found.add("answer number of messages");
  if (old.degraded !== now.degraded) found.add("degradations");
  const counts = (calls: readonly SeenCall[]) => Map.groupBy(calls, ({ rpc }) => rpc);
  const [had, has] = [counts(old.calls), counts(now.calls)];
  for (const rpc of new Set([...had.keys(), ...has.keys()])) {
    const more = (has.get(rpc)?.length ?? 0) - (had.get(rpc)?.length ?? 0);
    if (more !== 0) found.add(`calls ${more > 0 ? "+" : ""}${more} ${rpc}`);
  }
  const later = now.tookMs - old.tookMs;
  if (Math.abs(later) > Math.max(10, old.tookMs / 10)) found.add(`${later > 0 ? "slower" : "faster"} critical path`);
  return found;
}

const isFilled = ({ message }: { readonly message?: DescMessage | undefined }): boolean =>
  message?.typeName.startsWith("bff.v1.") === true;

function messages(a: ReflectMessage, b: ReflectMessage, found: Set<string>): void {
  const numbers = new Set([...a.desc.fields, ...b.desc.fields].map(({ number }) => number));
  for (const number of numbers) {
    const [was, is] = [a, b].map(({ desc }) => desc.fields.find((field) => field.number === number));
    const field = was ?? is;
    if (field === undefined || field.message?.typeName === "bff.v1.Part") continue;
    const name = isFilled(field) ? "degradations" : `answer ${a.desc.name}.${field.name}`;
    const [x, y] = [was && a.isSet(was) ? values(a.get(was)) : [], is && b.isSet(is) ? values(b.get(is)) : []];
    const places = new Set([...x, ...y].map(([place]) => place));
    const [before, after] = [new Map(x), new Map(y)];
    for (const place of places) valuesDiffer(before.get(place), after.get(place), name, found);
  }
}
function valuesDiffer(x: unknown, y: unknown, name: string, found: Set<string>): void {
  if (isReflectMessage(x) && isReflectMessage(y) && name !== "degradations") messages(x, y, found);
  else if (shown(x) !== shown(y)) found.add(name);
}
/** Values by their places. */
function values(value: unknown): readonly (readonly [unknown, unknown])[] {
  if (isReflectMessage(value) || value instanceof Uint8Array || typeof value !== "object" || value === null)
    return [["", value]];
  if ("entries" in value && typeof value.entries === "function") return [...(value as Map<unknown, unknown>).entries()];
  return [...(value as Iterable<unknown>)].map((item, i) => [i, item]);
}
const shown = (value: unknown): string =>
  isReflectMessage(value)
    ? JSON.stringify([
        ...value.sortedFields
          .filter((field) => value.isSet(field))
          .map((field) => [field.name, values(value.get(field)).map(([k, v]) => [String(k), shown(v)])]),
      ])
    : value instanceof Uint8Array
      ? Buffer.from(value).toString("hex")
      : `${typeof value} ${value}`;

/** Calls of the new build that the capture of the old one has no answer to, as `path` sets: none, some in doubt. */
export function unanswered(old: Seen, now: Seen): ReadonlySet<string> {
  const of = (call: SeenCall): string => `${call.rpc} ${call.message}`;
  const had = Map.groupBy(old.calls, of);
  const nth = new Map<string, number>();
  const lacks = new Set<string>();
  for (const call of now.calls) {
    const i = nth.get(of(call)) ?? 0;
    nth.set(of(call), i + 1);
    const all = had.get(of(call)) ?? [];
    const match = all[i] ?? all.findLast(({ end }) => end === "answer") ?? all.at(-1);
    const lasts = call.end === "open" ? Number.POSITIVE_INFINITY : call.endedAt - call.at;
    if (match === undefined) lacks.add(call.rpc);
    else if (match.end !== "answer" && (call.end === "answer" || lasts > match.endedAt - match.at)) lacks.add(call.rpc);
  }
  return lacks;
}
/** Calls of messages that the old build has not sent at all, before the request ended. */
export function unknownCalls(old: Seen, now: Seen): ReadonlySet<string> {
  const had = new Set(old.calls.map(({ rpc, message }) => `${rpc} ${message}`));
  return new Set(now.calls.filter(({ rpc, message }) => !had.has(`${rpc} ${message}`)).map(({ rpc }) => rpc));
}
/** True if a call is sent more often than it was: what further attempts get is an assumption. */
export function sendsMore(old: Seen, now: Seen): boolean {
  const counts = ({ calls }: Seen) => Map.groupBy(calls, ({ rpc, message }) => `${rpc} ${message}`);
  const had = counts(old);
  return [...counts(now)].some(([call, all]) => all.length > (had.get(call)?.length ?? 0));
}
