// HTTPRoutes and Services of Kubernetes as a configuration of Envoy, as implementations of Gateway API make one.
import { parseAllDocuments } from "yaml";
import { parseDuration } from "../../../cli/src/routes/read-routes.ts";

interface HttpRoute {
  readonly kind: "HTTPRoute";
  readonly spec: { readonly hostnames?: readonly string[]; readonly rules: readonly Rule[] };
}
interface Rule {
  readonly matches: readonly { readonly path: { readonly type: string; readonly value: string } }[];
  readonly timeouts: { readonly request: string };
  readonly backendRefs: readonly [{ readonly name: string; readonly port: number }];
}
interface Service {
  readonly kind: "Service";
  readonly metadata: { readonly name: string };
  readonly spec: { readonly ports: readonly [{ readonly port: number; readonly appProtocol: string }] };
}

const HTTP = "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
/** Protocols of connections, by the protocol of a Service's port (KEP-3726). */
const PROTOCOLS: Readonly<Record<string, object>> = {
  "kubernetes.io/h2c": { http2_protocol_options: {} },
  "kubernetes.io/ws": { http_protocol_options: {} },
};

/**
 * Returns the configuration of a gateway.
 *
 * @param yaml HTTPRoutes and Services
 * @param server port of the pod behind all Services
 */
export function envoyConfig(
  yaml: readonly string[],
  { port, server }: { readonly port: number; readonly server: number },
) {
  const objects = yaml
    .flatMap((text) => [parseAllDocuments(text)].flat())
    .map((document) => document.toJS() as HttpRoute | Service);
  const routes = objects.filter((object) => object.kind === "HTTPRoute");
  const services = objects.filter((object) => object.kind === "Service");
  const domains = new Set(routes.flatMap(({ spec }) => spec.hostnames ?? ["*"]));
  const hosts = [...domains].map((domain) => ({
    name: domain,
    domains: [domain],
    routes: routes
      .filter(({ spec }) => (spec.hostnames ?? ["*"]).includes(domain))
      .flatMap(({ spec }) => spec.rules.flatMap(routesOf))
      .sort((a, b) => b.rank - a.rank)
      .map(({ route }) => route),
  }));
  const manager = {
    "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
    stat_prefix: "gateway",
    strip_any_host_port: true,
    upgrade_configs: [{ upgrade_type: "websocket" }],
    route_config: { virtual_hosts: hosts },
    http_filters: [
      {
        name: "router",
        typed_config: { "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router" },
      },
    ],
  };
  const address = (port: number) => ({ socket_address: { address: "127.0.0.1", port_value: port } });
  return {
    static_resources: {
      listeners: [{ address: address(port), filter_chains: [{ filters: [{ name: "http", typed_config: manager }] }] }],
      clusters: services.map(({ metadata: { name }, spec: { ports } }) => ({
        name: `${name}:${ports[0].port}`,
        load_assignment: {
          cluster_name: name,
          endpoints: [{ lb_endpoints: [{ endpoint: { address: address(server) } }] }],
        },
        typed_extension_protocol_options: {
          "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
            "@type": HTTP,
            explicit_http_config: PROTOCOLS[ports[0].appProtocol],
          },
        },
      })),
    },
  };
}

/** Whole paths come first, then the longest prefixes. */
function routesOf({ matches, timeouts, backendRefs: [{ name, port }] }: Rule) {
  const timeout = `${(parseDuration(timeouts.request) ?? Number.NaN) / 1_000}s`;
  return matches.map(({ path: { type, value } }) => ({
    rank: type === "Exact" ? Number.POSITIVE_INFINITY : value.length,
    route: {
      match: type === "Exact" ? { path: value } : value === "/" ? { prefix: value } : { path_separated_prefix: value },
      route: { cluster: `${name}:${port}`, timeout },
    },
  }));
}
