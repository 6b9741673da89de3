import type { Report } from "../../diagnostic/diagnostic.ts";
import type { Model } from "../../resolve/model/model.ts";
import type { Check } from "../check.ts";

export const idleSources: Check = {
  rules: {
    BFF239: "A source of the identity is accepted by some rpc. Otherwise credentials are verified for nothing.",
  },
  run: checkIdleSources,
};

/**
 * A source of the identity that no rpc of its package accepts. In the declaring package only: another one that it governs may accept
 * fewer.
 */
function checkIdleSources({ packages }: Model, report: Report): void {
  for (const { name, files, identity } of packages) {
    if (identity === undefined || identity.file.desc.proto.package !== name) continue;
    const methods = files.flatMap(({ services }) => services).flatMap((service) => service.methods);
    // What is known of the caller may be of use to one that everybody may call.
    const all = methods.some(({ permit }) => permit === undefined || permit.sources === undefined);
    if (all) continue;
    const accepted = new Set(methods.flatMap(({ permit }) => permit?.sources ?? []));
    for (const { ir, name: source } of identity.sources) {
      if (accepted.has(source)) continue;
      report({
        code: "BFF239",
        severity: "warning",
        message: `no rpc of "${name}" accepts source "${source}"`,
        at: ir.name?.at ?? ir.at,
        hint: "name it in a permit, or leave the source out",
      });
    }
  }
}
