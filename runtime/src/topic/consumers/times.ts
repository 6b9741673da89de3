/** Time for which followers are held while NATS is unavailable, in milliseconds. */
export const HOLD_MS = 30_000;
/** Message of their failure after that time. */
export const AWAY = "JetStream is away";
/** Delay before another attempt after a failure, in milliseconds. */
export const AGAIN_MS = 250;
