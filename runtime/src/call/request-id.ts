/** The header that a request is known by, here and at upstreams. */
export const REQUEST_ID = "x-request-id";

/** Longer ones are none. */
const MOST_CHARACTERS = 128;

/** Whether somebody else's id may be taken over: it stands in logs, and in headers of calls. */
export function isRequestId(text: string): boolean {
  return text.length <= MOST_CHARACTERS && ID.test(text);
}
const ID = /^[A-Za-z0-9._-]+$/;
