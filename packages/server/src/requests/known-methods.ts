const METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);
/** The value of `allow` for the whole server. */
export const ALL_METHODS = [...METHODS].join(", ");

/** Returns true if the server recognizes this HTTP method: others are 501 at any path, and not 405 (RFC 9110, 9.1). */
export const isKnownMethod = (method = ""): boolean => METHODS.has(method);
