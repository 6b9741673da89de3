// Routes of a gateway as Kubernetes objects (gateway.networking.k8s.io/v1).
import { comment, quoted } from "../../text/yaml.ts";
import { httpRules, packed, type RoutedMatch, type RouteRule } from "./route-rules.ts";
import type { ServedRpc, ServedServer } from "./served-server.ts";

/** Returns the HTTPRoutes. They carry all protocols, because a listener accepts no GRPCRoute beside them for one host. */
export function httpRoutes(server: ServedServer): string {
  return printed(server, "HTTPRoute", (rpcs) => httpRules(rpcs, server), {
    matches: ({ matches }) => matches.map(pathMatch),
    rpcs: ({ rpcs }) => rpcs,
    timeouts: true,
  });
}
const pathMatch = ({ match: { type, value } }: RoutedMatch): string =>
  `        - path: { type: ${type}, value: ${scalar(value)} }`;

/** Returns the GRPCRoutes, for host names that carry nothing but gRPC. */
export function grpcRoutes(server: ServedServer): string {
  const rules = (matches: readonly ServedRpc[]): readonly RouteRule<ServedRpc>[] => [
    { backend: "http", timeoutMs: Number.POSITIVE_INFINITY, matches },
  ];
  return printed(server, "GRPCRoute", rules, {
    matches: ({ matches }) => matches.map(methodMatch),
    rpcs: (rpc) => [rpc],
    timeouts: false,
  });
}
function methodMatch({ name }: ServedRpc): string {
  const [service = "", method = ""] = name.split("/");
  return `        - method: { service: ${service}, method: ${method} }`;
}

/** The differences between both kinds of routes. */
interface Form<M> {
  readonly matches: (rule: RouteRule<M>) => readonly string[];
  readonly rpcs: (match: M) => readonly ServedRpc[];
  readonly timeouts: boolean;
}

function printed<M>(
  { name, rpcs }: ServedServer,
  kind: string,
  rulesOf: (rpcs: readonly ServedRpc[]) => readonly RouteRule<M>[],
  form: Form<M>,
): string {
  const routes = hostGroups(rpcs).flatMap((group) => packed(rulesOf(group.rpcs)).map((rules) => ({ group, rules })));
  return routes
    .map(({ group, rules }, i) =>
      route({ name: i === 0 ? name : `${name}-${i + 1}`, of: name, kind }, group, rules, form),
    )
    .join("---\n");
}

function route<M>(
  { name, of, kind }: { readonly name: string; readonly of: string; readonly kind: string },
  { hostnames, notes }: HostGroup,
  rules: readonly RouteRule<M>[],
  form: Form<M>,
): string {
  const matched = new Set(rules.flatMap(({ matches }) => matches.flatMap(form.rpcs)));
  const deprecated = [...matched].filter((rpc) => rpc.deprecated).map((rpc) => rpc.name);
  return `apiVersion: gateway.networking.k8s.io/v1
kind: ${kind}
metadata:
  name: ${name}
  labels:
    app.kubernetes.io/name: ${of}
${deprecated.length === 0 ? "" : `  annotations:\n    bff.v1/deprecated: ${quoted(deprecated.join(", "))}\n`}spec:
  # An overlay adds parentRefs, the gateway that has these routes.
${notes.map((note) => `  # ${comment(note)}\n`).join("")}${
  hostnames.length === 0 ? "" : `  hostnames:\n${hostnames.map((host) => `    - ${quoted(host)}\n`).join("")}`
}  rules:
${rules.map((rule) => ruleText(rule, of, form)).join("")}`;
}

function ruleText<M>(rule: RouteRule<M>, name: string, form: Form<M>): string {
  const { backend, timeoutMs } = rule;
  return `    - matches:
${form.matches(rule).join("\n")}
${form.timeouts ? `      timeouts: { request: ${durationOf(timeoutMs)} }\n` : ""}      backendRefs:
        - { name: ${backend === "websocket" ? webSocketName(name) : name}, port: 80 }
`;
}

/**
 * Returns the name of the Service to which WebSockets go.
 *
 * @example
 * webSocketName("shop-v1"); // "shop-v1-ws"
 */
export const webSocketName = (name: string): string => `${name}-ws`;

/** Returns a duration of at most five digits per unit (GEP-2257); `0s` is none. */
export function durationOf(ms: number): string {
  if (!Number.isFinite(ms)) return "0s";
  const all = Math.floor(ms / 1_000);
  const hours = all > 99_999 ? Math.floor(all / 3_600) : 0;
  const parts = [
    [hours, "h"],
    [all - hours * 3_600, "s"],
    [ms % 1_000, "ms"],
  ] as const;
  return parts.flatMap(([amount, unit]) => (amount === 0 ? [] : `${amount}${unit}`)).join("");
}

/** Returns a path as a scalar inside braces. */
const scalar = (text: string): string => (/^[\w./-]+$/.test(text) ? text : quoted(text));

// Host names of routes. An implementation looks only at the routes of the nearest host name, so each has all its paths.

/** The rpcs that certain host names admit. */
interface HostGroup {
  /** Empty: every host of the gateway's listeners. */
  readonly hostnames: readonly string[];
  /** Notes on host names that are left out. */
  readonly notes: readonly string[];
  readonly rpcs: readonly ServedRpc[];
}

/** Limit of HTTPRoute and GRPCRoute. */
const MAX_HOSTNAMES = 16;

/** Groups rpcs by the host names that admit them. Entries with holes are known only to the server. */
export function hostGroups(rpcs: readonly ServedRpc[]): readonly HostGroup[] {
  const names = [...new Set(rpcs.flatMap(({ hosts }) => hosts.filter(isKnown)))];
  const admitted = names.map((name) => ({ name, rpcs: rpcs.filter(({ hosts }) => admits(hosts, name)) }));
  const groups = Map.groupBy(admitted, (of) => of.rpcs.map((rpc) => rpc.name).join());
  const rest = rpcs.filter(({ hosts }) => !hosts.some(isKnown));
  return [
    ...[...groups.values()].map((group) =>
      groupOf(
        group.map(({ name }) => name),
        group[0]?.rpcs ?? [],
      ),
    ),
    ...(rest.length === 0 ? [] : [groupOf([], rest)]),
  ];
}

function groupOf(names: readonly string[], rpcs: readonly ServedRpc[]): HostGroup {
  const holes = [...new Set(rpcs.flatMap(({ hosts }) => hosts.filter((host) => !isKnown(host))))];
  const tooMany = names.length > MAX_HOSTNAMES;
  return {
    hostnames: tooMany ? [] : names,
    notes: [
      ...(holes.length === 0
        ? []
        : [`Host names that the server reads at its start, for an overlay: ${holes.join(", ")}`]),
      ...(tooMany
        ? [`${names.length} host names are more than the ${MAX_HOSTNAMES} of a route. The server refuses other hosts.`]
        : []),
    ],
    rpcs,
  };
}

const isKnown = (host: string): boolean => !host.includes("{");

/** Returns true if requests to the host, or to all hosts of a wildcard, are admitted. */
const admits = (hosts: readonly string[], name: string): boolean =>
  hosts.length === 0 || hosts.some((host) => host === name || (host.startsWith("*.") && name.endsWith(host.slice(1))));
