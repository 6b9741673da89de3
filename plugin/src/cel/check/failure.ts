import type { CallAst } from "../syntax/ast.ts";
import type { Node } from "../types/model/type.ts";
import type { CelPlace, Checker } from "./checker.ts";
import { rootOf, unknownName } from "./name.ts";

const HINT = "name one step: failure(step)";
const OF_ARGUMENT = "call `failure` where the step is declared, and pass a member of the failure as an argument";

/** `failure(step)`: why it has no value, or not its own, as an optional. */
export function checkFailure(checker: Checker, ast: CallAst, place: CelPlace): Node | undefined {
  const [arg] = ast.args;
  const wrong = (): undefined => checker.complain("BFF319", arg ?? ast, "`failure` takes the name of a step", HINT);
  if (arg === undefined || ast.args.length !== 1) return wrong();
  if (arg.kind !== "ident") {
    const root = rootOf(arg);
    if (root?.kind !== "ident") return wrong();
    if (root.name === "args") return checker.complain("BFF319", arg, "`failure` takes the name of a step", OF_ARGUMENT);
    return checker.variable(root.name, place)?.role === "step"
      ? checker.complain("BFF319", arg, "`failure` takes the name of a step", `write failure(${root.name})`)
      : wrong();
  }
  const variable = checker.variable(arg.name, place);
  if (variable === undefined) return unknownName(checker, arg, arg.name, place);
  if (variable.role !== "step") return wrong();
  const { failure } = variable;
  if (failure === undefined) {
    const message = `"${arg.name}" never has a failure to read: it has a value, the response fails, or it is absent without a failure`;
    const hint = `add \`supplementary: true\` to "${arg.name}" if the response does not need it`;
    return checker.complain("BFF319", arg, message, hint, { derived: true });
  }
  checker.read(variable, "failure", arg, place);
  return { ...checker.base(ast, failure.type), kind: "name", variable: failure };
}
