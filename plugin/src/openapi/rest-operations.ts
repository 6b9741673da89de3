// The paths of google.api.http, as OpenAPI writes them.
import type { DescMessage } from "@bufbuild/protobuf";
import { type JsonObject, only, unlessEmpty } from "../json-schema/json.ts";
import { leftOut } from "../json-schema/left-out.ts";
import type { Schemas } from "../json-schema/schemas.ts";
import type { PlanMethod } from "../plan/model/plan.ts";
import { queryOf, type RestRule } from "../resolve/model/rest.ts";
import { fieldsParameter } from "./fields-parameter.ts";
import type { PathOperation } from "./path-items.ts";
import { type ResponseContext, responsesOf } from "./responses.ts";

const VERBS = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/** None of a verb that OpenAPI has no word for. */
export function restOperations(
  planned: PlanMethod,
  about: (suffix: string) => JsonObject,
  context: ResponseContext,
): PathOperation[] {
  const { schemas } = context;
  return planned.rest.flatMap((rule, i): PathOperation[] => {
    const verb = rule.ir.method === "*" ? "post" : rule.ir.method.toLowerCase();
    if (!VERBS.includes(verb)) return [];
    const { path, parameters } = pathOf(rule, schemas);
    const { input, output } = planned.method.desc;
    const query = queryOf(rule, input).parameters.map(
      ({ name, field }): JsonObject =>
        only({
          name,
          in: "query",
          // A nested field is required only if its parent is present.
          required: field.parent === input && schemas.isRequired(field) ? true : undefined,
          schema: schemas.parameter(field),
        }),
    );
    const body = bodyOf(rule, input, schemas);
    const ok = rule.responseBody === undefined ? schemas.message(output) : schemas.field(rule.responseBody);
    const operation = only({
      ...about(`_rest${i === 0 ? "" : i + 1}`),
      parameters: unlessEmpty([...parameters, ...query, ...fieldsParameter(planned)]),
      requestBody: body && { required: true, content: { "application/json": { schema: body } } },
      responses: responsesOf(planned, { face: "rest", verb, hasBody: body !== undefined }, ok, context),
    });
    return [{ path, verb, operation, open: rule.ir.template.segments.includes("**") }];
  });
}

/** `/v1/{name=shelves/*}:read` → `/v1/shelves/{name}:read`: a parameter of OpenAPI is one segment. */
function pathOf({ ir, variables }: RestRule, schemas: Schemas) {
  const { segments, verb } = ir.template;
  const parameters: JsonObject[] = [];
  let unnamed = 0;
  const written = segments.map((segment, i) => {
    if (segment !== "*" && segment !== "**") return encoded(segment);
    const variable = variables.find(({ from, to }) => from <= i && i < to);
    const name = variable === undefined ? `segment_${++unnamed}` : parameterName(variable, segments, i);
    const field = variable?.fields.at(-1);
    const whole = variable !== undefined && variable.to - variable.from === 1;
    parameters.push(
      only({
        name,
        in: "path",
        required: true,
        description:
          segment === "**" ? "One segment or several, with slashes between them." : partText(variable, segments),
        schema: segmentOf(
          whole && field !== undefined && segment === "*" ? schemas.parameter(field) : { type: "string" },
        ),
      }),
    );
    return `{${name}}`;
  });
  return { path: `/${written.join("/")}${verb === undefined ? "" : `:${encoded(verb)}`}`, parameters };
}

const encoded = (text: string): string => encodeURIComponent(text).replaceAll("%3A", ":");

/** The name of the parameter at position `i`: a variable with several wildcards has a numbered parameter for each. */
function parameterName(
  { name, from, to }: RestRule["variables"][number],
  segments: readonly string[],
  i: number,
): string {
  const wildcards = (end: number): number => segments.slice(from, end).filter((segment) => /^\*/.test(segment)).length;
  return wildcards(to) < 2 ? name : `${name}_${wildcards(i) + 1}`;
}

/** Returns the schema of a path's segment, which has no control characters and is not empty. */
function segmentOf(schema: JsonObject): JsonObject {
  if (schema.type !== "string" || schema.contentEncoding !== undefined || schema.enum !== undefined) return schema;
  return { minLength: 1, ...(schema.pattern === undefined && { pattern: PRINTABLE }), ...schema };
}
const PRINTABLE = "^[^\\u0000-\\u001f\\u007f]*$";

function partText(
  variable: RestRule["variables"][number] | undefined,
  segments: readonly string[],
): string | undefined {
  if (variable === undefined || variable.to - variable.from === 1) return undefined;
  return `A part of \`${variable.name}\`, which is \`${segments.slice(variable.from, variable.to).join("/")}\`.`;
}

/** With `*` all that the path does not hold. */
function bodyOf({ body, variables }: RestRule, input: DescMessage, schemas: Schemas): JsonObject | undefined {
  if (body === undefined) return undefined;
  if (body !== "*") return schemas.field(body);
  const elsewhere = leftOut(
    variables.flatMap(({ fields: [first, ...deeper] }) =>
      first && deeper.length === 0 ? [{ path: [first], isSet: false }] : [],
    ),
  );
  return elsewhere.size === 0 ? schemas.message(input) : schemas.object(input, elsewhere);
}
