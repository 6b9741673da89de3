// Traces, if the environment sets their destination. The code that records and sends them is loaded here, and nowhere
// else.
import type { DescService } from "@bufbuild/protobuf";
import type { ServerFault } from "@protobff/runtime/internal/environment/server-fault";
import type { Observer } from "@protobff/runtime/internal/observer";
import type { ServerConfig } from "../config/config.ts";
import type { UpstreamAddress } from "../config/config-upstreams.ts";
import type { OpenSpans, SpanCounts } from "../telemetry/otlp.ts";

/** Recorder of a server's traces. */
export interface Traces {
  /** Must run before other observers, whose events carry its ids. */
  readonly observer: Observer;
  counts(): SpanCounts;
  /** Sends pending spans, for at most the given time in milliseconds. */
  close(withinMs: number): Promise<void>;
}

export interface TracedServer {
  readonly name: string;
  /** Upstreams by the names of their addresses. */
  readonly upstreams: Readonly<Record<string, DescService>>;
}

/** Opens traces. Undefined: they have no destination. */
export async function openTraces(
  config: Pick<ServerConfig<string, unknown>, "telemetry" | "trustedProxies" | "upstreams" | "branches" | "shards">,
  { name, upstreams }: TracedServer,
  fault: ServerFault,
): Promise<Traces | undefined> {
  const { spans, sampling } = config.telemetry;
  if (spans === undefined || sampling === undefined) return undefined;
  const [{ Tracing }, { openSpans }] = await Promise.all([
    import("../telemetry/tracing.ts"),
    import("../telemetry/open-spans.ts"),
  ]);
  const sink: OpenSpans = await openSpans(spans, { name, fault });
  const { trustedProxies } = config;
  const trusts = trustedProxies && ((address: string) => trustedProxies.has(address));
  const observer = new Tracing({ sink, sampling, trusts, servers: serversOf(config, upstreams) });
  return { observer, counts: () => sink.counts(), close: (withinMs) => sink.close(withinMs) };
}

type Server = { readonly address: string; readonly port: number };

/** Returns the server addresses that the spans of calls carry. */
function serversOf(
  { upstreams: main, branches, shards }: Pick<ServerConfig<string, unknown>, "upstreams" | "branches" | "shards">,
  upstreams: TracedServer["upstreams"],
): ReadonlyMap<string, Server> {
  const found = new Map<string, Server>();
  for (const [name, { typeName }] of Object.entries(upstreams)) {
    add(found, typeName, main[name]);
    for (const [key, address] of Object.entries({ ...branches, ...shards })) {
      if (key.startsWith(`${name}.`)) add(found, `${typeName} ${key.slice(name.length + 1)}`, address);
    }
  }
  return found;
}
function add(found: Map<string, Server>, key: string, address: UpstreamAddress | undefined): void {
  const [only, ...others] = address?.urls ?? [];
  const url = only === undefined ? null : URL.parse(only);
  if (url === null || others.length > 0) return; // which one of a list a call goes to is seen only then
  const port = Number(url.port || (url.protocol === "https:" ? 443 : 80));
  found.set(key, { address: url.hostname.replace(/^\[|\]$/g, ""), port });
}
