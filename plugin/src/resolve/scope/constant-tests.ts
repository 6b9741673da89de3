// Warnings about tests with a known result. The text of an entry, a limit or a shared message is checked for several
// places, whose names may have values that are absent in others.
import type { Report } from "../../diagnostic/diagnostic.ts";
import type { Origin, Text } from "../../diagnostic/origin.ts";

interface CheckedTests {
  checks: number;
  readonly found: Map<string, { count: number; readonly report: () => void }>;
}

/** Holds BFF316 back until all checks of a text have found it. */
export class ConstantTests {
  readonly #texts = new Map<string, CheckedTests>();
  readonly #files: ReadonlySet<string>;

  /** @param files names of the generated files: other packages may read the texts of imported ones */
  constructor(files: Iterable<string>) {
    this.#files = new Set(files);
  }

  /** Returns the report for one check of a text. */
  within(text: Text, report: Report): Report {
    const key = `${placeOf(text.at)} ${text.value}`;
    const tests = this.#texts.get(key) ?? { checks: 0, found: new Map() };
    this.#texts.set(key, tests);
    tests.checks++;
    return (diagnostic) => {
      if (diagnostic.code !== "BFF316") return report(diagnostic);
      if (!this.#files.has(text.at.file)) return;
      const place = placeOf(diagnostic.at);
      const test = tests.found.get(place) ?? { count: 0, report: () => report(diagnostic) };
      test.count++;
      tests.found.set(place, test);
    };
  }

  /** Reports the tests that no check of their texts has found open. */
  flush(): void {
    for (const { checks, found } of this.#texts.values())
      for (const { count, report } of found.values()) if (count === checks) report();
    this.#texts.clear();
  }
}

const placeOf = ({ file, line, column }: Origin): string => `${file}:${line}:${column}`;
