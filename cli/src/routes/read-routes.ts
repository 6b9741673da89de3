// Routes of Gateway API in rendered YAML (https://gateway-api.sigs.k8s.io/reference/spec/), with the places of matches.
import type { PathMatch } from "protoc-gen-bff/compiler";
import { isMap, isSeq, LineCounter, type Node, parseAllDocuments, type YAMLMap } from "yaml";
import { Refusal } from "../terminal.ts";

/** One match of a route whose backends include a Service. */
export type RoutedMatch = Matched & {
  readonly at: { readonly file: string; readonly line: number; readonly column: number };
  /** `HTTPRoute shop-v1` */
  readonly route: string;
  /** Empty: every host of the gateway's listeners. */
  readonly hostnames: readonly string[];
  /** True if it depends on headers or on the query, too. */
  readonly partial: boolean;
  /** The shortest time limit of the rule, in milliseconds; undefined: none. */
  readonly timeoutMs: number | undefined;
};
/** The method, in capitals (undefined: any), and the path or a pattern of paths. */
type Matched = { readonly method: string | undefined } & (
  | PathMatch
  | { readonly type: "RegularExpression"; readonly value: string }
);

/** Returns the matches of all routes in a file. Throws a `Refusal` if the text is no YAML. */
export function readRoutes(text: string, file: string, services: ReadonlySet<string>): readonly RoutedMatch[] {
  const lines = new LineCounter();
  const documents = [parseAllDocuments(text, { lineCounter: lines })].flat();
  const [fault] = documents.flatMap(({ errors }) => errors);
  if (fault !== undefined) throw new Refusal(`${file} is no YAML: ${fault.message}`, 2);
  const placeOf = (node: unknown) => {
    const { line, col } = lines.linePos((node as Node | null)?.range?.[0] ?? 0);
    return { file, line, column: col };
  };
  const objects = documents.flatMap(({ contents }) => objectsIn(contents));
  return objects.flatMap((object) => matchesOf(object, services, placeOf));
}

/** Returns the object, or the objects of a `List`. */
function objectsIn(node: unknown): readonly YAMLMap[] {
  if (!isMap(node)) return [];
  const items = node.get("items", true);
  return isSeq(items) && /List$/.test(textOf(node, "kind") ?? "") ? items.items.flatMap(objectsIn) : [node];
}

type PlaceOf = (node: unknown) => RoutedMatch["at"];

function matchesOf(object: YAMLMap, services: ReadonlySet<string>, placeOf: PlaceOf): readonly RoutedMatch[] {
  const kind = textOf(object, "kind") ?? "";
  if (!Object.hasOwn(FORMS, kind) || !/^gateway\.networking\.k8s\.io\//.test(textOf(object, "apiVersion") ?? ""))
    return [];
  const spec = object.get("spec", true);
  if (!isMap(spec)) return [];
  const hostnames = listOf(spec, "hostnames").map(String);
  const route = `${kind} ${object.getIn(["metadata", "name"]) ?? ""}`;
  return listOf(spec, "rules").flatMap((rule) => {
    if (!isMap(rule) || !listOf(rule, "backendRefs").some((backend) => isService(backend, services))) return [];
    const matches = listOf(rule, "matches");
    // A rule without matches is for all requests.
    return (matches.length === 0 ? [rule] : matches).map((match) => ({
      at: placeOf(match),
      route,
      hostnames,
      timeoutMs: timeoutOf(rule),
      partial: ["headers", "queryParams"].some((name) => matches.length > 0 && listOf(match, name).length > 0),
      ...FORMS[kind as keyof typeof FORMS](matches.length === 0 ? undefined : match),
    }));
  });
}

const ALL: Matched = { type: "PathPrefix", value: "/", method: undefined };

const FORMS = {
  HTTPRoute(match: unknown): Matched {
    if (!isMap(match)) return ALL;
    const path = match.get("path", true);
    const type = textOf(path, "type") ?? "PathPrefix";
    return {
      type: type === "Exact" || type === "RegularExpression" ? type : "PathPrefix",
      value: textOf(path, "value") ?? "/",
      method: textOf(match, "method"),
    };
  },
  GRPCRoute(match: unknown): Matched {
    const path = isMap(match) ? match.get("method", true) : undefined;
    const [service, method] = [textOf(path, "service"), textOf(path, "method")];
    if (service === undefined && method === undefined) return { ...ALL, method: "POST" };
    if (textOf(path, "type") === "RegularExpression" || service === undefined)
      return { type: "RegularExpression", value: `/${service ?? "[^/]+"}/${method ?? "[^/]+"}`, method: "POST" };
    return method === undefined
      ? { type: "PathPrefix", value: `/${service}`, method: "POST" }
      : { type: "Exact", value: `/${service}/${method}`, method: "POST" };
  },
};

function isService(backend: unknown, services: ReadonlySet<string>): boolean {
  const [kind = "Service", group = ""] = [textOf(backend, "kind"), textOf(backend, "group")];
  return kind === "Service" && group === "" && services.has(textOf(backend, "name") ?? "");
}

function timeoutOf(rule: YAMLMap): number | undefined {
  const timeouts = rule.get("timeouts", true);
  const limits = ["request", "backendRequest"]
    .map((name) => parseDuration(textOf(timeouts, name) ?? ""))
    .filter((ms) => ms !== undefined && ms > 0);
  return limits.length === 0 ? undefined : Math.min(...limits.map(Number));
}

function textOf(node: unknown, name: string): string | undefined {
  const value = isMap(node) ? node.get(name) : undefined;
  return typeof value === "string" ? value : undefined;
}
/** Returns the nodes of a list; scalars as their values. */
function listOf(node: unknown, name: string): readonly unknown[] {
  const list = isMap(node) ? node.get(name, true) : undefined;
  return isSeq(list) ? list.items.map((item, i) => (isMap(item) ? item : list.get(i))) : [];
}

const UNITS = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 } as const;

/** Returns a duration of Gateway API (GEP-2257, `1m30s`) in milliseconds; undefined: it is none. */
export function parseDuration(text: string): number | undefined {
  if (!/^(\d{1,5}(h|m|s|ms)){1,4}$/.test(text)) return undefined;
  const parts = [...text.matchAll(/(\d+)(ms|h|m|s)/g)];
  return parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * UNITS[unit as keyof typeof UNITS], 0);
}
