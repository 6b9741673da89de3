// The answers of a row, counted as the metrics of its server must have counted them.
import type { JsonObject } from "@bufbuild/protobuf";
import { until } from "@protobff/runtime/internal/testing/redis-rig";
import type { Refused, Seen } from "../../features/protocols/protocol-carriers.ts";
import { type Samples, summed } from "../../support/metric-samples.ts";

const REQUESTS = "rpc_server_call_duration_seconds_count";

/** Gauges that are 0 when no client is there. */
const AT_REST = [
  "bff_requests_in_flight",
  "bff_streams_open",
  "bff_streams_by_source",
  "bff_calls_in_flight",
  "bff_limit_taken",
  "bff_limit_waiting",
  "bff_connections",
  "bff_connections_by_protocol",
  "bff_followers",
  "bff_http_requests_open",
];

export class Tally {
  readonly #answers = new Map<string, number>();
  readonly #degraded = new Map<string, number>();
  /** Streams with messages that clients have not seen. */
  readonly #unseen = new Set<string>();

  /**
   * Counts an answer of an rpc, by its status, and whether a message of it is degraded.
   *
   * @param isNewest the answer has the newest message of a stream alone
   * @param isOpen the stream was open before its first message: its end is no status of a request
   */
  count(rpc: string, seen: Seen | Refused, { isNewest, isOpen }: Record<"isNewest" | "isOpen", boolean>): void {
    if (isNewest) this.#unseen.add(rpc);
    const end = "refused" in seen ? String(seen.refused) : seen.error?.code;
    const code = isOpen ? "OK" : (end ?? "OK");
    add(this.#answers, `${rpc} ${code}`);
    if (!("messages" in seen)) return;
    for (const message of seen.messages as readonly JsonObject[])
      if (Array.isArray(message.degraded) && message.degraded.length > 0) add(this.#degraded, rpc);
  }

  get requestCount(): number {
    return [...this.#answers.values()].reduce((sum, count) => sum + count, 0);
  }

  /** Returns what the metrics count otherwise, once they are at rest. */
  async differences(metrics: () => Promise<Samples>, service: string): Promise<readonly string[]> {
    let wrong: readonly string[] = [];
    const isRight = async (): Promise<boolean> => {
      wrong = this.#differences(await metrics(), service);
      return wrong.length === 0;
    };
    await until(isRight, 10_000).catch(() => undefined);
    return wrong;
  }
  #differences(samples: Samples, service: string): readonly string[] {
    const wrong: string[] = [];
    const same = (what: string, found: number, expected: number): void => {
      if (found !== expected) wrong.push(`metrics: ${found} ${what} instead of ${expected}`);
    };
    for (const [answer, count] of this.#answers) {
      const [rpc, code] = answer.split(" ");
      const labels = [`rpc_method="${service}/${rpc}"`, `rpc_response_status_code="${code}"`];
      same(`requests of ${answer}`, summed(samples, REQUESTS, ...labels), count);
    }
    same("requests", summed(samples, REQUESTS, `rpc_method="${service}/`), this.requestCount);
    for (const [rpc, count] of this.#degraded) {
      const metric = rpc === "Read" ? "bff_degraded_responses_total" : "bff_stream_items_degraded_total";
      const found = summed(samples, metric, `/${rpc}"`);
      same(`degraded answers of ${rpc}`, this.#unseen.has(rpc) ? Math.min(found, count) : found, count);
    }
    for (const gauge of AT_REST) same(gauge, summed(samples, gauge), 0);
    return wrong;
  }
}

const add = (counts: Map<string, number>, key: string): void => void counts.set(key, (counts.get(key) ?? 0) + 1);
