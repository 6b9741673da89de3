// npm run conformance:validate [-- arguments of the runner]
import { runConformance } from "./conformance.ts";

const { passed, failed, text } = await runConformance(process.argv.slice(2));
process.stdout.write(`${text}\n${passed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
