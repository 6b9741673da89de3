import { createContextKey } from "@connectrpc/connect";

/** Whether a request that Connect serves has reached its endpoint: from then on errors are the endpoint's, which has chosen its words. */
export const REACHED = createContextKey(false);

/** Whether the answer, or something that it is made of, was used past its time. */
export const STALE = createContextKey(false);

/** Whether observers have been told of its end: it was refused by who judges it. */
export const TOLD = createContextKey(false);
