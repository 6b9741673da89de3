// Requests through nginx, and what each answer may be.
import { Agent, request } from "node:http";

/** An answer of a process, of nginx in place of one, or none. */
export interface Answered {
  /** 0: the connection broke. */
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>> | undefined;
}
const GONE: Answered = { status: 0, body: undefined };
const TIMEOUT_MS = 20_000;

/** Headers that name a caller. */
export type Credential = Readonly<Record<string, string>>;

export class Client {
  readonly #url: string;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 256 });

  constructor(url: string) {
    this.#url = url;
  }
  post(rpc: string, id: string, credential: Credential): Promise<Answered> {
    const headers = { ...credential, "content-type": "application/json" };
    const { promise, resolve } = Promise.withResolvers<Answered>();
    const sent = request(
      `${this.#url}/town.v1.TownService/${rpc}`,
      { method: "POST", headers, agent: this.#agent, timeout: TIMEOUT_MS },
      (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (chunk: string) => {
          text += chunk;
        });
        response.on("end", () => resolve({ status: response.statusCode ?? 0, body: jsonOf(text) }));
        response.on("error", () => resolve(GONE));
      },
    );
    sent.on("timeout", () => sent.destroy()).on("error", () => resolve(GONE));
    sent.end(JSON.stringify({ id }));
    return promise;
  }
  close(): void {
    this.#agent.destroy();
  }
}

function jsonOf(text: string): Answered["body"] {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
