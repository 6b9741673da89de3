import type { RestRule } from "../../resolve/model/rest.ts";

/** Prints `GET /v1/{name=shelves/*}`, and the contents of the body. */
export function restText({ ir, body, responseBody }: RestRule): string {
  const parts = [
    ...(body === undefined ? [] : [`body ${body === "*" ? "*" : body.name}`]),
    ...(responseBody === undefined ? [] : [`answers with ${responseBody.name}`]),
  ];
  return `${ir.method} ${ir.path.value}${parts.length === 0 ? "" : `, ${parts.join(", ")}`}`;
}
