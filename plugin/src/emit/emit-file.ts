import type { GeneratedFile } from "@bufbuild/protoplugin";
import type { PlanMessage } from "../plan/model/messages.ts";
import type { Plan, PlanFile } from "../plan/model/plan.ts";
import { emitApp, emitEnv, emitSetup } from "./app/emit-app.ts";
import { emitFunctions } from "./app/emit-functions.ts";
import { readTypes } from "./codec/emit-codec.ts";
import { emitForList } from "./messages/emit-for-list.ts";
import { emitMessage } from "./messages/emit-message.ts";
import { emitOpening } from "./messages/emit-opening.ts";
import { emitPermit } from "./messages/emit-permit.ts";
import { emitServiceAdmission, emitStart, sharedTypes } from "./messages/emit-start.ts";
import { bffPath, FileNames, PEER } from "./names/file-names.ts";
import { emitRateLimits } from "./services/emit-limits.ts";
import { emitService } from "./services/emit-service.ts";
import { emitResolvers } from "./steps/emit-resolver.ts";
import { importComments, type Line, mentions, protectWords } from "./text/lines.ts";
import { emitEnumConversion, emitMessageConversion } from "./values/emit-conversions.ts";

/** Returns true if a file has nothing to emit. */
export function isEmpty(file: PlanFile): boolean {
  const { services, messages, conversions } = file;
  return services.length + messages.length + conversions.messages.length + conversions.enums.length === 0;
}

/**
 * `<file>_bff.ts`: policies, upstreams, environment, app, services, messages, conversions, in this order.
 *
 * @returns `readsPeer`: whether its code reads the client's address
 */
export function emitFile(
  file: PlanFile,
  f: GeneratedFile,
  planned: (typeName: string) => PlanMessage | undefined,
  { convert, enumConversion, marked }: Pick<Plan, "convert" | "enumConversion" | "marked">,
): { readonly readsPeer: boolean } {
  const names = new FileNames(f, file.desc, {
    reads: readTypes(file.codec),
    convert,
    enumConversion,
    functions: file.functions,
  });
  const lines: Line[] = [];
  if (file.services.length > 0) lines.push(...emitSetup(file, names));
  else if (file.messages.length > 0) {
    lines.push(
      ...emitEnv(file.env, names),
      ...emitFunctions(file, names),
      ...emitResolvers(file, names),
      ...emitApp(file, names),
    );
  }
  lines.push(...emitRateLimits(file, names));
  if (file.services.length > 0) lines.push(["// ---- services ----"], []);
  const shared = sharedTypes(file, names);
  for (const service of file.services) lines.push(...emitService(service, file, names), []);
  const permits = file.services.flatMap(({ methods }) => methods.flatMap(({ permit }) => permit ?? []));
  if (permits.length > 0) lines.push(["// ---- permits ----"], []);
  for (const permit of permits) lines.push(...emitPermit(permit, names, planned));
  if (file.services.some(({ starts }) => starts.length > 0)) lines.push(["// ---- steps of services ----"], []);
  lines.push(...shared.lines);
  for (const { starts, callers } of file.services) {
    const [first] = starts;
    if (first?.admit !== undefined) lines.push(...emitServiceAdmission(first, callers, names, planned), []);
    for (const start of starts) if (!start.empty) lines.push(...emitStart(start, names, planned), []);
  }
  if (file.messages.length > 0) lines.push(["// ---- messages ----"], []);
  for (const composed of file.messages) {
    const opening = file.openings.find((candidate) => candidate.composed.desc === composed.composed.desc);
    if (opening !== undefined) lines.push(...emitOpening(opening, names, planned, shared.of), []);
    const emit = composed.forLists ? emitForList : emitMessage;
    lines.push(...emit(composed, names, planned, shared.of), []);
  }
  const { messages, enums } = file.conversions;
  if (messages.length + enums.length > 0) lines.push(["// ---- copies ----"], []);
  for (const conversion of messages) lines.push(...emitMessageConversion(conversion, names, marked), []);
  for (const conversion of enums) lines.push(...emitEnumConversion(conversion, names), []);
  lines.push(...names.messagesFor(lines));
  f.preamble(file.desc);
  while (lines.at(-1)?.length === 0) lines.pop();
  for (const row of importComments(lines, f.importSchema(file.desc).from)) f.print(...row);
  for (const row of protectWords(lines, f, `./${bffPath(file.desc)}.js`)) f.print(...row);
  return { readsPeer: mentions(lines, PEER) };
}
