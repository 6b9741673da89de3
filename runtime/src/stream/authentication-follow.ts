import type { Admits } from "../admission/admission.ts";
import type { Clock } from "../clock.ts";
import { judgedFirst } from "../endpoint/front.ts";
import type { Following, StreamEndpoint } from "./stream-endpoint.ts";

/** A follower whose headers nobody has judged yet, of a server that has not asked `judge`, is judged here. */
export function judgedFollow(
  admission: Admits,
  clock: Clock,
  follow: StreamEndpoint["follow"],
  refused: StreamEndpoint["refused"],
): StreamEndpoint["follow"] {
  return (args, headers, clientMs, resume, follower) => {
    let following: Following | undefined;
    let drained = false;
    const judging = judgedFirst(admission, clock, {
      headers,
      clientMs,
      refused,
      begin: (judged, leftMs) => {
        following = follow(args, judged, leftMs, resume, follower);
        if (drained) following.drain();
        return following;
      },
      failed: (failure, metadata) => follower.failed(failure, undefined, metadata),
    });
    // Whoever has been judged before, as all that come through a server of ours, needs nothing around it.
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
