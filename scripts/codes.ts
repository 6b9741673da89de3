// npm run codes: lists the free numbers of each group of diagnostics, and the retired ones.
import { CODES, GROUPS, RETIRED } from "../plugin/src/codes/codes.ts";

/** The numbers of a group, `501` to `599`, that no code has or had, as ranges. */
export function freeNumbers(group: string): readonly string[] {
  const numbers = Array.from({ length: 99 }, (_, i) => Number(group) * 100 + i + 1);
  const free = numbers.filter((number) => !CODES.has(`BFF${number}`) && !RETIRED.includes(`BFF${number}`));
  const starts = free.filter((number) => !free.includes(number - 1));
  const ends = free.filter((number) => !free.includes(number + 1));
  return starts.map((start, i) => (start === ends[i] ? `${start}` : `${start}-${ends[i]}`));
}

if (import.meta.main) {
  for (const [group, title] of Object.entries(GROUPS)) console.log(`${title}: ${freeNumbers(group).join(", ")}`);
  console.log(`Retired: ${RETIRED.join(", ")}`);
}
