// `principal` and `peer`: the caller in expressions, by the RPCs that reach the message or step.

import type { DescMessage } from "@bufbuild/protobuf";
import type { CelType, Proto, Variable } from "../../cel/index.ts";
import { fault, type Origin, type Report } from "../../diagnostic/diagnostic.ts";
import type { IrMethod } from "../../ir/ir.ts";
import type { Callers } from "../model/edge.ts";
import { PEER } from "../scope/scope.ts";
import type { MessageContext, PackageContext, Run } from "../steps/context.ts";
import { packageContext } from "./package-context.ts";

/** Returns the place at which an RPC, or its service, is declared public. */
export function publicAt(run: Run, method: IrMethod): Origin | undefined {
  return (method.permit ?? run.lets.serviceOf.get(method)?.permit)?.public?.at;
}

/** Returns the context of the RPC's package. */
function packageOf(run: Run, method: IrMethod): PackageContext {
  return packageContext(run, method.desc.parent.file.proto.package);
}

/** Returns the callers of one RPC. */
export function callersOf(run: Run, method: IrMethod): Callers | undefined {
  const { identity } = packageOf(run, method);
  return identity && { types: [identity.type], open: publicAt(run, method) === undefined ? [] : [method] };
}

interface CallerScope {
  readonly variables: readonly (readonly [string, Variable])[];
  /** Names that have a fault. */
  readonly broken: readonly string[];
  readonly callers: Callers | undefined;
  /** Places that declare RPCs public, so that `principal` may be absent; if none is, those of their permits. */
  readonly callersAt: readonly Origin[];
}

/**
 * Returns the caller variables in the scope of a message, or of a step of a service.
 *
 * @param message undefined for a step of a service
 * @param roots the RPCs that reach it; empty if nothing composes the message, whose own package then applies
 */
export function callerVariables(
  run: Run,
  message: DescMessage | undefined,
  context: PackageContext,
  roots: readonly IrMethod[],
  report: Report,
): CallerScope {
  const contexts = roots.length === 0 ? [context] : roots.map((root) => packageOf(run, root));
  if (contexts.every(({ identified }) => !identified))
    return { variables: [], broken: [], callers: undefined, callersAt: [] };
  const types = [...new Set(contexts.flatMap(({ identity }) => identity?.type ?? []))];
  const strangers = roots.filter((root) => !packageOf(run, root).identified);
  const open = roots.filter((root) => publicAt(run, root) !== undefined || strangers.includes(root));
  const callers = { types, open };
  const callersAt =
    open.length > 0
      ? open.flatMap((root) => publicAt(run, root) ?? [])
      : roots.flatMap((root) => (root.permit ?? run.lets.serviceOf.get(root)?.permit)?.at ?? []);
  const peer = ["peer", PEER] as const;
  const [desc, other] = types;
  // A faulty identity has been reported.
  if (desc === undefined || contexts.some(({ identified, identity }) => identified && identity === undefined))
    return { variables: [peer], broken: ["principal"], callers, callersAt };
  if (other !== undefined || strangers.length > 0) {
    if (message !== undefined) reportDifferent(run, message, roots, report);
    return { variables: [peer], broken: ["principal"], callers, callersAt };
  }
  const type: CelType & Proto = { kind: "message", desc };
  const absent = open.length > 0;
  const [typedAt] = contexts.flatMap(({ identity }) => identity?.ir.type?.at ?? identity?.ir.at ?? []);
  const principal: Variable = { name: "principal", role: "principal", type, proto: type, absent, typedAt };
  return { variables: [["principal", principal], peer], broken: [], callers, callersAt };
}

/** Reports RPCs with different principals, because an expression has one type for all callers. */
function reportDifferent(run: Run, message: DescMessage, roots: readonly IrMethod[], report: Report): void {
  const mention = run.lets.mentions(message.typeName).get("principal");
  if (mention === undefined) return;
  const is = (root: IrMethod): string => {
    const type = packageOf(run, root).identity?.type;
    return type?.typeName ?? "absent";
  };
  const [first] = roots;
  const other = roots.find((root) => first !== undefined && is(root) !== is(first));
  if (first === undefined || other === undefined) return;
  const through = mention.through === undefined ? "" : ` (${mention.through} reads it)`;
  fault(report, "BFF223", mention.text.at, {
    message: `"principal" is ${is(first)} in rpc "${first.desc.name}", but ${is(other)} in rpc "${other.desc.name}", and both compose "${message.name}"${through}`,
    related: [first, other].map((root) => ({
      at: root.at,
      message: `rpc "${root.desc.name}" of "${root.desc.parent.typeName}"`,
    })),
    hint: "compose a separate message for each, or pass the fields of the principal as arguments",
  });
}

/** Reports steps with the name of a caller variable, if there is an identity. */
export function checkPeerNames({ ir, scope }: MessageContext): void {
  if (!scope.builtins.has("peer")) return;
  const named = ir.steps.flatMap(({ name, source }) => [
    { name, what: "a step" },
    { name: source?.kind === "each" ? source.var : undefined, what: "the variable of an `each`" },
  ]);
  for (const { name, what } of named) {
    if (name?.value !== "peer") continue;
    fault(scope.report, "BFF224", name.at, {
      message: `"peer" cannot name ${what}: in a package with an identity it is the address of the client`,
      hint: 'choose another name, as in "peer_value"',
    });
  }
}
