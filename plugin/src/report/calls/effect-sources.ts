import { fullName } from "../../model/full-name.ts";
import type { Call } from "../../resolve/model/call.ts";

/**
 * Returns the sources of the absence of side effects, if the rpc's proto does not declare it: `read_only`, or full
 * names of rpcs. Empty: no source.
 */
export function effectSources({ effects, evidence }: Call): readonly string[] {
  if (effects !== "none") return [];
  return evidence.readOnly === undefined ? evidence.vouched.map(({ desc }) => fullName(desc)).sort() : ["read_only"];
}
