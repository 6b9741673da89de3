import { createContextKey } from "@connectrpc/connect";

/** Whether a request that Connect serves has reached its endpoint: from then on errors are the endpoint's, which has chosen its words. */
export const REACHED = createContextKey(false);
