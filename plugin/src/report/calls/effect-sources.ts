import { fullName } from "../../model/full-name.ts";
import type { Call } from "../../resolve/model/call.ts";

/** On whose word a call has no side effects, where its rpc's proto does not say so: `read_only`, or the full names of rpcs. Empty: nobody's. */
export function effectSources({ effects, said }: Call): readonly string[] {
  if (effects !== "none") return [];
  return said.readOnly === undefined ? said.vouched.map(({ desc }) => fullName(desc)).sort() : ["read_only"];
}
