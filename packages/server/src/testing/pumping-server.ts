// For tests only: a process that serves a stream which gives items for as long as they are taken. Prints its port, and for each line that it
// reads how many bytes it has given and how much memory it has.
import { createInterface } from "node:readline";
import { create } from "@bufbuild/protobuf";
import { SourceContextSchema } from "@bufbuild/protobuf/wkt";
import type { Following } from "@protobff/runtime/internal/stream/stream-endpoint";
import { testStream } from "@protobff/runtime/internal/testing/test-streams";
import { listen } from "../listen.ts";

const ITEM = create(SourceContextSchema, { fileName: "x".repeat(1000) });
let count = 0;
const server = await listen([
  testStream(undefined, {
    follow(_args, _headers, _clientMs, _resume, follower): Following {
      let over = false;
      const pump = (): void => {
        // Some at a time: others have their turn.
        for (let i = 0; i < 20 && !over; i++) {
          count += ITEM.fileName.length;
          if (!follower.item(ITEM, String(count))) return;
        }
        if (!over) setImmediate(pump);
      };
      setImmediate(pump);
      return {
        ready: () => setImmediate(pump),
        drain: () => {},
        cancel: () => {
          over = true;
        },
      };
    },
  }),
]);
console.log(server.port);
for await (const _ of createInterface({ input: process.stdin })) {
  const { rss, heapUsed, external } = process.memoryUsage();
  console.log(JSON.stringify({ given: count, rss, heap: heapUsed + external, connections: server.connections }));
}
