/** Metadata of an answer or a failure: lower-case names and values in turn. */
export interface AnswerMetadata {
  readonly headers: readonly string[];
  /** Trailers in gRPC; Connect sends them as headers `trailer-<name>`. */
  readonly trailers: readonly string[];
  /** Headers of a successful answer alone, as the RPC declares them. */
  readonly declared?: readonly string[] | undefined;
  /** True if the answer, or a part of it, was used past its time: no cache may keep it. */
  readonly stale?: boolean | undefined;
  /** Header with the tags for a CDN, if caches may keep the answer: name and value. */
  readonly cdn?: readonly string[] | undefined;
}

/** Returns the same metadata for an answer that was used past its time. */
export function asStale({ headers, trailers }: AnswerMetadata = { headers: [], trailers: [] }): AnswerMetadata {
  return { headers, trailers, stale: true };
}

/** The same with the tags for a CDN, if there are any. */
export function withTags(
  metadata: AnswerMetadata | undefined,
  cdn: readonly string[] | undefined,
): AnswerMetadata | undefined {
  return cdn === undefined ? metadata : { headers: [], trailers: [], ...metadata, cdn };
}

/** The same with headers for a successful answer, if there are any. */
export function withDeclared(
  metadata: AnswerMetadata | undefined,
  declared: readonly string[],
): AnswerMetadata | undefined {
  if (declared.length === 0) return metadata;
  return { headers: [], trailers: [], ...metadata, declared };
}
/** Returns all headers of a successful answer. */
export function answerHeaders({ headers, declared }: Pick<AnswerMetadata, "headers" | "declared">): readonly string[] {
  return declared === undefined ? headers : [...headers, ...declared];
}

/** The same with more headers, if there are any. */
export function withHeaders(metadata: AnswerMetadata | undefined, more: readonly string[]): AnswerMetadata | undefined {
  if (more.length === 0) return metadata;
  const { headers = [], trailers = [] } = metadata ?? {};
  return { headers: [...headers, ...more], trailers };
}
