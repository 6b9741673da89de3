// The paths of rpcs: names in google.api.http become fields.
import { MethodOptions_IdempotencyLevel as Level } from "@bufbuild/protobuf/wkt";
import type { Report } from "../../diagnostic/diagnostic.ts";
import type { IrMethod } from "../../ir/ir.ts";
import type { RestRule } from "../model/rest.ts";
import { boundFields, httpBodies } from "../policies/bound-fields.ts";
import { SAFE_HTTP } from "../policies/vouching.ts";

/** Faulty ones are left out after their diagnostics. */
export function restOf({ desc, http }: IrMethod, report: Report): readonly RestRule[] {
  const reported = new Set<string>();
  return http.flatMap((ir) => {
    let faulty = false;
    const fail: Report = (diagnostic) => {
      faulty = true;
      report(diagnostic);
    };
    if (SAFE_HTTP.has(ir.method) && desc.idempotency !== Level.NO_SIDE_EFFECTS && !reported.has("safe")) {
      reported.add("safe");
      fail({
        code: "BFF279",
        severity: "error",
        message: `"${desc.name}" may have side effects, but its path is for ${ir.method === "*" ? "all methods, including GET" : ir.method}`,
        at: ir.path.at,
        hint: "write `option idempotency_level = NO_SIDE_EFFECTS;` in the rpc if it only reads, or choose `post`",
      });
    }
    const rule = boundFields(ir, desc, fail);
    for (const of of httpBodies(rule, desc)) {
      if (reported.has(of)) continue;
      reported.add(of);
      fail({
        code: "BFF281",
        severity: "error",
        message: `the ${of} of "${desc.name}" is a google.api.HttpBody, but this path serves only JSON`,
        at: ir.path.at,
        hint: "leave out the rule, or return another message",
      });
    }
    return faulty ? [] : [rule];
  });
}
