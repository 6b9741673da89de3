// An upstream whose answers break the rules of HTTP/2 and gRPC, are floods, or are too large: each call fails by itself, and the next one is answered.
import { expect, test } from "vitest";
import { ANSWERS, answering } from "./rig/manual-upstream.ts";
import { attacked, described, expectUnharmed, post, type Target } from "./rig/rig.ts";

const AT_ONCE = 3;
/** Of a call's deadline (2 s), retries and the next connection. */
const ANSWERED_MS = 10_000;
/** Does not reach the upstream once it is in the cache. */
const NORMAL = { path: "/atk.v1.AtkService/Cached", body: '{"key":"normal"}' };
/** Answers that are read as if nothing were odd; 504: on a busy machine they are late. */
const READ = ["an answer three times", "a message of 3 MB", "names that objects have"];

let number = 0;
/** Statuses of calls with such an answer, and of the next good one. */
async function outcomeOf(target: Target, name: string): Promise<string> {
  const odd = await Promise.all(Array.from({ length: AT_ONCE }, () => post(target, { key: `${name}#${number++}` })));
  const statuses = [...new Set(odd.map(({ status }) => status))].sort().join();
  if (odd.some(({ text }) => /\p{Cc}/u.test(text))) return `${statuses} with controls`;
  for (const until = performance.now() + ANSWERED_MS; performance.now() < until; ) {
    const { status } = await post(target, { key: `good#${number++}` });
    if (status === 200) return statuses;
  }
  return `${statuses}, and no good answer behind it`;
}

test("a BFF withstands answers that break the rules, flood it or are too large", { timeout: 300_000 }, async () => {
  const upstream = await answering();
  const outcome = await attacked(
    async (target) => {
      const all: Record<string, string> = {};
      for (const name of Object.keys(ANSWERS)) all[name] = await outcomeOf(target, name);
      return all;
    },
    { env: { UP_V1_ECHOSERVICE_URL: upstream.url }, normal: NORMAL, heapMb: 256 },
  ).finally(() => upstream.close());
  console.log(described("answers of an evil upstream", outcome));
  expectUnharmed(outcome);
  const isRead = (name: string) => READ.includes(name);
  const wrong = Object.entries(outcome.result).filter(
    ([name, statuses]) => !(isRead(name) ? /^200(,504)?$|^504$/ : /^[45]\d\d(,[45]\d\d)*$/).test(statuses),
  );
  expect(Object.fromEntries(wrong)).toEqual({});
});
