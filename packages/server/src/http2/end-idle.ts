/** Minimum number of checks for idle connections per idle time. */
const IDLE_ROUNDS = 10;
const IDLE_CHECK_MS = 30_000;

/** A connection that counts the rounds without a request and closes after more than `rounds` of them. */
interface Idle {
  checkIdle(rounds: number): void;
}

/**
 * Closes HTTP/2 connections that have had no request for `idleMs` milliseconds, until the timer is cleared. The timer
 * keeps no process alive.
 */
export function endIdle(idleMs: number, connections: () => Iterable<Idle>): NodeJS.Timeout {
  const checkMs = Math.min(IDLE_CHECK_MS, Math.ceil(idleMs / IDLE_ROUNDS));
  const rounds = Math.ceil(idleMs / checkMs);
  return setInterval(() => {
    for (const connection of connections()) connection.checkIdle(rounds);
  }, checkMs).unref();
}
