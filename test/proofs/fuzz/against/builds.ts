// Generated servers of random BFFs, loaded without serving them.
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { loadServer } from "../../../../packages/replay/src/world/load-server.ts";
import { compile } from "../../../../plugin/src/compile.ts";
import { SHARED } from "../bases.ts";
import type { Case } from "../cases.ts";
import { requestsFor } from "../descriptors.ts";
import { messagesOf, sharedMessages } from "../type-check.ts";

/** One build of a case. */
export interface Build {
  readonly testCase: Case;
  /** Path of its generated server. */
  readonly server: string;
  readonly declaration: Awaited<ReturnType<typeof loadServer>>;
}

/** Generates the cases that compile, and loads their servers. */
export async function buildsOf(cases: readonly Case[], folder: string): Promise<ReadonlyMap<number, Build>> {
  const { requests } = await requestsFor(cases);
  const builds = new Map<number, Build>();
  const write = (name: string, text: string): void => {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  };
  for (const [testCase, request] of requests) {
    const texts = { ...SHARED, ...testCase.protos };
    const sources = Object.assign((name: string) => texts[name], { path: (name: string) => name });
    const parameter = "import_extension=ts,server=true";
    const { response } = compile({ ...request, parameter }, sources, { text: undefined, ci: false });
    if (response.error !== "") continue;
    const files = response.file.map(({ name, content }) => [name, content] as const);
    for (const [name, text] of [...Object.entries(messagesOf(request, testCase.folder)), ...files]) write(name, text);
    for (const [name, text] of sharedMessages) write(name, text);
    const [name] = files.find(([path]) => path.endsWith("/server.ts")) ?? [];
    if (name === undefined) continue;
    const server = join(folder, name);
    builds.set(testCase.index, { testCase, server, declaration: await loadServer(server) });
  }
  return builds;
}
