import { caution } from "../../diagnostic/diagnostic.ts";
import type { Check } from "../check.ts";

/**
 * Reports an empty upstream entry in a package without resolvers. Such an entry makes a service available to resolvers,
 * and the server then requires its address at the start.
 */
export const knownServices: Check = {
  rules: {
    BFF364:
      "An upstream entry without a policy serves resolvers. In a package without resolvers, the server would need the address of the upstream for nothing.",
  },
  run(model, report) {
    const known = new Set(
      model.messages.flatMap(({ file, clients }) =>
        clients.map(({ method }) => `${file.desc.proto.package} ${method.parent.typeName}`),
      ),
    );
    for (const file of model.files) {
      if (file.services.length === 0) continue;
      for (const { bare, service } of file.ir.upstreams) {
        if (!bare || service === undefined || known.has(`${file.desc.proto.package} ${service.value}`)) continue;
        caution(report, "BFF364", service.at, {
          message: `this entry for "${service.value}" serves resolvers only, and this package has no resolvers`,
          hint: "add a policy, or leave out the entry",
        });
      }
    }
  },
};
