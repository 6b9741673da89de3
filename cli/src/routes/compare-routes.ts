// The routes of a cluster, compared with the paths of a server.
import {
  covers,
  mayTake,
  type PathMatch,
  rankOf,
  type ServedPath,
  type ServedRpc,
  type ServedServer,
} from "protoc-gen-bff/compiler";
import type { RoutedMatch } from "./read-routes.ts";

export interface RouteFinding {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

interface RpcPath {
  readonly rpc: ServedRpc;
  readonly path: ServedPath;
}

/** Returns the routes to nothing, those with too short a time limit, and the paths without a route. */
export function compareRoutes(matches: readonly RoutedMatch[], server: ServedServer): readonly RouteFinding[] {
  const needed = neededPaths(server);
  // Routes of other hosts do not compete.
  const byHosts = [...Map.groupBy(matches, ({ hostnames }) => hostnames.join()).values()];
  const short = byHosts.flatMap((together) => needed.flatMap((path) => shortLimits(path, together)));
  const keyOf = ({ file, line, message }: RouteFinding): string => `${file}:${line}: ${message}`;
  return [
    ...matches.flatMap((match) => faultOfMatch(match, server)),
    ...new Map(short.map((finding) => [keyOf(finding), finding])).values(),
    ...needed
      .filter(({ path }) => byHosts.every((together) => bestRank(path, together) < 0))
      .map(({ of, rpc, path }) => unrouted(of, rpc, path, server)),
  ];
}

function unrouted(of: string, { at }: ServedRpc, path: ServedPath, { name }: ServedServer): RouteFinding {
  const { file, line, column } = at;
  const verb = path.verb === undefined ? "" : `:${path.verb}`;
  const template = `${path.methods.join(", ")} /${path.segments.join("/")}${verb}`;
  return { file, line, column, message: `${of}: no route to ${name} has ${template}` };
}

function faultOfMatch(match: RoutedMatch, { name, rpcs, builtIn }: ServedServer): readonly RouteFinding[] {
  const served = rpcs.flatMap(({ paths }) => paths);
  const taken = served.filter((path) => taking(match, path) !== "none");
  const text = `${match.route}: ${match.method === undefined ? "" : `${match.method} `}${match.value}`;
  const inBuiltIn = builtIn.some((path) => {
    const below = match.value === path || match.value.startsWith(`${path}/`);
    return below || (match.type !== "Exact" && isBelow(path, match));
  });
  if (inBuiltIn || taken.some(({ methods }) => accepts(methods, match.method))) return [];
  const methods = [...new Set(taken.flatMap((path) => path.methods))];
  return [
    taken.length === 0
      ? { ...match.at, message: `${text} is the path of no rpc of ${name}` }
      : { ...match.at, message: `${text} has a method of no rpc of ${name}, which has ${methods.join(", ")} there` },
  ];
}

/** The time limits below the rpc's, of the matches that take its requests. */
function shortLimits({ rpc, path }: RpcPath, matches: readonly RoutedMatch[]): readonly RouteFinding[] {
  const short = matches.filter(({ timeoutMs = NONE }) => timeoutMs < (rpc.timeoutMs ?? NONE));
  if (short.length === 0) return [];
  const best = bestRank(path, matches);
  const needed = rpc.timeoutMs === undefined ? `the stream ${rpc.name}` : `the ${rpc.timeoutMs} ms of ${rpc.name}`;
  return short
    .filter(({ method }) => accepts(path.methods, method))
    .filter((match) => taking(match, path) !== "none" && rankOfMatch(match) >= best)
    .map(({ at, route, value, timeoutMs }) => ({
      ...at,
      message: `${route}: ${value} is limited to ${timeoutMs} ms, below ${needed}`,
    }));
}
const NONE = Number.POSITIVE_INFINITY;

/** Returns the rank of the best match that takes every request with the path's first method; -1: none does. */
function bestRank(path: ServedPath, matches: readonly RoutedMatch[]): number {
  const [main] = path.methods;
  return matches.reduce((best, match) => {
    const { partial, method } = match;
    if (partial || (method !== undefined && method !== main)) return best;
    const rank = rankOfMatch(match);
    return rank > best && taking(match, path) === "all" ? rank : best;
  }, -1);
}

/** Returns all paths that need a route: those of rpcs, of WebSockets, of sessions and of tools. */
function neededPaths({ rpcs, hasSession, toolPaths }: ServedServer): readonly (RpcPath & { readonly of: string })[] {
  const found = rpcs.flatMap((rpc) => rpc.paths.map((path) => ({ of: rpc.name, rpc, path })));
  const [first] = rpcs;
  const [stream] = rpcs.filter(({ timeoutMs }) => timeoutMs === undefined);
  const pathOf = (method: string, ...segments: readonly string[]) => ({ methods: [method], segments, verb: undefined });
  if (stream !== undefined) found.push({ of: stream.name, rpc: stream, path: pathOf("GET", "bff.v1", "follow") });
  // Sessions and tools have no time limit.
  const others = [
    ...(hasSession ? [{ of: "sessions", path: pathOf("GET", "auth", "login") }] : []),
    ...(toolPaths.length > 0 ? [{ of: "tools", path: pathOf("POST", "mcp") }] : []),
  ];
  if (first !== undefined) found.push(...others.map((other) => ({ ...other, rpc: { ...first, timeoutMs: 0 } })));
  return found;
}

/** The share of a path's requests that take a match. */
function taking(match: RoutedMatch, path: ServedPath): "all" | "some" | "none" {
  if (match.type === "RegularExpression") {
    const pattern = patternOf(match.value);
    if (pattern?.test(sampleOf(path)) === true) return "all";
    const unknown = pattern === undefined || path.segments.some((segment) => segment.startsWith("*"));
    return unknown && mayTake(headOf(match.value), path) ? "some" : "none";
  }
  if (covers(match, path)) return "all";
  return mayTake(match, path) ? "some" : "none";
}

const rankOfMatch = (match: RoutedMatch): number => (match.type === "RegularExpression" ? 0 : rankOf(match));

/** Returns the pattern of whole paths. Undefined: JavaScript has no such pattern. */
function patternOf(value: string): RegExp | undefined {
  try {
    return new RegExp(`^(?:${value})$`);
  } catch {
    return undefined;
  }
}
/** Returns the segments in front of the first special character. */
function headOf(value: string): PathMatch {
  const literal = /^[\w/-]*/.exec(value)?.[0] ?? "";
  return { type: "PathPrefix", value: literal.slice(0, literal.lastIndexOf("/")) || "/" };
}
function sampleOf({ segments, verb }: ServedPath): string {
  const path = segments.map((segment) => (/^\*\*?$/.test(segment) ? "a" : segment)).join("/");
  return `/${path}${verb === undefined ? "" : `:${verb}`}`;
}
function isBelow(path: string, { type, value }: RoutedMatch): boolean {
  const prefix = type === "RegularExpression" ? headOf(value).value : value;
  return path.startsWith(`${prefix.replace(/\/$/, "")}/`);
}

/** HEAD belongs to GET, and OPTIONS to the preflights of every path. */
const accepts = (methods: readonly string[], method: string | undefined): boolean =>
  method === undefined ||
  method === "OPTIONS" ||
  methods.includes("*") ||
  methods.includes(method === "HEAD" ? "GET" : method);
