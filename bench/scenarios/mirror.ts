// Measures copies of calls: three calls side by side, with a mirror of each upstream that is off, that receives and
// compares all calls, or that fails. The good mirrors are the upstreams themselves, so every answer is the same.
import { once } from "node:events";
import { type AddressInfo, createServer, type Server } from "node:net";
import { HomeService } from "../generated/bench/mirror/v1/mirror_pb.ts";
import { type ClosedLoop, runClosedLoop } from "../rig/closed-loop.ts";
import type { RunOptions, ScenarioResult } from "../rig/result.ts";
import { forUser, generatedVariant, type Variant } from "../rig/variant.ts";
import { home, unless } from "./answers.ts";

const OFF = "off";
const ours = generatedVariant("mirror", HomeService.method.getHome);

/** A variant with mirrors at these addresses, by those of the upstreams. */
const mirrored = (name: string, at: (url: string) => string): Variant => ({
  ...ours,
  name,
  env: (addresses) =>
    Object.fromEntries(Object.entries(addresses).map(([key, url]) => [key.replace(/_URL$/, "_NEXT_URL"), at(url)])),
});

const loop = (hanging: string): ClosedLoop => ({
  name: "mirror",
  variants: [
    { ...ours, name: OFF },
    mirrored("100 % mirrored", (url) => url),
    mirrored("mirror hangs", () => hanging),
    mirrored("mirror refuses connections", () => "http://127.0.0.1:1"),
  ],
  comparedWith: OFF,
  request: forUser,
  faultOf: unless(home),
  // As many calls as copies may be in flight, so that none is dropped.
  size: { connections: 1, streams: 8 },
});

export async function runMirror(options: RunOptions): Promise<ScenarioResult> {
  // It reads what comes, and never answers.
  const hole = createServer((socket) => socket.on("error", () => {}).resume());
  try {
    return await runClosedLoop(loop(await urlOf(hole)), options);
  } finally {
    hole.close();
  }
}

async function urlOf(server: Server): Promise<string> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
