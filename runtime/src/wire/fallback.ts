/** Thrown to have the message handled by its descriptor. `decoder` and `encoder` catch it. */
export const FALLBACK = Symbol("unusual");
/** The same for a text that is not UTF-8. */
export const NOT_UTF8 = Symbol("not UTF-8");
