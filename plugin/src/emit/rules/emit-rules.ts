// `<file>_rules.ts`: checks of requests before they are composed, one function for each message that has rules.
import type { GeneratedFile } from "@bufbuild/protoplugin";
import { presenceOf } from "../../cel/index.ts";
import type { RuledField, RuledGroup, RuleStep } from "../../model/rules.ts";
import type { PlanFile } from "../../plan/model/plan.ts";
import type { PlanRuledMessage, PlanRules } from "../../plan/model/rules.ts";
import { FileNames, rulesPath } from "../names/file-names.ts";
import { divided } from "../text/function-parts.ts";
import { block, importComments, type Line, type Lines, protectWords } from "../text/lines.ts";
import { emitValue } from "./emit-value.ts";
import { isSet } from "./presence.ts";
import { emitCel, RuleNames } from "./rule-names.ts";

export function emitRules(file: PlanFile, { messages }: PlanRules, f: GeneratedFile): void {
  const names = new FileNames(f, file.desc);
  const functions = new Map(messages.map(({ rules, name }) => [rules.desc, `check${name}`]));
  const rules = new RuleNames(names, functions);
  const body: Line[] = [];
  for (const message of messages) if (message.request) body.push(...emitRequest(message, names), []);
  for (const message of messages) body.push(...emitMessage(message, rules), []);
  const lines: Line[] = [...rules.constants(), [], ...body];
  lines.push(...names.messagesFor(lines));
  f.preamble(file.desc);
  while (lines.at(-1)?.length === 0) lines.pop();
  for (const row of importComments(lines, f.importSchema(file.desc).from)) f.print(...row);
  for (const row of protectWords(lines, f, `./${rulesPath(file.desc)}.js`)) f.print(...row);
}

/** Prints `validateGetRequest`, which an endpoint receives. */
function emitRequest({ name, rules: { desc } }: PlanRuledMessage, names: FileNames): Lines {
  return [
    [`/** Refuses a ${desc.typeName} that breaks its rules. */`],
    ...block(
      [
        `export function validate${name}(message: `,
        names.shape(desc),
        ", clock?: ",
        names.runtimeType("Clock"),
        "): void {",
      ],
      [
        ["const found = new ", names.validate("Violations"), "(clock);"],
        [`check${name}(message, found);`],
        ["found.refuse();"],
      ],
      ["}"],
    ),
  ];
}

function emitMessage(
  { name, rules: { desc, cel, groups, oneofs, fields } }: PlanRuledMessage,
  names: RuleNames,
): Lines {
  const statements: Lines[] = [
    ...fields.map((field) => emitField(field, names)),
    ...cel.map((rule) =>
      emitCel(rule, "message", names, (message) => [
        `found.add(${names.rule(rule.rule)}${message === undefined ? "" : `, ${message}`});`,
      ]),
    ),
    ...groups.map((group, index) => emitGroup(group, index, names)),
    ...oneofs.map((oneof): Lines => {
      const rule = names.rule({ id: "required", message: "exactly one field is required in oneof", path: [] });
      const [first] = oneof.fields;
      const at = first === undefined ? [] : names.field(first);
      return [[`if (message.${oneof.localName}.case === undefined) found.atOneof(`, ...at, `, ${rule});`]];
    }),
  ];
  const type = names.file.validateType("Violations");
  const print = (of: string, body: Lines): Lines =>
    block([`function ${of}(message: `, names.file.shape(desc), ", found: ", type, "): void {"], body, ["}"]);
  const functions = divided(statements, { verb: "check", name, parameters: "message, found", print });
  return [[`/** ${desc.typeName} */`], ...functions];
}

/** `(buf.validate.message).oneof`. */
function emitGroup({ fields, required }: RuledGroup, index: number, names: RuleNames): Lines {
  const all = fields.map(({ name }) => name).join(", ");
  const most = names.rule({ id: "message.oneof", message: `only one of ${all} can be set`, path: [] });
  const count = fields.flatMap(
    (field, i): Line => [i === 0 ? "Number(" : " + Number(", ...isSet(field, "message"), ")"],
  );
  const set = `set${index + 1}`;
  const rows: Line[] = [[`const ${set} = `, ...count, ";"], [`if (${set} > 1) found.add(${most});`]];
  if (!required) return rows;
  const least = names.rule({ id: "message.oneof", message: `one of ${all} must be set`, path: [] });
  return [...rows, [`if (${set} === 0) found.add(${least});`]];
}

function emitField({ field, required, value }: RuledField, names: RuleNames): Lines {
  const rows = value === undefined ? [] : emitValue(field, value, names);
  const set = isSet(field, "message");
  if (required) {
    const rule = names.rule({ id: "required", message: "value is required", path: REQUIRED });
    const refuse: Line = ["found.at(", ...names.field(field), `, ${rule});`];
    if (rows.length === 0) return [["if (!(", ...set, ")) ", ...refuse]];
    return [...block(["if (", ...set, ") {"], rows, []).slice(0, -1), ...block(["} else {"], [refuse], ["}"])];
  }
  const always = presenceOf(field) === "implicit" && value?.unlessZero !== true;
  if (!always) return block(["if (", ...set, ") {"], rows, ["}"]);
  // A separate block for each check keeps local names apart.
  return rows.length > 1 && rows.some(isDeclaration) ? block(["{"], rows, ["}"]) : rows;
}
const isDeclaration = ([first]: Line): boolean => typeof first === "string" && /^(const|let) /.test(first);
/** Rule `required` of buf.validate.FieldRules. */
const REQUIRED: readonly RuleStep[] = [["required", 25, 8]];
