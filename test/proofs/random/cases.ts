// Generates random rpcs with their mocks, each in a separate file; rpcs that the compiler rejects are left out.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { DescMethod } from "@bufbuild/protobuf";
import type { Ir } from "../../../plugin/src/ir/ir.ts";
import { readIr } from "../../../plugin/src/read/read-ir.ts";
import type { Observer } from "../../../runtime/src/observer.ts";
import { compileCase } from "../../support/golden.ts";
import { messagesOf } from "../../support/messages.ts";
import { requestFor, schemaOf } from "../../support/request.ts";
import { type Random, seeded, UPSTREAM } from "./random-streams.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));

export interface Bff {
  readonly mocks: {
    readonly up?: {
      setBehaviour(method: string, behaviour: { readonly kind: "answer"; readonly afterMs: number }): void;
    };
  };
  readonly close: () => void;
  readonly [rpc: string]: unknown;
}
export interface Case {
  readonly name: string;
  readonly proto: string;
  readonly methods: readonly DescMethod[];
  readonly make: (options: { mocks: { up: object }; observer?: Observer }) => Bff;
}
export interface Cases {
  readonly ir: Ir;
  readonly all: readonly Case[];
  readonly remove: () => void;
}

/**
 * @param proto the file of one of them
 * @param upstream the proto of what they call
 */
export async function cases(
  what: string,
  proto: (random: Random, number: number) => string,
  seed: string,
  count: number,
  upstream = UPSTREAM,
): Promise<Cases> {
  const folder = join(root, `test/.generated/random-${what}-${process.pid}`);
  const protos: Readonly<Record<string, string>> = Object.fromEntries(
    Array.from({ length: count }, (_, i) => [`web/v1/c${i}.proto`, proto(seeded(what, seed, i), i)]),
  );
  const texts: Readonly<Record<string, string>> = { "up/v1/up.proto": upstream, ...protos };
  const whole = requestFor(texts, Object.keys(protos));
  const options = "import_extension=ts,mock=true";
  const wrong = new Set<string>();
  const compiled = () => {
    const request = {
      ...whole,
      protoFile: whole.protoFile.filter(({ name }) => !wrong.has(name)),
      fileToGenerate: whole.fileToGenerate.filter((name) => !wrong.has(name)),
    };
    return { request, response: compileCase(request, texts, options).response };
  };
  let { request, response } = compiled();
  // An error may hold back others, also those of other files.
  while (response.error !== "") {
    const found = response.error.match(/web\/v1\/c\d+\.proto(?=:\d+:\d+: error)/g);
    if (found === null) throw new Error(response.error);
    for (const name of found) wrong.add(name);
    ({ request, response } = compiled());
  }
  const files = {
    ...messagesOf(request),
    ...Object.fromEntries(response.file.map(({ name, content }) => [name, content])),
  };
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  const ir = readIr(
    schemaOf(request),
    (name) => texts[name],
    () => {},
  );
  const services = ir.files.flatMap((file) => file.services.map(({ methods }) => [file.desc.name, methods] as const));
  const all = await Promise.all(
    services.map(async ([name, methods]): Promise<Case> => {
      const { createTestBff } = await import(pathToFileURL(join(folder, `${name}_mock.ts`)).href);
      return {
        name,
        proto: protos[`${name}.proto`] ?? "",
        methods: methods.map(({ desc }) => desc),
        make: createTestBff,
      };
    }),
  );
  return { ir, all, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
