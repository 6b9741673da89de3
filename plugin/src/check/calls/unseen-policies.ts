import { caution } from "../../diagnostic/diagnostic.ts";
import type { IrFile } from "../../ir/ir.ts";
import { blocksOf, callsIn, packageOf } from "../../resolve/model/blocks.ts";
import type { Call } from "../../resolve/model/call.ts";
import { entriesFor, governing } from "../../resolve/policies/entries.ts";
import type { Check } from "../check.ts";

/**
 * Reports a file of policies that a package does not import. Its calls then lack the headers, timeouts and breakers of
 * that file. Packages that declare anything about the upstream themselves are not reported.
 */
export const unseenPolicies: Check = {
  rules: {
    BFF519:
      "A package that calls an upstream imports the file with its policies. Without the import, calls have no timeout, breaker or forwarded header from that file.",
  },
  run(model, report) {
    const policies = model.ir.files.filter(({ upstreams, services }) => upstreams.length > 0 && services.length === 0);
    if (policies.length === 0) return;
    const calls = new Map<string, Call[]>();
    for (const block of blocksOf(model)) {
      const name = packageOf(block);
      calls.set(name, [...(calls.get(name) ?? []), ...callsIn(block)]);
    }
    for (const [name, packageCalls] of calls) {
      const { entries } = governing(model.ir, name);
      const reported = new Set<IrFile>();
      for (const call of packageCalls) {
        if (entriesFor(entries, call.method).length > 0) continue;
        const file = policies.find(({ upstreams }) => entriesFor(upstreams, call.method).length > 0);
        const [entry] = file === undefined ? [] : entriesFor(file.upstreams, call.method);
        if (file === undefined || entry === undefined || reported.has(file)) continue;
        reported.add(file);
        caution(report, "BFF519", call.methodAt, {
          message: `no policy applies to "${call.method.parent.typeName}" in package "${name}", which does not import "${file.desc.proto.name}"`,
          related: [{ at: entry.at, message: "the entry that would apply" }],
          hint: `add \`import "${file.desc.proto.name}";\`, or add another entry for the upstream`,
        });
      }
    }
  },
};
