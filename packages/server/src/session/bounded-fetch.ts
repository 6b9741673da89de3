import type { CustomFetch } from "openid-client";

/** Time limit for an exchange with a provider, in milliseconds. */
export const FETCH_MS = 5_000;
/** Maximum size of a provider's response, in bytes. */
const MAX_BYTES = 256 * 1024;

/**
 * `fetch` for addresses that the configuration names: no redirect is followed, and an answer is read within bounds.
 *
 * @throws Error where there is no answer in time, or a larger one
 */
export const boundedFetch: CustomFetch = async (url, options) => {
  const within = AbortSignal.timeout(FETCH_MS);
  const signal = options.signal === undefined ? within : AbortSignal.any([within, options.signal]);
  const response = await fetch(url, { ...options, redirect: "manual", signal } as RequestInit);
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > MAX_BYTES) throw new Error(`an answer of more than ${MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  const { status, statusText, headers } = response;
  const body = [101, 204, 205, 304].includes(status) ? null : Buffer.concat(chunks);
  return new Response(body, { status, statusText, headers });
};
