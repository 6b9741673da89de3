// Messages and rpcs that are called otherwise and are the same.
import type { FileReport } from "protoc-gen-bff/compiler";

/** The old side under the new names, and which: old name, new name. */
export function renamedNames(
  before: readonly FileReport[],
  after: readonly FileReport[],
): { readonly before: readonly FileReport[]; readonly renames: readonly (readonly [string, string])[] } {
  const renames: (readonly [string, string])[] = [];
  let now = before;
  // What composes a renamed message is alike only once that one is known; rpcs come last.
  for (let more = true; more; ) {
    const found = [...pairs(messagesOf(now), messagesOf(after)), ...pairs(rpcsOf(now), rpcsOf(after))];
    more = found.length > 0;
    renames.push(...found);
    const names = new Map(found);
    if (more) now = now.map((report) => named(report, names));
  }
  return { before: now, renames };
}

type Contents = ReadonlyMap<string, string>;
const messagesOf = (reports: readonly FileReport[]): Contents =>
  new Map(
    reports.flatMap(({ messages }) => messages.map(({ message, ...content }) => [message, JSON.stringify(content)])),
  );
/** The names of steps on the critical path may be other ones, too. */
const rpcsOf = (reports: readonly FileReport[]): Contents =>
  new Map(
    reports.flatMap(({ rpcs }) => rpcs.map(({ rpc, critical_path: _, ...content }) => [rpc, JSON.stringify(content)])),
  );

/** One old name and one new one, each of that content alone. */
function pairs(before: Contents, after: Contents): readonly (readonly [string, string])[] {
  const gone = Map.groupBy(
    [...before].filter(([name]) => !after.has(name)),
    ([, content]) => content,
  );
  const added = Map.groupBy(
    [...after].filter(([name]) => !before.has(name)),
    ([, content]) => content,
  );
  return [...gone].flatMap(([content, [old, ...others]]) => {
    const [now, ...twins] = added.get(content) ?? [];
    return old === undefined || now === undefined || others.length + twins.length > 0
      ? []
      : [[old[0], now[0]] as const];
  });
}

/** Members that hold the name of a message or of an rpc. */
const NAMES = new Set(["message", "composes", "rpc"]);
function named<T>(value: T, names: ReadonlyMap<string, string>, of?: string): T {
  if (typeof value === "string") return (of !== undefined && NAMES.has(of) ? (names.get(value) ?? value) : value) as T;
  if (Array.isArray(value)) return value.map((one: unknown) => named(one, names)) as T;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, named(one, names, name)])) as T;
}
