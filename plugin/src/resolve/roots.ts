// The messages that rpcs compose, and the names in upstream entries.

import { fault, type Report } from "../diagnostic/diagnostic.ts";
import type { Ir, IrMethod } from "../ir/ir.ts";
import { rootOf } from "./graph/message-graph.ts";
import { lookupMessage, lookupMethod, lookupService } from "./names/lookup.ts";
import { itemOf } from "./names/stream-item.ts";
import { checkStreamLimit } from "./policies/stream-limits.ts";
import { checkReadOnly } from "./policies/vouching.ts";
import { requestPlace } from "./scope/args.ts";
import type { Run } from "./steps/context.ts";
import { checkBare } from "./streams/stream-policy.ts";

/** Adds the place of each rpc to the message that it composes. */
export function findRoots(run: Run): void {
  for (const file of run.ir.files)
    for (const service of file.services)
      for (const method of service.methods) rootPlace(run, method, file.desc.proto.package);
}

function rootPlace(run: Run, method: IrMethod, container: string): undefined {
  const { input, name } = method.desc;
  if (method.response !== undefined && lookupMessage(run.ir, method.response, container, run.report) === undefined)
    return;
  const root = rootOf(method, container, (candidate) => run.ir.registry.getMessage(candidate) !== undefined);
  const message = run.messages.get(root);
  // An unknown alias has been reported, and may be that of a composed message.
  const home = message?.desc.file.proto.package ?? container;
  if (message?.alias && lookupMessage(run.ir, message.alias, home, () => {}) === undefined) return;
  if (message === undefined || message.alias !== undefined)
    return fault(run.report, "BFF204", method.response?.at ?? method.at, {
      message:
        message === undefined
          ? `"${root}", the response of "${name}", is not a message of this BFF`
          : `"${root}", the response of "${name}", is a copy of an upstream message, not composed`,
      hint:
        message === undefined
          ? `declare a response message in a file with rules, and bind its fields with (bff.v1.field).by`
          : `replace the alias by (bff.v1.field).by rules, or wrap it in a message with rules`,
    });
  const { stream } = method;
  const service = run.lets.serviceOf.get(method);
  const item = stream?.var && service && { name: stream.var, desc: itemOf(run.ir, service, stream) };
  run.places.set(root, [...(run.places.get(root) ?? []), requestPlace(input, `rpc "${name}"`, method.at, item)]);
}

/** Reports unknown names in upstream entries, and policies that do not fit. */
export function checkEntries(ir: Ir, report: Report): void {
  for (const entry of ir.files.flatMap((file) => file.upstreams)) {
    const method = entry.method && lookupMethod(ir, entry.method, report, "either");
    if (entry.method === undefined && entry.service !== undefined) lookupService(ir, entry.service, report);
    checkReadOnly(entry.policy, method, report);
    checkStreamLimit(entry.policy, method ?? ir.registry.getService(entry.service?.value ?? ""), report);
    if (method?.methodKind === "server_streaming") checkBare({ policy: entry.policy, batch: undefined }, report);
  }
}
