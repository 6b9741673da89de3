import { ERROR_INFO, REQUEST_INFO } from "@protobff/runtime/internal/error-info";

type DetailJson = { readonly type?: string; readonly "@type"?: string };

/** Returns an error as JSON text, of Connect's protocol or of REST, without the details that every error has. */
export function declaredError(text: string): string {
  const { details = [], ...error } = JSON.parse(text) as { readonly details?: readonly DetailJson[] };
  const declared = details.filter(({ type, "@type": url }) => {
    const name = type ?? url?.slice(url.lastIndexOf("/") + 1);
    return name !== ERROR_INFO && name !== REQUEST_INFO;
  });
  return JSON.stringify(declared.length === 0 ? error : { ...error, details: declared });
}
