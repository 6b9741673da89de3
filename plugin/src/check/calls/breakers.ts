import type { DescMethod } from "@bufbuild/protobuf";
import { fault, type Report, type Sourced } from "../../diagnostic/diagnostic.ts";
import type { IrUpstream } from "../../ir/step.ts";
import { blocksOf, callsIn, packageOf } from "../../resolve/model/blocks.ts";
import type { Call } from "../../resolve/model/call.ts";
import type { Model } from "../../resolve/model/model.ts";
import { entriesFor, governing, nearest } from "../../resolve/policies/entries.ts";
import type { Check } from "../check.ts";

/** Reports breakers that slow calls can never open: no duration counts as slow, or no call may take that time. */
export const breakers: Check = {
  rules: {
    BFF513: "A breaker with `slow_rate` sets `slow`. Otherwise it never opens for slow calls.",
    BFF514: "`slow` of a breaker is at most the timeout of its calls. Otherwise no call is ever slow.",
  },
  run(model, report) {
    const packages = new Set(model.ir.files.map((file) => file.desc.proto.package));
    const entries = new Set<IrUpstream>();
    const withSlow = new Set<IrUpstream>();
    for (const name of packages) {
      const rules = governing(model.ir, name).entries;
      for (const entry of rules) {
        entries.add(entry);
        if (rules.some((other) => other.breaker?.slow !== undefined)) withSlow.add(entry);
      }
    }
    for (const entry of entries) {
      const rate = entry.breaker?.slowRate;
      if (rate === undefined || withSlow.has(entry) || entry.breaker?.off?.value === true) continue;
      fault(report, "BFF513", rate.at, {
        message: "this breaker never opens for slow calls: `slow` is not set",
        hint: 'add `slow`, such as `slow: "500ms"`',
      });
    }
    checkSlow(model, report);
  },
};

function checkSlow(model: Model, report: Report): void {
  const longest = Math.max(
    0,
    ...model.files.flatMap(({ services }) =>
      services.flatMap(({ methods }) => methods.map((method) => method.parts?.timeoutMs ?? method.timeout.value)),
    ),
  );
  /** The longest time of a governed call, by the declaration that defines slow calls. */
  const times = new Map<Sourced<number>, number>();
  for (const message of blocksOf(model)) {
    const rules = governing(model.ir, packageOf(message)).entries;
    for (const call of callsIn(message)) {
      const slow = slowOf(rules, call.method);
      if (slow !== undefined) times.set(slow, Math.max(times.get(slow) ?? 0, timeOf(call, longest)));
    }
  }
  for (const [slow, ms] of times) {
    if (slow.value <= ms) continue;
    fault(report, "BFF514", slow.at, {
      message: `a call is slow after ${slow.value}ms, but no call may take more than ${ms}ms`,
      hint: "lower `slow` to at most the timeout of the calls",
    });
  }
}

const timeOf = ({ policy }: Call, longest: number): number => Math.min(policy.timeout?.value ?? longest, longest);

function slowOf(rules: readonly IrUpstream[], method: DescMethod): Sourced<number> | undefined {
  return nearest(entriesFor(rules, method), (entry) => entry.breaker?.slow);
}
