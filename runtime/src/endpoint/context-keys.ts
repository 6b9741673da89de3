import { createContextKey } from "@connectrpc/connect";

/**
 * True once a request that Connect serves has reached its endpoint. From then on the endpoint determines errors and
 * their texts.
 */
export const REACHED = createContextKey(false);

/** True if the answer, or a part of it, was used past its time. */
export const STALE = createContextKey(false);

/** Header with the tags of the answer for a CDN: name and value. */
export const CDN_TAGS = createContextKey<readonly string[]>([]);

/** True if observers have received its end, because authentication has refused it. */
export const REPORTED = createContextKey(false);
