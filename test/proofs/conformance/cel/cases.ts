// The cases of cel-spec's suites, each under a unique name.
import {
  getCheckingSuite,
  getConformanceSuite,
  type IncrementalTest,
  type IncrementalTestSuite,
} from "@bufbuild/cel-spec/testdata/tests.js";

export interface Case {
  readonly suite: string;
  /** `suite/section/test`, with `#2` … where a name is there twice. */
  readonly name: string;
  readonly test: IncrementalTest;
}

/** The 2,344 cases with a value or an error as their outcome. */
export function conformanceCases(): Case[] {
  return named(getConformanceSuite().suites.flatMap((suite) => below(suite, suite.name, [])));
}

/** The 135 cases of cel-go's checker, each with a type or with errors. */
export function checkingCases(): Case[] {
  return named(below(getCheckingSuite(), "checking", []));
}

function below(suite: IncrementalTestSuite, top: string, path: readonly string[]): Case[] {
  const here = [...path, suite.name];
  return [
    ...suite.suites.flatMap((inner) => below(inner, top, here)),
    ...suite.tests.map((test) => ({ suite: top, name: [...here, test.name].join("/"), test })),
  ];
}

function named(cases: readonly Case[]): Case[] {
  const seen = new Map<string, number>();
  return cases.map((testCase) => {
    const count = (seen.get(testCase.name) ?? 0) + 1;
    seen.set(testCase.name, count);
    return count === 1 ? testCase : { ...testCase, name: `${testCase.name} #${count}` };
  });
}
