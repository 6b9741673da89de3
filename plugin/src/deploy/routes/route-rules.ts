// Rules of routes, packed into as many objects as the limits of Gateway API need.
import { matchOf, mayTake, type PathMatch } from "./path-match.ts";
import { FOLLOW_PATH, SESSION_PATH, type ServedRpc, type ServedServer } from "./served-server.ts";

/** Limits of HTTPRoute and GRPCRoute. */
const MAX_RULES = 16;
const MAX_MATCHES = 64;
const MAX_MATCHES_OF_ROUTE = 128;
/** The server answers first: its answer has a status that clients understand. */
const MARGIN_MS = 1_000;

export interface RoutedMatch {
  readonly match: PathMatch;
  /** The rpcs whose requests take it. */
  readonly rpcs: readonly ServedRpc[];
}
/** Matches with the same backend and time limit. */
export interface RouteRule<Match = RoutedMatch> {
  readonly backend: "http" | "websocket";
  /** Infinity: none. */
  readonly timeoutMs: number;
  readonly matches: readonly Match[];
}

interface LimitedMatch extends RoutedMatch {
  readonly timeoutMs: number;
}

/** Returns the rules for all paths of these rpcs, those with the shortest time limit first. */
export function httpRules(rpcs: readonly ServedRpc[], server: ServedServer): readonly RouteRule[] {
  const found = new Map<string, LimitedMatch>();
  for (const rpc of rpcs) for (const path of rpc.paths) add(found, matchOf(path), [rpc], limitOf(rpc));
  if (server.hasSession) add(found, { type: "PathPrefix", value: SESSION_PATH }, [], Number.POSITIVE_INFINITY);
  // A tool may wait for the end of a stream.
  for (const value of server.toolPaths) add(found, { type: "Exact", value }, [], Number.POSITIVE_INFINITY);
  const open = rpcs.flatMap((rpc) =>
    rpc.paths.filter((path) => matchOf(path).type === "PathPrefix").map((path) => ({ rpc, path })),
  );
  // A longer prefix or a whole path takes some requests of a path with variables, and must not end them earlier.
  for (const { match } of found.values())
    for (const { rpc, path } of open) if (mayTake(match, path)) add(found, match, [rpc], limitOf(rpc));
  const limits = [...Map.groupBy(found.values(), ({ timeoutMs }) => timeoutMs)].sort(([a], [b]) => a - b);
  const follows = rpcs.filter(({ timeoutMs }) => timeoutMs === undefined);
  return [
    ...limits.map(([timeoutMs, matches]): RouteRule => ({ backend: "http", timeoutMs, matches })),
    ...(follows.length === 0
      ? []
      : [
          {
            backend: "websocket" as const,
            timeoutMs: Number.POSITIVE_INFINITY,
            matches: [{ match: { type: "Exact" as const, value: FOLLOW_PATH }, rpcs: [] }],
          },
        ]),
  ];
}

function add(found: Map<string, LimitedMatch>, match: PathMatch, rpcs: readonly ServedRpc[], timeoutMs: number): void {
  const key = `${match.type} ${match.value}`;
  const before = found.get(key);
  found.set(key, {
    match,
    rpcs: [...new Set([...(before?.rpcs ?? []), ...rpcs])],
    timeoutMs: Math.max(before?.timeoutMs ?? 0, timeoutMs),
  });
}
const limitOf = ({ timeoutMs }: ServedRpc): number =>
  timeoutMs === undefined ? Number.POSITIVE_INFINITY : timeoutMs + MARGIN_MS;

/** Returns the rules of each route: at most 16 rules with 64 matches each, and 128 matches in all. */
export function packed<M>(rules: readonly RouteRule<M>[]): readonly (readonly RouteRule<M>[])[] {
  const routes: RouteRule<M>[][] = [];
  let matchCount = 0;
  for (const rule of rules)
    for (let from = 0; from < rule.matches.length; from += MAX_MATCHES) {
      const matches = rule.matches.slice(from, from + MAX_MATCHES);
      const last = routes.at(-1);
      const fits = last !== undefined && last.length < MAX_RULES && matchCount + matches.length <= MAX_MATCHES_OF_ROUTE;
      matchCount = (fits ? matchCount : 0) + matches.length;
      if (fits) last.push({ ...rule, matches });
      else routes.push([{ ...rule, matches }]);
    }
  return routes;
}
