/** What goes out beside an answer or a failure: names, in lower case, and values in turn. */
export interface AnswerMetadata {
  readonly headers: readonly string[];
  /** Of gRPC; Connect has them as headers `trailer-<name>`. */
  readonly trailers: readonly string[];
  /** Whether the answer, or something that it is made of, was used past its time: no cache is to keep it. */
  readonly stale?: boolean | undefined;
}

/** The same, of an answer that was used past its time. */
export function asStale({ headers, trailers }: AnswerMetadata = { headers: [], trailers: [] }): AnswerMetadata {
  return { headers, trailers, stale: true };
}

/** The same with more headers, if there are any. */
export function withHeaders(metadata: AnswerMetadata | undefined, more: readonly string[]): AnswerMetadata | undefined {
  if (more.length === 0) return metadata;
  const { headers = [], trailers = [] } = metadata ?? {};
  return { headers: [...headers, ...more], trailers };
}
