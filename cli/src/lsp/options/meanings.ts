// Meanings of the strings in options: which are expressions, and which name something.

/** Option fields whose strings are expressions, as "Message.field" in bff.v1. */
const EXPRESSIONS: ReadonlySet<string> = new Set(
  `FairShare.key FairShare.weight FieldRule.by FieldRule.if FieldRule.fallback MethodRule.fields
Step.if Step.by Step.fallback Bind.by Bind.if Bind.spread Each.in Each.if Each.by Each.key Switch.default Case.if Case.by
Guard.if Failure.details Call.request Retry.if Batch.by Batch.wrap Batch.key_by ErrorRule.if ErrorRule.fallback Permit.if
RateLimit.key RateLimit.cost RateLimit.settle RateLimit.if Telemetry.attribute Meter.by Branch.if Branch.by Shard.by
ShardKey.by ShardKey.name Stream.if Stream.until Stream.position Topic.position Topic.until Follow.key Latest.key`.split(
    /\s+/,
  ),
);

/** Option fields whose strings are texts with expressions in braces. */
const TEMPLATES: ReadonlySet<string> = new Set(
  `Failure.message Cache.tag Purge.tag Live.on FileRule.host Jwt.issuer Jwt.audience Jwt.jwks Session.issuer Session.client_id
Assertion.issuer Assertion.keys`.split(/\s+/),
);

/** Kinds of names in strings of options. */
export type Named =
  | "argument"
  | "enum"
  | "field"
  | "key field"
  | "message"
  | "method"
  | "path"
  | "service"
  | "step"
  | "step name"
  | "stream method"
  | "topic"
  | "type";

const NAMES: ReadonlyMap<string, Named> = new Map<string, Named>([
  ["Step.name", "step name"],
  ["Step.after", "step"],
  ["Reads.step", "step"],
  ["Call.method", "method"],
  ["Upstream.method", "method"],
  ["Upstream.service", "service"],
  ["Compose.message", "message"],
  ["MethodRule.response", "message"],
  ["MessageRule.alias", "message"],
  ["Topic.type", "message"],
  ["Purge.type", "message"],
  ["Identity.type", "message"],
  ["EnumRule.alias", "enum"],
  ["FieldRule.alias", "field"],
  ["Bind.name", "path"],
  ["Batch.name", "key field"],
  ["Follow.topic", "topic"],
  ["Latest.topic", "topic"],
  ["EnvVar.type", "type"],
  ["Function.param", "type"],
  ["Function.result", "type"],
]);

/** Meaning of an option's string. */
type Meaning =
  | { readonly kind: "expression" }
  | { readonly kind: "template" }
  | { readonly kind: "name"; readonly of: Named }
  | undefined;

/** @param field full name of the option's field, as in "bff.v1.Step.if" */
export function meaningOf(field: string): Meaning {
  const name = field.replace(/^bff\.v1\./, "");
  if (EXPRESSIONS.has(name)) return { kind: "expression" };
  if (TEMPLATES.has(name)) return { kind: "template" };
  const of = NAMES.get(name);
  return of && { kind: "name", of };
}

/** Returns the expression of a template around a position: its text and where it begins. */
export function holeAt(text: string, at: number): { readonly text: string; readonly from: number } | undefined {
  const open = text.lastIndexOf("{", at - 1);
  if (open === -1 || text.slice(open, at).includes("}") || text[open - 1] === "{") return undefined;
  const close = text.indexOf("}", open);
  return { text: text.slice(open + 1, close === -1 ? undefined : close), from: open + 1 };
}
