import { caution } from "../../diagnostic/diagnostic.ts";
import type { Check } from "../check.ts";

/**
 * Reports a source of the identity that no rpc of its package accepts. Only the declaring package counts: another
 * governed package may accept fewer sources.
 */
export const idleSources: Check = {
  rules: {
    BFF239: "Each source of the identity is accepted by an rpc. Otherwise its credentials are verified for nothing.",
  },
  run({ packages }, report) {
    for (const { name, files, identity } of packages) {
      if (identity === undefined || identity.file.desc.proto.package !== name) continue;
      const methods = files.flatMap(({ services }) => services).flatMap((service) => service.methods);
      // An rpc without required sources may use the principal of any source.
      const all = methods.some(({ permit }) => permit === undefined || permit.sources === undefined);
      if (all) continue;
      const accepted = new Set(methods.flatMap(({ permit }) => permit?.sources ?? []));
      for (const { ir, name: source } of identity.sources) {
        if (accepted.has(source)) continue;
        caution(report, "BFF239", ir.name?.at ?? ir.at, {
          message: `no rpc of "${name}" accepts source "${source}"`,
          hint: "name the source in a permit, or leave the source out",
        });
      }
    }
  },
};
