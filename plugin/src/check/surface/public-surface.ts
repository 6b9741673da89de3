import type { DescEnum, DescField, DescMessage } from "@bufbuild/protobuf";
import { caution } from "../../diagnostic/diagnostic.ts";
import type { Ir, IrField } from "../../ir/ir.ts";
import { hasRules } from "../../resolve/graph/message-graph.ts";
import { blocksOf, callsIn } from "../../resolve/model/blocks.ts";
import type { Check } from "../check.ts";

/**
 * Reports a field of a response whose type belongs to an upstream: every change of the upstream's message is then a
 * change of this API. An upstream is a package with a service that is called. Packages that several others share, such
 * as google.type, are no upstreams.
 */
export const publicSurface: Check = {
  rules: {
    BFF803:
      "Clients see types of the BFF. If a response contains an upstream type, every change of this type changes the API.",
  },
  run(model, report) {
    const upstreams = new Set(
      blocksOf(model)
        .flatMap(callsIn)
        .map((call) => call.method.parent.file.proto.package),
    );
    const fields = fieldsOf(model.ir);
    const bffTypes = typesOfBff(model.ir);
    const open: DescMessage[] = model.files
      .flatMap((file) => file.services)
      .flatMap((service) => service.methods)
      .map((method) => method.desc.output);
    const seen = new Set<DescMessage>();
    for (let message = open.pop(); message !== undefined; message = open.pop()) {
      if (seen.has(message)) continue;
      seen.add(message);
      for (const field of message.fields) {
        const type = field.message ?? field.enum;
        const declared = fields.get(field);
        if (type === undefined || declared === undefined) continue;
        if (!upstreams.has(type.file.proto.package) || bffTypes.has(type)) {
          if (field.message !== undefined) open.push(field.message);
          continue;
        }
        caution(report, "BFF803", declared.at, {
          message: `"${field.name}" exposes ${field.message === undefined ? "the upstream enum" : "the upstream message"} "${type.typeName}" to clients`,
          hint: `declare ${field.message === undefined ? "an enum" : "a message"} with the ${field.message === undefined ? "values" : "fields"} that clients need in this package, and \`alias: "${type.typeName}"\``,
        });
      }
    }
  },
};

/** Returns the fields that the author of the BFF can change. */
function fieldsOf(ir: Ir): ReadonlyMap<DescField, IrField> {
  return new Map(
    ir.files
      .filter((file) => file.target)
      .flatMap((file) => file.messages)
      .flatMap((message) => message.fields)
      .map((field) => [field.desc, field]),
  );
}

/** Returns the types of the BFF: composed messages and copies, even in the package of an upstream. */
function typesOfBff(ir: Ir): ReadonlySet<DescMessage | DescEnum> {
  const messages = ir.files.flatMap((file) => file.messages).filter(hasRules);
  const enums = ir.files.flatMap((file) => file.enums).filter(({ alias }) => alias.length > 0);
  return new Set([...messages, ...enums].map(({ desc }) => desc));
}
