// Compares the headers of an rpc's answers: a client may read each of them.
import type { RpcReport } from "protoc-gen-bff/compiler";
import { type Finding, phrase } from "../finding.ts";

type Headers = NonNullable<RpcReport["headers"]>;
type Difference = Omit<Finding, "where">;

/** Compares headers by name. One that is no longer sent is worse. */
export function compareHeaders(before: Headers = [], after: Headers = []): readonly Difference[] {
  const names = [...new Set([...before, ...after].map(({ name }) => name))];
  return names.flatMap((name): readonly Difference[] => {
    const [had, has] = [before, after].map((all) => all.find((header) => header.name === name));
    if (has === undefined) return [{ kind: "api", level: "worse", message: phrase`answers no longer have ${name}` }];
    if (had === undefined)
      return [{ kind: "api", level: "different", message: phrase`answers now have ${name}: ${has.by}` }];
    const [from, to] = [had, has].map(text);
    if (from === to) return [];
    const message = phrase`${name} of answers has another value`;
    return [{ kind: "api", level: "different", message, before: phrase`${from ?? ""}`, after: phrase`${to ?? ""}` }];
  });
}

const text = ({ by, if: condition }: Headers[number]): string =>
  condition === undefined ? by : `${by}, if ${condition}`;
