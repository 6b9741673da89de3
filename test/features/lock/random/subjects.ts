import { randomFrom } from "../../../proofs/fuzz/random.ts";
import { requestFor } from "../../../support/request.ts";
import type { Subject } from "./judge.ts";
import { Uses } from "./uses.ts";
import { fileOf, randomWorld } from "./world.ts";

/** The worlds of a seed, built by one start of buf. */
export function subjectsOf(seed: number, count: number): readonly Subject[] {
  const random = randomFrom(seed);
  const worlds = Array.from({ length: count }, (_, index) => randomWorld(index, random));
  const texts = Object.assign({}, ...worlds.map(({ protos }) => protos)) as Record<string, string>;
  const all = requestFor(texts);
  return worlds.map(({ upstream, bff, account }) => {
    const shared = all.protoFile.filter(({ name }) => !(name in texts));
    const protoFile = [...shared, fileOf(all.protoFile, upstream), fileOf(all.protoFile, bff)];
    const uses = new Uses(protoFile.filter(({ name }) => name === upstream));
    account(uses);
    const request = {
      ...all,
      parameter: "",
      protoFile,
      fileToGenerate: [bff],
      sourceFileDescriptors: [fileOf(all.protoFile, bff)],
    };
    return { request, upstream: new Set([upstream]), texts, used: uses.names };
  });
}
