import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { caution, distinctReport } from "../../diagnostic/diagnostic.ts";
import { blocksOf } from "../../resolve/model/blocks.ts";
import { queryOf, type RestRule } from "../../resolve/model/rest.ts";
import { isRedacted } from "../../resolve/model/sensitive-types.ts";
import type { Check } from "../check.ts";
import { callsOfBlock } from "./sinks.ts";

/** Warns about redacted fields in paths and queries, of RPCs and of calls over HTTP. */
export const pathFields: Check = {
  rules: {
    BFF586:
      "A field with `debug_redact = true` is sent in the body of an HTTP request, not in its path or query. Proxies, browsers and servers write paths into logs.",
  },
  run(model, reportTo) {
    const report = distinctReport(reportTo);
    const methods = model.files.flatMap(({ services }) => services.flatMap((service) => service.methods));
    const rules = [
      ...methods.flatMap(({ desc, rest }) => rest.map((rule) => ({ rule, input: desc.input, at: rule.ir.path.at }))),
      ...blocksOf(model)
        .flatMap(callsOfBlock)
        .flatMap(({ http, method, methodAt }) =>
          http === undefined ? [] : [{ rule: http, input: method.input, at: methodAt }],
        ),
    ];
    for (const { rule, input, at } of rules) {
      const [inPath] = rule.variables.filter(({ fields }) => fields.some(isRedacted)).map(({ name }) => name);
      const name = inPath ?? inQuery(rule, input);
      if (name === undefined) continue;
      const where = inPath === undefined ? "query" : "path";
      caution(report, "BFF586", at, {
        message: `"${name}" of "${input.typeName}" is sensitive, and part of the ${where} of "${rule.ir.path.value}"`,
        hint: `${where === "path" ? "leave the field out of the path, and " : ""}write \`post\` with \`body: "*"\` in the rule`,
      });
    }
  },
};

/** Parameters inside of a redacted message count as well. */
function inQuery(rule: RestRule, input: DescMessage): string | undefined {
  return queryOf(rule, input).parameters.find(
    ({ name, field }) => isRedacted(field) || isBelowRedacted(input.fields, name),
  )?.name;
}
function isBelowRedacted(fields: readonly DescField[], name: string): boolean {
  const [head, ...rest] = name.split(".");
  const field = fields.find((candidate) => candidate.name === head);
  if (field === undefined) return false;
  return isRedacted(field) || isBelowRedacted(field.message?.fields ?? [], rest.join("."));
}
