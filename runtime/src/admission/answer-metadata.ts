/** Metadata of an answer or a failure: lower-case names and values in turn. */
export interface AnswerMetadata {
  readonly headers: readonly string[];
  /** Trailers in gRPC; Connect sends them as headers `trailer-<name>`. */
  readonly trailers: readonly string[];
  /** True if the answer, or a part of it, was used past its time: no cache may keep it. */
  readonly stale?: boolean | undefined;
}

/** Returns the same metadata for an answer that was used past its time. */
export function asStale({ headers, trailers }: AnswerMetadata = { headers: [], trailers: [] }): AnswerMetadata {
  return { headers, trailers, stale: true };
}

/** The same with more headers, if there are any. */
export function withHeaders(metadata: AnswerMetadata | undefined, more: readonly string[]): AnswerMetadata | undefined {
  if (more.length === 0) return metadata;
  const { headers = [], trailers = [] } = metadata ?? {};
  return { headers: [...headers, ...more], trailers };
}
