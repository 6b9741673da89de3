/** Thrown to make protobuf-es handle the message. `decoder` and `encoder` catch it. */
export const FALLBACK = Symbol("unusual");
