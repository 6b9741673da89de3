// Runs cel-go: all questions go to one process, through files so that neither side waits for the other.
import { spawn } from "node:child_process";
import { closeSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { binary } from "./environment.ts";
import { FOLDER, ORACLE } from "./generated-files.ts";
import { type Answer, expressionOf, type Question } from "./question.ts";

export interface GoAnswer extends Answer {
  /** True if cel-go itself crashed, or reported an internal fault. */
  readonly panic?: boolean;
}

/**
 * Answers in the order of the questions.
 *
 * @throws when the program ends with an error, or does not answer all
 */
export async function celGo(questions: readonly Question[]): Promise<readonly GoAnswer[]> {
  const [variables, questionsFile, answersFile] = ["vars.bin", "questions.jsonl", "answers.jsonl"].map((name) =>
    join(FOLDER, name),
  );
  writeFileSync(variables!, binary);
  writeFileSync(questionsFile!, questions.map((question) => `${JSON.stringify(expressionOf(question))}\n`).join(""));
  const [input, output] = [openSync(questionsFile!, "r"), openSync(answersFile!, "w")];
  try {
    const child = spawn(ORACLE, [variables!], { stdio: [input, output, "inherit"] });
    await new Promise<void>((resolve, reject) => {
      child.once("error", reject);
      child.once("exit", (code) => (code === 0 ? resolve() : reject(new Error(`the oracle ended with ${code}`))));
    });
  } finally {
    closeSync(input);
    closeSync(output);
  }
  const lines = readFileSync(answersFile!, "utf8").split("\n").slice(0, -1);
  if (lines.length !== questions.length) throw new Error(`${lines.length} answers to ${questions.length} questions`);
  return lines.map((line) => JSON.parse(line) as GoAnswer);
}
