// Ends of RPCs: the versions of service and RPC merged leaf by leaf, and the successors.

import { fault, type Text } from "../../diagnostic/diagnostic.ts";
import type { IrMethod, IrService } from "../../ir/ir.ts";
import { isMethodName, isReference } from "../../read/values/names.ts";
import type { Version } from "../model/edge.ts";
import { lookupSuccessor, noMethod } from "../names/lookup.ts";
import type { Run } from "../steps/context.ts";

/** The version of each rpc of a service that has one. */
export function versionsOf(run: Run, service: IrService): ReadonlyMap<IrMethod, Version> {
  const reported = new Set<Text>();
  const found = new Map<IrMethod, Version>();
  for (const method of service.methods) {
    const leaf = <K extends "deprecated" | "sunset" | "successor">(name: K): Text | undefined =>
      method.version?.[name] ?? service.version?.[name];
    const [deprecated, sunset, named] = [leaf("deprecated"), leaf("sunset"), leaf("successor")];
    if (deprecated === undefined && sunset === undefined && named === undefined) continue;
    if (sunset !== undefined) checkSunset(run, { deprecated, sunset, faulty: isFaulty(service, method) }, reported);
    const successor =
      named && successorOf(run, method, { text: named, ofMethod: method.version?.successor === named }, reported);
    found.set(method, { deprecated, sunset, successor });
  }
  return found;
}

/** Returns true if a day is malformed, which has been reported. */
const isFaulty = (service: IrService, method: IrMethod): boolean =>
  [service.version, method.version].some((version) => version?.faulty === true);

interface Dates {
  readonly deprecated: Text | undefined;
  readonly sunset: Text;
  readonly faulty: boolean;
}
function checkSunset({ report }: Run, { deprecated, sunset, faulty }: Dates, reported: Set<Text>): void {
  if (faulty || reported.has(sunset)) return;
  if (deprecated === undefined) {
    reported.add(sunset);
    fault(report, "BFF266", sunset.at, {
      message: "`sunset` without `deprecated`: clients that read the deprecation header get no warning",
      hint: 'set the day of its deprecation, as in `deprecated: "2026-11-01"`',
    });
  } else if (sunset.value < deprecated.value) {
    reported.add(sunset);
    fault(report, "BFF265", sunset.at, {
      message: `the sunset, ${sunset.value}, is before the deprecation, ${deprecated.value}`,
      related: [{ at: deprecated.at, message: "deprecated from this day" }],
      hint: `write ${deprecated.value} or a later day, or correct \`deprecated\``,
    });
  }
}

interface Named {
  readonly text: Text;
  /** True if the RPC declares it, and not its service. */
  readonly ofMethod: boolean;
}

/**
 * Returns undefined after a diagnostic. It is also undefined if a named service lacks an RPC of the same name, which is
 * reported for the whole model.
 */
function successorOf(run: Run, method: IrMethod, { text, ofMethod }: Named, reported: Set<Text>): Version["successor"] {
  const [name = "", rpc = method.desc.name] = text.value.split("/");
  if (reported.has(text) || !(text.value.includes("/") ? isMethodName(text.value) : isReference(name)))
    return undefined;
  const service = lookupSuccessor(run.ir, text, method.desc.parent, run.report);
  if (service === undefined) {
    reported.add(text);
    return undefined;
  }
  const desc = service.methods.find((candidate) => candidate.name === rpc);
  if (desc === undefined) {
    // The successor of a whole service need not have all of its rpcs.
    if (ofMethod || text.value.includes("/")) run.report(noMethod(text, service, rpc));
    if (text.value.includes("/")) reported.add(text);
    return ofMethod || text.value.includes("/") ? undefined : { text, method: undefined };
  }
  if (desc !== method.desc) return { text, method: desc };
  return fault(run.report, "BFF267", text.at, {
    message: `"${desc.name}" cannot be its own successor`,
    hint: "name the service, or the rpc, that replaces it",
  });
}
