// One event of each kind, so that a snapshot has every metric with all of its labels.
import { create } from "@bufbuild/protobuf";
import { DegradationSchema } from "@protobff/messages/bff/v1/degradation_pb.js";
import type { Metrics } from "../../packages/server/src/metrics/metrics.ts";
import { Traffic } from "../../runtime/src/wire/traffic.ts";

/** Observes one event of each kind, with all of its optional parts. */
export function observeEach(metrics: Metrics): void {
  const header = () => "";
  const rpc = { request: {}, header, method: "web.v1.Web/Get", startedAt: 0 };
  const of = { request: {}, call: {}, service: "a.v1.A", branch: "canary", method: "a.v1.A/Get", startedAt: 0 };
  const bytes = new Uint8Array();
  const degraded = [create(DegradationSchema, { path: "title", upstream: "a.v1.A", reason: 2 })];
  const traffic = new Traffic();
  metrics.rpc({ method: rpc.method, streams: false, cached: true, limits: [], sources: [], traffic });
  metrics.responseStart(rpc);
  const outcome = { ok: true, degraded, failures: [] } as const;
  const uses = { deprecated: { since: "2020-01-01", source: "user" }, deprecatedFields: { paths: ["filter.old_id"] } };
  metrics.response({ ...rpc, endedAt: 1, outcome, ...uses });
  metrics.streamOpen({ ...rpc, openedAt: 1, items: () => 2 });
  const stream = { openedAt: 1, items: 2, degraded: 0, end: "ended" } as const;
  metrics.response({ ...rpc, endedAt: 1, outcome: { ok: true, degraded: [], failures: [] }, stream });
  metrics.callStart(of);
  metrics.attempt({ ...of, number: 1, hedge: false, endedAt: 1, outcome: "ok" });
  metrics.call({ ...of, header, message: bytes, endedAt: 1, attempts: 1, outcome: { ok: true, message: bytes } });
  metrics.cache({ ...of, outcome: "fresh" });
  metrics.limited({ ...rpc, limit: "web.v1/user", outcome: "exceeded" });
  metrics.metered({ ...rpc, meter: "<name>", labels: [], value: 1 });
  metrics.shareRefused({ place: "door", key: "acme" });
  metrics.shed({ method: rpc.method, priority: "low", standingDelayMs: 80 });
  metrics.budgetRefused({ ...of, kind: "hedge", at: 0 });
  const copy = { ...of, branch: "next", method: "a.v1.A/Get" };
  for (const pair of ["mirror", "control"] as const)
    metrics.mirrored({
      ...copy,
      pair,
      outcome: "differs",
      differences: [{ path: "item.price", served: "1", copy: "2" }],
    });
  metrics.mirrored({ ...copy, pair: "mirror", outcome: "dropped", reason: "busy", differences: [] });
  metrics.ejection({ ...of, address: "10.0.0.1:80", forMs: 1, consecutive: 5, at: 0 });
  metrics.breaker({ ...of, from: "closed", to: "open", at: 0 });
  const method = "a.v1.A/Get";
  const state = { followers: 1, keys: 1, ringBytes: 1, consumers: 1, resets: 1 };
  metrics.streamDegraded({ ...rpc, degraded, failures: [] });
  metrics.topic({ name: "run", service: "a.v1.A", state: () => state });
  metrics.upstream({
    ...of,
    state: () => ({
      breakers: [{ method, state: "open" }],
      limits: [{ method, taken: 0, most: 1, waiting: 0 }],
      streams: [{ method, taken: 0, most: 1, waiting: 0 }],
      addresses: [{ address: "10.0.0.1:80", state: "idle", inFlight: 0 }],
      methods: [{ method, cached: true, traffic }],
    }),
  });
}
