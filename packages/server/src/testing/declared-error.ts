import { ERROR_INFO, REQUEST_INFO } from "@protobff/runtime/internal/error-info";

type DetailJson = { readonly type?: string; readonly "@type"?: string };

/** Returns true for a detail that not every error has. */
export const isDeclared = (type: unknown): boolean => type !== ERROR_INFO && type !== REQUEST_INFO;

/** Returns an error as JSON text, of Connect's protocol or of REST, without the details that every error has. */
export function declaredError(text: string): string {
  const { details = [], ...error } = JSON.parse(text) as { readonly details?: readonly DetailJson[] };
  const declared = details.filter(({ type, "@type": url }) => isDeclared(type ?? url?.slice(url.lastIndexOf("/") + 1)));
  return JSON.stringify(declared.length === 0 ? error : { ...error, details: declared });
}
