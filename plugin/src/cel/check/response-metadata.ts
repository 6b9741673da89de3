import type { Ast, CallAst } from "../syntax/ast.ts";
import type { Node, NotReceived, Variable } from "../types/model/type.ts";
import type { CelPlace, Checker } from "./checker.ts";
import { rootOf, unknownName } from "./name.ts";

type Part = "header" | "trailer";

/** Names of metadata (gRPC over HTTP/2, "Header-Name"). */
const NAME = /^[0-9a-z_.-]+$/;

/** Checks `header(step, 'x')` and `trailer(step, 'x')`: metadata of the answer to the step's call. */
export function checkReceived(checker: Checker, ast: CallAst, part: Part, place: CelPlace): Node | undefined {
  const [step, named] = ast.args;
  if (step === undefined || named === undefined || ast.args.length !== 2) return wrongForm(checker, ast, part);
  const variable = stepOf(checker, step, part, place);
  const name = nameOf(checker, named, part, place);
  if (variable === undefined || name === undefined) return undefined;
  checker.read(variable, "received", step, place);
  return { ...checker.base(ast, { kind: "string" }), kind: "received", variable, part, name };
}

function wrongForm(checker: Checker, ast: CallAst, part: Part): undefined {
  const [only] = ast.args;
  const text = only?.kind === "constant" && typeof only.value === "string" ? only.value : undefined;
  const incoming = part === "header" && ast.args.length === 1 && text !== undefined;
  const hint = incoming
    ? `write headers['${text}'] for a header of the request, or header(step, '${text}') for a header of a response`
    : `write a step and a name: ${part}(step, 'x-version')`;
  return checker.complain("BFF320", ast, `\`${part}\` takes a step and a name`, hint);
}

/** Returns the step with the metadata, which must make a call itself. */
function stepOf(checker: Checker, at: Ast, part: Part, place: CelPlace): Variable | undefined {
  const wrong = (hint = "name the step that makes the call"): undefined =>
    checker.complain("BFF320", at, `\`${part}\` takes the name of a step`, hint);
  if (at.kind !== "ident") {
    const root = rootOf(at);
    if (root?.kind !== "ident") return wrong();
    if (root.name === "args") return wrong("read it where the step is declared, and pass it as an argument");
    const isStep = checker.variable(root.name, place)?.role === "step";
    return wrong(isStep ? `write ${part}(${root.name}, …)` : undefined);
  }
  const variable = checker.variable(at.name, place);
  if (variable === undefined) return unknownName(checker, at, at.name, place);
  if (variable.role === "headers")
    return wrong("read a header of the request without a function: headers['x-request-id']");
  if (variable.role !== "step") return wrong();
  const { received } = variable;
  if (received === "kept") return variable;
  const { lack, hint, related }: NotReceived = received ?? {
    lack: "makes no call",
    hint: `name the step with the call that "${at.name}" depends on`,
  };
  return checker.complain("BFF320", at, `"${at.name}" ${lack}`, hint, related && { related: [related] });
}

/** Returns the name in lower case, like all names of metadata. */
function nameOf(checker: Checker, at: Ast, part: Part, place: CelPlace): string | undefined {
  const node = checker.check(at, place);
  if (node === undefined) return undefined;
  const value = node.kind === "constant" ? node.value : undefined;
  if (typeof value !== "string") {
    const hint = `write the name itself, such as 'x-version'`;
    return checker.complain("BFF320", at, `the name of a ${part} must be a literal`, hint);
  }
  const name = value.toLowerCase();
  if (name.endsWith("-bin"))
    return checker.complain(
      "BFF320",
      at,
      `"${name}" contains bytes, and a ${part} is read as text`,
      "change the upstream to send it as text, or in its message",
    );
  if (!NAME.test(name))
    return checker.complain(
      "BFF320",
      at,
      `"${value}" is not the name of a ${part}`,
      'write only letters, digits, "-", "_" and "."',
    );
  return name;
}
