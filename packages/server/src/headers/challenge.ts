/** A response with this status names a scheme by which the caller can authenticate (RFC 9110, 15.5.2). */
export const UNAUTHORIZED = 401;
export const AUTHENTICATE = "www-authenticate";
/** The scheme of tokens (RFC 6750, 3), at which browsers open no dialogue. */
export const CHALLENGE = "Bearer";

/** Adds the challenge to the headers of a 401, names and values in turn, unless they have one. */
export function addChallenge(status: number, headers: string[]): void {
  if (status === UNAUTHORIZED && !headers.includes(AUTHENTICATE)) headers.push(AUTHENTICATE, CHALLENGE);
}
