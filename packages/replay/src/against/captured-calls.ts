import type { CapturedRequest } from "@protobff/server/capture";
import type { CapturedAttempt, CapturedCalls } from "../change/replay-changed.ts";
import { isArrival } from "../tape/replay-exactly.ts";

/** Calls of a captured request, and the time of the last arrival before its end, in microseconds since its begin. */
export interface TimedCalls extends CapturedCalls {
  readonly lastUs: number;
}

/** Reads the calls of a request from its tape. Each was sent when the arrival before it came. */
export function callsOf({ startedAt, tape }: CapturedRequest): TimedCalls {
  const attempts: (CapturedAttempt & { overAt?: number })[] = [];
  const streams: CapturedCalls["streams"][number][] = [];
  let [now, lastUs] = [startedAt, 0];
  for (const event of tape)
    if (isArrival(event)) now = Math.max(now, event[1]);
    else if (event[0] === "send") {
      const [, client, path, checksum, number] = event;
      attempts.push({ client, path, checksum, number, at: now });
    } else if (event[0] === "open") {
      const [, client, path, checksum] = event;
      streams.push({ client, path, checksum, at: now });
    } else if (event[0] === "cancel") {
      const attempt = attempts[event[1]];
      if (attempt !== undefined) attempt.overAt ??= now;
    } else if (event[0] === "answer") lastUs = now - startedAt;
  return { attempts, streams, lastUs };
}
