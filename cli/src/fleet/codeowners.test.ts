import { describe, expect, test } from "vitest";
import { ownersOf, parseCodeowners } from "./codeowners.ts";

/** The example of GitHub's page "About code owners", with its comments in short. */
const EXAMPLE = `# These owners will be the default owners for everything.
*       @global-owner1 @global-owner2
*.js    @js-owner #This is an inline comment.
*.go docs@example.com
*.txt @octo-org/octocats
/build/logs/ @doctocat
docs/* docs@example.com
apps/ @octocat
/docs/ @doctocat
/scripts/ @doctocat @octocat
**/logs @octocat
/apps/ @octocat
/apps/github
/apps/ios @doctocat
`;
const example = parseCodeowners(EXAMPLE);
const matches = (pattern: string, path: string): boolean =>
  ownersOf(parseCodeowners(`${pattern} @owner`).rules, path) !== undefined;

describe("CODEOWNERS", () => {
  test.each([
    ["README.md", ["@global-owner1", "@global-owner2"]],
    ["web/index.js", ["@js-owner"]],
    ["cmd/main.go", ["docs@example.com"]],
    ["a/b/notes.txt", ["@octo-org/octocats"]],
    ["build/logs/a/b.md", ["@octocat"]],
    ["docs/getting-started.md", ["@doctocat"]],
    ["docs/build-app/troubleshooting.md", ["@doctocat"]],
    ["services/apps/shop/bff.lock.json", ["@octocat"]],
    ["scripts/run.sh", ["@doctocat", "@octocat"]],
    ["scripts/logs/x.md", ["@octocat"]],
    ["deeply/nested/logs/x", ["@octocat"]],
    ["apps/web/index.js", ["@octocat"]],
    ["apps/github/bff.lock.json", []],
    ["apps/ios", ["@doctocat"]],
  ])("the example of GitHub decides about %s", (path, owners) => {
    expect(ownersOf(example.rules, path)?.owners).toEqual(owners);
  });
  test.each([
    ["docs/*", "docs/a.md", true],
    ["docs/*", "docs/b/a.md", false],
    ["docs/*", "x/docs/a.md", false],
    ["apps/", "x/apps/a", true],
    ["apps/", "apps", false],
    ["/apps/", "x/apps/a", false],
    ["apps", "apps", true],
    ["/*", "a", true],
    ["/*", "a/b", false],
    ["**", "a/b", true],
    ["a/**", "a", false],
    ["a/**", "a/b/c", true],
    ["a/**/b", "a/b", true],
    ["a/**/b", "a/x/y/b/z", true],
    ["a/*/c", "a/b/c/d", true],
    ["a/*/c", "a/c", false],
    ["f?o", "x/foo", true],
    ["f?o", "fo", false],
    ["f\\*o", "f*o", true],
    ["f\\*o", "foo", false],
    ["my\\ app/", "my app/a", true],
    ["/", "a", false],
    ["*.json", "bff.lock.json", true],
    ["Apps/", "apps/a", false],
    ["/apps/[id]/page.ts", "apps/[id]/page.ts", true],
    ["/apps/[id]/page.ts", "apps/i/page.ts", false],
  ])("%s for %s: %s", (pattern, path, expected) => {
    expect(matches(pattern, path)).toBe(expected);
  });
  test("skips lines that GitHub skips, with a reason", () => {
    const { rules, faults } = parseCodeowners(
      "!a @x\n[Section] @x\n\\#a @x\n*.md nobody\n\n  # a comment\n*.ts @x\n***/a @x",
    );
    expect(rules.map(({ line }) => line)).toEqual([7]);
    expect(faults.map(({ line }) => line)).toEqual([1, 2, 3, 4, 8]);
    expect(faults[3]?.message).toBe('"nobody" is no @user, @org/team or address');
  });
  test("a hostile pattern takes no long time", () => {
    expect(matches(`${"a*".repeat(2_000)}b`, "a".repeat(4_000))).toBe(false);
    expect(matches(`${"**/a/".repeat(500)}b`, "a/".repeat(2_000))).toBe(false);
  });
});
