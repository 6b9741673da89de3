/** What goes out beside an answer or a failure: names, in lower case, and values in turn. */
export interface AnswerMetadata {
  readonly headers: readonly string[];
  /** Of gRPC; Connect has them as headers `trailer-<name>`. */
  readonly trailers: readonly string[];
}
