// `protobff mcp`: the commands that coding agents need, as tools. Calls run in turn, as they share the project's files.

import type { Workplace } from "./output.ts";
import {
  beginning,
  errorText,
  linesOf,
  type Message,
  ProtocolError,
  readMessage,
  resultMembers,
  resultText,
} from "./protocol.ts";
import { callTool, TOOLS } from "./tools.ts";

interface AgentsOptions extends Omit<Workplace, "ended"> {
  readonly input: AsyncIterable<Uint8Array>;
  /** Writes a line. */
  readonly write: (line: string) => void;
  /** Ends the session. */
  readonly ended: AbortSignal;
}

/** Maximum number of calls that wait. */
const MAX_WAITING = 100;
const SERVER = { name: "protobff", version: "1" };

/** Serves until the input ends, or `ended` is aborted. Calls that have begun end before it resolves. */
export async function serveAgents(options: AgentsOptions): Promise<void> {
  const { input, ended } = options;
  const session = new Session(options);
  const lines = linesOf(input);
  const aborted = new Promise<IteratorResult<undefined>>((resolve) => {
    ended.addEventListener("abort", () => resolve({ done: true, value: undefined }), { once: true });
  });
  for (;;) {
    const next = await Promise.race([lines.next(), aborted]);
    if (next.done === true) break;
    session.receive(next.value);
  }
  if (ended.aborted) session.cancelAll();
  await session.idle;
}

class Session {
  readonly #options: AgentsOptions;
  readonly #calls = new Map<unknown, AbortController>();
  /** Resolves when all calls have ended. */
  idle: Promise<void> = Promise.resolve();

  constructor(options: AgentsOptions) {
    this.#options = options;
  }

  receive(line: string | undefined): void {
    try {
      if (line === undefined) throw new ProtocolError(-32600, "the message is too large: it may have 1 MiB");
      this.#answer(readMessage(line));
    } catch (thrown) {
      if (!(thrown instanceof ProtocolError)) throw thrown;
      this.#options.write(errorText(thrown));
    }
  }
  cancelAll(): void {
    for (const call of this.#calls.values()) call.abort();
  }

  #answer(message: Message): void {
    const { id, method, params } = message;
    if (method === "notifications/cancelled") this.#calls.get(params.requestId)?.abort();
    if (id === undefined) return;
    const members = resultMembers(message, SERVER);
    const result =
      method === "tools/list" ? { tools: TOOLS, ttlMs: 0, cacheScope: "private" } : beginning(message, SERVER);
    if (result !== undefined) this.#options.write(resultText(id, { ...result, ...members }));
    else if (method === "tools/call") this.#call(message, members);
    else throw new ProtocolError(-32601, `Method not found: ${method.slice(0, 100)}`, { id });
  }
  #call({ id = 0, params }: Message, members: object): void {
    if (this.#calls.has(id) || this.#calls.size >= MAX_WAITING)
      throw new ProtocolError(-32600, this.#calls.has(id) ? "the id is in use" : "too many calls wait", { id });
    const call = new AbortController();
    this.#calls.set(id, call);
    const { root, env, write } = this.#options;
    this.idle = this.idle.then(async () => {
      const result = call.signal.aborted ? undefined : await callTool(params, { root, env, ended: call.signal }, id);
      this.#calls.delete(id);
      if (call.signal.aborted || result === undefined) return; // a cancelled request has no answer
      write(result instanceof ProtocolError ? errorText(result) : resultText(id, { ...result, ...members }));
    });
  }
}
