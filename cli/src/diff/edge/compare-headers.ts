// Compares the headers of an rpc's answers: a client may read each of them.
import type { RpcReport } from "protoc-gen-bff/compiler";
import { changesOf, code, type FoundChange, phrase } from "../finding.ts";

type Headers = NonNullable<RpcReport["headers"]>;

/** Compares headers by name. One that is no longer sent is worse. */
export function compareHeaders(before: Headers = [], after: Headers = []): readonly FoundChange[] {
  const api = changesOf("api");
  const names = [...new Set([...before, ...after].map(({ name }) => name))];
  return names.flatMap((name): readonly FoundChange[] => {
    const [had, has] = [before, after].map((all) => all.find((header) => header.name === name));
    if (has === undefined) return [api.of("worse", phrase`answers no longer have ${name}`)];
    if (had === undefined) return [api.of("different", phrase`answers now have ${name}: ${has.by}`)];
    return api.between("different", phrase`${name} of answers has another value`, code(text(had)), code(text(has)));
  });
}

const text = ({ by, if: condition }: Headers[number]): string =>
  condition === undefined ? by : `${by}, if ${condition}`;
