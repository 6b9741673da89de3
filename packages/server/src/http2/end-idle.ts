/** Idle connections are looked for so many times while the time lasts, at least. */
const IDLE_ROUNDS = 10;
const IDLE_CHECK_MS = 30_000;

/** Counts the rounds in which it had no request, and ends itself after more than `rounds` of them. */
interface Idle {
  checkIdle(rounds: number): void;
}

/** Ends connections of HTTP/2 that have had no request for so long, in milliseconds, until it is cleared. It keeps no process alive. */
export function endIdle(idleMs: number, connections: () => Iterable<Idle>): NodeJS.Timeout {
  const checkMs = Math.min(IDLE_CHECK_MS, Math.ceil(idleMs / IDLE_ROUNDS));
  const rounds = Math.ceil(idleMs / checkMs);
  return setInterval(() => {
    for (const connection of connections()) connection.checkIdle(rounds);
  }, checkMs).unref();
}
