// npm run conformance:validate [-- arguments of the runner]
import { runConformance } from "./conformance.ts";
import type { Samples } from "./samples.ts";

const { passed, failed, text, samples } = await runConformance(process.argv.slice(2));
process.stdout.write(`${text}\n${passed} passed, ${failed} failed\n`);
const sum = (of: (sample: Samples) => number): number => samples.reduce((total, sample) => total + of(sample), 0);
for (const line of samples.flatMap(({ broken }) => broken)) process.stdout.write(`no valid sample: ${line}\n`);
for (const line of samples.flatMap(({ wrong }) => wrong)) process.stdout.write(`wrong about its sample: ${line}\n`);
const [messages, valid] = [sum((sample) => sample.messages), sum((sample) => sample.valid)];
process.stdout.write(`${valid} of ${messages} messages that can be valid have a valid sample\n`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
