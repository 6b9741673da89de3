// In which order vitest begins files: what takes longest first, so that no core is left idle at the end behind one that began last.
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { BaseSequencer, type TestSpecification } from "vitest/node";

const root = fileURLToPath(new URL("..", import.meta.url));
/** Files that are small, and take long; of others, vitest begins with large ones. */
const LONG = [
  /\/matrix(-second|-http|-node)?\.processes\./,
  /\/(fuzz|strict-goldens|buf-generate|documented-layout|upstream-kinds)\.processes\./,
  /\/golden-(emit|diagnostics)\.test\./,
  /\/(bench|deferred-goldens|connect|validate|mocks|h2spec)\.system\./,
  /\/(cel-go|validation|real-apis|init)\.corpora\./,
];

export class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isLong = ({ moduleId }: TestSpecification) => LONG.some((pattern) => pattern.test(relative(root, moduleId)));
    const sorted = await super.sort(files);
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}
