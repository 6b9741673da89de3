/** Thrown to let protobuf-es take over. It is not visible outside of `decoder` and `encoder`. */
export const FALLBACK = Symbol("unusual");
