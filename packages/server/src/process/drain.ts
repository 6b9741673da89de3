/** The part of `process` that draining needs. */
interface SignalSource {
  on(signal: "SIGTERM" | "SIGINT", listener: () => void): unknown;
}

const NUMBER = { SIGINT: 2, SIGTERM: 15 } as const;

/**
 * Closes at the first SIGTERM or SIGINT and exits with 0 once closed, with 1 when closing fails; a second signal exits at once, as if the signal
 * had killed the process.
 *
 * @param exit as `process.exit`
 */
export function drainOnSignal(source: SignalSource, close: () => Promise<void>, exit: (code: number) => void): void {
  let draining = false;
  const receive = (signal: keyof typeof NUMBER) => {
    if (draining) return exit(128 + NUMBER[signal]);
    draining = true;
    close().then(
      () => exit(0),
      () => exit(1),
    );
  };
  source.on("SIGTERM", () => receive("SIGTERM"));
  source.on("SIGINT", () => receive("SIGINT"));
}
