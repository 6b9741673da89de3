// All places at which values leave a BFF besides its answers: log, spans, metrics, live page, and names in Redis.
import type { DescMethod } from "@bufbuild/protobuf";
import { holdsRedacted, shownMessage } from "../../../../packages/server/src/explorer/masks.ts";
import { Recorder } from "../../../../packages/server/src/explorer/recorder.ts";
import { FailureLog } from "../../../../packages/server/src/logs/failure-log.ts";
import { Metrics } from "../../../../packages/server/src/metrics/metrics.ts";
import { joinObservers } from "../../../../packages/server/src/process/observers.ts";
import { Ids } from "../../../../packages/server/src/random-ids.ts";
import type { SpanRecord } from "../../../../packages/server/src/telemetry/span.ts";
import { Tracing } from "../../../../packages/server/src/telemetry/tracing.ts";
import type { Ir } from "../../../../plugin/src/ir/ir.ts";
import { Cache, type CachePolicy } from "../../../../runtime/src/cache/cache.ts";
import type { Clock } from "../../../../runtime/src/clock.ts";
import type { Observer } from "../../../../runtime/src/observer.ts";
import { textOf } from "./sensitive-values.ts";

export type Channels = Readonly<Record<"log" | "spans" | "metrics" | "explorer" | "redis", readonly string[]>>;

/** Observes one BFF. */
export class ChannelRecorder {
  /** Clock of the BFF, once it exists. */
  clock: Clock | undefined;
  readonly observer: Observer;
  readonly #log: string[] = [];
  readonly #spans: SpanRecord[] = [];
  readonly #metrics: Metrics;
  readonly #explorer: Recorder;
  readonly #kept = new KeptEntries();

  constructor() {
    const now = (): number => this.clock?.now() ?? 0;
    const date = (): Date => new Date(now());
    const clock = {
      now,
      date,
      random: () => 0,
      setTimeout: () => undefined,
      clearTimeout: () => {},
    } as unknown as Clock;
    let id = 0;
    const ids = new Ids((bytes) => void bytes.fill(`id ${id++} `));
    const sink = { export: (spans: readonly SpanRecord[]) => void this.#spans.push(...spans), close: async () => {} };
    this.#metrics = new Metrics(clock);
    this.#explorer = new Recorder(clock);
    const log = new FailureLog((line) => void this.#log.push(line), "json", clock);
    const tracing = new Tracing({ sink, sampling: { parent: false, ratio: 1 }, clock, ids });
    this.observer = joinObservers([tracing, log, this.#metrics, this.#explorer]) ?? {};
  }

  /** Ends the recording. */
  end(ir: Ir, methods: readonly DescMethod[]): Channels {
    this.#metrics.close();
    const descs = new Map<string, DescMethod>(
      [...ir.registry].flatMap((desc) =>
        desc.kind === "service"
          ? desc.methods.map((method) => [`${desc.typeName}/${method.name}`, method] as const)
          : [],
      ),
    );
    const rpcs = new Map<string, DescMethod>(
      methods.map((method) => [`${method.parent.typeName}/${method.name}`, method]),
    );
    const details = this.#explorer.since(0).map(({ id }) =>
      this.#explorer.detail(
        id,
        (name, direction, bytes) => {
          const desc = descs.get(name)?.[direction];
          return desc === undefined ? "unknown" : shownMessage(desc, bytes, ir.registry);
        },
        (rpc) => holdsRedacted((rpcs.get(rpc) ?? descs.get(rpc))?.input ?? UNKNOWN),
      ),
    );
    const families = this.#metrics.snapshot().families.filter(({ name }) => !/^(process|nodejs|v8js)_/.test(name));
    return {
      log: this.#log,
      spans: this.#spans.map(textOf),
      metrics: families.map(textOf),
      explorer: details.map(textOf),
      redis: this.#kept.end(),
    };
  }
}
const UNKNOWN = { typeName: "google.protobuf.Any", fields: [] } as never;

/** Records the plain entries of caches that a Redis would receive, and the names of its look-ups. */
class KeptEntries {
  readonly #entries: string[] = [];
  readonly #put = Cache.prototype.put;
  readonly #look = Cache.prototype.look;

  constructor() {
    const record = (policy: CachePolicy, ...parts: readonly string[]): void => {
      if (policy.sensitive !== true) this.#entries.push(parts.join(" "));
    };
    const [put, look] = [this.#put, this.#look];
    Cache.prototype.put = function (key, bytes, policy) {
      record(policy, key, Buffer.from(bytes).toString("hex"));
      put.call(this, key, bytes, policy);
    };
    Cache.prototype.look = function (key, policy) {
      record(policy, key);
      return look.call(this, key, policy);
    };
  }
  end(): readonly string[] {
    Cache.prototype.put = this.#put;
    Cache.prototype.look = this.#look;
    return this.#entries;
  }
}
