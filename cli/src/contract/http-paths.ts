// HTTP paths of a method: its google.api.http, in the notation of the lock.
import { type DescMethod, getOption, hasOption, type Message, type Registry } from "@bufbuild/protobuf";
import { jsonOf } from "@protobff/runtime/internal/json/write-json";

interface HttpRule {
  readonly body?: string;
  readonly responseBody?: string;
  readonly custom?: { readonly kind?: string; readonly path?: string };
  readonly additionalBindings?: readonly HttpRule[];
}
const VERBS = ["get", "put", "post", "delete", "patch"] as const;

/** Returns the HTTP paths of a method, such as "GET /v1/{name}", with " body x" and " response_body x" if declared. */
export function httpPathsOf(method: DescMethod, registry: Registry): readonly string[] {
  const extension = registry.getExtension("google.api.http");
  if (extension?.message === undefined || !hasOption(method, extension)) return [];
  const rule = jsonOf(extension.message, getOption(method, extension) as Message, registry) as HttpRule;
  return [rule, ...(rule.additionalBindings ?? [])].flatMap((binding) => pathOf(binding) ?? []);
}

function pathOf(rule: HttpRule & Partial<Record<(typeof VERBS)[number], string>>): string | undefined {
  const verb = VERBS.find((name) => rule[name] !== undefined);
  const [kind, path] = verb === undefined ? [rule.custom?.kind, rule.custom?.path] : [verb.toUpperCase(), rule[verb]];
  if (path === undefined) return undefined;
  const suffixes = [
    rule.body === undefined ? "" : ` body ${rule.body}`,
    rule.responseBody === undefined ? "" : ` response_body ${rule.responseBody}`,
  ];
  return `${kind} ${path}${suffixes.join("")}`;
}
