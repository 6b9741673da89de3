// Warnings about tests with a known result. The text of an entry, a limit or a shared message is checked for several
// places, whose names may have values that are absent in others.
import type { Diagnostic, Origin, Report, Text } from "../../diagnostic/diagnostic.ts";

interface CheckedTests {
  checks: number;
  readonly found: Map<string, { readonly all: Diagnostic[]; readonly report: Report }>;
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
      const test = tests.found.get(place) ?? { all: [], report };
      test.all.push(diagnostic);
      tests.found.set(place, test);
    };
  }

  /** Reports the tests that no check of their texts has found open. */
  flush(): void {
    for (const { checks, found } of this.#texts.values())
      for (const { all, report } of found.values()) {
        const [first] = all;
        if (first === undefined || all.length < checks) continue;
        const places = new Map(all.flatMap(({ related = [] }) => related.map((other) => [placeOf(other.at), other])));
        report({ ...first, related: [...places.values()] });
      }
    this.#texts.clear();
  }
}

const placeOf = ({ file, line, column }: Origin): string => `${file}:${line}:${column}`;
