import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

type Collect = (how: { type: "major"; execution: "sync"; flavor: Flavor }) => void;
/** `last-resort` also gives back what V8 keeps ready. */
type Flavor = "regular" | "last-resort";

/** Collects all garbage of the process' heap before it returns, as `gc` of `node --expose-gc` does, which stays hidden. */
export function collectEverything(flavor: Flavor): void {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("globalThis.gc") as Collect | undefined; // contexts made from now on have it
  setFlagsFromString("--no-expose-gc");
  collect?.({ type: "major", execution: "sync", flavor });
}
