// The answers of the project in a folder.
import type { FileReport } from "protoc-gen-bff/compiler";
import { type Image, registryOf } from "../project/buf.ts";
import { compileProject } from "../project/compile-project.ts";
import { reportsOf } from "../project/plan-reports.ts";
import { Refusal } from "../terminal.ts";
import { type Answers, answersOf } from "./answers.ts";

/** Compiles the project, and collects its answers. Throws a `Refusal` if it does not compile. */
export function projectAnswers(cwd: string): Answers {
  const project = compileProject({ cwd });
  const reports = reportsOf(project);
  if (typeof reports === "string") throw new Refusal(`the project does not compile:\n${reports}`);
  return imageAnswers(project.image, reports);
}

/** Collects the answers of a compiled image. */
export function imageAnswers({ files }: Image, reports: readonly FileReport[]): Answers {
  return answersOf(registryOf(files), reports);
}
