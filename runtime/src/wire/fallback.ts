/** Thrown, and never seen outside of `decoder` and `encoder`: protobuf-es has to do it. */
export const FALLBACK = Symbol("unusual");
