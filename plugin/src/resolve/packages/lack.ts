// Declarations that one service has and another service of the same message lacks.

import { fault, type Origin } from "../../diagnostic/diagnostic.ts";
import type { IrMessage, IrMethod, IrService } from "../../ir/ir.ts";
import type { Mention } from "../graph/let-graph.ts";
import type { Run } from "../steps/context.ts";

interface Lack {
  /** The name as in expressions: `viewer`, `env.REGION`. */
  readonly name: string;
  /** "step" */
  readonly what: string;
  /** The declaration to add, with its place: "viewer" in the `let`. */
  readonly declare: string;
  readonly mention: Mention;
  /** The service that has it, and the place of the declaration. */
  readonly has: { readonly service: IrService; readonly at: Origin };
  readonly lacks: IrService;
}

/** @param of the message, with the RPCs that reach it; undefined if a step of the service itself reads the name */
export function reportLack(
  run: Run,
  { name, what, declare, mention, has, lacks }: Lack,
  of: { readonly message: IrMessage; readonly roots: readonly IrMethod[] } | undefined,
  report: Run["report"],
): void {
  const where = `service "${lacks.desc.name}"`;
  const owner = `service "${has.service.desc.name}"`;
  const root = of?.roots.find((candidate) => run.lets.serviceOf.get(candidate) === lacks);
  const reaches = of && `rpc "${root?.desc.name}" of ${where} reaches "${of.message.desc.name}"`;
  const whose = of && `, whose rpc "${root?.desc.name}" reaches "${of.message.desc.name}",`;
  const first =
    mention.through === undefined
      ? `"${name}" is a ${what} of ${owner}`
      : `${mention.through} reads "${name}", a ${what} of ${owner}`;
  fault(report, "BFF215", mention.text.at, {
    message: `${first}, but ${where}${whose ?? ""} has none`,
    related: [
      { at: has.at, message: `"${name}" of ${owner}` },
      ...(reaches === undefined ? [] : [{ at: root?.at ?? lacks.at, message: reaches }]),
    ],
    hint: `also declare ${declare} of ${where}`,
  });
}
