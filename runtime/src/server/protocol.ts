/** A pseudo-header, which no client can send: `rest` of requests at REST paths. */
export const PROTOCOL = ":protocol";
