// Measures copies of calls: three calls side by side, with a mirror of each upstream that is off, or that receives and
// compares all calls. The mirrors are the upstreams themselves, so every answer is the same.
import { HomeService } from "../generated/bench/mirror/v1/mirror_pb.ts";
import { type ClosedLoop, runClosedLoop } from "../rig/closed-loop.ts";
import type { RunOptions, ScenarioResult } from "../rig/result.ts";
import { forUser, generatedVariant } from "../rig/variant.ts";
import { home, unless } from "./answers.ts";

const OFF = "off";
const ours = generatedVariant("mirror", HomeService.method.getHome);

const LOOP: ClosedLoop = {
  name: "mirror",
  variants: [
    { ...ours, name: OFF },
    {
      ...ours,
      name: "100 % mirrored",
      env: (addresses) =>
        Object.fromEntries(Object.entries(addresses).map(([name, url]) => [name.replace(/_URL$/, "_NEXT_URL"), url])),
    },
  ],
  comparedWith: OFF,
  request: forUser,
  faultOf: unless(home),
  // As many calls as copies may be in flight, so that none is dropped.
  size: { connections: 1, streams: 8 },
};

export const runMirror = (options: RunOptions): Promise<ScenarioResult> => runClosedLoop(LOOP, options);
