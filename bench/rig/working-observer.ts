// BFF_OBSERVER of servers whose answers take BENCH_WORK_US microseconds more, as with functions of the user.
import type { Observer } from "@protobff/runtime";

const MS = Number(process.env.BENCH_WORK_US ?? 0) / 1_000;

export const observer: Observer = {
  response({ outcome }) {
    if (!outcome.ok) return;
    for (const until = performance.now() + MS; performance.now() < until; );
  },
};
