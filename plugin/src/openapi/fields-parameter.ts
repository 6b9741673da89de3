import type { DescMessage } from "@bufbuild/protobuf";
import type { JsonObject } from "../json-schema/json.ts";
import type { PlanMethod } from "../plan/model/plan.ts";

/** Returns the header `bff-fields` of an rpc whose clients choose fields. */
export function fieldsParameter({ method, fields }: PlanMethod): JsonObject[] {
  if (fields?.mask === undefined) return [];
  return [
    {
      name: "bff-fields",
      in: "header",
      description: `The fields of the answer, separated by commas, in place of \`${fields.mask}\` of the request. \`*\` is all fields.`,
      schema: { type: "string" },
      examples: { some: { value: exampleOf(method.desc.output) }, all: { value: "*" } },
    },
  ];
}

/** Returns two paths: a field, and a field of a message if there is one. */
function exampleOf({ fields }: DescMessage): string {
  const [first] = fields;
  const deep = fields.find(({ message }) => message !== undefined && !message.typeName.startsWith("google.protobuf."));
  const [inside] = deep?.message?.fields ?? [];
  const paths = [first?.name, deep && inside && `${deep.name}.${inside.name}`].filter((path) => path !== undefined);
  return [...new Set(paths)].join(",");
}
