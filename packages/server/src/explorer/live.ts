// Sends open pages their updates by server-sent events, twice a second. A page that does not read gets no more.
import type { ServerResponse } from "node:http";
import { Code } from "@protobff/runtime/internal/failure";
import type { Observer } from "@protobff/runtime/internal/observer";
import type { BreakerEvent, UpstreamEvent } from "@protobff/runtime/internal/observer-upstreams";
import type { Behaviour } from "@protobff/testing";
import type { Live, ShownMock, ShownUpstream } from "./page-data.ts";
import type { Recorder } from "./recorder.ts";

export const MAX_PAGES = 8;
const EVERY_MS = 500;
/** Maximum number of ticks without a message. The port closes connections that are silent for longer than 30 s. */
const SILENT_TICKS = 20;
/** Number of ticks after which a page that does not read is disconnected. */
const STUCK_TICKS = 40;

interface Page {
  readonly response: ServerResponse;
  revision: number;
  /** The last state that was sent, without requests. */
  state: string;
  silent: number;
  stuck: number;
}

export class LivePages {
  readonly #recorder: Recorder;
  readonly #state: () => Omit<Live, "requests">;
  readonly #pages = new Set<Page>();
  #timer: NodeJS.Timeout | undefined;

  constructor(recorder: Recorder, state: () => Omit<Live, "requests">) {
    this.#recorder = recorder;
    this.#state = state;
  }

  /** True if another page fits. */
  get hasRoom(): boolean {
    return this.#pages.size < MAX_PAGES;
  }

  add(response: ServerResponse): void {
    response.writeHead(200, { "content-type": "text/event-stream", "x-accel-buffering": "no" });
    const page: Page = { response, revision: 0, state: "", silent: 0, stuck: 0 };
    this.#pages.add(page);
    response.once("close", () => this.#gone(page));
    this.#send(page, JSON.stringify(this.#state()));
    this.#timer ??= setInterval(() => this.#tick(), EVERY_MS).unref();
  }

  #gone(page: Page): void {
    this.#pages.delete(page);
    if (this.#pages.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #tick(): void {
    const state = JSON.stringify(this.#state());
    for (const page of this.#pages) {
      if (!page.response.writableNeedDrain) {
        page.stuck = 0;
        this.#send(page, state);
      } else if (++page.stuck >= STUCK_TICKS) page.response.destroy();
    }
  }

  #send(page: Page, state: string): void {
    const requests = this.#recorder.since(page.revision);
    if (requests.length === 0 && state === page.state) {
      if (++page.silent < SILENT_TICKS) return;
      page.silent = 0;
      page.response.write(":\n\n");
      return;
    }
    page.revision = this.#recorder.revision;
    page.state = state;
    page.silent = 0;
    // JSON of one line: nothing in it ends an event.
    page.response.write(`data: {"requests":${JSON.stringify(requests)},${state.slice(1)}\n\n`);
  }

  close(): void {
    for (const { response } of this.#pages) response.end();
  }
}

/** Collects the current state of upstreams. */
export class Upstreams implements Observer {
  readonly #all: UpstreamEvent[] = [];
  /** Time of each breaker's last change. */
  readonly #changed = new Map<string, number>();
  readonly #now: () => number;
  /** Returns what is known of a deployed upstream. */
  deployed: ((service: string, branch: string | undefined) => ShownUpstream["deployed"]) | undefined;

  constructor(now: () => number) {
    this.#now = now;
  }

  upstream(event: UpstreamEvent): void {
    this.#all.push(event);
  }
  breaker({ service, branch, method, at }: BreakerEvent): void {
    this.#changed.set(`${service} ${branch ?? ""} ${method ?? ""}`, at);
  }

  shown(): readonly ShownUpstream[] {
    return this.#all.map(({ service, branch, state }) => {
      const { breakers, limits, streams, addresses } = state();
      const since = (method: string | undefined): number | undefined => {
        const at = this.#changed.get(`${service} ${branch ?? ""} ${method ?? ""}`);
        // Whole seconds, so that an unchanged state is not sent again at every tick.
        return at === undefined ? undefined : Math.floor((this.#now() - at) / 1000) * 1000;
      };
      return {
        service,
        branch,
        breakers: breakers.map(({ method, state: is, probesInMs }) => ({
          method,
          state: is,
          forMs: since(method),
          ...(probesInMs !== undefined && { probesInMs: Math.ceil(probesInMs / 1000) * 1000 }),
        })),
        limits: limits.map(({ method, taken, most, waiting }) => ({
          method,
          taken,
          waiting,
          most: Number.isFinite(most) ? most : null,
        })),
        streams: streams.map(({ method, taken, most }) => ({ method, taken, most })),
        addresses: addresses.map(({ address, state: is, inFlight }) => ({ address, state: is, inFlight })),
        deployed: this.deployed?.(service, branch),
      };
    });
  }
}

/** A mock upstream, and its switchable behaviour. */
export interface Mock {
  /** Full name of the service. */
  readonly service: string;
  behaviour: Behaviour;
}

/** Behaviours that a switch offers, by name. */
export const BEHAVIOURS: Readonly<Record<string, Behaviour>> = {
  answers: { kind: "answer" },
  slow: { kind: "answer", afterMs: 500 },
  silent: { kind: "hang" },
  unavailable: { kind: "status", code: Code.UNAVAILABLE },
  down: { kind: "refused" },
  garbage: { kind: "garbage" },
  oversize: { kind: "oversize" },
};

export function shownMocks(mocks: ReadonlyMap<string, Mock>): readonly ShownMock[] {
  return [...mocks].map(([name, { service, behaviour }]) => ({
    name,
    service,
    behaviour: wordFor(behaviour),
  }));
}
/** A program may have set a behaviour that is not in the list. */
function wordFor(behaviour: Behaviour): string {
  if (behaviour.kind === "answer" && (behaviour.afterMs ?? 0) > 0) return "slow";
  return Object.keys(BEHAVIOURS).find((word) => BEHAVIOURS[word]?.kind === behaviour.kind) ?? behaviour.kind;
}
