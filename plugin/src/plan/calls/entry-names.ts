// Names of upstreams, and of the members of an app object.

import { type Expression, type Overload, signature, typeName } from "../../cel/index.ts";
import type { Origin } from "../../diagnostic/diagnostic.ts";
import { fullName } from "../../model/full-name.ts";
import { pathName } from "../../model/path-name.ts";
import { callsIn, functionsIn } from "../../resolve/model/blocks.ts";
import type { Call } from "../../resolve/model/call.ts";
import type { Block, Composed, Step } from "../../resolve/model/model.ts";
import { camel } from "../../text/camel.ts";
import type { Entry, PlanResolver } from "../model/calls.ts";
import { distinctNames } from "../names/distinct-names.ts";
import { lowerFirst, messageNames, NameScope, upperFirst, upstreamNames } from "../names/name-scope.ts";
import { planCallPolicy, policyKey } from "./policies.ts";

/** The constants of upstreams by the full names of their services. */
export function nameUpstreams(calls: readonly Call[]): ReadonlyMap<string, string> {
  const services = new Map(calls.map(({ method }) => [method.parent.typeName, method.parent]));
  const inOrder = [...services].sort(([a], [b]) => (a < b ? -1 : 1));
  // Functions have these names as parameters beside the upstreams.
  return distinctNames(
    new Map(inOrder.map(([typeName, service]) => [typeName, upstreamNames(service)])),
    new NameScope(undefined, ["resolvers", "functions", "given", "customFunctions"]),
  );
}

/**
 * Names one entry for all calls that differ only in the values that they send.
 * @param repeated calls that join equal ones of their response
 * @param withMetadata the calls whose headers or trailers an expression reads
 */
export function nameCalls(
  messages: readonly Block[],
  upstreams: ReadonlyMap<string, string>,
  calls: Map<Call, Entry>,
  repeated: ReadonlySet<Call>,
  withMetadata: ReadonlySet<Call>,
): void {
  const upstreamOf = ({ method }: Call): string => upstreams.get(method.parent.typeName) ?? "upstream";
  const all = messages.flatMap(callsIn);
  const nameOf = entryNames(all, upstreamOf);
  const coalesced = new Set(all.filter((call) => repeated.has(call)).map(keyOf));
  const received = new Set(all.filter((call) => withMetadata.has(call)).map(keyOf));
  const entries = new Map<string, Entry>();
  for (const call of all) {
    const key = keyOf(call);
    const entry = entries.get(key) ?? {
      name: nameOf.get(key) ?? key,
      method: call.method,
      upstream: upstreamOf(call),
      policy: planCallPolicy(call),
      http: call.http,
      batch: call.batch,
      grouped: grouping(call).length > 0,
      metadata: call.metadata.length > 0,
      coalesce: coalesced.has(key),
      received: received.has(key),
    };
    entries.set(key, entry);
    calls.set(call, entry);
  }
}

/** Calls with one key share an entry: they differ only in the values that they send. */
function keyOf(call: Call): string {
  const { batch } = call;
  const shape = batch && [
    ...[batch.keys.name, batch.items.name, batch.key?.name, batch.many, batch.max, grouping(call)],
    ...computed(batch.wrap?.element.expression),
    ...computed(batch.keyBy?.by.expression),
  ];
  return JSON.stringify([fullName(call.method), policyKey(planCallPolicy(call)), shape]);
}

/** The names of entries by their keys. */
function entryNames(all: readonly Call[], upstreamOf: (call: Call) => string): ReadonlyMap<string, string> {
  const wishOf = (call: Call): string => (call.batch === undefined ? lowerFirst(call.method.name) : batchName(call));
  const found = new Map<string, { readonly call: Call; readonly named: string }>();
  // The order of the files' names does not depend on the request.
  for (const call of [...all].sort((a, b) => byPlace(a.ir.at, b.ir.at))) {
    const key = keyOf(call);
    if (!found.has(key)) found.set(key, { call, named: `${fullName(call.method)} ${wishOf(call)}` });
  }
  const first = new Map([...found.values()].map(({ call, named }) => [named, call]));
  // Members of the app object, as these are.
  const scope = new NameScope(undefined, ["resolvers", "clients", "functions"]);
  const names = distinctNames(
    new Map(
      [...first].map(([named, call]) => [named, [wishOf(call), `${upstreamOf(call)}${upperFirst(wishOf(call))}`]]),
    ),
    scope,
  );
  // Calls of one rpc may differ in policy or in batching: the first one keeps the plain name.
  const taken = new Set<string>();
  const nameOf = new Map<string, string>();
  for (const [key, { named }] of found) {
    const name = names.get(named) ?? named;
    nameOf.set(key, taken.has(named) ? scope.take(name) : name);
    taken.add(named);
  }
  return nameOf;
}

/** Returns the parts that distinguish expressions over the same name: text and type. */
function computed(expression: Expression | undefined): (string | null)[] {
  return expression === undefined ? [null] : [expression.text.value, typeName(expression.type)];
}

function byPlace(a: Origin, b: Origin): number {
  if (a.file !== b.file) return a.file < b.file ? -1 : 1;
  return a.line - b.line || a.column - b.column;
}

/** Names resolvers: `card`, `cardBadge`. The names are properties, so any word is allowed. */
export function nameResolvers(messages: readonly Composed[], resolvers: Map<Step, PlanResolver>): void {
  const supplied = messages.flatMap((message) =>
    message.steps.flatMap((step) => (step.source.kind === "resolver" ? [{ message, step, source: step.source }] : [])),
  );
  const wishes = new Map(
    supplied.map(({ step, source: { message, field } }) => [
      step,
      messageNames(message).map(
        (of) => lowerFirst(camel(of)) + (field === undefined ? "" : upperFirst(camel(field.name))),
      ),
    ]),
  );
  const names = distinctNames(wishes, new NameScope(undefined, [], new Set()));
  for (const { message, step, source } of supplied)
    resolvers.set(step, { name: names.get(step) ?? "", step, source, message });
}

/** Names functions: `slugOf` for `slug.of`. The names are properties, so any word is allowed. */
export function nameFunctions(blocks: readonly Block[]): ReadonlyMap<Overload, string> {
  const called = [...new Set(blocks.flatMap((block) => [...functionsIn(block)]))];
  const inOrder = called.sort((a, b) => (signature(a) < signature(b) ? -1 : 1));
  return distinctNames(
    new Map(inOrder.map((overload) => [overload, [functionMember(overload.fn)]])),
    new NameScope(undefined, [], new Set()),
  );
}

/** Returns the member for a function that shares it with no other one: `slugOf`, for `slug.of`. */
export const functionMember = (name: string): string => lowerFirst(camel(name.replaceAll(".", "_")));

/** Returns the fields and metadata keys of a batch's request besides its keys, without their values. */
function grouping(call: Call): string[] {
  return [
    ...call.set.map((binding) => pathName(binding.path)),
    ...(call.request === undefined ? [] : ["*"]),
    ...call.metadata.map((metadata) => `:${metadata.key}`),
  ];
}

function batchName({ batch, method }: Call): string {
  const item = batch?.items;
  const what =
    item?.fieldKind === "list" || item?.fieldKind === "map" ? (item.message?.name ?? method.name) : method.name;
  return `${lowerFirst(what)}${batch?.many ? "s" : ""}By${upperFirst(camel(batch?.key?.name ?? "key"))}`;
}
