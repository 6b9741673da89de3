// Fields of a BFF's answers that a client reads, from its programs.
import { relative } from "node:path";
import { tsMorph } from "../resolvers/ts-morph.ts";
import { Refusal } from "../terminal.ts";
import { type Answers, shapeOf } from "./answers.ts";
import type { ClientReads } from "./document.ts";
import { createFlow } from "./flow.ts";
import { createGraph } from "./graph.ts";
import { createKinds } from "./kinds.ts";
import { originsOf } from "./origin.ts";
import { hiddenReaders, pathReaders } from "./outside.ts";
import { configOf, programsOf } from "./program.ts";
import { createWalk } from "./walk.ts";

/** Longest analysis, in milliseconds; a large client takes seconds. */
const MAX_MS = 300_000;

/** Reads of a client, and what the report needs beside them. */
export interface Analysed extends Omit<ClientReads, "client"> {
  /** Fields in answers that the client has code for. */
  readonly fields: number;
}

/**
 * Analyses a client. Throws a `Refusal` if it does not compile, is too large, or has no code of the BFF's messages.
 *
 * @param client a tsconfig.json, or its folder
 */
export function analyseClient(client: string, cwd: string, answers: Answers): Analysed {
  const { ts } = tsMorph();
  const until = Date.now() + MAX_MS;
  const config = configOf(client, cwd);
  const graph = createGraph(answers);
  const known = new Set<string>();
  const programs = programsOf(ts, config, cwd);
  for (const program of programs) {
    const checker = program.getTypeChecker();
    const origins = originsOf(ts, program, answers);
    for (const name of origins.known) known.add(name);
    const kinds = createKinds(ts, checker, origins);
    const parts = { ts, checker, origins, kinds, graph };
    const placeOf = placesIn(cwd);
    const walk = createWalk({ ...parts, flow: createFlow(parts), placeOf });
    for (const file of program.getSourceFiles()) {
      if (file.isDeclarationFile || origins.generated.has(file) || origins.packageOf(file) !== undefined) continue;
      if (Date.now() > until)
        throw new Refusal(`${client} takes longer than ${MAX_MS / 1_000} s: name the tsconfig.json of a part`, 2);
      walk(file);
      for (const { message, place } of pathReaders(ts, file, answers, placeOf))
        graph.takeMessage(message, place, "cannotTell");
    }
  }
  const answered = [...answers.messages.values()].filter(({ typeName }) => known.has(typeName));
  if (answered.length === 0)
    throw new Refusal(
      `${client} has no generated code of this BFF's answers: generate it with protoc-gen-es 2, or name another tsconfig.json`,
      2,
    );
  for (const place of hiddenReaders(ts, config, programs, cwd)) graph.takeMessage("*", place, "cannotTell");
  const all = graph.solve();
  const messages = new Map([...all].filter(([name]) => answers.messages.has(name)));
  const fields = answered.flatMap(({ typeName, fields }) =>
    fields.map(({ name }) => ({ reads: messages.get(typeName), name })),
  );
  const decided = fields.filter(
    ({ reads, name }) =>
      reads === undefined || reads.fields.has(name) || reads.all.length + reads.cannotTell.length === 0,
  );
  return {
    shape: shapeOf(answers),
    messages,
    fields: fields.length,
    decided: fields.length === 0 ? 1 : decided.length / fields.length,
  };
}

/** Returns the function for places: the file from the working directory, and the line. */
const placesIn =
  (cwd: string) =>
  (node: { getSourceFile(): PlacedFile; getStart(): number }): string => {
    const file = node.getSourceFile();
    const { line } = file.getLineAndCharacterOfPosition(node.getStart());
    return `${relative(cwd, file.fileName).replaceAll("\\", "/")}:${line + 1}`;
  };
interface PlacedFile {
  readonly fileName: string;
  getLineAndCharacterOfPosition(position: number): { readonly line: number };
}
