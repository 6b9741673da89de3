/** The header with the id of a request, here and at upstreams. */
export const REQUEST_ID = "x-request-id";

/** Maximum length of an id, in characters. */
const MAX_CHARACTERS = 128;

/** Reports whether a foreign id may be adopted: logs and headers of calls then contain it. */
export function isRequestId(text: string): boolean {
  return text.length <= MAX_CHARACTERS && ID.test(text);
}
const ID = /^[A-Za-z0-9._-]+$/;
