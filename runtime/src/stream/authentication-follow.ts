import type { AdmissionCheck } from "../admission/admission.ts";
import type { Clock } from "../clock.ts";
import { authenticateFirst } from "../endpoint/front.ts";
import type { Following, StreamEndpoint } from "./stream-endpoint.ts";

/** Authenticates a follower here unless its server has called `authenticate` before. */
export function authenticateFollow(
  admission: AdmissionCheck,
  clock: Clock,
  follow: StreamEndpoint["follow"],
  refused: StreamEndpoint["refused"],
): StreamEndpoint["follow"] {
  return (args, headers, clientMs, resume, follower) => {
    let following: Following | undefined;
    let drained = false;
    const judging = authenticateFirst(admission, clock, {
      headers,
      clientMs,
      refused,
      begin: (authentication, leftMs) => {
        following = follow(args, authentication, leftMs, resume, follower);
        if (drained) following.drain();
        return following;
      },
      failed: (failure, metadata) => follower.failed(failure, undefined, metadata),
    });
    // Requests that were authenticated before, as all from our servers are, need no wrapper.
    if (following !== undefined) return following;
    return {
      ready: () => following?.ready(),
      drain: () => {
        drained = true;
        following?.drain();
      },
      cancel: (why) => judging.cancel(why),
    };
  };
}
