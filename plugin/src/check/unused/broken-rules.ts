import type { DescField } from "@bufbuild/protobuf";
import type { Node } from "../../cel/index.ts";
import { caution, type Origin } from "../../diagnostic/diagnostic.ts";
import { blocksOf, callsIn } from "../../resolve/model/blocks.ts";
import { brokenRule } from "../../resolve/rules/constant-rules.ts";
import type { Check } from "../check.ts";

/** Reports constants in requests of calls that break the rules in the upstreams' protos. */
export const brokenRules: Check = {
  rules: {
    BFF548:
      "A constant in a call satisfies the `buf.validate` rules of its upstream field. An upstream that validates its requests refuses any other value.",
  },
  run(model, report) {
    const reported = new Set<string>();
    const reportValue: ReportValue = (field, node, element) => {
      const value = constantOf(node);
      if (value === null || value instanceof Uint8Array) return;
      const broken = brokenRule(field, value, element);
      const place = `${node.at.file}:${node.at.line}:${node.at.column}`;
      if (broken === undefined || reported.size === reported.add(place).size) return;
      const { rule } = broken;
      caution(report, "BFF548", node.at, {
        message: `${element ? "an element of " : ""}"${field.name}" of "${field.parent.typeName}" ${rule.message}, but this is ${shown(node)}`,
        hint: `write a value that satisfies \`${rule.id}\`, or leave it out`,
      });
    };
    for (const block of blocksOf(model))
      for (const { set, request } of callsIn(block)) {
        for (const { path, bound } of set) {
          const field = path.at(-1);
          if (field !== undefined) look(field, bound.expression.root, reportValue);
        }
        if (request !== undefined) lookInside(request.expression.root, reportValue);
      }
  },
};

type ReportValue = (field: DescField, node: Node & { readonly at: Origin }, element: boolean) => void;

/** Checks the value that a field is set to. */
function look(field: DescField, node: Node, reportValue: ReportValue): void {
  if (node.kind === "list") for (const element of node.elements) reportValue(field, element, true);
  else reportValue(field, node, false);
  lookInside(node, reportValue);
}
function lookInside(node: Node, reportValue: ReportValue): void {
  if (node.kind === "message") for (const { field, value } of node.fields) look(field, value, reportValue);
}

/** The value of a constant, for an enum its number; null for any other node. */
function constantOf(node: Node) {
  if (node.kind === "enum") return BigInt(node.value.number);
  return node.kind === "constant" ? node.value : null;
}

function shown(node: Node): string {
  if (node.kind === "enum") return node.value.name;
  return node.kind === "constant" ? JSON.stringify(node.value, plain) : "";
}
const plain = (_: string, value: unknown): unknown => (typeof value === "bigint" ? Number(value) : value);
