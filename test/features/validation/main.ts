// node test/features/validation/main.ts [sets] [messages] [seed]: generated checks beside @bufbuild/protovalidate, over
// random protos with random rules.
import { compare } from "./compare.ts";

const [sets = "20", messages = "100", seed = String(Date.now() % 2 ** 31)] = process.argv.slice(2);
let [compared, different] = [0, 0];
for (let i = 0; i < Number(sets); i++) {
  const { differences, invalid, failing, violations } = await compare(`${seed}-${i}`, Number(messages));
  compared += Number(messages);
  different += differences.length;
  process.stdout.write(`${seed}-${i}: ${invalid} invalid, ${failing} failing, ${violations} violations\n`);
  for (const difference of differences.slice(0, 3)) process.stdout.write(`${difference}\n`);
}
process.stdout.write(`${compared} messages of seed ${seed}, ${different} differences\n`);
process.exitCode = different === 0 ? 0 : 1;
