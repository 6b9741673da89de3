import { createContextKey } from "@connectrpc/connect";

/** Whether a request that Connect serves has reached its endpoint: from then on errors are the endpoint's, which has chosen its words. */
export const REACHED = createContextKey(false);

/** Whether the answer, or something that it is made of, was used past its time. */
export const STALE = createContextKey(false);

/** Whether observers have received its end: authentication has refused it. */
export const REPORTED = createContextKey(false);
