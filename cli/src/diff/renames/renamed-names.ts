// Messages and rpcs that are called otherwise and are the same.
import type { FileReport } from "protoc-gen-bff/compiler";
import { shortName } from "../composition.ts";
import { EXPRESSIONS } from "./renames.ts";

/** Old name, new name. */
type Rename = readonly [string, string];

/** The old side under the new names, and which: old name, new name. */
export function renamedNames(
  before: readonly FileReport[],
  after: readonly FileReport[],
): { readonly before: readonly FileReport[]; readonly renames: readonly Rename[] } {
  const [old, now] = [contentsOf(before), contentsOf(after)];
  const gone = new Map([...old].filter(([name]) => !now.has(name)));
  const added = new Map([...now].filter(([name]) => !old.has(name)));
  const colors = colorsOf(gone, added);
  const renames = withUses(pairs([...gone.keys()], [...added.keys()], colors), old, before, after);
  const names = new Map(renames);
  const side = renames.length === 0 ? before : before.map((report) => reportUnder(report, names));
  return { before: side, renames: renames.filter(([name]) => old.get(name)?.kind !== "service") };
}

/** Steps that a service starts name rpcs without the service. */
function reportUnder(report: FileReport, names: Names): FileReport {
  const { services, ...rest } = report;
  if (services === undefined) return underNames(report, names);
  return {
    ...underNames(rest, names),
    services: services.map(({ service, steps, ...more }) => ({
      ...underNames({ service, ...more }, names),
      steps: steps.map((step) => ({
        ...underNames(step, names),
        started_by: step.started_by.map((rpc) => {
          const full = `${service}/${rpc}`;
          return (names.get(full) ?? full).replace(/^.*\//, "");
        }),
      })),
    })),
  };
}

/** Content of a name, as data that may contain other names. */
interface Content {
  readonly kind: "rpc" | "service" | "message" | "request";
  readonly data: unknown;
}
type Contents = ReadonlyMap<string, Content>;

function contentsOf(reports: readonly FileReport[]): Contents {
  const found = new Map<string, Content>();
  for (const { rpcs, messages, services = [] } of reports) {
    for (const { validated } of rpcs)
      for (const name of validated?.messages ?? []) {
        const rules = validated?.entries.filter(({ of }) => of.startsWith(name) && !/^\w/.test(of.slice(name.length)));
        const data = rules?.map((rule) => ({ ...rule, of: rule.of.slice(name.length) }));
        if (found.get(name)?.kind !== "message") found.set(name, { kind: "request", data });
      }
    for (const { message, ...content } of messages)
      found.set(message, { kind: "message", data: [content, found.get(message)?.data] });
    for (const { service, steps, edges } of services) {
      const started = steps.map((step) => ({ ...step, started_by: step.started_by.map((rpc) => `${service}/${rpc}`) }));
      found.set(service, { kind: "service", data: { steps: started, edges } });
    }
    for (const { rpc, validated, critical_path: _, stream, parts, ...content } of rpcs) {
      // Steps on a critical path may have other names, too. Rules belong to their messages.
      const paths = { stream: { ...stream, item_critical_path: [] }, parts: { ...parts, critical_path: [] } };
      found.set(rpc, { kind: "rpc", data: { ...content, ...paths, messages: validated?.messages } });
    }
  }
  return found;
}

/**
 * Colors the names of both sides. Names of equal color have equal contents, whose names have equal colors in turn:
 * refinement of a partition, as for equal automata. Names refer to each other in circles (an rpc vouches for calls of
 * the message that it returns), so that none can be compared first.
 */
function colorsOf(...sides: readonly Contents[]): ReadonlyMap<string, string> {
  const all = sides.flatMap((side) => [...side]);
  let colors: ReadonlyMap<string, string> = new Map(all.map(([name, { kind }]) => [name, kind]));
  for (let known = 0, classes = new Set(colors.values()).size; classes > known; ) {
    const ids = new Map<string, string>();
    const open = colors;
    colors = new Map(
      all.map(([name, { kind, data }]) => {
        const text = JSON.stringify([open.get(name), kind, underNames(data, open)]);
        // No name of a message begins with a sign.
        const id = ids.get(text) ?? `#${ids.size}`;
        ids.set(text, id);
        return [name, id];
      }),
    );
    known = classes;
    classes = ids.size;
  }
  return colors;
}

/** One old name and one new one of each color; of several those with equal short names. */
function pairs(gone: readonly string[], added: readonly string[], colors: Names): readonly Rename[] {
  const colorOf = (name: string): string => colors.get(name) ?? name;
  const now = Map.groupBy(added, colorOf);
  return [...Map.groupBy(gone, colorOf)].flatMap(([color, old]): readonly Rename[] => {
    const others = now.get(color) ?? [];
    const [from, to] = [old[0], others[0]];
    if (from !== undefined && to !== undefined && old.length + others.length === 2) return [[from, to]];
    const byShortName = Map.groupBy(others, shortName);
    return [...Map.groupBy(old, shortName)].flatMap(([short, [first, ...twins]]): readonly Rename[] => {
      const [same, ...more] = byShortName.get(short) ?? [];
      return first === undefined || same === undefined || twins.length + more.length > 0 ? [] : [[first, same]];
    });
  });
}

/** Keeps the rename of a request only if an RPC on both sides uses it, because requests alone have little content. */
function withUses(
  renames: readonly Rename[],
  old: Contents,
  before: readonly FileReport[],
  after: readonly FileReport[],
): readonly Rename[] {
  const names = new Map(renames);
  const uses = new Set(
    before.flatMap(({ rpcs }) =>
      rpcs.flatMap(({ rpc, validated }) =>
        (validated?.messages ?? []).map((message) => `${names.get(rpc) ?? rpc} ${names.get(message) ?? message}`),
      ),
    ),
  );
  const used = new Set(
    after.flatMap(({ rpcs }) =>
      rpcs.flatMap(({ rpc, validated }) =>
        (validated?.messages ?? []).filter((message) => uses.has(`${rpc} ${message}`)),
      ),
    ),
  );
  return renames.filter(([from, to]) => old.get(from)?.kind !== "request" || used.has(to));
}

// Plans under other names of messages, rpcs and services.

/** Old full names, each with its new one. */
type Names = ReadonlyMap<string, string>;

/** Members that hold names of messages, of rpcs or of services. */
const NAMES = new Set(["message", "composes", "rpc", "service", "vouched_by", "messages", "started_by", "successor"]);
/** A string literal, or a message that is made: `Card{`. */
const MADE = /"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|(?<![\w.])\.?[A-Za-z_][\w.]*(?=\s*\{)/g;

function underNames<T>(value: T, names: Names, member = ""): T {
  if (typeof value === "string") return renamedText(value, names, member) as T;
  if (Array.isArray(value)) return value.map((item: unknown) => underNames(item, names, member)) as T;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, underNames(member, names, key)])) as T;
}

function renamedText(text: string, names: Names, member: string): string {
  if (NAMES.has(member)) return names.get(text) ?? text;
  if (member === "of") return renamedValue(text, names);
  return EXPRESSIONS.has(member) ? text.replace(MADE, (token) => renamedType(token, names)) : text;
}

/** `shop.v1.GetRequest.id[]`: the longest name that it begins with. */
function renamedValue(text: string, names: Names): string {
  for (let end = text.length; end > 0; end = text.lastIndexOf(".", end - 1)) {
    const name = names.get(text.slice(0, end));
    if (name !== undefined) return `${name}${text.slice(end)}`;
  }
  return text;
}

/** Written from the package on, or only its last parts. */
function renamedType(token: string, names: Names): string {
  const name = token.replace(/^\./, "");
  const full = [...names.keys()].filter((key) => key === name || key.endsWith(`.${name}`));
  const now = full.length === 1 ? names.get(full[0] ?? "") : undefined;
  if (now === undefined) return token;
  const parts = name.split(".").length;
  return now.split(".").slice(-parts).join(".");
}
