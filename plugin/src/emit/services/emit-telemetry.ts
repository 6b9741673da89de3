// Telemetry: the requests of an rpc that are traced, the attributes of their spans, and counters over requests.
import { type Expression, emitAs, emitValue, type Names } from "../../cel/index.ts";
import type { PlanMethod, PlanTelemetry } from "../../plan/model/plan.ts";
import { type FileNames, typeOfRequest } from "../names/file-names.ts";
import { block, group, type Line, type Lines } from "../text/lines.ts";
import { absentAs, lambda, requestNames } from "../values/lambda.ts";

/** `telemetry: { sample: 0.1, slowMs: 2_000, attributes: […], meters: […] },` */
export function telemetryProperty({ method, telemetry }: PlanMethod, names: FileNames): Lines {
  if (telemetry === undefined) return [];
  const { sample, slowMs, attributes, meters } = telemetry.of;
  const numbers = [
    ...(sample === undefined ? [] : [`sample: ${sample}`]),
    ...(slowMs === undefined ? [] : [`slowMs: ${group(slowMs)}`]),
  ];
  if (attributes.length === 0 && meters.length === 0)
    return numbers.length === 0 ? [] : [[`telemetry: { ${numbers.join(", ")} },`]];
  const cx: Line = method.callers === undefined ? ["cx"] : ["cx: ", ...typeOfRequest(["App"], method.callers, names)];
  const within = requestNames(names, telemetry.functions);
  return block(
    ["telemetry: {"],
    [
      ...numbers.map((number): Line => [`${number},`]),
      ...list(
        "attributes",
        attributes.map((attribute) => attributeLine(attribute, cx, within, names)),
      ),
      ...list(
        "meters",
        meters.flatMap((meter) => meterLines(meter, cx, within, names)),
      ),
    ],
    ["},"],
  );
}

type Meter = PlanTelemetry["of"]["meters"][number];

const list = (name: string, lines: Lines): Lines => (lines.length === 0 ? [] : block([`${name}: [`], lines, ["],"]));

/** `{ name: "tokens", by: (cx, args, result) => result.tokens, labels: […] },` */
function meterLines({ ir, by, labels }: Meter, cx: Line, within: Names, names: FileNames): Lines {
  const value = (expression: Expression): Line => [
    "by: ",
    ...lambda(cx, ["args", "result"], absentAs("undefined", expression, within, emitValue(expression, within).print)),
  ];
  const labelLine = (label: Meter["labels"][number]): Line => [
    `{ name: ${JSON.stringify(label.name)}, `,
    ...(label.enum === undefined ? [] : ["enum: ", names.schema(label.enum), ", "]),
    ...value(label.by),
    " },",
  ];
  return block(
    ["{", ` // ${names.place(ir.at)}`],
    [
      [`name: ${JSON.stringify(ir.name.value)},`],
      [...value(by), ","],
      ...list(
        "labels",
        labels.map((label) => labelLine(label)),
      ),
    ],
    ["},"],
  );
}

/** `["principal.tenant", (cx) => cx.principal.tenant],` */
function attributeLine(
  { text, expression, proto }: PlanTelemetry["of"]["attributes"][number],
  cx: Line,
  within: Names,
  names: FileNames,
): Line {
  const code = emitAs(emitValue(expression, within), proto, within);
  if (code === undefined) throw new Error(`no value for the attribute ${JSON.stringify(text.value)}`);
  const value = lambda(cx, ["args"], absentAs("undefined", expression, within, code.print));
  return [`[${JSON.stringify(text.value)}, `, ...value, "],", ` // ${names.place(text.at)}`];
}
