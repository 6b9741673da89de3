// Protocols of upstreams, and the requirement of HTTP calls with JSON: a path of google.api.http.

import type { DescMethod } from "@bufbuild/protobuf";
import { type Diagnostic, fault, type Origin, type Report, type Sourced } from "../../diagnostic/diagnostic.ts";
import type { Ir } from "../../ir/ir.ts";
import type { IrPolicy, IrUpstream } from "../../ir/step.ts";
import { fullName } from "../../model/full-name.ts";
import type { RestRule } from "../model/rest.ts";
import { boundFields, httpBodies } from "./bound-fields.ts";
import { entriesAround, nearest, type ProtocolName, protocolName } from "./entries.ts";

/** Returns the place that selects the protocol for calls of a method. Undefined: the calls use gRPC. */
export function protocolOf(entries: readonly IrUpstream[], method: DescMethod): Sourced<ProtocolName> | undefined {
  return nearest(entriesAround(entries, method.parent), protocolName);
}

/**
 * Returns the place that selects HTTP with JSON for calls of a method, or for those at a branch. Undefined: the calls
 * use another protocol.
 */
export function httpProtocol(entries: readonly IrUpstream[], method: DescMethod): Sourced<ProtocolName> | undefined {
  const around = entriesAround(entries, method.parent);
  const branches = nearest(around, ({ policy }) => (policy.branches.length > 0 ? policy.branches : undefined)) ?? [];
  const all = [nearest(around, protocolName), ...branches.map(protocolName)];
  return all.find((protocol) => protocol?.value === "HTTP_JSON");
}

/**
 * Returns the policy without `identify` if it applies to every upstream and the call uses HTTP with JSON, because such
 * an upstream may be a third party.
 */
export function policyOf({ policy, service, method }: IrUpstream, http: boolean): IrPolicy {
  const everywhere = service === undefined && method === undefined;
  return http && everywhere && policy.identify !== undefined ? { ...policy, identify: undefined } : policy;
}

/** How a method is called over HTTP; undefined after a diagnostic. */
export function httpRule(
  ir: Ir,
  method: DescMethod,
  at: Origin,
  protocol: Sourced<ProtocolName>,
  report: Report,
): RestRule | undefined {
  const name = fullName(method);
  const binding = ir.bindings.get(method);
  if (binding === undefined) {
    fault(report, "BFF288", at, {
      message: `"${name}" is called over HTTP, but has no path`,
      related: [{ at: protocol.at, message: "its upstream uses HTTP here" }],
      hint: 'add a path to the rpc in its proto, as in `option (google.api.http) = { get: "/v1/books/{id}" };`, or call it over gRPC: leave out `protocol`',
    });
    return undefined;
  }
  const faults: Mistake[] = [...binding.faults];
  const rule = binding.rule && boundFields(binding.rule, method, (found) => faults.push(found));
  if (rule !== undefined && faults.length === 0) faults.push(...uncallable(rule, method));
  const [first] = faults;
  if (first === undefined) return rule;
  fault(report, "BFF289", at, {
    message: `"${name}" has a path that cannot be called: ${first.message}`,
    related: [
      { at: first.at, message: first.hint === undefined ? "here" : `here: ${first.hint}` },
      { at: protocol.at, message: "its upstream uses HTTP here" },
    ],
    hint: "correct the path in its proto, or call it over gRPC: leave out `protocol`",
  });
  return undefined;
}

/** The part of a diagnostic that the diagnostic of a call repeats. */
type Mistake = Pick<Diagnostic, "message" | "at" | "hint">;

/** Returns the faults of a rule that a server can serve but no client can call. */
function uncallable(rule: RestRule, method: DescMethod): Mistake[] {
  const { ir } = rule;
  const mistake = (message: string, hint: string): Mistake => ({ message, at: ir.path.at, hint });
  const { segments } = ir.template;
  const open = segments.findIndex(
    (segment, i) => segment.startsWith("*") && !rule.variables.some(({ from, to }) => i >= from && i < to),
  );
  return [
    ...(ir.method === "*"
      ? [mistake("it matches all HTTP methods, and a call has one method", "choose one method, such as `get`")]
      : []),
    ...(ir.method === "HEAD" ? [mistake("an answer to HEAD has no message", "choose `get`")] : []),
    ...(open < 0
      ? []
      : [mistake(`no variable contains its segment "${segments[open]}"`, `name a field: "{name=${segments[open]}}"`)]),
    ...httpBodies(rule, method).map((of) =>
      mistake(`its ${of} is a google.api.HttpBody, and calls send and read only JSON`, "use another message"),
    ),
  ];
}
