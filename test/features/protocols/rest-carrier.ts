// Requests at the paths of google.api.http, by the rule of each rpc.
import { type DescMethod, fromJson, getOption, hasOption, type JsonObject, type JsonValue } from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import { http } from "@protobff/messages/google/api/annotations_pb.js";
import { requestWriter } from "@protobff/runtime/internal/http-rule/request-writer";
import type { RestRule } from "@protobff/runtime/internal/http-rule/rule";
import { typesOf } from "@protobff/runtime/internal/http-rule/types-of";

/** A rule, and the values that its path takes: `shelves/*` for `name`. */
export interface RestPath {
  readonly rule: RestRule;
  readonly patterns: Readonly<Record<string, string>>;
}

/** Returns the first path of an rpc; undefined: it has none. */
export function restPathOf({ proto }: DescMethod): RestPath | undefined {
  if (proto.options === undefined || !hasOption({ proto } as DescMethod, http)) return undefined;
  const { pattern, body, responseBody } = getOption({ proto } as DescMethod, http);
  if (pattern.case === undefined) return undefined;
  const custom = pattern.case === "custom" ? pattern.value : undefined;
  const kind = custom?.kind ?? pattern.case.toUpperCase();
  const template = custom?.path ?? String(pattern.value);
  const [, path = "", verb] = /^\/((?:\{[^}]*\}|[^{:])*)(?::(.*))?$/.exec(template) ?? [];
  const patterns: Record<string, string> = {};
  const variables: { field: string; from: number; to: number }[] = [];
  const segments: string[] = [];
  for (const part of path.match(/\{[^}]*\}|[^/]+/g) ?? []) {
    const [, field, pattern = "*"] = /^\{([^=}]+)(?:=(.*))?\}$/.exec(part) ?? [];
    const from = segments.length;
    segments.push(...(field === undefined ? [decodeURIComponent(part)] : pattern.split("/")));
    if (field === undefined) continue;
    variables.push({ field, from, to: segments.length });
    patterns[field] = pattern;
  }
  const method = kind === "*" ? (body === "" ? "GET" : "POST") : kind;
  return {
    rule: {
      method,
      segments,
      verb,
      variables,
      body: body === "" ? undefined : body,
      responseBody: responseBody === "" ? undefined : responseBody,
    },
    patterns,
  };
}

/** Sends a request of an rpc that has a path. */
export async function overRest(
  { url, headers }: { readonly url: string; readonly headers: Readonly<Record<string, string>> },
  method: DescMethod,
  request: JsonValue,
  { rule }: RestPath,
): Promise<{ readonly status: number; readonly body: JsonValue }> {
  const registry = typesOf([method.parent], []);
  const { target, body } = requestWriter(method.input, rule, { prefix: "", registry })(
    reflect(method.input, fromJson(method.input, request, { registry })),
  );
  const answer = await fetch(url + target, {
    method: rule.method,
    headers: { ...headers, ...(body !== undefined && { "content-type": "application/json" }) },
    ...(body !== undefined && { body }),
  });
  const text = await answer.text();
  const json = (text === "" ? null : JSON.parse(text)) as JsonValue;
  const field = method.output.fields.find(({ name }) => name === rule.responseBody);
  const whole: JsonObject | JsonValue = answer.ok && field !== undefined ? { [field.jsonName]: json } : json;
  return { status: answer.status, body: whole };
}
