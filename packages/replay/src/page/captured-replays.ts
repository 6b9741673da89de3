// Runs the replays that the live page orders, one at a time.
import { codeName } from "@protobff/runtime/internal/failure";
import type {
  CapturedRequest,
  CaptureHeader,
  ReplayOrder,
  Replays,
  ShowMessage,
  ShownReplay,
  ShownRequest,
} from "@protobff/server/capture";
import { CaptureError } from "../capture/capture-error.ts";
import { parseChange } from "../change/change.ts";
import { replayChanged } from "../change/replay-changed.ts";
import { type ExactReplay, replayExactly } from "../tape/replay-exactly.ts";
import type { World } from "../world/create-endpoints.ts";
import { shownReplay } from "./shown-replay.ts";

/** Maximum number of requests that the page lists: the newest. */
const MAX_REQUESTS = 200;
/** Maximum number of changes of one replay. */
const MAX_CHANGES = 20;

/** Captured requests and their server. */
interface ReplayContent {
  readonly world: World;
  readonly header: CaptureHeader;
  readonly requests: readonly CapturedRequest[];
}

/** Replays of the newest requests of a capture. */
export class CapturedReplays implements Replays {
  readonly requests: readonly ShownRequest[];
  readonly #content: ReplayContent;
  /** The last request, whose exact replay all changed ones need. */
  #last: { readonly request: CapturedRequest; readonly exact: ExactReplay } | undefined;
  #running: Promise<unknown> = Promise.resolve();

  constructor(content: ReplayContent) {
    this.#content = content;
    this.requests = content.requests.slice(-MAX_REQUESTS).reverse().map(listed);
  }

  run(order: unknown, show: ShowMessage): ReturnType<Replays["run"]> {
    const run = this.#running.then(() => this.#run(order, show));
    this.#running = run.catch(() => {});
    return run;
  }

  async #run(order: unknown, show: ShowMessage): ReturnType<Replays["run"]> {
    if (!isOrder(order)) return { error: "write an id, and up to 20 changes" };
    try {
      return await this.#replayed(order, show);
    } catch (thrown) {
      if (thrown instanceof CaptureError) return { error: thrown.message };
      throw thrown;
    }
  }

  async #replayed({ id, changes, answers }: ReplayOrder, show: ShowMessage): Promise<ShownReplay> {
    const { world, header, requests } = this.#content;
    const request = requests.find((captured) => captured.id === id);
    if (request === undefined) throw new CaptureError(`the capture has no request ${id}`);
    const { services, upstreams } = world.declaration;
    const parsed = changes.map((text) => parseChange(text, Object.values(upstreams)));
    if (this.#last?.request !== request) this.#last = { request, exact: await replayExactly(world, header, request) };
    const { exact } = this.#last;
    const isExact = parsed.length === 0 && answers === undefined;
    const { outcome, stage, tookUs } = isExact
      ? { ...exact, tookUs: request.endedAt - request.startedAt }
      : await replayChanged(world, header, request, exact.stage, { changes: parsed, mostAnswers: answers });
    const { difference } = exact;
    const run = { request, outcome, stage, tookUs, difference };
    return shownReplay(run, [...services, ...Object.values(upstreams)], show);
  }
}

function isOrder(order: unknown): order is ReplayOrder {
  const { id, changes, answers } = (order ?? {}) as Partial<Record<keyof ReplayOrder, unknown>>;
  const isChanges = Array.isArray(changes) && changes.length <= MAX_CHANGES;
  return (
    typeof id === "number" &&
    isChanges &&
    changes.every((change) => typeof change === "string") &&
    (answers === undefined || typeof answers === "number")
  );
}

function listed({ id, method: rpc, at, startedAt, endedAt, outcome, tape }: CapturedRequest): ShownRequest {
  const { failure, answer, degraded = "", stream } = outcome;
  const status = answer === undefined && stream === undefined ? "CANCELLED" : "OK";
  return {
    id,
    rpc,
    at: Date.parse(at),
    ms: (endedAt - startedAt) / 1_000,
    status: failure === undefined ? status : codeName(failure.code),
    degraded: degraded === "" ? 0 : degraded.split(",").length,
    calls: tape.filter((event) => event[0] === "send" && event[4] === 1).length,
    requestId: "",
  };
}
