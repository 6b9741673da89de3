import type { InFlight, Reply } from "../unary-client.ts";
import { GrpcAttempt } from "./grpc-attempt.ts";
import type { GrpcSession } from "./grpc-session.ts";
import type { SessionPool } from "./session-pool.ts";

/** One connection to an upstream. */
export interface GrpcConnection {
  readonly address: string;
  /** True if it takes no more calls. */
  readonly ended: boolean;
  /**
   * Sends a call over this connection, without metadata. If the connection has just ended, another one takes
   * the call: `InFlight.address` may then differ. The caller enforces the deadline.
   */
  send(path: string, frame: Uint8Array, timeoutMs: number, maxReplyBytes: number, reply: Reply): InFlight;
}

/** @param held true if the sessions of the pool wait for their receivers before the upstream may send more */
export function connectionOf(
  pool: SessionPool<GrpcSession>,
  session: GrpcSession,
  address: string,
  held: boolean,
): GrpcConnection {
  const Attempt = held ? HeldAttempt : GrpcAttempt;
  return {
    address,
    get ended() {
      return session.ended;
    },
    send: (path, frame, timeoutMs, maxReplyBytes, reply) => {
      const sent = new Attempt(pool, { path, frame, timeoutMs, headers: undefined, attempt: 1 }, maxReplyBytes, reply);
      sent.start(session);
      return sent;
    },
  };
}

class HeldAttempt extends GrpcAttempt {
  override data(chunk: Buffer): void {
    super.data(chunk);
    if (!this.over) this.stream?.allow(chunk.length);
  }
}
