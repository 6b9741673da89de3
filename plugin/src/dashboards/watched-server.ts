// Observable parts of a server, from its plan.

import { fullName } from "../model/full-name.ts";
import { allSteps, reachedInOrder, rootsOf } from "../plan/check/max-calls.ts";
import type { PlanMessage } from "../plan/model/messages.ts";
import type { Plan, PlanMethod, PlanServer } from "../plan/model/plan.ts";
import { worstOf } from "../report/calls/describe-worst.ts";
import { degradedOf } from "../report/rpcs/describe-degraded.ts";
import { callsOf } from "../resolve/model/blocks.ts";
import type { AmountValue } from "../text/amount.ts";

export interface Watched {
  readonly server: PlanServer;
  readonly rpcs: readonly WatchedRpc[];
  /** Full names of its services. */
  readonly services: readonly string[];
  /** Full names of the services that it calls, in the order of the plan. */
  readonly upstreams: readonly string[];
  /** True if streams of upstreams are followed: by rpcs, or by topics without NATS. */
  readonly followsUpstreams: boolean;
  /** Topics that its rpcs follow, or of which they read the newest item. */
  readonly topics: readonly WatchedTopic[];
}
interface WatchedTopic {
  readonly name: string;
  /** The full name of the service that declares it. */
  readonly service: string;
}
export interface WatchedRpc {
  /** `web.v1.DashboardService/GetDashboard`, as metrics have it. */
  readonly method: string;
  /** `DashboardService/GetDashboard` */
  readonly title: string;
  /** True if it is followed. */
  readonly streams: boolean;
  readonly timeout: AmountValue;
  /** Methods of upstreams in the order of their first use. */
  readonly calls: readonly WatchedCall[];
  /** True if a field of the response may be missing, or have another than the intended value. */
  readonly degrades: boolean;
  readonly limited: boolean;
  /** True if whole responses are reused. */
  readonly cached: boolean;
  /** First day of the deprecation, and last day of the rpc, as in ISO 8601. */
  readonly deprecated: { readonly since: string; readonly sunset: string | undefined } | undefined;
}
export interface WatchedCall {
  readonly method: string;
  readonly title: string;
  /** It may be tried several times, or hedged. */
  readonly repeated: boolean;
  readonly cached: boolean;
}

export function watchedOf(server: PlanServer, plan: Plan): Watched {
  const messages = new Map(plan.messages.map((message) => [message.composed.desc.typeName, message]));
  const methods = server.files.flatMap(({ services }) => services.flatMap((service) => service.methods));
  return {
    server,
    services: server.files.flatMap(({ services }) => services.map(({ desc }) => desc.typeName)),
    rpcs: methods.map((planned) => rpcOf(planned, messages)),
    upstreams: server.upstreams.map(({ service }) => service.typeName),
    followsUpstreams:
      methods.some(({ stream }) => stream?.source.kind === "call") ||
      server.files.some(({ topics }) => topics.some(({ entry }) => entry !== undefined)),
    topics: topicsOf(server),
  };
}
/** Several files may follow one. */
function topicsOf(server: PlanServer): readonly WatchedTopic[] {
  const declared = new Set(server.files.flatMap(({ topics }) => topics.map(({ of }) => of.topic)));
  const all = server.files.flatMap(({ topics }) => topics.map(({ of }) => of));
  return all.flatMap(({ topic, desc }) =>
    declared.delete(topic) ? [{ name: topic.name.value, service: desc.typeName }] : [],
  );
}

function rpcOf(planned: PlanMethod, messages: ReadonlyMap<string, PlanMessage>): WatchedRpc {
  const { method, limits, cache, version } = planned;
  const blocks = reachedInOrder(rootsOf(planned), messages);
  const cached = new Set(
    blocks.flatMap((block) =>
      allSteps(block.steps)
        .flatMap(({ step }) => callsOf(step.source))
        .flatMap((call) => (block.calls.get(call)?.policy.cache === undefined ? [] : [fullName(call.method)])),
    ),
  );
  const reached = new Set<unknown>(blocks);
  const composed = [...messages.values()].filter((message) => reached.has(message));
  return {
    method: fullName(method.desc),
    title: shortName(fullName(method.desc)),
    streams: method.desc.methodKind === "server_streaming",
    timeout: method.timeout,
    calls: worstOf(planned, messages).calls.map(({ method: name, calls, attempts }) => ({
      method: name,
      title: shortName(name),
      repeated: attempts > calls,
      cached: cached.has(name),
    })),
    degrades: composed.some((message) => degradedOf(message).length > 0),
    limited: limits !== undefined && limits.early.length + limits.late.length > 0,
    cached: cache !== undefined,
    deprecated: version?.deprecation,
  };
}

/** Without its package. */
const shortName = (method: string): string => method.slice(method.lastIndexOf(".", method.indexOf("/")) + 1);
