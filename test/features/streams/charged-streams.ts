// Streams that are killed at random, with what the upstream has sent on each of them.
import { once } from "node:events";
import * as http2 from "node:http2";
import { connect, type Socket } from "node:net";
import { Code, ConnectError, type HandlerContext } from "@connectrpc/connect";
import fc from "fast-check";

/**
 * End of a stream: by the upstream, by `until` of the BFF, by the drain of the BFF, or by its client, which cancels the
 * stream, closes the connection, or dies.
 */
export type End = "ok" | "error" | "until" | "drained" | "cancel" | "close" | "die";

export interface StreamPlan {
  readonly tenant: string;
  /** Values up to the greatest; each is sent when the client has received the one before. */
  readonly rising: readonly number[];
  /** Values that are sent without waiting, none above the greatest. */
  readonly rest: readonly number[];
  readonly end: End;
  /** Messages that the client reads before it ends the stream. */
  readonly reads: number;
}

const CLIENT_ENDS: ReadonlySet<End> = new Set(["cancel", "close", "die"]);

/** The greatest value is followed by smaller ones, so that it does not matter which of those arrive. */
export const plans: fc.Arbitrary<StreamPlan> = fc
  .record({
    tenant: fc.constantFrom("north", "south", "east"),
    rising: fc
      .uniqueArray(fc.integer({ min: 1, max: 1_000 }), { maxLength: 4 })
      .map((all) => all.sort((a, b) => a - b)),
    parts: fc.array(fc.double({ min: 0.01, max: 1, noNaN: true }), { maxLength: 12 }),
    end: fc.constantFrom<End>("ok", "error", "until", "drained", "cancel", "cancel", "close", "die"),
    reads: fc.nat(16),
  })
  .map(({ tenant, rising, parts, end, reads }) => {
    const greatest = rising.at(-1);
    const rest = greatest === undefined ? [] : parts.map((part) => Math.ceil(part * greatest));
    const most = rising.length + (CLIENT_ENDS.has(end) ? rest.length : 0);
    return { tenant, rising, rest, end, reads: Math.max(rising.length, Math.min(reads, most)) };
  });

/** One stream, from the client and from the upstream. */
export class KilledStream {
  readonly plan: StreamPlan;
  /** Resolves when the upstream has been called. */
  readonly #called = Promise.withResolvers<void>();
  /** Values that the upstream has sent. */
  readonly #sent: number[] = [];
  #received = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(plan: StreamPlan) {
    this.plan = plan;
  }
  /** Greatest value that the upstream has sent; undefined: it has sent none. */
  get greatest(): number | undefined {
    return this.#sent.length === 0 ? undefined : Math.max(...this.#sent);
  }

  /** The upstream. */
  async *items({ signal }: HandlerContext): AsyncGenerator<{ readonly stock: number; readonly name?: string }> {
    const { rising, rest, end } = this.plan;
    this.#called.resolve();
    for (const [i, stock] of rising.entries()) {
      yield this.#send(stock);
      await this.#receives(i + 1);
    }
    for (const stock of rest) yield this.#send(stock);
    if (end === "ok") return;
    if (end === "error") throw new ConnectError("down", Code.DataLoss);
    if (end === "until") yield { ...this.#send(0), name: "last" };
    if (!signal.aborted) await once(signal, "abort");
  }
  #send(stock: number): { readonly stock: number } {
    this.#sent.push(stock);
    return { stock };
  }
  async #receives(count: number): Promise<void> {
    while (this.#received < count) await new Promise<void>((resolve) => void this.#waiting.push(resolve));
  }

  /** The client, over a separate connection. Resolves at the end of the stream, or when it is ready to be drained. */
  async run(url: string, id: string): Promise<void> {
    const socket = connect(Number(new URL(url).port), "127.0.0.1");
    const session = http2.connect(url, { createConnection: () => socket });
    for (const emitter of [socket, session]) emitter.on("error", () => {});
    const headers = {
      ":method": "POST",
      ":path": "/app.v1.AppService/Chat",
      "content-type": "application/connect+json",
    };
    const stream = session.request(headers).on("error", () => {});
    const ended = new Promise<void>((resolve) => stream.once("close", resolve));
    stream.end(framed(JSON.stringify({ id, tenant: this.plan.tenant })));
    const { end, reads } = this.plan;
    const kills = CLIENT_ENDS.has(end);
    if (kills && reads === 0) void this.#called.promise.then(() => kill(end, session, stream, socket));
    let unread = Buffer.alloc(0);
    stream.on("data", (chunk: Buffer) => {
      unread = Buffer.concat([unread, chunk]);
      for (; unread.length >= 5 && unread.length >= 5 + unread.readUInt32BE(1); this.#read()) {
        const isEnd = ((unread[0] ?? 0) & 2) !== 0;
        unread = unread.subarray(5 + unread.readUInt32BE(1));
        if (isEnd) return;
        if (kills && this.#received + 1 === reads) kill(end, session, stream, socket);
      }
    });
    if (end === "drained") {
      await this.#called.promise;
      return this.#receives(this.plan.rising.length + this.plan.rest.length);
    }
    await ended;
    session.destroy();
  }
  #read(): void {
    this.#received++;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

function framed(text: string): Buffer {
  const bytes = Buffer.from(text);
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([prefix, bytes]);
}

function kill(end: End, session: http2.ClientHttp2Session, stream: http2.ClientHttp2Stream, socket: Socket): void {
  if (end === "cancel") stream.close(http2.constants.NGHTTP2_CANCEL);
  else if (end === "close") session.destroy();
  else socket.resetAndDestroy();
}
