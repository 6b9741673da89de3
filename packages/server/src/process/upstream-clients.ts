// Clients of the upstreams: one for each upstream, from its address and its transport settings.
import type { DescFile, DescService } from "@bufbuild/protobuf";
import type { BalancePolicy } from "@protobff/runtime/internal/transport/balance/balance-policy";
import { GrpcClient } from "@protobff/runtime/internal/transport/grpc/grpc-client";
import type { HttpRule } from "@protobff/runtime/internal/transport/http-json/http-rule";
import type { UnaryClient } from "@protobff/runtime/internal/transport/unary-client";
import type { ServerConfig } from "../config/config.ts";
import type { UpstreamAddress, UpstreamsSpec } from "../config/config-upstreams.ts";
import { ShardedClient } from "./sharded-client.ts";

/** A client whose certificates can be renewed. */
export type UpstreamClient = UnaryClient & Partial<Pick<GrpcClient, "renew">>;

/** Transport settings of an upstream, besides its address. */
export interface Reach {
  readonly balance?: BalancePolicy | undefined;
  /** HTTP rules of the called RPCs, for an upstream that serves HTTP with JSON. Undefined: another protocol. */
  readonly http?: readonly HttpRule[] | undefined;
  /** True for an upstream that is called by Connect. Undefined: another protocol. */
  readonly connect?: boolean | undefined;
}

/** Returns a client of each upstream, of each shard, and of each branch that has an address, as `agent.canary`. */
export async function connect<Upstreams extends Readonly<Record<string, DescService>>>(
  {
    upstreams,
    shards = {},
    reach = {},
    types,
  }: UpstreamsSpec<Upstreams> & {
    /** By upstream, or by branch as `agent.canary`. */
    readonly reach?: Readonly<Record<string, Reach>> | undefined;
    readonly types?: readonly DescFile[] | undefined;
  },
  config: ServerConfig<keyof Upstreams & string, unknown>,
): Promise<{ readonly [Name in keyof Upstreams]: UpstreamClient }> {
  const clients: Partial<Record<keyof Upstreams, UpstreamClient>> = {};
  const { maxReplyBytes, http2, process } = config;
  const { HttpJsonClient, ConnectClient } = await httpClients(Object.values<Reach | undefined>(reach));
  const clientOf = (name: string, { urls, tls }: UpstreamAddress, way = reach[name]): UpstreamClient => {
    const { http: rules, connect, balance }: Reach = way ?? {};
    const options = { ...tls, maxReplyBytes, balance: process === undefined ? balance : { ...balance, process } };
    if (HttpJsonClient !== undefined && rules !== undefined)
      return new HttpJsonClient(urls, { ...options, rules, types });
    if (ConnectClient !== undefined && connect === true)
      return new ConnectClient(urls, { ...options, service: upstreams[name] });
    return new GrpcClient(urls, { ...options, http2 });
  };
  const others = Object.entries({ ...config.branches, ...config.shards }).map(
    ([name, address]) => [name, clientOf(name.slice(0, name.indexOf(".")), address, reach[name])] as const,
  );
  const within = (name: string) =>
    others.flatMap(([other, client]) =>
      other.startsWith(`${name}.`) ? [[other.slice(name.length + 1), client] as const] : [],
    );
  for (const name in upstreams)
    clients[name] =
      shards[name] === undefined ? clientOf(name, config.upstreams[name]) : new ShardedClient(new Map(within(name)));
  Object.assign(clients, Object.fromEntries(others));
  return clients as Record<keyof Upstreams, UpstreamClient>;
}

/** Returns the clients of the protocols over HTTP. A client is loaded only if an upstream uses it. */
async function httpClients(all: readonly (Reach | undefined)[]) {
  return {
    ...(all.some((reach) => reach?.http !== undefined) &&
      (await import("@protobff/runtime/internal/transport/http-json/http-json-client"))),
    ...(all.some((reach) => reach?.connect === true) &&
      (await import("@protobff/runtime/internal/transport/connect-unary/connect-client"))),
  };
}

/** Waits for calls with side effects, which may outlive the response that started them. */
export async function closeClients(clients: readonly UnaryClient[], leftMs: number): Promise<void> {
  const expired = Promise.withResolvers<void>();
  const timer = setTimeout(expired.resolve, Math.max(0, leftMs));
  await Promise.race([Promise.all(clients.map((client) => client.close?.())), expired.promise]);
  clearTimeout(timer);
}
