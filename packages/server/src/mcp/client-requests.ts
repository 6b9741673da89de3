// Requests of the server to its client, which a session over standard input can carry (MCP 2025-11-25, Elicitation).
import type { JsonValue } from "@bufbuild/protobuf";
import { type Clock, systemClock, type Timer } from "@protobff/runtime/internal/clock";
import { LIFE_MS } from "./confirmations.ts";
import { notificationText, readResponse, requestText } from "./json-rpc.ts";
import type { Elicit } from "./request.ts";

interface OpenRequest {
  readonly answered: (result: JsonValue | undefined) => void;
  readonly timer: Timer;
}

/** Requests that wait for their responses, each for up to five minutes. */
export class ClientRequests {
  readonly #send: (text: string) => void;
  readonly #clock: Clock;
  readonly #open = new Map<unknown, OpenRequest>();
  #count = 0;

  constructor(send: (text: string) => void, clock: Clock = systemClock) {
    this.#send = send;
    this.#clock = clock;
  }
  readonly elicit: Elicit = (method, params, answered) => {
    const id = `bff-${++this.#count}`;
    const timer = this.#clock.setTimeout((late: string) => this.#withdraw(late), LIFE_MS, id);
    this.#open.set(id, { answered, timer });
    this.#send(requestText(id, method, params));
    return { cancel: () => this.#withdraw(id) };
  };
  /** Returns false for a text that is no response. A response to no request is ignored. */
  receive(text: string): boolean {
    const response = readResponse(text);
    if (response !== undefined) this.#end(response.id, response.result);
    return response !== undefined;
  }
  /** Ends all requests without an answer. */
  close(): void {
    for (const id of [...this.#open.keys()]) this.#end(id, undefined);
  }

  #withdraw(id: string): void {
    if (!this.#open.has(id)) return;
    this.#send(notificationText("notifications/cancelled", { requestId: id }));
    this.#end(id, undefined);
  }
  #end(id: unknown, result: JsonValue | undefined): void {
    const request = this.#open.get(id);
    if (request === undefined) return;
    this.#open.delete(id);
    this.#clock.clearTimeout(request.timer);
    request.answered(result);
  }
}
