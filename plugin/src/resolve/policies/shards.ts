// Shards of upstreams: the keys of calls, by the rule of the upstream or by their own.

import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { type Expression, typeName, type Variable } from "../../cel/index.ts";
import { type Diagnostic, fault, type Origin } from "../../diagnostic/diagnostic.ts";
import type { IrCall, IrShard, IrUpstream, ShardHash } from "../../ir/step.ts";
import { textInstead } from "../conversions/replacement.ts";
import type { Batch, CallShard, ShardPolicy, ShardRule } from "../model/call.ts";
import { check, type MessageScope, withoutMessage } from "../scope/scope.ts";
import { entriesAround, nearest } from "./entries.ts";

/** Default of `Shard.max`. */
export const DEFAULT_SHARDS = 64;
export const mostOf = ({ max }: IrShard): number => max?.value ?? DEFAULT_SHARDS;
const hashOf = ({ hash }: IrShard): ShardHash => hash?.value ?? "rendezvous";

/** Returns the shards of a service; undefined: it has none. */
export function shardsOf(entries: readonly IrUpstream[], service: DescService): IrShard | undefined {
  return nearest(entriesAround(entries, service), ({ shard }) => shard);
}

interface ShardedCall {
  readonly ir: Pick<IrCall, "shard">;
  readonly method: DescMethod;
  readonly batch: Pick<Batch, "of" | "by"> | undefined;
  readonly entries: readonly IrUpstream[];
  readonly locals: readonly Variable[];
  /** Place of the method's name. */
  readonly at: Origin;
}

/** Resolves the shard of a call. Reports a call of an upstream with shards that has no key, and a key without shards. */
export function callShard(
  scope: MessageScope,
  { ir, method, batch, entries, locals, at }: ShardedCall,
): { readonly choice: CallShard | undefined; readonly shard: ShardPolicy | undefined } {
  const shards = shardsOf(entries, method.parent);
  if (shards === undefined) {
    if (ir.shard !== undefined) scope.report(withoutShards(method.parent, ir.shard.at, ", or leave `shard` out"));
    return { choice: undefined, shard: undefined };
  }
  const { rule, faults } = ruleOf(scope, shards, method, batch);
  const shard = { at: shards.at, most: mostOf(shards), rule };
  if (ir.shard !== undefined) {
    const { text, isName } = ir.shard;
    const by = check(scope, text, locals);
    const sound = by && isKey(by, isName ? "name" : hashOf(shards), scope);
    return { choice: by && sound ? { by, isName } : undefined, shard };
  }
  if (rule === undefined) reportWithoutRule(scope, { shards, method, at, faults });
  return { choice: undefined, shard };
}

/** @param otherwise another correction */
export function withoutShards({ typeName: name }: DescService, at: Origin, otherwise = ""): Diagnostic {
  return {
    code: "BFF273",
    severity: "error",
    message: `"${name}" has no shards`,
    at,
    hint: `add \`upstream: { service: "${name}" shard: {} }\` to the (bff.v1.file) option${otherwise}`,
  };
}

/**
 * Resolves the rule of an upstream for one of its methods. It reads the request of the call or the key of a batch, and
 * values of the client's request. Its faults are returned, because the call may have its own key.
 */
function ruleOf(
  scope: MessageScope,
  shards: IrShard,
  method: DescMethod,
  batch: Pick<Batch, "of" | "by"> | undefined,
): { readonly rule: ShardRule | undefined; readonly faults: readonly Diagnostic[] } {
  const { by: text } = shards;
  if (text === undefined) return { rule: undefined, faults: [] };
  const faults: Diagnostic[] = [];
  const quiet: MessageScope = {
    ...withoutMessage(scope),
    steps: new Map(),
    broken: new Set(),
    report: (found) => faults.push(found),
  };
  const over: Variable = { ...operandOf(method, batch), role: "local", absent: false };
  const by = check(quiet, text, [over]);
  const sound = by !== undefined && isKey(by, hashOf(shards), quiet);
  return { rule: sound ? { by, over } : undefined, faults };
}

function operandOf({ input }: DescMethod, batch: ShardedCall["batch"]): Pick<Variable, "name" | "type" | "proto"> {
  const request = { kind: "message", desc: input } as const;
  if (batch === undefined) return { name: "request", type: request, proto: request };
  return { name: "key", type: batch.by.expression.type, proto: batch.of };
}

interface KeylessCall extends Pick<ShardedCall, "method" | "at"> {
  readonly shards: IrShard;
  readonly faults: readonly Diagnostic[];
}

function reportWithoutRule(scope: MessageScope, { shards, method, at, faults }: KeylessCall): void {
  const [first] = faults;
  // A name with a fault has its own diagnostic.
  if (shards.by !== undefined && first === undefined) return;
  fault(scope.report, shards.by === undefined ? "BFF273" : "BFF274", at, {
    message:
      shards.by === undefined
        ? `"${method.parent.typeName}" has shards, and this call has no key`
        : `the key of the shard does not fit "${method.name}": ${first?.message ?? ""}`,
    related: [{ at: shards.by?.at ?? shards.at, message: "the shards of the upstream" }],
    hint: 'add `shard` to this call, such as shard: { by: "…" }',
    derived: true,
  });
}

const KINDS: ReadonlySet<string> = new Set(["string", "int", "uint", "bytes"]);

/** Returns true if a value can be a key, or a name. Other values are reported. */
function isKey(by: Expression, use: "name" | ShardHash, { report }: MessageScope): boolean {
  const { type, text } = by;
  const refuse = (message: string, hint: string): false => {
    fault(report, "BFF328", text.at, { message, hint });
    return false;
  };
  const what = use === "name" ? "the name of a shard" : "the key of a shard";
  const [absent] = by.unsafe;
  if (absent !== undefined)
    return refuse(
      `${what} has no value if \`${absent.name}\` is absent`,
      `write a value for that case, as in \`ok(${absent.name}) ? … : ''\``,
    );
  if (use === "name")
    return type.kind === "string" || refuse(`${what} is a string, not ${typeName(type)}`, textInstead(by));
  if (by.constant !== undefined) return refuse(`${what} is the same for every call`, "read a value of the request");
  const isNumber = type.kind === "int" || type.kind === "uint";
  if (use === "modulo")
    return (
      isNumber ||
      refuse(
        `\`hash: MODULO\` needs a whole number, and this key is ${typeName(type)}`,
        "write a whole number, or `hash: RENDEZVOUS`",
      )
    );
  return (
    KINDS.has(type.kind) ||
    refuse(`${what} is a string, a whole number or bytes, not ${typeName(type)}`, textInstead(by))
  );
}
