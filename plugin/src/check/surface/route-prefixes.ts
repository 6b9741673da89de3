import { caution } from "../../diagnostic/diagnostic.ts";
import { filesOf, type ServedTogether } from "../../resolve/model/server-paths.ts";
import type { Check } from "../check.ts";

interface Servers {
  readonly servers: readonly ServedTogether[];
}

/** Reports paths of generated servers whose first segment is a variable. */
export const routePrefixes: Check<Servers> = {
  rules: {
    BFF805:
      "With `deploy=gateway-api`, a path begins with a literal. Routes match prefixes, so otherwise the server gets the requests for all paths of its hosts.",
  },
  run({ servers }, report) {
    const methods = servers
      .filter(({ written }) => written)
      .flatMap(filesOf)
      .flatMap(({ services }) => services.flatMap((service) => service.methods));
    for (const { ir } of methods.flatMap(({ desc, rest }) => (desc.methodKind === "unary" ? rest : []))) {
      const [first] = ir.template.segments;
      if (first !== "*" && first !== "**") continue;
      caution(report, "BFF805", ir.path.at, {
        message: `the path "${ir.path.value}" begins with a variable, so its route is "/" and takes all requests of its hosts`,
        hint: `begin the path with a literal, as in "/v1${ir.path.value}"`,
      });
    }
  },
};
